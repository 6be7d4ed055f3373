"""Fitters: a morphable model laid over the photos of a person."""

from facetex_plugins.fit.bare_model import BareModel, by_vertex, scaled_modes
from facetex_plugins.fit.energy.fit_person import ModelFitter
from facetex_plugins.fit.licensed import LicensedFitter

__all__ = ["BareModel", "LicensedFitter", "ModelFitter", "by_vertex", "scaled_modes"]
