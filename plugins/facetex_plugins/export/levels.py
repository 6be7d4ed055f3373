"""Levels of detail: the same head with fewer triangles, by half-edge collapses in the order of quadric error.

Quadrics (Garland and Heckbert 1997) are summed over poses (Mohr and Gleicher 2003), so that lids and lips keep what they
need to move. Vertices that stay are some of those there were, with their UVs and morphs. An edge collapses only where each
UV of the vertex that goes has one of the vertex that stays on its own side of the seam: seams stay seams, borders borders.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Bool, Float64, Int64

from facetex_core import Fit, Mesh

POSES = (
    "jawOpen", "eyeBlinkLeft", "eyeBlinkRight", "mouthSmileLeft", "mouthSmileRight", "mouthFunnel", "mouthClose", "browInnerUp",
)  # fmt: skip
HIDDEN = {"mouth": 0.1, "gums": 0.1, "lashes": 0.1}
"""How much an error counts where lips hide it mostly, and of lashes, of which there are many."""
LOOKED_AT, LOOKED_AT_MORE = ("eyes", "lips", "nostrils"), 10.0
"""Regions of the skin that move most or are finest, and how much more an error counts there."""
BORDER = 10.0
"""How much an error across a border or a seam counts, in those of the surface."""
LONG = 1e-4
"""What a collapse costs by its length where the surface is flat."""
CHEAPEST = 0.3
"""Share of the edges that are tried in one round."""
UNFOLDED = 0.2
"""Between the normals of a triangle before and after: none folds over."""

Numbers = Int64[np.ndarray, "..."]
Points = Float64[np.ndarray, "planes 3"]


@dataclass(frozen=True, eq=False, slots=True)
class Level:
    """A mesh on its way to fewer triangles; a wedge is a vertex on one side of its seam."""

    poses: Float64[np.ndarray, "poses vertices 4"]
    """Millimetres, homogeneous."""
    uvs: Float64[np.ndarray, "wedges 2"]
    vertex: Int64[np.ndarray, "wedges"]
    triangles: Int64[np.ndarray, "triangles 3"]
    """Wedges."""
    part: Int64[np.ndarray, "triangles"]
    quadrics: Float64[np.ndarray, "vertices poses 4 4"]


@dataclass(frozen=True, eq=False, slots=True)
class Edges:
    """Directed edges a to b, each once, and the wedges of a with those of b that take their place."""

    a: Int64[np.ndarray, "edges"]
    b: Int64[np.ndarray, "edges"]
    count: Int64[np.ndarray, "edges"]
    """Triangles at the edge."""
    edge: Int64[np.ndarray, "pairs"]
    before: Int64[np.ndarray, "pairs"]
    after: Int64[np.ndarray, "pairs"]
    """Wedges, pair by pair, sorted by edge and `before`."""


def coarser(fit: Fit, counts: Sequence[int]) -> Iterator[Mesh]:
    """The mesh with at most so many triangles each, from many to few; more where no edge can go any more."""
    mesh = fit.model.mesh
    pairs = mesh.triangles.astype(np.int64) * len(mesh.uvs) + mesh.uv_triangles
    keys, wedges = np.unique(pairs, return_inverse=True)
    level: Level | None = _whole(fit, keys // len(mesh.uvs), keys % len(mesh.uvs), wedges.reshape(-1, 3))
    for count in counts:
        while level and len(level.triangles) > count:
            last, level = level, _collapsed(level, (len(level.triangles) - count + 1) // 2)
        level = level or last
        ends = np.cumsum(np.bincount(level.part, minlength=len(mesh.parts))).tolist()
        parts = {name: slice(start, end) for name, start, end in zip(mesh.parts, [0, *ends], ends, strict=False) if end > start}
        vertices, uvs = (each.astype(np.int32) for each in np.divmod(keys[level.triangles], len(mesh.uvs)))
        yield replace(mesh, triangles=vertices, uv_triangles=uvs, parts=parts)


def _whole(fit: Fit, vertex: Numbers, uv: Numbers, triangles: Numbers) -> Level:
    """Where it starts."""
    model, mesh = fit.model, fit.model.mesh
    named = zip(model.expression_names, model.expression, strict=True)
    poses = 1000 * np.array([fit.neutral, *(fit.neutral + moves for name, moves in named if name in POSES)], np.float64)
    part = np.repeat(np.arange(len(mesh.parts)), [which.stop - which.start for which in mesh.parts.values()])
    fine = np.max([model.regions.get(name, np.zeros(len(model.mean))) for name in LOOKED_AT], 0)
    weight = np.array([HIDDEN.get(name, 1.0) for name in mesh.parts])[part] * (1 + LOOKED_AT_MORE * fine[mesh.triangles].max(1))
    places = np.concatenate([poses, np.ones((*poses.shape[:2], 1))], 2)
    nothing = np.zeros((len(model.mean), len(poses), 4, 4))
    level = Level(places, mesh.uvs[uv].astype(np.float64), vertex, triangles, part, nothing)
    return replace(level, quadrics=_quadrics(level, weight))


def _edges(level: Level) -> Edges:
    one, other = (level.triangles[:, order].ravel() for order in ([0, 1, 2, 1, 2, 0], [1, 2, 0, 0, 1, 2]))
    many, count = level.poses.shape[1], len(level.vertex)
    keys, edge, triangles = np.unique(level.vertex[one] * many + level.vertex[other], return_inverse=True, return_counts=True)
    pairs = np.unique((edge * count + one) * count + other)
    return Edges(keys // many, keys % many, triangles, pairs // count**2, pairs // count % count, pairs % count)


def _quadrics(level: Level, weight: Float64[np.ndarray, "triangles"]) -> Float64[np.ndarray, "vertices poses 4 4"]:
    """Of the triangles round each vertex, by area; of borders and seams, as planes that stand on the surface."""
    corners, many = level.vertex[level.triangles], level.poses.shape[1]
    edges = _edges(level)
    sharp = (edges.count == 1) | (np.bincount(edges.edge) > 1)
    ends = np.concatenate([corners[:, order] for order in ([0, 1], [1, 2], [2, 0])])
    found = np.searchsorted(edges.a * many + edges.b, ends[:, 0] * many + ends[:, 1])
    whose = np.flatnonzero(sharp[found])
    ends, of = ends[whose], whose % len(corners)
    result = np.zeros((many, len(level.poses), 16))
    for k, pose in enumerate(level.poses[..., :3]):
        normal = _normals(pose[corners])
        area = np.linalg.norm(normal, axis=1)
        normal /= np.maximum(area, 1e-12)[:, None]
        way = pose[ends[:, 1]] - pose[ends[:, 0]]
        upright = np.cross(way, normal[of])
        length = np.linalg.norm(way, axis=1)
        upright /= np.maximum(length, 1e-12)[:, None]
        result[:, k] = _summed(corners, _planes(normal, pose[corners[:, 0]], area * weight), many)
        result[:, k] += _summed(ends, _planes(upright, pose[ends[:, 0]], BORDER * length**2 * weight[of]), many)
    return result.reshape(many, -1, 4, 4)


def _planes(normal: Points, point: Points, weight: Float64[np.ndarray, "planes"]) -> Float64[np.ndarray, "planes 16"]:
    plane = np.concatenate([normal, -np.einsum("ti,ti->t", normal, point)[:, None]], 1)
    return np.einsum("t,ti,tj->tij", weight, plane, plane).reshape(-1, 16)


def _summed(
    corners: Int64[np.ndarray, "planes _"], each: Float64[np.ndarray, "planes 16"], many: int
) -> Float64[np.ndarray, "vertices 16"]:
    from scipy.sparse import csr_array

    rows = np.repeat(np.arange(len(corners)), corners.shape[1])
    return np.asarray(csr_array((np.ones(corners.size), (corners.ravel(), rows)), (many, len(corners))) @ each)


def _collapsed(level: Level, most: int) -> Level | None:
    """After one round of collapses that do not touch each other; none where no edge can go."""
    edges = _edges(level)
    allowed = np.flatnonzero(_may_go(level, edges))
    a, b = edges.a[allowed], edges.b[allowed]
    places = level.poses[:, b].transpose(1, 0, 2)
    cost = np.einsum("epi,epij,epj->e", places, level.quadrics[a] + level.quadrics[b], places)
    way = level.poses[0, a, :3] - level.poses[0, b, :3]
    ranked = allowed[np.argsort(cost + LONG * np.einsum("ei,ei->e", way, way) ** 2, kind="stable")]
    cheap = int(CHEAPEST * len(ranked)) + 100
    for tried in (ranked[:cheap], ranked[cheap:]):
        good = tried[_stays_whole(level, edges, tried)]
        if len(good):
            return _without(level, edges, good[_apart(level, edges.a[good])][:most])
    return None


def _may_go(level: Level, edges: Edges) -> Bool[np.ndarray, "edges"]:
    """Where the surface stays a surface: all wedges of a have their follower, and borders shorten along themselves."""
    from scipy.sparse import csr_array

    many = level.poses.shape[1]
    wedges = np.bincount(level.vertex[np.unique(level.triangles)], minlength=many)
    found = np.bincount(np.unique(edges.edge * len(level.vertex) + edges.before) // len(level.vertex))
    complete = (found == wedges[edges.a]) & (np.bincount(edges.edge) == wedges[edges.a])
    border = np.bincount(edges.a, edges.count == 1, many) > 0
    broken = np.bincount(edges.a, edges.count > 2, many) > 0
    beside = csr_array((np.ones(len(edges.a), np.int32), (edges.a, edges.b)), (many, many))
    common = np.asarray(beside[edges.a].multiply(beside[edges.b]).sum(1)).ravel()
    along = ~border[edges.a] | (edges.count == 1)
    return complete & along & ~broken[edges.a] & ~broken[edges.b] & (common == edges.count)


def _stays_whole(level: Level, edges: Edges, which: Numbers) -> Bool[np.ndarray, "which"]:
    """Whether no triangle round a folds over, neither in any pose nor in the map, when a moves to b."""
    corners = level.vertex[level.triangles]
    order = np.argsort(corners.ravel(), kind="stable")
    starts = np.searchsorted(corners.ravel()[order], np.arange(level.poses.shape[1] + 1))
    many = (starts[1:] - starts[:-1])[edges.a[which]]
    row = np.repeat(np.arange(len(which)), many)
    within = np.arange(len(row)) - np.repeat(np.cumsum(many) - many, many)
    corner = order[starts[edges.a[which]][row] + within]
    triangle, at = corner // 3, corner % 3
    stays = ~(corners[triangle] == edges.b[which][row, None]).any(1)
    row, triangle, at = row[stays], triangle[stays], at[stays]
    old, new = level.triangles[triangle], level.triangles[triangle].copy()
    count = len(level.vertex)
    found = np.searchsorted(edges.edge * count + edges.before, which[row] * count + old[np.arange(len(row)), at])
    new[np.arange(len(row)), at] = edges.after[found]
    bad = _area(level.uvs[new]) * _area(level.uvs[old]) <= 0
    for pose in level.poses[..., :3]:
        was, will = (_normals(pose[level.vertex[each]]) for each in (old, new))
        alike = np.einsum("ti,ti->t", was, will)
        bad |= alike < UNFOLDED * np.linalg.norm(was, axis=1) * np.linalg.norm(will, axis=1)
    return np.asarray(np.bincount(row, bad, len(which)) == 0)


def _normals(points: Float64[np.ndarray, "triangles 3 3"]) -> Float64[np.ndarray, "triangles 3"]:
    return np.cross(points[:, 1] - points[:, 0], points[:, 2] - points[:, 0])


def _area(points: Float64[np.ndarray, "triangles 3 2"]) -> Float64[np.ndarray, "triangles"]:
    (u, v), (x, y) = (points[:, 1] - points[:, 0]).T, (points[:, 2] - points[:, 0]).T
    return u * y - v * x


def _apart(level: Level, ranked: Numbers) -> Numbers:
    """Of vertices in the order of their cost, the places of those that come before all within two edges of them."""
    corners, none = level.vertex[level.triangles], len(ranked)
    first = np.full(level.poses.shape[1], none)
    np.minimum.at(first, ranked, np.arange(none))
    nearest = first.copy()
    for _ in range(2):
        least = nearest[corners].min(1)
        for corner in corners.T:
            np.minimum.at(nearest, corner, least)
    return np.flatnonzero((nearest[ranked] == first[ranked]) & (first[ranked] == np.arange(none)))


def _without(level: Level, edges: Edges, gone: Numbers) -> Level:
    """After the collapse of these edges."""
    quadrics, follower = level.quadrics.copy(), np.arange(len(level.vertex))
    np.add.at(quadrics, edges.b[gone], quadrics[edges.a[gone]])
    moved = np.isin(edges.edge, gone)
    follower[edges.before[moved]] = edges.after[moved]
    triangles = follower[level.triangles]
    corners = level.vertex[triangles]
    kept = (corners != np.roll(corners, 1, 1)).all(1)
    return replace(level, triangles=triangles[kept], part=level.part[kept], quadrics=quadrics)
