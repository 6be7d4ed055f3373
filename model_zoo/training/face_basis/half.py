"""The left half of the skin in the UV map: taken out of a basis, cut along further seams, put back with its mirror image."""

from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
from jaxtyping import Bool, Float, Int
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components, dijkstra

from training.face_basis.source import Arrays, border_chains


@dataclass(frozen=True)
class HalfSkin:
    """A point for each place in the map: a vertex on a seam is several."""

    rows: Int[np.ndarray, " triangles"]
    """Which of the basis's triangles these are."""
    corners: Int[np.ndarray, "triangles 3"]
    vertices: Int[np.ndarray, " points"]
    numbers: Int[np.ndarray, " points"]
    """Among the basis's `uvs`; -1 where a new seam made the point."""
    places: Float[np.ndarray, "points 2"]
    midline: Bool[np.ndarray, " points"]
    """On u = 1/2, which both halves share."""


def left_half(arrays: Arrays) -> HalfSkin:
    """As it lies in the map."""
    skin = arrays["uv_triangles"][: arrays["part_ranges"][0, 1]].astype(np.int64)
    rows = np.flatnonzero(arrays["uvs"][skin, 0].mean(1) > 0.5)
    numbers, corners = np.unique(skin[rows], return_inverse=True)
    corners = corners.reshape(-1, 3)
    vertices = np.zeros(len(numbers), np.int64)
    vertices[corners] = arrays["triangles"][rows]
    places = arrays["uvs"][numbers].astype(np.float64)
    return HalfSkin(rows, corners, vertices, numbers, places, places[:, 0] == 0.5)


def way_through(
    points: Float[np.ndarray, "vertices 3"], triangles: Int[np.ndarray, "triangles 3"], stops: Float[np.ndarray, "stops 3"]
) -> list[int]:
    """Vertices of the shortest way along edges from stop to stop; a stop is the vertex that is nearest to it."""
    pairs = np.concatenate([triangles[:, [k, (k + 1) % 3]] for k in range(3)])
    lengths = np.linalg.norm(points[pairs[:, 0]] - points[pairs[:, 1]], axis=1)
    edges, first = np.unique(np.sort(pairs, axis=1), axis=0, return_index=True)
    graph = coo_array((lengths[first], edges.T), shape=(len(points), len(points))).tocsr()
    used = np.unique(triangles)
    numbers = [int(used[np.linalg.norm(points[used] - stop, axis=1).argmin()]) for stop in stops]
    way = [numbers[0]]
    for target in numbers[1:]:
        before = dijkstra(graph, directed=False, indices=way[-1], return_predecessors=True)[1]
        leg = [target]
        while leg[-1] != way[-1]:
            leg.append(int(before[leg[-1]]))
        way += leg[-2::-1]
    return way


def cut(half: HalfSkin, way: list[int]) -> HalfSkin:
    """The half with a seam along these vertices, which begin on its border; the last one stays whole."""
    along = np.isin(half.vertices, way[:-1])
    if half.midline[np.isin(half.vertices, way[1:])].all():
        return replace(half, midline=half.midline & ~along)
    seam = {frozenset(edge) for edge in pairwise(way)}
    whole = joined_corners(half, seam)
    first, corner = np.unique(whole, return_index=True)[1], half.corners.ravel()
    old = corner[first]
    order = np.argsort(old, kind="stable")
    again = np.r_[False, old[order][1:] == old[order][:-1]]
    point = np.zeros(len(first), np.int64)
    point[order[~again]] = old[order[~again]]
    point[order[again]] = len(half.places) + np.arange(again.sum())
    more = old[order[again]]
    return HalfSkin(
        half.rows,
        point[whole].reshape(-1, 3),
        np.r_[half.vertices, half.vertices[more]],
        np.r_[half.numbers, np.full(len(more), -1)],
        np.r_[half.places, half.places[more]],
        np.r_[half.midline, half.midline[more]],
    )


def joined_corners(half: HalfSkin, seam: set[frozenset[int]]) -> Int[np.ndarray, " corners"]:
    """A number for each corner of each triangle, the same for corners that meet across an edge that is no seam."""
    across: dict[tuple[int, int], tuple[int, int]] = {}
    met = []
    for row, corners in enumerate(half.corners.tolist()):
        for k, (a, b) in enumerate(zip(corners, np.roll(corners, -1).tolist(), strict=True)):
            if frozenset((int(half.vertices[a]), int(half.vertices[b]))) in seam:
                continue
            here = (3 * row + k, 3 * row + (k + 1) % 3)
            if (b, a) in across:
                there = across[b, a]
                met += [(here[0], there[1]), (here[1], there[0])]
            across[a, b] = here
    pairs, count = np.array(met).T, half.corners.size
    return connected_components(coo_array((np.ones(pairs.shape[1]), pairs), shape=(count, count)), directed=False)[1]


def outline(half: HalfSkin) -> tuple[list[int], list[int], list[int]]:
    """Points of the seam and the neck in order, of half the lips, and round the eye."""
    eye, loop = sorted(border_chains(half.corners), key=len)
    start = next(k for k, point in enumerate(loop) if half.midline[point] and half.midline[loop[k - 1]])
    loop = loop[start:] + loop[:start]
    runs: list[list[int]] = []
    for point, before in zip(loop, [loop[-1], *loop], strict=False):
        if half.midline[point] and half.midline[before]:
            runs.append([point])
        else:
            runs[-1].append(point)
    lips, outer = sorted((run for run in runs if len(run) > 1), key=len)
    return outer, lips, eye


def put_back(arrays: Arrays, half: HalfSkin, places: Float[np.ndarray, "points 2"]) -> Arrays:
    """The basis whose skin lies so, and its mirror image beside it; what was no point of the map before comes last."""
    rows, order = mirrored_rows(arrays, half.rows)
    uvs, corners = arrays["uvs"], arrays["uv_triangles"].copy()
    left, right = half.numbers.copy(), np.full(len(half.numbers), -1)
    right[np.take_along_axis(half.corners, order, axis=1)] = corners[rows]
    new = half.numbers < 0
    split = new | (~half.midline & (right == left))
    left[new] = len(uvs) + np.arange(new.sum())
    right[split] = len(uvs) + new.sum() + np.arange(split.sum())
    flat = places.astype(np.float32)
    uvs = np.r_[uvs, np.zeros((new.sum() + split.sum(), 2), np.float32)]
    uvs[left], uvs[right] = flat, np.stack([1 - flat[:, 0], flat[:, 1]], axis=1)
    corners[half.rows] = left[half.corners]
    corners[rows] = right[np.take_along_axis(half.corners, order, axis=1)]
    return arrays | {"uvs": uvs, "uv_triangles": corners}


def mirrored_rows(
    arrays: Arrays, rows: Int[np.ndarray, " triangles"]
) -> tuple[Int[np.ndarray, " triangles"], Int[np.ndarray, "triangles 3"]]:
    """The triangles on the other side, and for each of their corners which of the triangle's own it mirrors."""
    triangles, images = arrays["triangles"], arrays["mirror"][arrays["triangles"][rows]]
    row_of = {tuple(sorted(corners)): row for row, corners in enumerate(triangles.tolist())}
    others = np.array([row_of[tuple(sorted(corners))] for corners in images.tolist()])
    return others, (triangles[others][:, :, None] == images[:, None]).argmax(2)
