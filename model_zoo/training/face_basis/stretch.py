"""How much a UV map stretches a surface, and an energy that is low where it stretches little.

    E = sum_t w_t (c_t ((r + 1/r) / 2)^p + a_t (d + 1/d) / 2)

with r the ratio of the singular values of the map of triangle t (Hormann and Greiner 2000, "MIPS") and d its UV area over
that wanted (Degener, Meseth and Klein 2003); a high power p evens r out. Both terms are infinite where a triangle folds.
"""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Int

Maps = Float[np.ndarray, "triangles 2 2"]
"""From two axes in the plane of a triangle, in metres, to (u, -v)."""


def gradients(corners: Float[np.ndarray, "triangles 3 axes"]) -> Float[np.ndarray, "triangles 3 2"]:
    """Of the three hat functions of each triangle, in an orthonormal frame of its plane."""
    e, f = corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]
    length, along = np.linalg.norm(e, axis=1), np.einsum("ti,ti->t", e, f)
    far = along / length
    height = np.sqrt(np.maximum((f**2).sum(1) - far**2, 1e-30))
    second = np.stack([1 / length, -far / (length * height)], axis=1)
    third = np.stack([np.zeros_like(height), 1 / height], axis=1)
    return np.stack([-second - third, second, third], axis=1)


def maps(places: Float[np.ndarray, "triangles 3 2"], slopes: Float[np.ndarray, "triangles 3 2"]) -> Maps:
    """The linear map of each triangle whose corners lie there."""
    return np.einsum("tkc,tkd->tcd", places * [1, -1], slopes)


def determinants(each: Maps) -> Float[np.ndarray, " triangles"]:
    """Negative where a triangle is folded over."""
    return np.asarray(each[:, 0, 0] * each[:, 1, 1] - each[:, 0, 1] * each[:, 1, 0])


def ratios(
    corners: Float[np.ndarray, "triangles 3 3"], places: Float[np.ndarray, "triangles 3 2"]
) -> Float[np.ndarray, " triangles"]:
    """Largest by smallest singular value of the map from the surface to UV."""
    values = np.linalg.svd(maps(places, gradients(corners)), compute_uv=False)
    return np.asarray(values[:, 0] / values[:, 1])


def share_below(values: Float[np.ndarray, " triangles"], areas: Float[np.ndarray, " triangles"], share: float) -> float:
    """The value that so large a share of the area lies below."""
    order = np.argsort(values)
    reached = np.cumsum(areas[order])
    return float(values[order][np.searchsorted(reached, share * reached[-1])])


@dataclass
class Stretch:
    """The energy of a map of some triangles, and how it changes with the places."""

    corners: Int[np.ndarray, "triangles 3"]
    slopes: Float[np.ndarray, "triangles 3 2"]
    weight: Float[np.ndarray, " triangles"]
    """w_t: shares of the surface."""
    angles: Float[np.ndarray, " triangles"]
    """c_t."""
    areas: Float[np.ndarray, " triangles"]
    """a_t."""
    density: Float[np.ndarray, " triangles"]
    """Wanted UV area per area of the surface."""
    power: float = 2

    def __call__(self, places: Float[np.ndarray, "points 2"]) -> tuple[float, Float[np.ndarray, "points 2"]]:
        """Value and gradient; infinite where something folds."""
        j = maps(places[self.corners], self.slopes)
        det = determinants(j)
        if det.min() <= 0:
            return np.inf, np.zeros_like(places)
        adjugate = np.stack([np.stack([j[:, 1, 1], -j[:, 1, 0]], 1), np.stack([-j[:, 0, 1], j[:, 0, 0]], 1)], 1)
        square, d = (j**2).sum((1, 2)), det / self.density
        angle = square / (2 * det)
        value = self.weight @ (self.angles * angle**self.power + self.areas * (d + 1 / d) / 2)
        by_angle = self.angles * self.power * angle ** (self.power - 1)
        by_det = self.areas * (1 - 1 / d**2) / (2 * self.density) - by_angle * angle / det
        slope = (self.weight * by_angle / det)[:, None, None] * j + (self.weight * by_det)[:, None, None] * adjugate
        each = np.einsum("tcd,tkd->tkc", slope, self.slopes) * [1, -1]
        return float(value), np.stack(
            [np.bincount(self.corners.ravel(), axis.ravel(), len(places)) for axis in each.transpose(2, 0, 1)], 1
        )

    def stiffness(self, places: Float[np.ndarray, "points 2"]) -> Float[np.ndarray, "triangles 3 3"]:
        """About how the energy's second derivatives couple the corners of each triangle, the same along u and v."""
        det = determinants(maps(places[self.corners], self.slopes))
        return np.einsum(
            "t,tkd,tld->tkl", self.weight * (2 * self.power * self.angles + self.areas) / det, self.slopes, self.slopes
        )
