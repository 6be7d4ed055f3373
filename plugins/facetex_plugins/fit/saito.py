"""Fitter of Saito 2017 (section 4.1): shape, pose, expression, albedo and light by one energy, on any morphable model.

    E = w_c E_c + w_lan E_lan + w_reg E_reg                                                  (equation 1)

facetex_plugins/fit/energy/joint_energy.py has the terms. It finds light as well: `--light fitter`, as in the preset `paper`.
"""

from collections.abc import Sequence
from functools import cached_property
from typing import Annotated

from facetex_core import Appearance, ConfigError, DelitView, Fit, Meta, MorphableModel, Observation, Registry, View, hookimpl
from facetex_plugins.fit.energy.fit_person import ModelFitter

api_version = 2


@hookimpl
def fitters() -> dict[str, type]:
    """The paper's."""
    return {"saito": SaitoFitter}


class SaitoFitter(ModelFitter):
    """The joint energy of Saito 2017 on the morphable model of another fitter."""

    def __init__(
        self,
        model: Annotated[
            str, Meta(description="the fitter whose morphable model is used: basis, bfm, flame, ict, sfm, or one of a plugin")
        ] = "basis",
    ) -> None:
        self.model_of = Registry().bare("fitter", model, {})
        if isinstance(self.model_of, SaitoFitter) or not isinstance(self.model_of, ModelFitter):
            raise ConfigError(f"fitter saito: {model!r} has no morphable model of its own; take basis, bfm, flame, ict or sfm")

    @cached_property
    def model(self) -> MorphableModel:
        """The other fitter's."""
        return self.model_of.model  # type: ignore[attr-defined]  # looked at when it was made

    def fit(self, observations: Sequence[Observation]) -> tuple[Fit, ...]:
        """One identity for all photos; with what landmarks and photo left over."""
        from facetex_plugins.fit.energy.joint_energy import fit_jointly, fit_of

        photos, faces = [each.photo for each in observations], [each.face for each in observations]
        return tuple(fit_of(self.model, found)[0] for found in fit_jointly(self.model, photos, faces))

    def estimate(self, view: View) -> Appearance:
        """Light and albedo of the same energy on the fitted shape; delighting changes nothing in them."""
        from facetex_plugins.fit.energy.joint_energy import appearance_on

        return view.appearance if isinstance(view, DelitView) else appearance_on(view.photo, view.fit)
