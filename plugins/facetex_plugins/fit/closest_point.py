"""Where on a surface the nearest point lies that looks the same way: lips touch, and ears have a back."""

import numpy as np
from jaxtyping import Float, Float32, Float64, Int32

from facetex_core.geometry.mesh import vertex_normals

TURN_METRES = 0.02
"""Metres that a difference of 1 between two directions is worth."""
SIDEWAYS = -0.2
"""Cosine from which two directions are the same way: one model's lids and lips have an edge where another's have none."""
CANDIDATES = 12
"""Triangles that are looked at for each point."""

Points = Float32[np.ndarray, "points 3"]
Weights = Float64[np.ndarray, "*more 3"]


class Surface:
    """Triangles on which the nearest point is looked for that faces the same way."""

    def __init__(self, vertices: Float32[np.ndarray, "vertices 3"], triangles: Int32[np.ndarray, "triangles 3"]) -> None:
        from scipy.spatial import cKDTree

        self.corners = vertices[triangles].astype(np.float64)
        self.ways = vertex_normals(vertices, triangles)[triangles]
        self.near = cKDTree(self.corners.mean(1))
        self.alike = cKDTree(placed(self.corners.mean(1), self.ways.mean(1)))

    def nearest(self, points: Points, ways: Points) -> tuple[Int32[np.ndarray, "points"], Points]:
        """Triangle and barycentric weights of what is nearest by place and direction together."""
        some = range(1, min(CANDIDATES, self.near.n) + 1)
        # By place alone too: where only one of the two has a lid's edge, nothing near it looks the same way.
        found = np.concatenate([self.near.query(points, k=some)[1], self.alike.query(placed(points, ways), k=some)[1]], 1)
        weights = closest_weights(points[:, None].astype(np.float64), self.corners[found])
        away = ((np.einsum("pnk,pnki->pni", weights, self.corners[found]) - points[:, None]) ** 2).sum(-1)
        facing = np.einsum("pnk,pnki,pi->pn", weights, self.ways[found], ways)
        best = np.argmin(away + (TURN_METRES * np.clip(SIDEWAYS - facing, 0, None)) ** 2, axis=1)[:, None]
        triangle = np.take_along_axis(found, best, 1)[:, 0]
        return triangle.astype(np.int32), np.take_along_axis(weights, best[..., None], 1)[:, 0].astype(np.float32)

    def closest_points(self, points: Points, ways: Points) -> Points:
        """Where these lie."""
        triangle, weights = self.nearest(points, ways)
        return np.einsum("pk,pki->pi", weights, self.corners[triangle]).astype(np.float32)


def closest_weights(points: Float64[np.ndarray, "*many 3"], corners: Float64[np.ndarray, "*more 3 3"]) -> Weights:
    """Barycentric weights of the point of each triangle that is nearest to each point."""
    inside = plane_weights(points, corners)
    candidates = [np.where((inside >= 0).all(-1, keepdims=True), inside, np.eye(3)[0])]
    for first in range(3):
        second = (first + 1) % 3
        way = corners[..., second, :] - corners[..., first, :]
        share = ((points - corners[..., first, :]) * way).sum(-1) / np.maximum((way**2).sum(-1), 1e-18)
        share = np.clip(share, 0, 1)[..., None]
        candidates.append((1 - share) * np.eye(3)[first] + share * np.eye(3)[second])
    stack = np.stack(candidates)
    away = ((np.einsum("c...k,...ki->c...i", stack, corners) - points) ** 2).sum(-1)
    return np.take_along_axis(stack, away.argmin(0)[None, ..., None], 0)[0]


def placed(points: Float[np.ndarray, "points 3"], ways: Float[np.ndarray, "points 3"]) -> Float64[np.ndarray, "points 6"]:
    """Place and direction as one point of six dimensions."""
    return np.concatenate([points, TURN_METRES * ways], 1).astype(np.float64)


def plane_weights(points: Float64[np.ndarray, "*many 3"], corners: Float64[np.ndarray, "*more 3 3"]) -> Weights:
    """Barycentric weights of the foot of the perpendicular, outside of the triangle too (Ericson 2005, section 3.4)."""
    a, b, c = (corners[..., corner, :] for corner in range(3))
    ab, ac, ap = b - a, c - a, points - a
    d00, d01, d11, d20, d21 = ((p * q).sum(-1) for p, q in ((ab, ab), (ab, ac), (ac, ac), (ap, ab), (ap, ac)))
    scale = np.maximum(d00 * d11 - d01 * d01, 1e-24)
    v, w = (d11 * d20 - d01 * d21) / scale, (d00 * d21 - d01 * d20) / scale
    return np.stack([1 - v - w, v, w], -1)
