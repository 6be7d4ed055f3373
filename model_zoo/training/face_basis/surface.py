"""Closest points on triangles (Ericson, "Real-Time Collision Detection", 2005, section 5.1.5) and first hits of rays."""

import numpy as np
from jaxtyping import Float, Int
from scipy.spatial import cKDTree

from training.face_basis.topology import Carried


def on_edge(
    points: Float[np.ndarray, "*many 3"], start: Float[np.ndarray, "*many 3"], end: Float[np.ndarray, "*many 3"]
) -> tuple[Float[np.ndarray, "*many"], Float[np.ndarray, "*many"]]:
    """Share of the end at the closest point of a segment, and the squared distance."""
    way = end - start
    share = np.clip(((points - start) * way).sum(-1) / np.maximum((way * way).sum(-1), 1e-20), 0, 1)
    return share, ((start + share[..., None] * way - points) ** 2).sum(-1)


def closest(
    points: Float[np.ndarray, "points 3"],
    vertices: Float[np.ndarray, "vertices 3"],
    triangles: Int[np.ndarray, "triangles 3"],
    candidates: int = 40,
) -> tuple[Int[np.ndarray, " points"], Float[np.ndarray, "points 3"]]:
    """Number and barycentric weights of the closest triangle, among those with the nearest centres."""
    corners = vertices[triangles]
    near = cKDTree(corners.mean(1)).query(points, k=min(candidates, len(triangles)))[1]
    a, b, c = corners[near].transpose(2, 0, 1, 3)
    e, f, p = b - a, c - a, points[:, None] - a
    ee, ef, ff, pe, pf = ((x * y).sum(-1) for x, y in ((e, e), (e, f), (f, f), (p, e), (p, f)))
    scale = np.maximum(ee * ff - ef * ef, 1e-30)
    second, third = (ff * pe - ef * pf) / scale, (ee * pf - ef * pe) / scale
    weights = [np.stack([1 - second - third, second, third], axis=-1)]
    distances = [np.where(weights[0].min(-1) >= 0, ((p - second[..., None] * e - third[..., None] * f) ** 2).sum(-1), np.inf)]
    for k, (start, end) in enumerate(((a, b), (b, c), (c, a))):
        share, distance = on_edge(points[:, None], start, end)
        edge = np.zeros((*share.shape, 3))
        edge[..., k], edge[..., (k + 1) % 3] = 1 - share, share
        weights.append(edge)
        distances.append(distance)
    rows = np.arange(len(points))
    flat = np.stack(distances, axis=-1).reshape(len(points), -1)
    best, kind = np.unravel_index(flat.argmin(1), (*distances[0].shape[1:], 4))
    return near[rows, best], np.stack(weights, axis=2)[rows, best, kind]


def snapped(
    points: Float[np.ndarray, "points 3"], vertices: Float[np.ndarray, "vertices 3"], triangles: Int[np.ndarray, "triangles 3"]
) -> Carried:
    """Points pulled onto a surface."""
    chosen, weights = closest(points, vertices, triangles)
    return Carried(triangles[chosen], weights)


def hit_distances(
    origins: Float[np.ndarray, "rays 3"], ways: Float[np.ndarray, "rays 3"], corners: Float[np.ndarray, "triangles 3 3"]
) -> Float[np.ndarray, " rays"]:
    """Distance to the first triangle on each ray, infinite where there is none (Moller and Trumbore 1997)."""
    a, b, c = corners.transpose(1, 0, 2)
    distances = []
    for origin, way in zip(origins, ways, strict=True):
        across, normal = np.cross(way, c - a), np.cross(origin - a, b - a)
        with np.errstate(divide="ignore", invalid="ignore"):
            scale = 1 / ((b - a) * across).sum(1)
            second, third = ((origin - a) * across).sum(1) * scale, normal @ way * scale
            distance = ((c - a) * normal).sum(1) * scale
        distances.append(
            np.where((second >= 0) & (third >= 0) & (second + third <= 1) & (distance > 0), distance, np.inf).min()
        )
    return np.array(distances)
