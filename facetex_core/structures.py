"""The nouns: what goes from stage to stage. Values, frozen, in the units of docs/reference/conventions.md.

Linear RGB in [0, 1], float32; row 0 on top; metres; x to the subject's left, y up, the face looks along +z.
Pixel coordinates are x, y with the centre of the upper left pixel at (0.5, 0.5).
UV coordinates run from (0, 0) in the upper left corner of a texture to (1, 1) in the lower right.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from jaxtyping import Float32, Int32, UInt8


@dataclass(frozen=True, eq=False, slots=True)
class Photo:
    """An upright picture."""

    rgb: Float32[np.ndarray, "height width 3"]
    """Linear, in [0, 1]."""
    name: str = "photo"
    """What the user calls it: the file's name without its folder."""

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


@dataclass(frozen=True, eq=False, slots=True)
class Mesh:
    """Triangles in space, wound counter-clockwise seen from outside, with one UV map."""

    vertices: Float32[np.ndarray, "vertices 3"]
    """Metres."""
    triangles: Int32[np.ndarray, "triangles 3"]
    uvs: Float32[np.ndarray, "uvs 2"]
    """More than there are vertices where the map has a seam."""
    uv_triangles: Int32[np.ndarray, "triangles 3"]
    """The corners of `triangles` as indices into `uvs`."""
    parts: Mapping[str, slice]
    """Ranges of `triangles` by name: skin, left_eye, right_eye, mouth, ..."""


@dataclass(frozen=True, eq=False)
class MorphableModel:
    """A linear model of heads: vertices = mean + identity . a + expression . b."""

    name: str
    mean: Float32[np.ndarray, "vertices 3"]
    """The mean head in metres."""
    identity: Float32[np.ndarray, "modes vertices 3"]
    """Metres for one standard deviation."""
    expression: Float32[np.ndarray, "expressions vertices 3"]
    """Metres for a coefficient of 1."""
    expression_names: tuple[str, ...]
    """ARKit's names where the model has such shapes."""
    mesh: Mesh
    """The mean with its triangles, UV map and parts."""
    embedding: "Embedding"
    regions: Mapping[str, Float32[np.ndarray, "vertices"]]
    """Weights in [0, 1]: face, lips, brows, eyes, nose, nostrils, forehead, cheeks, chin, neck, scalp, ears."""
    face_box: tuple[float, float, float, float]
    """The part of the UV map that a portrait shows: left, top, right, bottom."""
    albedo: "AlbedoModel | None" = None

    def vertices(
        self,
        identity: Float32[np.ndarray, "modes"],
        expression: Float32[np.ndarray, "expressions"],
    ) -> Float32[np.ndarray, "vertices 3"]:
        """The head of these coefficients, in metres."""
        moved = np.tensordot(identity, self.identity, 1) + np.tensordot(expression, self.expression, 1)
        return np.asarray(self.mean + moved, np.float32)

    @cached_property
    def expression_range(self) -> tuple[float, float]:
        """Blend shapes by ARKit's names live in [0, 1]; statistical modes within three deviations."""
        return (0.0, 1.0) if "jawOpen" in self.expression_names else (-3.0, 3.0)


@dataclass(frozen=True, eq=False, slots=True)
class Embedding:
    """Where named points lie on a morphable model: a triangle and barycentric weights each."""

    landmark_triangles: Int32[np.ndarray, "68"]
    landmark_barycentric: Float32[np.ndarray, "68 3"]
    dense_triangles: Int32[np.ndarray, "dense"]
    dense_barycentric: Float32[np.ndarray, "dense 3"]


@dataclass(frozen=True, eq=False, slots=True)
class AlbedoModel:
    """Low-frequency skin colour over the UV map: log albedo = mean + modes . c, standard normal c."""

    mean: Float32[np.ndarray, "size size 3"]
    """Natural logarithm of the linear albedo."""
    modes: Float32[np.ndarray, "modes size size 3"]
    """For one standard deviation."""
    detail: Float32[np.ndarray, "fine fine 3"]
    """The mean face over its own low frequency, in logarithms and at full resolution: brows, lids, lips."""


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
    """A morphable model laid over a photo."""

    model: MorphableModel
    identity: Float32[np.ndarray, "modes"]
    """In standard deviations."""
    expression: Float32[np.ndarray, "expressions"]
    camera: Camera
    lighting: Lighting
    albedo: Float32[np.ndarray, "size size 3"]
    """The model's low-frequency albedo for this person over the UV map, linear; any size."""
    residuals: Mapping[str, float] = field(default_factory=dict)
    """What each term of the energy left over, by name and unit."""
    drift: Float32[np.ndarray, "vertices 2"] | None = None
    """Pixels by which the photo shows the skin away from where the model projects it; none: nowhere."""
    teeth: Float32[np.ndarray, "vertices 3"] | None = None
    """Metres by which the teeth stand elsewhere than the model's, since the lips of the photo do; none: nowhere."""

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
        return head if self.teeth is None else head + self.teeth


@dataclass(frozen=True, eq=False, slots=True)
class Texture:
    """A UV map, perhaps with holes."""

    rgb: Float32[np.ndarray, "size size 3"]
    """Linear, in [0, 1]; 0 where `visibility` is 0."""
    visibility: Float32[np.ndarray, "size size"]
    """How well the photo saw the skin there: 0 not at all, 1 straight on."""

    @property
    def size(self) -> int:
        """Texels along one side."""
        return self.rgb.shape[0]


@dataclass(frozen=True, eq=False, slots=True)
class Descriptor:
    """Feature correlations of a texture, layer by layer: G = F F^T / M (Saito 2017, section 4.2)."""

    network: str
    """The extractor's model, by its name in the zoo; descriptors of different networks cannot be mixed."""
    correlations: Mapping[str, Float32[np.ndarray, "channels channels"]]
    """Symmetric, positive semi-definite, by layer from fine to coarse."""
    mass: Mapping[str, float]
    """Positions that counted, by layer; 0 where nothing was seen."""


@dataclass(frozen=True, eq=False, slots=True)
class Bank:
    """Statistics of many faces: correlations of plain skin by cell of the face's box, of whole faces, and smooth albedo.

    The correlations of a cell are sum_i cells[i] basis[i]; facetex_core/banks/bank.py makes banks and reads them.
    """

    network: str
    size: int
    """Texels of the whole UV map at which the exemplars were described."""
    cells: Mapping[str, Float32[np.ndarray, "exemplars cells entries"]]
    basis: Mapping[str, Float32[np.ndarray, "entries channels channels"]]
    mass: Mapping[str, Float32[np.ndarray, "exemplars cells"]]
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
        return round(float(np.sqrt(next(iter(self.mass.values())).shape[1])))


@dataclass(frozen=True, eq=False, slots=True)
class Detail:
    """Mesoscopic geometry over the UV map."""

    displacement: Float32[np.ndarray, "size size"]
    """Metres along the normal."""
    normals: Float32[np.ndarray, "size size 3"]
    """Unit vectors in tangent space: x along u, y against v (up in the texture), z out of the skin."""


@dataclass(frozen=True, eq=False, slots=True)
class Head:
    """What the pipeline makes of a photo."""

    name: str
    fit: Fit
    lit: Texture
    """The photo unwrapped, light and all."""
    albedo: Texture
    """Whole and free of shading; `visibility` still tells what the photo had seen."""
    detail: Detail
    roughness: Float32[np.ndarray, "size size"] | None = None
    """Over the UV map: 0 a mirror, 1 chalk (the square root of GGX's alpha); none: `material.roughness_of` makes it."""
