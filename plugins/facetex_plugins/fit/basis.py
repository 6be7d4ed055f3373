"""Fitter with facetex's own face basis: landmarks by Gauss-Newton, then light and albedo (Saito 2017, section 4.1)."""

from functools import cached_property

from facetex_model_zoo import model_path

from facetex_core import MorphableModel, hookimpl
from facetex_core.geometry.model_file import load_morphable_model, with_albedo
from facetex_plugins.fit.energy.fit_person import ModelFitter

api_version = 2


@hookimpl
def fitters() -> dict[str, type]:
    """The default, and the same without the photo's brightness."""
    return {"basis": BasisFitter, "landmarks": LandmarkFitter}


class BasisFitter(ModelFitter):
    """Identity, ARKit expressions and pose of the shipped face basis, by landmarks and the photo's brightness."""

    def __init__(self) -> None:
        self.files = model_path("face_basis"), model_path("skin_albedo")

    @cached_property
    def model(self) -> MorphableModel:
        """The basis, read when first needed."""
        shape, albedo = self.files
        return with_albedo(load_morphable_model(shape), albedo)


class LandmarkFitter(BasisFitter):
    """The same from landmarks alone: the baseline for the use of brightness."""

    shading = False
