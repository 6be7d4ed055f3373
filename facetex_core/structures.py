"""The nouns: what goes from stage to stage. Values, frozen, in the units of docs/reference/conventions.md.

Linear RGB in [0, 1], float32; row 0 on top; metres; x to the subject's left, y up, the face looks along +z.
Pixel coordinates are x, y with the centre of the upper left pixel at (0.5, 0.5).
UV coordinates run from (0, 0) in the upper left corner of a texture to (1, 1) in the lower right.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from jaxtyping import Float32, UInt8

from facetex_core.head_models import AlbedoModel, Corrective, Embedding, Mesh, MorphableModel

__all__ = [
    "CLASSES", "AlbedoModel", "Appearance", "Bank", "Camera", "Corrective", "DelitView", "Descriptor", "Detail", "DetailLayer",
    "Embedding", "Face", "Fit", "Head", "Lighting", "LitView", "Merged", "Mesh", "MorphableModel", "Observation",
    "OwnDescriptors", "Photo", "Segmentation", "Target", "Texture", "View",
]  # fmt: skip


@dataclass(frozen=True, eq=False, slots=True)
class Photo:
    """An upright picture."""

    rgb: Float32[np.ndarray, "height width 3"]
    """Linear, in [0, 1]."""
    name: str = "photo"
    """What the user calls it: the file's name without its folder."""
    focal: float | None = None
    """Focal length in pixels, where the file or the user tells it."""

    @property
    def size(self) -> tuple[int, int]:
        """Width and height in pixels."""
        return self.rgb.shape[1], self.rgb.shape[0]


@dataclass(frozen=True, eq=False, slots=True)
class Face:
    """A face found in a photo; all coordinates in pixels."""

    box: Float32[np.ndarray, "4"]
    """Left, top, right, bottom."""
    landmarks: Float32[np.ndarray, "68 2"]
    """The 68 of iBUG, zero-based."""
    dense: Float32[np.ndarray, "points 2"]
    """The 468 of MediaPipe's face mesh in its order, or none: shape (0, 2)."""
    score: float
    """How surely it is a face, in [0, 1]."""


CLASSES = ("skin", "hair", "glasses", "mouth", "background")
"""What a pixel may show: bare skin of the face and neck, hair, glasses, the open mouth, what is behind the person."""


@dataclass(frozen=True, eq=False, slots=True)
class Segmentation:
    """Probabilities of skin, hair, glasses, mouth and background in each pixel."""

    probabilities: Mapping[str, Float32[np.ndarray, "height width"]]
    """In [0, 1] by class; `skin` is always there, the others of CLASSES where the segmenter tells them."""

    @property
    def skin(self) -> Float32[np.ndarray, "height width"]:
        """The probability of bare skin."""
        return self.probabilities["skin"]


@dataclass(frozen=True, eq=False, slots=True)
class Observation:
    """One face in one photo, before the fit."""

    photo: Photo
    face: Face
    segmentation: Segmentation


@dataclass(frozen=True, eq=False, slots=True)
class Camera:
    """A pinhole camera in OpenCV's terms (x right, y down, z forward)."""

    intrinsics: Float32[np.ndarray, "3 3"]
    """In pixels of the upright photo."""
    world_to_camera: Float32[np.ndarray, "4 4"]
    size: tuple[int, int]
    """Width and height of the picture in pixels."""

    @property
    def position(self) -> Float32[np.ndarray, "3"]:
        """The centre of projection in world metres."""
        return np.asarray(-self.world_to_camera[:3, :3].T @ self.world_to_camera[:3, 3], np.float32)


@dataclass(frozen=True, eq=False, slots=True)
class Lighting:
    """Distant light as second-order spherical harmonics of the irradiance (Ramamoorthi and Hanrahan 2001).

    shading(n) = sum_k coefficients[k] Y_k(n): what a white surface of normal n sends back; 1 is full white.
    """

    coefficients: Float32[np.ndarray, "9 3"]


@dataclass(frozen=True, eq=False, slots=True)
class Fit:
    """A morphable model fitted to a photo: geometry, without light and colour."""

    model: MorphableModel
    identity: Float32[np.ndarray, "modes"]
    """In standard deviations."""
    expression: Float32[np.ndarray, "expressions"]
    camera: Camera
    residuals: Mapping[str, float] = field(default_factory=dict)
    """What each term of the energy left over, by name and unit."""
    residual_flow: Float32[np.ndarray, "vertices 2"] | None = None
    """Pixels by which the photo shows the skin away from where the model projects it; none: nowhere."""
    vertex_offsets: Float32[np.ndarray, "vertices 3"] | None = None
    """Metres by which vertices stand away from the model's, whatever the expression; none: nowhere."""

    @property
    def vertices(self) -> Float32[np.ndarray, "vertices 3"]:
        """The fitted head in metres."""
        return self._head(self.expression)

    @property
    def neutral(self) -> Float32[np.ndarray, "vertices 3"]:
        """The fitted person without expression."""
        return self._head(np.zeros_like(self.expression))

    def _head(self, expression: Float32[np.ndarray, "expressions"]) -> Float32[np.ndarray, "vertices 3"]:
        head = self.model.vertices(self.identity, expression)
        return head if self.vertex_offsets is None else head + self.vertex_offsets


@dataclass(frozen=True, eq=False, slots=True)
class Appearance:
    """The light on a face and the low-frequency albedo of its skin."""

    lighting: Lighting
    albedo: Float32[np.ndarray, "low low 3"]
    """Low-frequency albedo over the UV map, linear, not negative; any size."""
    residuals: Mapping[str, float] = field(default_factory=dict)
    """What light and albedo leave unexplained, by name and unit."""


