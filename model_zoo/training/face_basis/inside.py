"""What lies behind the skin: eyeballs of revolution, a mouth sock on the lip line, and the front sheets of the teeth."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Int
from scipy import ndimage

from training.face_basis.layout import MARGIN, TOP_CUT, HalfLayout, along, arc_fractions, balance
from training.face_basis.source import EYEBALL, MOUTH, SCLERA, TEETH, Source, border_chains, half_triangles, triangle_areas
from training.face_basis.surface import hit_distances, snapped
from training.face_basis.topology import Carried, Patch, mesh_half, respaced, ride

RINGS, SPOKES, EYE_REACH = 16, 32, np.radians(105)
CORNEA_HEIGHT, CORNEA_WIDTH = 0.0017, np.radians(18)
"""Bell over the sphere, fitted by eye to the mean radius of the source's sclera by angle."""
EYE_CLEARANCE = 0.0001
MOUTH_SIDE, MOUTH_POINTS, MOUTH_SPACING = 0.105, 260, 0.0035
TOOTH_COLUMNS, TOOTH_ROWS, TOOTH_STRIP = 40, 7, (0.075, 0.028)
ARCH_CENTRE, JAW_DROP, GAP_DEPTH, CROWN = np.array([0, 0, 0.068]), 0.001, 0.0025, 0.010


@dataclass(frozen=True)
class Eyeball:
    """The subject's left eyeball."""

    centre: Float[np.ndarray, "3"]
    radius: float
    vertices: Float[np.ndarray, "vertices 3"]
    places: Float[np.ndarray, "vertices 2"]
    triangles: Int[np.ndarray, "triangles 3"]


def fit_sphere(points: Float[np.ndarray, "points 3"]) -> tuple[Float[np.ndarray, "3"], float]:
    """Least-squares sphere: |p|^2 = 2 c.p + (r^2 - |c|^2)."""
    solution = np.linalg.lstsq(np.c_[2 * points, np.ones(len(points))], (points**2).sum(1), rcond=None)[0]
    centre = solution[:3]
    return centre, float(np.sqrt(solution[3] + centre @ centre))


def fit_eyeball(source: Source) -> tuple[Float[np.ndarray, "3"], float, Float[np.ndarray, "3"]]:
    """Centre, radius without the cornea, and the optical axis."""
    points = source.vertices[slice(*SCLERA["left"])]
    apex, centre = points[points[:, 2].argmax()], points.mean(0)
    for _ in range(8):
        rays = points - centre
        off_axis = np.degrees(np.arccos(rays[:, 2] / np.linalg.norm(rays, axis=1)))
        centre, radius = fit_sphere(points[off_axis > 40])
        apex = points[off_axis < 6].mean(0)
    axis = apex - centre
    return centre, radius, axis / np.linalg.norm(axis)


def eyeball(source: Source) -> Eyeball:
    """Rings round the optical axis, laid out as a disc whose radius is the angle."""
    centre, radius, axis = fit_eyeball(source)
    side = np.cross([0, 1, 0], axis)
    side /= np.linalg.norm(side)
    frame = np.stack([side, np.cross(axis, side), axis])
    angle = np.repeat(np.arange(1, RINGS + 1) / RINGS, SPOKES) * EYE_REACH
    turn = np.tile(np.arange(SPOKES) / SPOKES * 2 * np.pi, RINGS)
    angle, turn = np.r_[0, angle], np.r_[0, turn]
    reach = radius + EYE_CLEARANCE + CORNEA_HEIGHT * np.exp(-((angle / CORNEA_WIDTH) ** 2))
    rays = np.stack([np.sin(angle) * np.cos(turn), np.sin(angle) * np.sin(turn), np.cos(angle)], axis=1)
    disc = (1 - np.sqrt(0.5)) * TOP_CUT - 0.010
    middle = np.array([1 - MARGIN - disc, MARGIN + disc])
    places = middle + disc * (angle / EYE_REACH)[:, None] * np.stack([np.cos(turn), -np.sin(turn)], axis=1)
    return Eyeball(centre, radius, centre + (rays * reach[:, None]) @ frame, places, ring_triangles())


