"""Vertices and triangles of our own inside a UV layout: weighted centroidal Voronoi cells, Delaunay, flips.

Lloyd's iteration on samples of density^2: on a surface the cells of a centroidal tessellation follow the square root of the
density (Gersho 1979). Free points inside the diametral circle of a border edge are dropped, which makes every border edge a
Delaunay edge.
"""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float, Int
from scipy.spatial import Delaunay, cKDTree

from training.face_basis.flips import well_shaped
from training.face_basis.layout import HalfLayout
from training.face_basis.source import Source, signed_areas, triangle_areas, vertex_normals

SAMPLES, LLOYD_STEPS = 200_000, 40
SMALLEST_UV_AREA = 1e-9
ON_MIDLINE = 1e-9
METRES_PER_UV, JAW_AJAR = 0.12, 0.4
"""Cells are measured in space; a share of the UV distance keeps the two sides of an ear apart, a jaw ajar the two lips."""


@dataclass(frozen=True)
class Carried:
    """Points that ride on the source: three source vertices and their weights each."""

    corners: Int[np.ndarray, "points 3"]
    weights: Float[np.ndarray, "points 3"]

    def of(self, field: Float[np.ndarray, "*modes vertices 3"]) -> Float[np.ndarray, "*modes points 3"]:
        """The field of the source read at the points."""
        return np.einsum("...pkc,pk->...pc", field[..., self.corners, :], self.weights)

    def mirrored(self, mirror: Int[np.ndarray, " vertices"]) -> "Carried":
        """The same points on the other side of the head."""
        return Carried(mirror[self.corners], self.weights)

    def joined(self, other: "Carried") -> "Carried":
        """These points, then the others."""
        return Carried(np.r_[self.corners, other.corners], np.r_[self.weights, other.weights])

    def only(self, chosen: Int[np.ndarray, " chosen"] | Bool[np.ndarray, " points"]) -> "Carried":
        """Some of the points."""
        return Carried(self.corners[chosen], self.weights[chosen])


@dataclass(frozen=True)
class Patch:
    """A meshed half: places in UV, triangles, which points lie on the midline, and how the points ride on the source."""

    places: Float[np.ndarray, "points 2"]
    triangles: Int[np.ndarray, "triangles 3"]
    midline: Bool[np.ndarray, " points"]
    chains: dict[str, Int[np.ndarray, " chain"]]
    carried: Carried


def joined(parts: list[Carried]) -> Carried:
    """All points of several, in order."""
    return Carried(np.concatenate([part.corners for part in parts]), np.concatenate([part.weights for part in parts]))


def respaced(points: Float[np.ndarray, "points 3"], spacing: Float[np.ndarray, " points"]) -> Float[np.ndarray, " fractions"]:
    """Positions (in point numbers) along a chain, as far apart as the wanted spacing there; both ends are kept."""
    steps = np.linalg.norm(np.diff(points, axis=0), axis=1) / (spacing[:-1] + spacing[1:]) * 2
    travelled = np.r_[0, np.cumsum(steps)]
    count = max(2, round(travelled[-1]))
    return np.interp(np.linspace(0, travelled[-1], count + 1), travelled, np.arange(len(points)))


def ride(chain: list[int] | tuple[int, ...], positions: Float[np.ndarray, " points"]) -> Carried:
    """Points on the edges of a chain of source vertices."""
    start = np.minimum(positions.astype(int), len(chain) - 2)
    share = positions - start
    numbers = np.asarray(chain)
    corners = np.stack([numbers[start], numbers[start + 1], numbers[start]], axis=1)
    weights = np.stack([1 - share, share, np.zeros_like(share)], axis=1)
    main = np.take_along_axis(corners, weights.argmax(1)[:, None], axis=1)
    return Carried(np.where(weights > 0, corners, main), weights)


def samples(
    layout: HalfLayout,
    points: Float[np.ndarray, "vertices 3"],
    density: Float[np.ndarray, " triangles"],
    rng: np.random.Generator,
) -> Carried:
    """Random points of the surface, as dense as the square of the wanted number of vertices per area."""
    chance = triangle_areas(points, layout.triangles) * density**2
    chosen = rng.choice(len(chance), SAMPLES, p=chance / chance.sum())
    return Carried(layout.triangles[chosen], rng.dirichlet((1, 1, 1), SAMPLES))


def spread(
    cloud: Float[np.ndarray, "samples axes"], fixed: Float[np.ndarray, "fixed axes"], count: int, rng: np.random.Generator
) -> Int[np.ndarray, " free"]:
    """Numbers of the samples nearest to the cell centres between the fixed ones (Lloyd's iteration)."""
    free = cloud[rng.choice(len(cloud), count, replace=False)]
    for _ in range(LLOYD_STEPS):
        owner = cKDTree(np.r_[fixed, free]).query(cloud)[1] - len(fixed)
        own = owner >= 0
        hits = np.bincount(owner[own], minlength=count)
        sums = np.stack([np.bincount(owner[own], axis[own], count) for axis in cloud.T], axis=1)
        free = np.where(hits[:, None] > 0, sums / np.maximum(hits, 1)[:, None], cloud[rng.integers(len(cloud), size=count)])
    return np.unique(cKDTree(cloud).query(free)[1])


