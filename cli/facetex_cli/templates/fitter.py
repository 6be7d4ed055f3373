"""Fitter `example`: facetex's own way to fit, on a morphable model of your choice."""

from functools import cached_property

from facetex_core import MorphableModel
from facetex_core.geometry.model_file import load_morphable_model
from facetex_model_zoo import model_path
from facetex_plugins.fit import ModelFitter


class Example(ModelFitter):
    """Identity, expression, pose, light and albedo; `shading`: whether the photo's brightness refines the shape."""

    def __init__(self, shading: bool = False) -> None:
        self.shading = shading

    @cached_property
    def model(self) -> MorphableModel:
        """In metres, y up, looking along +z; facetex's basis until another one stands here."""
        return load_morphable_model(model_path("face_basis"))