def ring_triangles() -> Int[np.ndarray, "triangles 3"]:
    """A fan round vertex 0, then quads cut in two."""
    here = np.arange(SPOKES)
    after = (here + 1) % SPOKES
    triangles = [np.stack([np.zeros_like(here), 1 + here, 1 + after], axis=1)]
    for ring in range(RINGS - 1):
        inner, outer = 1 + ring * SPOKES, 1 + (ring + 1) * SPOKES
        triangles.append(np.stack([inner + here, outer + here, outer + after], axis=1))
        triangles.append(np.stack([inner + here, outer + after, inner + after], axis=1))
    return np.concatenate(triangles)


def eyeball_motion(source: Source, ball: Eyeball, side: str) -> Float[np.ndarray, "modes vertices 3"]:
    """How each identity mode moves our eyeball: shift, turn and scale fitted to the source's, which is linear in the mode."""
    sign = np.array([1, 1, 1]) if side == "left" else np.array([-1, 1, 1])
    span = slice(*EYEBALL[side])

    def columns(offsets: Float[np.ndarray, "points 3"]) -> Float[np.ndarray, "points 3 7"]:
        turns = [np.cross(axis, offsets) for axis in np.eye(3)]
        shifts = [np.broadcast_to(axis, offsets.shape) for axis in np.eye(3)]
        return np.stack([*shifts, *turns, offsets], axis=-1)

    system = columns(source.vertices[span] - ball.centre * sign).reshape(-1, 7)
    moves = source.identity[:, span].reshape(len(source.identity), -1).T
    solution = np.linalg.lstsq(system, moves, rcond=None)[0]
    return np.einsum("vak,km->mva", columns((ball.vertices - ball.centre) * sign), solution)


def mouth_layout(source: Source) -> tuple[HalfLayout, list[int]]:
    """The left half of the mouth socket in its corner square, and its midline chain from the lower lip to the upper one."""
    triangles = half_triangles(source, MOUTH)
    loop = max(border_chains(triangles), key=len)
    own = [k for k, v in enumerate(loop) if v >= MOUTH[0]]
    start = next(k for k in own if loop[k - 1] < MOUTH[0])
    loop = np.roll(loop, -start).tolist()
    end = next(k for k, v in enumerate(loop) if v < MOUTH[0])
    midline, lips = [loop[-1], *loop[: end + 1]], loop[end:]
    used, compact = np.unique(triangles, return_inverse=True)
    number = {int(v): k for k, v in enumerate(used)}
    near, far = 1 - MARGIN - MOUTH_SIDE, 1 - MARGIN
    start_places, fixed = np.full((len(used), 2), (near + far) / 2), np.zeros((len(used), 2), dtype=bool)
    for chain, corners in (
        (lips, [(near, near), (near, far)]),
        (midline, [(near, far), (far, far), (far, near), (near, near)]),
    ):
        rows = [number[v] for v in chain]
        start_places[rows] = along(np.array(corners), arc_fractions(source.vertices[chain]))
        fixed[rows] = True
    local, points = compact.reshape(-1, 3), source.vertices[used]
    places = np.full((len(source.vertices), 2), np.nan)
    places[used] = balance(points, local, start_places, fixed, triangle_areas(points, local))
    return HalfLayout(triangles, places, (), ((), ()), (), tuple(lips)), midline


def mesh_mouth(source: Source, lips: Carried) -> Patch:
    """The left half of the mouth sock; its first points are the given lip points, run backwards."""
    layout, midline = mouth_layout(source)
    count = len(lips.corners)
    along_midline = ride(midline, respaced(source.vertices[midline], np.full(len(midline), MOUTH_SPACING)))
    inner = along_midline.only(np.arange(1, len(along_midline.weights) - 1))
    border = lips.only(np.arange(count)[::-1]).joined(inner)
    density = np.ones(len(source.vertices))
    patch = mesh_half(source, layout, density, MOUTH_POINTS, {"border": border})
    return Patch(patch.places, patch.triangles, patch.midline, {"lips": np.arange(count)}, patch.carried)