def clear_of(edges: Float[np.ndarray, "edges 2 2"], free: Float[np.ndarray, "free 2"]) -> Bool[np.ndarray, " free"]:
    """Which free points lie outside the diametral circles of all edges."""
    centres, radii = edges.mean(1), np.linalg.norm(edges[:, 1] - edges[:, 0], axis=1) / 2
    distances = np.linalg.norm(free[:, None] - centres[None], axis=2)
    return (distances > 1.05 * radii).all(1)


def inside(polygon: Float[np.ndarray, "corners 2"], points: Float[np.ndarray, "points 2"]) -> Bool[np.ndarray, " points"]:
    """Even-odd test."""
    a, b = polygon[None], np.roll(polygon, -1, axis=0)[None]
    x, y = points[:, None, 0], points[:, None, 1]
    crossing = (a[..., 1] > y) != (b[..., 1] > y)
    with np.errstate(divide="ignore", invalid="ignore"):
        at = a[..., 0] + (y - a[..., 1]) / (b[..., 1] - a[..., 1]) * (b[..., 0] - a[..., 0])
    return (crossing & (x < at)).sum(1) % 2 == 1


def triangulate(
    places: Float[np.ndarray, "points 2"], border: Float[np.ndarray, "border 2"], holes: list[Float[np.ndarray, "corners 2"]]
) -> Int[np.ndarray, "triangles 3"]:
    """Delaunay triangles inside the border and outside the holes, counter-clockwise as seen on screen."""
    triangles = Delaunay(places).simplices.astype(np.int64)
    centres = places[triangles].mean(1)
    keep = inside(border, centres) & (np.abs(signed_areas(places, triangles)) > SMALLEST_UV_AREA)
    for hole in holes:
        keep &= ~inside(hole, centres)
    triangles = triangles[keep]
    backward = signed_areas(places, triangles) < 0
    triangles[backward] = triangles[backward][:, ::-1]
    return triangles


def mesh_half(
    source: Source,
    layout: HalfLayout,
    density: Float[np.ndarray, " vertices"],
    count: int,
    fixed_chains: dict[str, Carried],
    pinned: tuple[Carried, ...] = (),
) -> Patch:
    """Meshes a half: the given chains are kept as they are, the rest is spread.

    `fixed_chains` holds "border" in order round the half, and "eye", a hole, where the part has one; `pinned` holds further
    fixed points, of which the first lot, if any, is a closed crease whose edges are kept too.
    """
    rng = np.random.default_rng(7)

    def in_plane(carried: Carried) -> Float[np.ndarray, "points 2"]:
        return np.einsum("pkc,pk->pc", layout.places[carried.corners], carried.weights)

    opened = source.vertices + JAW_AJAR * source.expression[source.expression_names.index("jawOpen")]

    def apart(carried: Carried) -> Float[np.ndarray, "points 5"]:
        return np.c_[carried.of(opened), METRES_PER_UV * in_plane(carried)]

    on = {name: in_plane(chain) for name, chain in fixed_chains.items()}
    fixed = joined([*fixed_chains.values(), *pinned])
    rings = [*on.values(), *map(in_plane, pinned[:1])]
    edges = np.concatenate([np.stack([ring, np.roll(ring, -1, axis=0)], axis=1) for ring in rings])
    cloud = samples(layout, opened, density[layout.triangles].mean(1), rng)
    chosen = cloud.only(spread(apart(cloud), apart(fixed), count, rng))
    carried = fixed.joined(chosen.only(clear_of(edges, in_plane(chosen))))
    places = in_plane(carried)
    places[np.abs(places[:, 0] - 0.5) < ON_MIDLINE, 0] = 0.5
    triangles = triangulate(places, on["border"], [chain for name, chain in on.items() if name != "border"])
    normals = vertex_normals(opened, layout.triangles)
    ends = np.cumsum([0, *map(len, rings)])
    crease = np.arange(ends[len(on)], ends[-1])
    locked = {frozenset(pair) for pair in zip(crease.tolist(), np.roll(crease, -1).tolist(), strict=True)}
    triangles = well_shaped(triangles, places, carried.of(opened), carried.of(normals), locked)
    chains = {name: np.arange(ends[k], ends[k + 1]) for k, name in enumerate(on)}
    return Patch(places, triangles, carried.of(source.vertices)[:, 0] == 0, chains, carried)
