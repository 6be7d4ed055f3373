"""The nouns of head models: meshes, and linear models of them. Part of structures.py, which names them all."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from jaxtyping import Float32, Int32


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

    @property
    def solid(self) -> Int32[np.ndarray, "solid 3"]:
        """The triangles that hide what lies behind them: all but lashes, which come last."""
        return self.triangles[: self.parts["lashes"].start] if "lashes" in self.parts else self.triangles


@dataclass(frozen=True, eq=False, slots=True)
class Corrective:
    """What a shape has to do more on a head that differs from the mean, such as shut lids that are further apart."""

    shape: int
    """Number of the expression."""
    vertices: Int32[np.ndarray, "moved"]
    sources: Int32[np.ndarray, "sources"]
    weights: Float32[np.ndarray, "moved sources"]
    """The moves of `vertices`, from how far the identity takes `sources` from the mean."""


@dataclass(frozen=True, eq=False)
class MorphableModel:
    """A linear model of heads: vertices = mean + identity . a + expression . b, and a corrective where a shape has one."""

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
    correctives: tuple[Corrective, ...] = ()

    def vertices(
        self, identity: Float32[np.ndarray, "modes"], expression: Float32[np.ndarray, "expressions"]
    ) -> Float32[np.ndarray, "vertices 3"]:
        """The head of these coefficients, in metres."""
        person = np.tensordot(identity, self.identity, 1)
        moved = person + np.tensordot(expression, self.expression, 1)
        for each in self.correctives:
            moved[each.vertices] += expression[each.shape] * (each.weights @ person[each.sources])
        return np.asarray(self.mean + moved, np.float32)

    def shapes(self, identity: Float32[np.ndarray, "modes"]) -> Float32[np.ndarray, "expressions vertices 3"]:
        """What each expression moves on this person, in metres for a coefficient of 1."""
        person, moves = np.tensordot(identity, self.identity, 1), self.expression.copy()
        for each in self.correctives:
            moves[each.shape, each.vertices] += each.weights @ person[each.sources]
        return moves

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