def mesh_teeth(source: Source, *, upper: bool) -> Patch:
    """The left half of the front sheet of one row of teeth: columns by angle round the arch, rows from bottom to top."""
    triangles = half_triangles(source, TEETH)
    jaw = source.expression[source.expression_names.index("jawOpen"), triangles[:, 0], 1]
    triangles = triangles[(jaw > -JAW_DROP) == upper]
    corners = source.vertices[triangles]
    angles = np.radians(np.linspace(0.3, 76, TOOTH_COLUMNS))
    outward = np.stack([np.sin(angles), 0 * angles, np.cos(angles)], axis=1)
    rows = np.repeat(outward, TOOTH_ROWS, axis=0)
    low, high = tooth_spans(corners, outward, upper=upper).T
    heights = np.linspace(low, high, TOOTH_ROWS, axis=1).ravel()
    origins = ARCH_CENTRE + 0.1 * rows + heights[:, None] * [0, 1, 0]
    depths = hit_distances(origins, -rows, corners).reshape(TOOTH_COLUMNS, TOOTH_ROWS)
    sheet = origins - filled(depths).reshape(-1, 1) * rows
    carried = snapped(sheet, source.vertices, triangles)
    return Patch(tooth_places(upper=upper), grid_triangles(), np.zeros(len(sheet), dtype=bool), {}, carried)


def tooth_spans(
    corners: Float[np.ndarray, "triangles 3 3"], outward: Float[np.ndarray, "columns 3"], *, upper: bool
) -> Float[np.ndarray, "columns 2"]:
    """Lowest and highest point of the row of teeth in each direction, evened out over three columns."""
    across = np.stack([outward[:, 2], outward[:, 1], -outward[:, 0]], axis=1)
    middles = corners.mean(1) - ARCH_CENTRE
    spans = []
    for out, side in zip(outward, across, strict=True):
        near = (np.abs(middles @ side) < 0.003) & (middles @ out > 0)
        low, high = middles[near, 1].min() + 4e-4, middles[near, 1].max() - 4e-4
        spans.append((low, min(high, low + CROWN)) if upper else (max(low, high - CROWN), high))
    return np.asarray(ndimage.uniform_filter1d(np.array(spans), 3, axis=0, mode="nearest"))


def filled(depths: Float[np.ndarray, "columns rows"]) -> Float[np.ndarray, "columns rows"]:
    """Rays that went between two teeth (no hit, or far behind the row) take the depth between their neighbours."""
    columns = np.arange(len(depths))
    result = depths.copy()
    for row in result.T:
        typical = ndimage.median_filter(np.where(np.isfinite(row), row, np.nanmax(row[np.isfinite(row)])), 9, mode="nearest")
        good = np.isfinite(row) & (np.abs(row - typical) < GAP_DEPTH)
        row[:] = np.interp(columns, columns[good], row[good])
    return result


def tooth_places(*, upper: bool) -> Float[np.ndarray, "points 2"]:
    """The strip of one half row in the free lower corner: upper teeth beside the mouth's square, lower ones above it."""
    length, height = TOOTH_STRIP
    axes = np.linspace(0, length, TOOTH_COLUMNS), np.linspace(0, height, TOOTH_ROWS)
    u, v = (axis.ravel() for axis in np.meshgrid(*axes, indexing="ij"))
    near, far = 1 - MARGIN - MOUTH_SIDE - 0.012, 1 - MARGIN
    return np.stack([near - length + u, far - v], axis=1) if upper else np.stack([far - v, near - u], axis=1)


def grid_triangles() -> Int[np.ndarray, "triangles 3"]:
    """The strip's quads cut in two, counter-clockwise with columns to the right and rows upwards."""
    k = (np.arange(TOOTH_COLUMNS - 1)[:, None] * TOOTH_ROWS + np.arange(TOOTH_ROWS - 1)).ravel()
    right = k + TOOTH_ROWS
    return np.concatenate([np.stack([k, right, right + 1], axis=1), np.stack([k, right + 1, k + 1], axis=1)])
