"""The verbs: one protocol a stage, in running order. With structures.py, this is the architecture of facetex.

A stage gets locked arrays and returns new values; boundary.py calls it and holds it to this. Same input, same options,
same machine: same result.
"""

from collections.abc import Sequence
from inspect import isfunction
from pathlib import Path
from typing import Protocol, runtime_checkable

import numpy as np
from jaxtyping import Float32

from facetex_core.structures import (
    Appearance,
    Bank,
    Camera,
    DelitView,
    Descriptor,
    Detail,
    Face,
    Fit,
    Head,
    Lighting,
    LitView,
    Merged,
    MorphableModel,
    Observation,
    OwnDescriptors,
    Photo,
    Segmentation,
    Target,
    Texture,
    View,
)


@runtime_checkable
class Detector(Protocol):
    """Finds faces."""

    def detect(self, photo: Photo) -> tuple[Face, ...]:
        """The faces of the photo, the largest first; an empty tuple if there are none."""


@runtime_checkable
class Restorer(Protocol):
    """Mends a photo before anything is measured in it."""

    def restore(self, photo: Photo, face: Face) -> Photo:
        """The photo, repaired on and around the face; the face stays in place."""


@runtime_checkable
class Segmenter(Protocol):
    """Tells skin from what covers it."""

    def segment(self, photo: Photo, face: Face) -> Segmentation:
        """What each pixel shows; `skin` is bare skin of this face or its neck."""


@runtime_checkable
class Fitter(Protocol):
    """Lays a morphable model over the face of one person. One that finds light as well is a LightEstimator, too."""

    def fit(self, observations: Sequence[Observation]) -> tuple[Fit, ...]:
        """For each photo the expression and camera that explain it, with one identity for all."""


@runtime_checkable
class Cleaner(Protocol):
    """Hides what is no skin in an unwrapped photo: scratches, dust, glitter."""

    def clean(self, view: View) -> Texture:
        """The lit texture; visibility may shrink, never grow."""


@runtime_checkable
class LightEstimator(Protocol):
    """Finds the light and the low-frequency colour of the skin under it."""

    def estimate(self, view: View) -> Appearance:
        """Called before delighting, and again with a DelitView: then the light under which the albedo matches the photo."""


@runtime_checkable
class Delighter(Protocol):
    """Takes the light out of a texture."""

    def delight(self, view: LitView) -> Texture:
        """The albedo where the lit texture is visible; visibility may shrink, never grow."""


@runtime_checkable
class Merger(Protocol):
    """Makes one albedo of several photos."""

    def merge(self, views: Sequence[DelitView]) -> Merged:
        """The albedo of all views in the tone of the first, which shows most; a single view stays unchanged."""


@runtime_checkable
class DescriptorExtractor(Protocol):
    """Sums up how skin looks, wherever on the face it is seen."""

    def describe(
        self, texture: Texture, windows: Float32[np.ndarray, "windows size size"] | None = None
    ) -> tuple[Descriptor, ...]:
        """Feature correlations under each window, ignoring hidden texels; without windows, of all visible texels."""


@runtime_checkable
class BlendSolver(Protocol):
    """Explains what is seen of one face by what is known of others."""

    def solve(self, observed: Descriptor, exemplars: Sequence[Descriptor]) -> Float32[np.ndarray, "exemplars"]:
        """A weight for each exemplar; the exemplars are seen under the photo's own mask."""


@runtime_checkable
class HiddenPredictor(Protocol):
    """Tells the correlations of the skin that a photo hides."""

    def predict(self, bank: Bank, weights: Float32[np.ndarray, "exemplars"], own: OwnDescriptors) -> Descriptor:
        """Correlations of hidden plain skin, from the blend of the bank's faces and the visible skin."""


@runtime_checkable
class Synthesizer(Protocol):
    """Completes the albedo."""

    def synthesize(self, view: DelitView, target: Target, rng: np.random.Generator) -> Texture:
        """The complete texture: visible texels of the view's albedo stay, the others get the target's correlations."""


@runtime_checkable
class Painter(Protocol):
    """Paints what no photo shows whole: eyeballs, teeth, the inside of the mouth."""

    def paint(self, view: DelitView) -> Texture:
        """The view's complete albedo with eyes and mouth painted, extended beyond the UV islands."""


@runtime_checkable
class Detailer(Protocol):
    """Adds what is finer than the mesh."""

    def add_detail(self, views: Sequence[DelitView], albedo: Texture) -> Detail:
        """Displacement and normals over the UV map, at the size of the albedo, of the head of the first view."""


@runtime_checkable
class Renderer(Protocol):
    """Shows a head."""

    def render(self, head: Head, camera: Camera, lighting: Lighting) -> Photo:
        """The head on a plain background, as the camera sees it."""


@runtime_checkable
class Exporter(Protocol):
    """Writes a head for other programs."""

    def export(self, head: Head, folder: Path) -> tuple[Path, ...]:
        """The files that were written into the folder, which exists."""


@runtime_checkable
class FitsOneModel(Protocol):
    """A fitter that always lays the same morphable model over a face."""

    @property
    def model(self) -> MorphableModel:
        """The model, read when first needed."""


@runtime_checkable
class WaivesChecks(Protocol):
    """A stage that does not keep every promise of its role's contract, and says which."""

    waived_checks: tuple[str, ...]
    """Names of tests of the contract, without `test_`."""


STAGES: dict[str, type] = {
    "detector": Detector,
    "restorer": Restorer,
    "segmenter": Segmenter,
    "fitter": Fitter,
    "cleaner": Cleaner,
    "light_estimator": LightEstimator,
    "delighter": Delighter,
    "merger": Merger,
    "descriptor_extractor": DescriptorExtractor,
    "blend_solver": BlendSolver,
    "hidden_predictor": HiddenPredictor,
    "synthesizer": Synthesizer,
    "painter": Painter,
    "detailer": Detailer,
    "renderer": Renderer,
    "exporter": Exporter,
}
"""Every role with its protocol, in running order; the hook of a role is its plural."""


CHAINED = ("restorer", "cleaner", "exporter")
"""Roles of which a run may have several, one after the other: `deblock+denoise`."""


def verb_of(role: str) -> str:
    """The one method of a role's protocol.

    >>> verb_of("detector")
    'detect'
    """
    return next(name for name, value in vars(STAGES[role]).items() if isfunction(value) and not name.startswith("_"))
