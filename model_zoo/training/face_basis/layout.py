"""UV layout of the skin: positive-weight springs, re-weighted by area, so that no triangle can fold.

sum_j w_ij (p_i - p_j) = 0 with the border on a convex polygon (Tutte 1963); after each solution w_ij *= (s_i s_j)^(rate/2) with
s the ratio of had to wanted area (after Yoshizawa, Belyaev and Seidel, "A fast and simple stretch-minimizing mesh
parameterization", 2004). Only the subject's left half is solved; the midline lies on u = 1/2, so that the mirrored half fits.
"""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float, Int
from scipy import sparse
from scipy.sparse.linalg import splu

from training.face_basis.source import MOUTH, SKIN, Source, border_chains, half_triangles, signed_areas, triangle_areas

MARGIN = 0.008
"""Free strip around the layout: 8 texels at 1024, which is the dilation of the islands."""
TOP_CUT, BOTTOM_CUT = 0.27, 0.25
"""Legs of the corner triangles left free for the eyeballs (top) and the mouth (bottom)."""
SOLUTIONS, RATE = 60, 0.35
SMALLEST_COTANGENT, SMALLEST_WEIGHT = 0.1, 1e-7


@dataclass(frozen=True)
class HalfLayout:
    """The left half's triangles (source vertex numbers) and the place of every source vertex in UV (others: not a number)."""

    triangles: Int[np.ndarray, "triangles 3"]
    places: Float[np.ndarray, "vertices 2"]
    border: tuple[int, ...]
    midline: tuple[tuple[int, ...], tuple[int, ...]]
    eye: tuple[int, ...]
    lips: tuple[int, ...]


@dataclass(frozen=True)
class Outline:
    """The chains of the half's border in the order of travel: neck and seam, upper midline, half the lips, lower midline."""

    outer: list[int]
    upper: list[int]
    lips: list[int]
    lower: list[int]
    eye: list[int]


def outline(source: Source, triangles: Int[np.ndarray, "triangles 3"]) -> Outline:
    """Cuts the border loops at the middle of the front neck, the crown and the lip line."""
    loops = sorted(border_chains(triangles), key=len)
    eye, loop = loops[0], loops[-1]
    points = source.vertices
    shared = {v for chain in border_chains(half_triangles(source, MOUTH)) for v in chain if v < SKIN[1]}
    midline = [v for v in loop if points[v, 0] == 0]
    start = max((v for v in midline if points[v, 1] < -0.15), key=lambda v: points[v, 2])
    loop = np.roll(loop, -loop.index(start)).tolist()
    crown = loop.index(max(midline, key=lambda v: points[v, 1]))
    inner = [k for k, v in enumerate(loop) if v in shared]
    first, last = min(inner), max(inner)
    return Outline(loop[: crown + 1], loop[crown : first + 1], loop[first : last + 1], [*loop[last:], start], eye)


def half_domain() -> Float[np.ndarray, "corners 2"]:
    """The left half of the layout as a convex polygon, from the bottom of the midline round the outside to its top."""
    m, far = MARGIN, 1 - MARGIN
    return np.array(
        [(0.5, far), (far - BOTTOM_CUT, far), (far, far - BOTTOM_CUT), (far, m + TOP_CUT), (far - TOP_CUT, m), (0.5, m)]
    )


def along(corners: Float[np.ndarray, "corners 2"], fractions: Float[np.ndarray, " points"]) -> Float[np.ndarray, "points 2"]:
    """Points of a polyline at fractions of its length."""
    lengths = np.r_[0, np.cumsum(np.linalg.norm(np.diff(corners, axis=0), axis=1))]
    return np.stack([np.interp(fractions * lengths[-1], lengths, axis) for axis in corners.T], axis=1)


def arc_fractions(points: Float[np.ndarray, "points axes"]) -> Float[np.ndarray, " points"]:
    """Length travelled at each point of a chain, as a fraction of the whole."""
    lengths = np.r_[0, np.cumsum(np.linalg.norm(np.diff(points, axis=0), axis=1))]
    return lengths / lengths[-1]


def outer_places(source: Source, outer: list[int]) -> Float[np.ndarray, "points 2"]:
    """The neck border on the bottom and its slanted corner, the seam on the side and the top."""
    points, corners = source.vertices[outer], half_domain()
    nape = next(k for k, v in enumerate(outer) if k > 0 and source.vertices[v, 0] == 0)
    neck = along(corners[:3], arc_fractions(points[: nape + 1]))
    return np.r_[neck, along(corners[2:], arc_fractions(points[nape:]))[1:]]


def wanted_density(points: Float[np.ndarray, "points 3"]) -> Float[np.ndarray, " points"]:
    """Wanted UV area per area of skin, 1 on the scalp: the part that a frontal photo shows gets the most."""
    azimuth = np.degrees(np.abs(np.arctan2(points[:, 0], points[:, 2] - 0.02)))
    sides = 1 / (1 + np.exp((azimuth - 58) / 6))
    below = 1 / (1 + np.exp((-0.080 - points[:, 1]) / 0.008))
    above = 1 / (1 + np.exp((points[:, 1] - 0.105) / 0.010))
    return 1 + 1.35 * sides * below * above - 0.4 * (1 - below)


