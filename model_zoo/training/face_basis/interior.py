"""What an open mouth shows: crowns of teeth, gums, palate and tongue, resampled from the source and put behind the lips.

They come after all other vertices (new_parts.py), on islands in the free corners of the map.
"""

import numpy as np
from jaxtyping import Float, Int
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components
from scipy.spatial import cKDTree

from training.common.data import save_arrays
from training.common.steps import Run
from training.face_basis.inside import MOUTH_SIDE
from training.face_basis.layout import MARGIN, HalfLayout, along, arc_fractions, balance
from training.face_basis.make import FILE, Settings, read_arrays
from training.face_basis.new_parts import Half, joined_to, without
from training.face_basis.source import GUMS, TEETH, Arrays, Source, border_chains, half_triangles, read_source, triangle_areas
from training.face_basis.surface import closest
from training.face_basis.topology import Carried, mesh_half, respaced, ride

PARTS = ("teeth", "gums")
"""In their order after the others."""
SUNK = 0.001
"""Metres of a crown that the gum hides."""
LOWER = 0.0025
"""Metres by which all of it lies lower than the source has it: when the jaw begins to open, the upper teeth's edges show."""
SPLINTER = 20
"""Triangles of a piece that is no crown."""
GUM_POINTS, GUM_SPACING = 1000, 0.0035
DENSER, BESIDE_TEETH = 8.0, 0.003
"""How much denser the gums' vertices lie by the teeth, and within how many metres."""
DISC, GAP = 0.0085, 0.004
"""Radius of a tooth's island and the room around it, in shares of the map."""
SOCK_SIDE = 0.060
"""Of the mouth's sock, which moves above the gums' square."""


def gum_triangles(source: Source) -> Int[np.ndarray, "triangles 3"]:
    """Of both halves."""
    inside = (source.triangles >= GUMS[0]) & (source.triangles < GUMS[1])
    return source.triangles[inside.all(1)]


def crowns(source: Source) -> list[Int[np.ndarray, "triangles 3"]]:
    """The left teeth as far as they stand out of the gums, from the back forwards, upper ones first."""
    triangles, gums = half_triangles(source, TEETH), gum_triangles(source)
    used = np.unique(triangles)
    chosen, weights = closest(source.vertices[used], source.vertices, gums)
    a, b, c = source.vertices[gums[chosen]].transpose(1, 0, 2)
    normals = np.cross(b - a, c - a)
    away = source.vertices[used] - np.einsum("pk,pkc->pc", weights, source.vertices[gums[chosen]])
    out = np.full(len(source.vertices), -np.inf)
    out[used] = (away * normals).sum(1) / np.linalg.norm(normals, axis=1)
    kept = triangles[(out[triangles] > -SUNK).all(1)]
    pairs = kept[:, [0, 1, 2]].ravel(), kept[:, [1, 2, 0]].ravel()
    graph = coo_array((np.ones(len(pairs[0])), pairs), shape=(len(out), len(out)))
    tooth = connected_components(graph, directed=False)[1][kept[:, 0]]
    return [
        kept[tooth == number] for number, many in zip(*np.unique(tooth, return_counts=True), strict=True) if many > SPLINTER
    ]


def tooth_centres(count: int) -> Float[np.ndarray, "count 2"]:
    """Middles of the islands: rows along the bottom, beside the gums' square, within the free corner."""
    step, far = 2 * DISC + GAP, 1 - MARGIN
    rows = [
        (1 - MARGIN - MOUTH_SIDE - GAP - DISC - step * k, far - DISC - step * row)
        for row, many in enumerate((5, 4, 3, 2))
        for k in range(many)
    ]
    above = far - MOUTH_SIDE - 2 * GAP - SOCK_SIDE - DISC
    rows += [(far - DISC, above), (far - DISC - step, above)]
    return np.array(rows[:count])


def crown(source: Source, triangles: Int[np.ndarray, "triangles 3"], centre: Float[np.ndarray, "2"]) -> Half:
    """A tooth on its island: its border a circle, all else in balance."""
    used, compact = np.unique(triangles, return_inverse=True)
    local, points = compact.reshape(-1, 3), source.vertices[used]
    (loop,) = border_chains(local)
    turn = 2 * np.pi * arc_fractions(points[[*loop, loop[0]]])[:-1]
    start, fixed = np.tile(centre, (len(used), 1)), np.zeros((len(used), 2), dtype=bool)
    start[loop] += DISC * np.stack([np.cos(turn), -np.sin(turn)], axis=1)
    fixed[loop] = True
    places = balance(points, local, start, fixed, triangle_areas(points, local))
    same = np.repeat(used[:, None], 3, axis=1)
    return Half(places, local, Carried(same, np.tile([1.0, 0, 0], (len(used), 1))), np.zeros(len(used), dtype=bool))