@dataclass(frozen=True, eq=False, slots=True)
class Texture:
    """A texture on the UV map, with the visibility of each texel."""

    rgb: Float32[np.ndarray, "size size 3"]
    """Linear, in [0, 1]; 0 where `visibility` is 0."""
    visibility: Float32[np.ndarray, "size size"]
    """How well the photo saw the skin there: 0 not at all, 1 straight on."""

    @property
    def size(self) -> int:
        """Texels along one side."""
        return self.rgb.shape[0]


@dataclass(frozen=True, eq=False, slots=True)
class View:
    """An observation, its fit, and the photo unwrapped onto the UV map."""

    observation: Observation
    fit: Fit
    lit: Texture
    """The photo unwrapped, light and all."""

    @property
    def photo(self) -> Photo:
        """The photo of the observation."""
        return self.observation.photo


@dataclass(frozen=True, eq=False, slots=True)
class LitView(View):
    """A view with estimated light."""

    appearance: Appearance


@dataclass(frozen=True, eq=False, slots=True)
class DelitView(LitView):
    """A view with the light removed."""

    albedo: Texture


@dataclass(frozen=True, eq=False, slots=True)
class Merged:
    """One albedo from all views of a person."""

    albedo: Texture
    shares: Float32[np.ndarray, "views size size"]
    """How much of each texel's detail each view gave: together 1 where any view shows skin."""


@dataclass(frozen=True, eq=False, slots=True)
class Descriptor:
    """Feature correlations of a texture, layer by layer: G = F F^T / M (Saito 2017, section 4.2)."""

    network: str
    """The extractor's model, by its name in the zoo; descriptors of different networks cannot be mixed."""
    correlations: Mapping[str, Float32[np.ndarray, "channels channels"]]
    """Symmetric, positive semi-definite, by layer from fine to coarse."""
    support: Mapping[str, float]
    """Positions that counted, by layer; 0 where nothing was seen."""


@dataclass(frozen=True, eq=False, slots=True)
class OwnDescriptors:
    """Descriptors of a face's visible plain skin, for each cell of the face's box."""

    seen: tuple[Descriptor, ...]
    mirrored: tuple[Descriptor, ...]
    """Of the face flipped left to right."""


@dataclass(frozen=True, eq=False, slots=True)
class Target:
    """The correlations that a synthesizer aims at."""

    plain: Descriptor
    """Of plain skin."""
    whole: Descriptor
    """Of whole faces, brows, lids and lips with them; as `plain` where the bank has none."""


@dataclass(frozen=True, eq=False, slots=True)
class Bank:
    """Statistics of many faces: correlations of plain skin per cell of the face's box, of whole faces, and smooth albedo.

    The correlations of a cell are sum_i cells[i] basis[i]; facetex_core/descriptors/bank.py makes banks and reads them.
    """

    network: str
    size: int
    """Texels of the whole UV map at which the exemplars were described."""
    cells: Mapping[str, Float32[np.ndarray, "exemplars cells entries"]]
    basis: Mapping[str, Float32[np.ndarray, "entries channels channels"]]
    support: Mapping[str, Float32[np.ndarray, "exemplars cells"]]
    names: tuple[str, ...]
    """What each exemplar is called; numbers where the bank is anonymous."""
    layout: Float32[np.ndarray, "points 2"] = field(default_factory=lambda: np.zeros((0, 2), np.float32))
    """Where the 68 landmarks lie in the UV map that the cells are cut from; none where it is not known."""
    faces: tuple[Descriptor, ...] = ()
    """Of each exemplar the correlations of all that is seen, brows, lids and lips with it; or none."""
    albedo: Float32[np.ndarray, "_ low low 3"] = field(default_factory=lambda: np.zeros((0, 0, 0, 3), np.float32))
    """Low-frequency albedo of the face's box, linear; or none."""
    textures: UInt8[np.ndarray, "_ texels texels 4"] = field(default_factory=lambda: np.zeros((0, 0, 0, 4), np.uint8))
    """Albedo coded by sRGB's curve, and visibility; only where whoever built the bank had the rights."""

    @property
    def grid(self) -> int:
        """Cells along one side of the face's box."""
        return round(float(np.sqrt(next(iter(self.support.values())).shape[1])))


@dataclass(frozen=True, eq=False, slots=True)
class DetailLayer:
    """Relief that an expression adds in a region, such as the folds of a raised brow."""

    displacement: Float32[np.ndarray, "size size"]
    """Metres along the normal, added to the neutral displacement."""
    colour: Float32[np.ndarray, "size size 3"]
    """What the albedo is multiplied by."""
    mask: Float32[np.ndarray, "size size"]
    """Where the layer counts, in [0, 1]."""


@dataclass(frozen=True, eq=False, slots=True)
class Detail:
    """Mesoscopic geometry over the UV map: a neutral relief, and layers for expressions."""

    displacement: Float32[np.ndarray, "size size"]
    """Metres along the normal."""
    normals: Float32[np.ndarray, "size size 3"]
    """Unit vectors in tangent space: x along u, y against v (up in the texture), z out of the skin."""
    layers: Mapping[str, DetailLayer] = field(default_factory=dict)
    """By region or movement."""


@dataclass(frozen=True, eq=False, slots=True)
class Head:
    """The result of the pipeline: a head with its fit, light and maps."""

    name: str
    fit: Fit
    appearance: Appearance
    lit: Texture
    """The photo unwrapped, light and all."""
    albedo: Texture
    """Whole and free of shading; `visibility` still tells what the photo had seen."""
    detail: Detail
    roughness: Float32[np.ndarray, "size size"] | None = None
    """Over the UV map: 0 a mirror, 1 chalk (the square root of GGX's alpha); none: `material.roughness_of` makes it."""
