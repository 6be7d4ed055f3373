"""Edge flips: a triangulation that is valid in UV is made well shaped in space (greedy, after Lawson 1977).

Quality of a triangle: its smallest angle plus the agreement of its normal with the surface's, n.m; a flip must raise the
worse of two.
"""

import numpy as np
from jaxtyping import Float, Int

PASSES = 60
SMALLEST_UV_AREA, SMALLEST_GAIN, NORMAL_WEIGHT = 2e-7, 1e-3, 1.5


def worst_angle(points: Float[np.ndarray, "vertices 3"], corners: Int[np.ndarray, "*many 3"]) -> Float[np.ndarray, "*many"]:
    """Smallest angle of triangles, in radians."""
    angles = []
    for k in range(3):
        e = points[corners[..., (k + 1) % 3]] - points[corners[..., k]]
        f = points[corners[..., (k + 2) % 3]] - points[corners[..., k]]
        angles.append(np.arctan2(np.linalg.norm(np.cross(e, f), axis=-1), (e * f).sum(-1)))
    return np.min(angles, axis=0)


def agreement(
    points: Float[np.ndarray, "vertices 3"], normals: Float[np.ndarray, "vertices 3"], corners: Int[np.ndarray, "*many 3"]
) -> Float[np.ndarray, "*many"]:
    """Cosine between a triangle's normal and the mean of its corners' surface normals."""
    a, b, c = (points[corners[..., k]] for k in range(3))
    normal, surface = np.cross(b - a, c - a), normals[corners].sum(-2)
    lengths = np.linalg.norm(normal, axis=-1) * np.linalg.norm(surface, axis=-1)
    return (normal * surface).sum(-1) / np.maximum(lengths, 1e-20)


def area_on_screen(places: Float[np.ndarray, "vertices 2"], corners: Int[np.ndarray, "*many 3"]) -> Float[np.ndarray, "*many"]:
    """Signed area in UV (v down), positive where counter-clockwise."""
    a, b, c = (places[corners[..., k]] for k in range(3))
    return ((b[..., 1] - a[..., 1]) * (c[..., 0] - a[..., 0]) - (b[..., 0] - a[..., 0]) * (c[..., 1] - a[..., 1])) / 2


def inner_edges(triangles: Int[np.ndarray, "triangles 3"]) -> tuple[Int[np.ndarray, "edges 2"], Int[np.ndarray, "edges 4"]]:
    """For each edge between two triangles: their numbers; and its start and end, the first's third corner, the second's."""
    half: dict[tuple[int, int], tuple[int, int]] = {}
    pairs, corners = [], []
    for number, triangle in enumerate(triangles.tolist()):
        for k in range(3):
            start, end, apex = triangle[k], triangle[(k + 1) % 3], triangle[(k + 2) % 3]
            if (end, start) in half:
                other, other_apex = half[end, start]
                pairs.append((number, other))
                corners.append((start, end, apex, other_apex))
            half[start, end] = (number, apex)
    return np.array(pairs), np.array(corners)


def well_shaped(
    triangles: Int[np.ndarray, "triangles 3"],
    places: Float[np.ndarray, "vertices 2"],
    points: Float[np.ndarray, "vertices 3"],
    normals: Float[np.ndarray, "vertices 3"],
    locked: set[frozenset[int]],
) -> Int[np.ndarray, "triangles 3"]:
    """Flips edges, but for the locked ones, while the worse of two triangles gets better and both stay valid in UV."""
    triangles = triangles.copy()

    def quality(corners: Int[np.ndarray, "edges 3"]) -> Float[np.ndarray, " edges"]:
        return worst_angle(points, corners) + NORMAL_WEIGHT * agreement(points, normals, corners)

    for _ in range(PASSES):
        pairs, quads = inner_edges(triangles)
        start, end, left, right = quads.T
        old = [np.stack([start, end, left], axis=1), np.stack([end, start, right], axis=1)]
        new = [np.stack([start, right, left], axis=1), np.stack([right, end, left], axis=1)]
        allowed = np.minimum(*(area_on_screen(places, corners) for corners in new)) > SMALLEST_UV_AREA
        gain = np.minimum(*map(quality, new)) - np.minimum(*map(quality, old))
        gain[~allowed | [frozenset(ends) in locked for ends in quads[:, :2].tolist()]] = 0
        touched: set[int] = set()
        for edge in np.argsort(-gain):
            if gain[edge] < SMALLEST_GAIN:
                break
            first, second = pairs[edge].tolist()
            if not touched & {first, second}:
                touched |= {first, second}
                triangles[first], triangles[second] = new[0][edge], new[1][edge]
        if not touched:
            break
    return triangles
