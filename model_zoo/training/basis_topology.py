"""Vertices and triangles of our own inside a UV layout: weighted centroidal Voronoi cells, then Delaunay.

Lloyd's iteration on samples of density^2: in the plane the cells of a centroidal tessellation follow the square root of the density
(Gersho 1979). Free points inside the diametral circle of a border edge are dropped, which makes every border edge a Delaunay edge.
"""

from dataclasses import dataclass

import numpy as np
from basis_layout import HalfLayout
from basis_source import Source, signed_areas, triangle_areas
from jaxtyping import Bool, Float, Int
from scipy.spatial import Delaunay, cKDTree

SAMPLES, LLOYD_STEPS = 200_000, 40
SMALLEST_UV_AREA = 1e-9
ON_MIDLINE = 1e-9


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


@dataclass(frozen=True)
class Patch:
    """A meshed half: places in UV, triangles, which points lie on the midline, and how the points ride on the source."""

    places: Float[np.ndarray, "points 2"]
    triangles: Int[np.ndarray, "triangles 3"]
    midline: Bool[np.ndarray, " points"]
    chains: dict[str, Int[np.ndarray, " chain"]]
    carried: Carried


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


def locate(places: Float[np.ndarray, "points 2"], plane: Float[np.ndarray, "vertices 2"], triangles: Int[np.ndarray, "triangles 3"]) -> Carried:
    """The triangle of a layout that holds each point, or the nearest, with clipped barycentric weights."""
    centres = plane[triangles].mean(1)
    nearest = cKDTree(centres).query(places, k=min(60, len(triangles)))[1]
    a, b, c = plane[triangles[nearest]].transpose(2, 0, 1, 3)
    e, f, p = b - a, c - a, places[:, None] - a
    area = e[..., 0] * f[..., 1] - e[..., 1] * f[..., 0]
    second = (p[..., 0] * f[..., 1] - p[..., 1] * f[..., 0]) / area
    third = (e[..., 0] * p[..., 1] - e[..., 1] * p[..., 0]) / area
    weights = np.stack([1 - second - third, second, third], axis=-1)
    best = weights.min(-1).argmax(1)
    rows = np.arange(len(places))
    chosen = np.clip(weights[rows, best], 0, 1)
    return Carried(triangles[nearest[rows, best]], chosen / chosen.sum(1, keepdims=True))


def samples(
    layout: HalfLayout, points: Float[np.ndarray, "vertices 3"], density: Float[np.ndarray, " triangles"], rng: np.random.Generator
) -> Float[np.ndarray, "samples 2"]:
    """Random places, as dense as the square of the wanted number of vertices per UV area."""
    in_space, in_plane = triangle_areas(points, layout.triangles), np.abs(signed_areas(layout.places, layout.triangles))
    chance = in_plane * (density * in_space / in_plane) ** 2
    chosen = rng.choice(len(chance), SAMPLES, p=chance / chance.sum())
    weights = rng.dirichlet((1, 1, 1), SAMPLES)
    return np.einsum("sk,skc->sc", weights, layout.places[layout.triangles[chosen]])


def spread(
    cloud: Float[np.ndarray, "samples 2"], fixed: Float[np.ndarray, "fixed 2"], count: int, rng: np.random.Generator
) -> Float[np.ndarray, "free 2"]:
    """Free cell centres between the fixed ones (Lloyd's iteration)."""
    free = cloud[rng.choice(len(cloud), count, replace=False)]
    for _ in range(LLOYD_STEPS):
        owner = cKDTree(np.r_[fixed, free]).query(cloud)[1] - len(fixed)
        own = owner >= 0
        hits = np.bincount(owner[own], minlength=count)
        sums = np.stack([np.bincount(owner[own], cloud[own, axis], count) for axis in (0, 1)], axis=1)
        free = np.where(hits[:, None] > 0, sums / np.maximum(hits, 1)[:, None], cloud[rng.integers(len(cloud), size=count)])
    return free


def clear_of(edges: Float[np.ndarray, "edges 2 2"], free: Float[np.ndarray, "free 2"]) -> Float[np.ndarray, "kept 2"]:
    """Drops free points inside the diametral circle of an edge."""
    centres, radii = edges.mean(1), np.linalg.norm(edges[:, 1] - edges[:, 0], axis=1) / 2
    distances = np.linalg.norm(free[:, None] - centres[None], axis=2)
    return free[(distances > 1.05 * radii).all(1)]


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


def mesh_half(source: Source, layout: HalfLayout, density: Float[np.ndarray, " vertices"], count: int, fixed_chains: dict[str, Carried]) -> Patch:
    """Meshes a half: the given chains are kept as they are, the rest is spread.

    `fixed_chains` holds "border" in order round the half, and "eye", a hole, where the part has one.
    """
    rng = np.random.default_rng(7)
    on = {name: np.einsum("pkc,pk->pc", layout.places[chain.corners], chain.weights) for name, chain in fixed_chains.items()}
    fixed = np.concatenate(list(on.values()))
    edges = np.concatenate([np.stack([chain, np.roll(chain, -1, axis=0)], axis=1) for chain in on.values()])
    cloud = samples(layout, source.vertices, density[layout.triangles].mean(1), rng)
    free = clear_of(edges, spread(cloud, fixed, count, rng))
    places = np.r_[fixed, free]
    places[np.abs(places[:, 0] - 0.5) < ON_MIDLINE, 0] = 0.5
    triangles = triangulate(places, on["border"], [chain for name, chain in on.items() if name != "border"])
    carried = locate(free, layout.places, layout.triangles)
    for chain in reversed(fixed_chains.values()):
        carried = chain.joined(carried)
    ends = np.cumsum([0, *(len(chain) for chain in on.values())])
    chains = {name: np.arange(ends[k], ends[k + 1]) for k, name in enumerate(on)}
    return Patch(places, triangles, carried.of(source.vertices)[:, 0] == 0, chains, carried)