def gum_layout(source: Source) -> HalfLayout:
    """The left half of gums, palate, throat and tongue in its corner square, and its border from the palate's front on."""
    triangles = half_triangles(source, GUMS)
    (loop,) = border_chains(triangles)
    points = source.vertices
    middle = [v for v in loop if points[v, 0] == 0]
    first = max(middle, key=lambda v: points[v, 2] + points[v, 1])
    loop = np.roll(loop, -loop.index(first)).tolist()
    near, far = 1 - MARGIN - MOUTH_SIDE, 1 - MARGIN
    square = np.array([(near, near), (near, far), (far, far), (far, near), (near, near)])
    used, compact = np.unique(triangles, return_inverse=True)
    number = {int(v): k for k, v in enumerate(used)}
    rows = [number[v] for v in loop]
    start, fixed = np.full((len(used), 2), (near + far) / 2), np.zeros((len(used), 2), dtype=bool)
    start[rows] = along(square, arc_fractions(points[[*loop, loop[0]]])[:-1])
    fixed[rows] = True
    local = compact.reshape(-1, 3)
    places = np.full((len(points), 2), np.nan)
    places[used] = balance(points[used], local, start, fixed, triangle_areas(points[used], local))
    return HalfLayout(triangles, places, tuple(loop), ((), ()), (), ())


def gums(source: Source) -> Half:
    """Their left half, with fewer vertices."""
    layout = gum_layout(source)
    chain = [*layout.border, layout.border[0]]
    around = ride(chain, respaced(source.vertices[chain], np.full(len(chain), GUM_SPACING)))
    border = around.only(np.arange(len(around.weights) - 1))
    teeth = np.unique(np.concatenate(crowns(source)))
    beside = np.exp(-((cKDTree(source.vertices[teeth]).query(source.vertices)[0] / BESIDE_TEETH) ** 2))
    patch = mesh_half(source, layout, 1 + DENSER * beside, GUM_POINTS, {"border": border})
    return Half(patch.places, patch.triangles, patch.carried, patch.midline)


def halves(source: Source) -> dict[str, list[Half]]:
    """By part."""
    found = crowns(source)
    teeth = [crown(source, triangles, centre) for triangles, centre in zip(found, tooth_centres(len(found)), strict=True)]
    return {"teeth": teeth, "gums": [gums(source)]}


def smaller_sock(uvs: Float[np.ndarray, "uvs 2"], own: Int[np.ndarray, " own"]) -> Float[np.ndarray, "uvs 2"]:
    """The islands of the mouth's sock, which fill the gums' squares, shrunk and moved above them."""
    near, far = 1 - MARGIN - MOUTH_SIDE, 1 - MARGIN
    left = uvs[own, 0] > 0.5
    across = np.where(left, uvs[own, 0], 1 - uvs[own, 0])
    share = (np.stack([across, uvs[own, 1]], axis=1) - near) / MOUTH_SIDE
    placed = np.array([far - SOCK_SIDE, near - GAP - SOCK_SIDE]) + SOCK_SIDE * share
    moved = uvs.copy()
    moved[own] = np.stack([np.where(left, placed[:, 0], 1 - placed[:, 0]), placed[:, 1]], axis=1)
    return moved


def with_interior(arrays: Arrays, source: Source) -> Arrays:
    """A basis whose teeth are crowns, with gums and tongue, without lashes; skin, eyes and sock are as they were."""
    kept = without(arrays, (*PARTS, "lashes"))
    if "gums" not in arrays["part_names"]:
        own = np.unique(kept["uv_triangles"][slice(*kept["part_ranges"][list(kept["part_names"]).index("mouth")])])
        kept["uvs"] = smaller_sock(kept["uvs"], own)
    return joined_to(kept, source, halves(source), np.array([0, -LOWER, 0]))


def interior(run: Run[Settings]) -> None:
    """Writes face_basis.npz anew, what lies behind the lips put in its place."""
    save_arrays(run.work / FILE, with_interior(read_arrays(run.made_or_shipped(FILE)), read_source()), compressed=True)
