"""Eyelashes: curved tapering strands on the edges of the lids, which follow them when they move.

Drawn by rule, with a seed: lengths, thickness and numbers as of people (upper lashes 8 to 12 mm long in five or six rows of 90
to 150, lower ones 6 to 8 mm and 70 to 80: Aumond and Bitton 2018), fewer because each is as wide as what a screen shows.
A strand turns with its root about the eyeball's centre.
"""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Int
from scipy.spatial import cKDTree
from scipy.spatial.transform import Rotation

from training.common.data import save_arrays
from training.common.steps import Run
from training.face_basis.expressions import sparse
from training.face_basis.inside import fit_sphere
from training.face_basis.lids import Edge, Opening, closing, furthest, opening
from training.face_basis.lips import meeting
from training.face_basis.make import FILE, Settings, read_arrays
from training.face_basis.new_parts import with_region, without
from training.face_basis.source import Arrays

ALONG = np.array([0.0, 0.5, 1.0])
"""Places of a strand's rings and of its tip."""
RADIUS, TAPER = 0.00006, np.array([1.0, 0.8])
SIDES = 3
ISLAND = (0.02, 0.01)
"""Height and width that all strands share in the map."""
PLACE = np.array([0.950, 0.165])
"""Where the left eye's island lies in the map."""
LEFT, RIGHT = 0, 1
EYES = ("left_eye", "right_eye")
OVER_SKIN = {"upper": (0.0025, 0.0045), "lower": (0.0015, 0.003)}
"""Metres from a lid's edge within which a photo shows lashes over skin, and where the last ones end."""

Places = Float[np.ndarray, "strands rings 3"]


@dataclass(frozen=True)
class Row:
    """The lashes of a lid: how many, how long, and how they leave the skin."""

    count: int
    length: float
    rise: tuple[float, float]
    """How steeply a strand starts upwards, and how strongly it curls, in lengths."""
    edge: Float[np.ndarray, "3"]
    """The way in which the lid's edge lies furthest."""


ROWS = {
    "upper": Row(72, 0.0085, (-0.25, 0.75), np.array([0, -1.0, 1.2])),
    "lower": Row(34, 0.0045, (-0.35, -0.15), np.array([0, 1.0, 2.2])),
}


def strands(row: Row, rng: np.random.Generator) -> Places:
    """Rings' middles about the root, from the inner corner outwards."""
    at = np.linspace(0, 1, row.count)
    length = row.length * np.interp(at, (0, 0.3, 0.7, 1), (0.45, 0.85, 1, 0.7)) * rng.uniform(0.8, 1.1, row.count)
    aside = np.interp(at, (0, 0.4, 1), (-0.3, 0.1, 0.75)) + rng.normal(0, 0.08, row.count)
    steep, curl = row.rise
    start = steep + rng.normal(0, 0.06, row.count)
    s = ALONG[None]
    rows = aside[:, None] * s, start[:, None] * s + curl * s**2, np.tile(s * (1 - 0.25 * s), (row.count, 1))
    return length[:, None, None] * np.stack(rows, axis=-1)


def tubes(middles: Places) -> Float[np.ndarray, "points 3"]:
    """Rings of three points about the middles, and the tip."""
    ways = np.gradient(middles, axis=1)
    ways /= np.linalg.norm(ways, axis=2, keepdims=True)
    side = np.cross(ways, [0, 1.0, 0])
    side /= np.linalg.norm(side, axis=2, keepdims=True)
    up = np.cross(side, ways)
    turn = 2 * np.pi * np.arange(SIDES) / SIDES
    about = np.cos(turn)[:, None] * side[:, :-1, None] + np.sin(turn)[:, None] * up[:, :-1, None]
    rings = middles[:, :-1, None] + RADIUS * TAPER[None, :, None, None] * about
    return np.concatenate([rings.reshape(len(middles), -1, 3), middles[:, -1:]], axis=1).reshape(-1, 3)


