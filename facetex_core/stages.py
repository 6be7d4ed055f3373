"""The verbs: one protocol a stage, in running order. Who has read this and structures.py knows facetex.

A stage gets read-only arrays and returns new values. Same input, same options, same machine: same result.
"""

from collections.abc import Sequence
from inspect import isfunction
from pathlib import Path
from typing import Protocol, runtime_checkable

import numpy as np
from jaxtyping import Float32

from facetex_core.structures import (
    Camera,
    Descriptor,
    Detail,
    Face,
    Fit,
    Head,
    Lighting,
    Photo,
    Texture,
)


@runtime_checkable
class Detector(Protocol):
    """Finds faces."""

    def detect(self, photo: Photo) -> tuple[Face, ...]:
        """The faces of the photo, the largest first; none in a picture without."""


@runtime_checkable
class Fitter(Protocol):
    """Lays a morphable model over the face of one person."""

    def fit(self, photos: Sequence[Photo], faces: Sequence[Face]) -> tuple[Fit, ...]:
        """For each photo the expression, camera, light and low-frequency albedo that explain it, with one identity for all."""


@runtime_checkable
class Segmenter(Protocol):
    """Tells skin from what covers it."""

    def segment(self, photo: Photo, face: Face) -> Float32[np.ndarray, "height width"]:
        """The probability, in [0, 1], that a pixel shows bare skin of this face or its neck."""


@runtime_checkable
class Delighter(Protocol):
    """Takes the light out of a texture."""

    def delight(self, texture: Texture, fit: Fit) -> Texture:
        """The albedo where the texture is visible; visibility may shrink, never grow."""


@runtime_checkable
class DescriptorExtractor(Protocol):
    """Sums up how skin looks, wherever on the face it is seen."""

    def describe(
        self, texture: Texture, windows: Float32[np.ndarray, "windows size size"] | None = None
    ) -> tuple[Descriptor, ...]:
        """Feature correlations under each window, blind to hidden texels; without windows, of all that is visible."""


@runtime_checkable
class BlendSolver(Protocol):
    """Explains what is seen of one face by what is known of others.

    With `carries_own = True`, what it leaves unexplained and the face's own mirror help to tell what is hidden.
    """

    def solve(self, observed: Descriptor, exemplars: Sequence[Descriptor]) -> Float32[np.ndarray, "exemplars"]:
        """A weight for each exemplar; the exemplars are seen under the photo's own mask."""


@runtime_checkable
class Synthesizer(Protocol):
    """Completes the albedo; one that redraws brows, lids and lips (`redraws_features = True`) is given correlations of them."""

    def synthesize(self, albedo: Texture, wanted: Descriptor, fit: Fit, rng: np.random.Generator) -> Texture:
        """The whole texture: texels that were visible stay, the others carry the wanted correlations."""


@runtime_checkable
class Detailer(Protocol):
    """Adds what is finer than the mesh."""

    def add_detail(self, photo: Photo, fit: Fit, albedo: Texture) -> Detail:
        """Displacement and normals over the UV map, at the size of the albedo."""


@runtime_checkable
class Renderer(Protocol):
    """Shows a head."""

    def render(self, head: Head, camera: Camera, lighting: Lighting) -> Photo:
        """The head on a plain ground, as the camera sees it."""


@runtime_checkable
class Exporter(Protocol):
    """Writes a head for other programs."""

    def export(self, head: Head, folder: Path) -> tuple[Path, ...]:
        """The files written into the folder, which exists."""


STAGES: dict[str, type] = {
    "detector": Detector,
    "fitter": Fitter,
    "segmenter": Segmenter,
    "delighter": Delighter,
    "descriptor_extractor": DescriptorExtractor,
    "blend_solver": BlendSolver,
    "synthesizer": Synthesizer,
    "detailer": Detailer,
    "renderer": Renderer,
    "exporter": Exporter,
}
"""Every role with its protocol, in running order; the hook of a role is its plural."""


def verb_of(role: str) -> str:
    """The one method of a role's protocol.

    >>> verb_of("detector")
    'detect'
    """
    return next(name for name, value in vars(STAGES[role]).items() if isfunction(value) and not name.startswith("_"))