def fan(chain: list[int], apex: int, *, closed: bool) -> Int[np.ndarray, "triangles 3"]:
    """Triangles that close a hole: its border, run backwards, with a new vertex."""
    following = np.roll(chain, -1) if closed else np.array([*chain[1:], -1])
    triangles = np.stack([following, chain, np.full(len(chain), apex)], axis=1)
    return triangles if closed else triangles[:-1]


def springs(points: Float[np.ndarray, "vertices 3"], triangles: Int[np.ndarray, "triangles 3"]) -> sparse.csr_array:
    """Clamped cotangent weights as a symmetric matrix."""
    count = len(points)
    total = sparse.csr_array((count, count))
    for k in range(3):
        i, j, o = triangles[:, k], triangles[:, (k + 1) % 3], triangles[:, (k + 2) % 3]
        e, f = points[i] - points[o], points[j] - points[o]
        cotangent = (e * f).sum(1) / np.maximum(np.linalg.norm(np.cross(e, f), axis=1), 1e-12)
        weight = np.clip(cotangent, SMALLEST_COTANGENT, 10) / 2
        total = total + sparse.csr_array((weight, (i, j)), shape=(count, count))
    return total + total.T


def relax(
    weights: sparse.csr_array, places: Float[np.ndarray, " vertices"], fixed: Bool[np.ndarray, " vertices"]
) -> Float[np.ndarray, " vertices"]:
    """One coordinate in balance, the fixed ones kept."""
    laplacian = (sparse.diags_array(weights.sum(1)) - weights).tocsc()
    free = ~fixed
    result = places.copy()
    result[free] = splu(laplacian[free][:, free].tocsc()).solve(-laplacian[free][:, fixed] @ places[fixed])
    return result


def balance(
    points: Float[np.ndarray, "vertices 3"],
    triangles: Int[np.ndarray, "triangles 3"],
    start: Float[np.ndarray, "vertices 2"],
    fixed: Bool[np.ndarray, "vertices 2"],
    wanted: Float[np.ndarray, " triangles"],
) -> Float[np.ndarray, "vertices 2"]:
    """Springs in balance, re-weighted until areas come near those wanted."""
    weights, places = springs(points, triangles), start
    share = wanted / wanted.sum()
    for _ in range(SOLUTIONS):
        places = np.stack([relax(weights, places[:, axis], fixed[:, axis]) for axis in (0, 1)], axis=1)
        had = np.abs(signed_areas(places, triangles))
        sums = [np.bincount(triangles.ravel(), np.repeat(area, 3), len(points)) for area in (had / had.sum(), share)]
        stretch = np.clip(sums[0] / sums[1], 0.02, 50) ** RATE
        pairs = weights.tocoo()
        data = pairs.data * np.sqrt(stretch[pairs.row] * stretch[pairs.col])
        data = np.maximum(data / np.median(data), SMALLEST_WEIGHT)
        weights = sparse.csr_array((data, (pairs.row, pairs.col)), shape=pairs.shape)
    return places


def half_layout(source: Source) -> HalfLayout:
    """Lays out the left half of the skin."""
    triangles = half_triangles(source, SKIN)
    chains = outline(source, triangles)
    used, compact = np.unique(triangles, return_inverse=True)
    number = {int(v): k for k, v in enumerate(used)}
    local = {name: [number[v] for v in chain] for name, chain in vars(chains).items()}
    eye_apex, lip_apex = len(used), len(used) + 1
    closed = np.r_[compact.reshape(-1, 3), fan(local["eye"], eye_apex, closed=True), fan(local["lips"], lip_apex, closed=False)]
    points = source.vertices[used]
    lip_centre = points[local["lips"]].mean(0) * [0, 1, 1]
    points = np.r_[points, [points[local["eye"]].mean(0), lip_centre]]
    fixed = np.zeros((len(points), 2), dtype=bool)
    start = np.full((len(points), 2), 0.5)
    start[local["outer"]] = outer_places(source, chains.outer)
    fixed[local["outer"]] = True
    fixed[[*local["upper"], *local["lower"], lip_apex], 0] = True
    wanted = triangle_areas(points, closed) * wanted_density(points[closed].mean(1))
    wanted[len(triangles) :] *= 0.5
    solved = balance(points, closed, start, fixed, wanted)
    places = np.full((len(source.vertices), 2), np.nan)
    places[used] = solved[: len(used)]
    return HalfLayout(
        triangles,
        places,
        tuple(chains.outer),
        (tuple(chains.upper), tuple(chains.lower)),
        tuple(chains.eye),
        tuple(chains.lips),
    )