def triangles_of(count: int, columns: int = SIDES) -> Int[np.ndarray, "triangles 3"]:
    """Of that many strands, wound so that they show from outside; a map has a column more, and a tip for each side."""
    rings, here = len(TAPER), np.arange(SIDES)
    after, tips = (here + 1) % columns, rings * columns + here * (columns > SIDES)
    own = []
    for ring in range(rings - 1):
        a, b = ring * columns, (ring + 1) * columns
        own += [np.stack([a + here, b + here, b + after], axis=1), np.stack([a + here, b + after, a + after], axis=1)]
    top = (rings - 1) * columns
    own.append(np.stack([top + here, tips, top + after], axis=1))
    one = np.concatenate(own)
    return ((one.max() + 1) * np.arange(count)[:, None, None] + one).reshape(-1, 3)


def places_of(count: int) -> Float[np.ndarray, "points 2"]:
    """All strands lie on one island, unrolled, from root to tip."""
    across, down = np.meshgrid(np.arange(SIDES + 1), ALONG[:-1])
    tips = np.stack([np.arange(SIDES) + 0.5, np.ones(SIDES)], axis=1)
    one = np.r_[np.stack([across.ravel(), down.ravel()], axis=1), tips] * [ISLAND[1] / SIDES, ISLAND[0]]
    return np.tile(PLACE + one, (count, 1))


def turned(
    roots: Float[np.ndarray, "strands 3"],
    moves: Float[np.ndarray, "strands 3"],
    offsets: Float[np.ndarray, "strands points 3"],
    centre: Float[np.ndarray, "3"],
) -> Float[np.ndarray, "strands points 3"]:
    """How strands move whose roots do: with them, and turned as the root turns about the eyeball's centre."""
    before, after = roots - centre, roots + moves - centre
    axis = np.cross(before, after)
    sine = np.linalg.norm(axis, axis=1, keepdims=True)
    angle = np.arctan2(sine, (before * after).sum(1, keepdims=True))
    turns = Rotation.from_rotvec(axis / np.maximum(sine, 1e-12) * angle)
    return moves[:, None] + np.stack([turns.apply(offsets[:, k]) for k in range(offsets.shape[1])], axis=1) - offsets


def lid_edges(arrays: Arrays, eye: Opening) -> dict[str, Edge]:
    """Roots of the left eye's lashes by lid."""
    inner, outer = eye.at[[0, -1]]
    columns = {name: np.linspace(inner + 0.12 * (outer - inner), outer, row.count) for name, row in ROWS.items()}
    lids = {"upper": eye.upper, "lower": eye.lower}
    return {name: furthest(arrays["mean"].astype(float), lids[name], columns[name], row.edge) for name, row in ROWS.items()}


def with_lashes(arrays: Arrays) -> Arrays:
    """The basis with lashes as its last part, and with a region where photos show them over skin."""
    edges, rng = lid_edges(arrays, opening(arrays)), np.random.default_rng(0)
    points = {name: tubes(strands(row, rng)).reshape(row.count, -1, 3) for name, row in ROWS.items()}
    sides = [[_row(arrays, edges[name], points[name], side) for name in ROWS] for side in (LEFT, RIGHT)]
    return _with_region(_joined(arrays, sides), edges)


def _row(arrays: Arrays, edge: Edge, points: Float[np.ndarray, "strands points 3"], side: int) -> Arrays:
    """The lashes of a lid and all that moves them."""
    flip = [1, 1, 1] if side == LEFT else [-1, 1, 1]
    corners = edge.corners if side == LEFT else arrays["mirror"][edge.corners]
    edge, points, each = Edge(corners, edge.share), points * flip, points.shape[1]
    ball = arrays["triangles"][slice(*arrays["part_ranges"][list(arrays["part_names"]).index(EYES[side])])]
    centre, _ = fit_sphere(arrays["mean"][np.unique(ball)].astype(float))
    roots = edge.of(arrays["mean"].astype(float))
    shapes = [turned(roots, edge.of(shape.astype(float)), points, centre) for shape in arrays["expression"]]
    weights = np.zeros((len(arrays["mean"]), arrays["corrective_weights"].shape[2]))
    weights[arrays["corrective_vertices"][side]] = arrays["corrective_weights"][side]
    return {
        "mean": (roots[:, None] + points).reshape(-1, 3),
        "identity": np.stack([np.repeat(edge.of(mode.astype(float)), each, axis=0) for mode in arrays["identity"]]),
        "expression": sparse(np.stack(shapes).reshape(len(shapes), -1, 3)),
        "weights": np.repeat(edge.of(weights), each, axis=0),
        "triangles": triangles_of(len(points))[:, :: 1 if side == LEFT else -1],
        "uv_triangles": triangles_of(len(points), SIDES + 1)[:, :: 1 if side == LEFT else -1],
        "places": places_of(len(points)) * [1 if side == LEFT else -1, 1] + [0 if side == LEFT else 1, 0],
    }


def _joined(arrays: Arrays, sides: list[list[Arrays]]) -> Arrays:
    """Left lashes and then right ones, each the other's mirror image, behind all else."""
    count, uvs, rows = len(arrays["mean"]), len(arrays["uvs"]), [row for side in sides for row in side]
    sizes = [len(row["mean"]) for row in rows]
    starts, half = np.cumsum([0, *sizes[:-1]]), sum(sizes) // 2
    own = np.arange(2 * half)
    triangles = np.concatenate([row["triangles"] + start for row, start in zip(rows, starts, strict=True)])
    places = np.cumsum([uvs, *(len(row["places"]) for row in rows[:-1])])
    uv_triangles = np.concatenate([row["uv_triangles"] + start for row, start in zip(rows, places, strict=True)])
    told = {name: [arrays[name], *(row[name] for row in rows)] for name in ("mean", "identity", "expression")}
    vertices, weights = arrays["corrective_vertices"], arrays["corrective_weights"]
    lashes = np.stack([np.concatenate([row["weights"] for row in side]) for side in sides])
    joined = {name: np.concatenate(values, axis=int(name != "mean")) for name, values in told.items()} | {
        "mirror": np.r_[arrays["mirror"], count + (own + half) % (2 * half)],
        "regions": np.pad(arrays["regions"], ((0, 0), (0, 2 * half))),
        "uvs": np.concatenate([arrays["uvs"], *(row["places"] for row in rows)]),
        "triangles": np.r_[arrays["triangles"], count + triangles],
        "uv_triangles": np.r_[arrays["uv_triangles"], uv_triangles],
        "corrective_vertices": np.concatenate([vertices, count + own.reshape(2, half)], axis=1),
        "corrective_weights": np.concatenate([weights, lashes], axis=1),
        "part_names": np.array([*arrays["part_names"], "lashes"]),
        "part_ranges": np.r_[arrays["part_ranges"], [len(arrays["triangles"]) + np.array([0, len(triangles)])]],
    }
    return arrays | {
        name: values if name == "part_names" else values.astype(arrays[name].dtype) for name, values in joined.items()
    }


def _with_region(arrays: Arrays, edges: dict[str, Edge]) -> Arrays:
    """Skin beside the edges, as far as lashes reach over it in a photo."""
    mean, skin = arrays["mean"].astype(float), np.unique(arrays["triangles"][slice(*arrays["part_ranges"][0])])
    weights = np.zeros(len(mean))
    for name, edge in edges.items():
        near = cKDTree(edge.of(mean)).query(mean[skin] * np.where(mean[skin, :1] < 0, [[-1, 1, 1]], 1))[0]
        weights[skin] = np.maximum(weights[skin], np.interp(near, OVER_SKIN[name], (1, 0)))
    return with_region(arrays, "lashes", weights)


def lids(run: Run[Settings]) -> None:
    """Writes face_basis.npz anew, with lids that meet and with lashes."""
    arrays = without(read_arrays(run.made_or_shipped(FILE)), ("lashes",))
    save_arrays(run.work / FILE, with_lashes(closing(meeting(arrays))), compressed=True)
