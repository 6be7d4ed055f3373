"""The rows of teeth: where they stand behind the lips of a fitted head, and what colour they are."""

from functools import lru_cache

import numpy as np
from jaxtyping import Bool, Float, Float32

from facetex_core.geometry.landmarks import UPPER_LIP, UPPER_LIP_68
from facetex_core.parts.thresholds import BESIDE_LIP, LIP_BEFORE_TEETH, LIP_OVER_TEETH, TEETH_FURTHEST, TEETH_LONGER
from facetex_core.structures import MorphableModel

# Linear albedo.
ENAMEL = np.array([0.78, 0.71, 0.58])
GUMS = np.array([0.40, 0.13, 0.12])

TOOTH_WIDTHS = {"upper": (8.6, 6.6, 7.6, 7.1, 6.6, 10.4, 9.8), "lower": (5.4, 5.9, 6.9, 7.0, 7.1, 11.4, 10.8)}
"""Millimetres from the middle outwards (Wheeler's Dental Anatomy)."""
GUM_LINE = 0.93
"""Share of a tooth's height from which the gum covers it: models end where crowns do."""

MIDDLE = 0.002
"""Metres from the middle within which a row may be cut in two."""
JAW_DROP = 0.001
"""Metres; what an open jaw takes further down hangs on it."""


@lru_cache(maxsize=8)
def rows_of(model: MorphableModel) -> dict[str, Bool[np.ndarray, "vertices"]]:
    """The vertices of the upper and the lower row, empty where the model has no teeth; by height where it has no jaw."""
    teeth = np.zeros(len(model.mean), bool)
    if "teeth" in model.mesh.parts:
        teeth[model.mesh.triangles[model.mesh.parts["teeth"]]] = True
    if "jawOpen" in model.expression_names:
        lower = model.expression[model.expression_names.index("jawOpen"), :, 1] < -JAW_DROP
    else:
        lower = model.mean[:, 1] < model.mean[teeth, 1].mean() if teeth.any() else teeth
    return {"upper": teeth & ~lower, "lower": teeth & lower}


def behind_lips(model: MorphableModel, vertices: Float32[np.ndarray, "vertices 3"]) -> Float32[np.ndarray, "vertices 3"] | None:
    """Metres by which the teeth of a fitted head are moved; none where it has no teeth.

    Landmarks tell where the lips are, not the teeth: the upper row is raised until it reaches under the lip of the photo,
    and taken back until it lies behind it. Halves of a row that do not touch are drawn together.
    """
    upper = rows_of(model)["upper"]
    if not upper.any():
        return None
    moves = np.zeros_like(vertices)
    middle = _cut_edges(model)
    moves[middle, 0] = -model.mean[middle, 0]
    lift, back = _misplaced(vertices[upper], _lip(model, vertices))
    row = vertices[upper, 1]
    longer = min(lift, TEETH_LONGER) * (row - row.min()) / max(float(np.ptp(row)), 1e-6)
    moves[upper, 1], moves[upper, 2] = longer + max(lift - TEETH_LONGER, 0), -back
    return moves


def _lip(model: MorphableModel, vertices: Float32[np.ndarray, "vertices 3"]) -> Float32[np.ndarray, "points 3"]:
    e = model.embedding
    dense = len(e.dense_triangles) > max(UPPER_LIP)
    which = list(UPPER_LIP if dense else UPPER_LIP_68)
    corners = model.mesh.triangles[(e.dense_triangles if dense else e.landmark_triangles)[which]]
    weights = (e.dense_barycentric if dense else e.landmark_barycentric)[which]
    return np.einsum("pkc,pk->pc", vertices[corners], weights).astype(np.float32)


def _misplaced(row: Float32[np.ndarray, "vertices 3"], lip: Float32[np.ndarray, "points 3"]) -> tuple[float, float]:
    """Metres by which the row's front ends below the lip's edge, and by which it stands out of it."""
    beside = np.abs(row[:, 0] - lip[:, None, 0]) < BESIDE_LIP
    seen = lip[beside.any(1)]
    if not len(seen):
        return 0.0, 0.0
    beside = beside[beside.any(1)]
    top = np.where(beside, row[:, 1], -np.inf).max(1)
    front = np.where(beside, row[:, 2], -np.inf).max(1)
    lift, back = (seen[:, 1] + LIP_OVER_TEETH - top).max(), (front + LIP_BEFORE_TEETH - seen[:, 2]).max()
    return float(np.clip(lift, 0, TEETH_FURTHEST)), float(np.clip(back, 0, TEETH_FURTHEST))


@lru_cache(maxsize=8)
def _cut_edges(model: MorphableModel) -> Bool[np.ndarray, "vertices"]:
    """The vertices of steep borders near the middle of the teeth: there a row that ought to be whole is cut in two."""
    triangles = model.mesh.triangles[model.mesh.parts["teeth"]]
    sides = np.sort(np.concatenate([triangles[:, pair] for pair in ([0, 1], [1, 2], [2, 0])]), axis=1)
    edges, count = np.unique(sides, axis=0, return_counts=True)
    border = edges[count == 1]
    along = np.abs(model.mean[border[:, 0]] - model.mean[border[:, 1]])
    near = np.abs(model.mean[border, 0]).max(1) < MIDDLE
    cut = np.zeros(len(model.mean), bool)
    cut[border[near & (along[:, 1] > 2 * along[:, 0])]] = True
    return cut


def paint_teeth(points: Float32[np.ndarray, "texels 3"], upper: Bool[np.ndarray, "texels"]) -> Float32[np.ndarray, "texels 3"]:
    """Linear albedo of points on the mean head's teeth: enamel with gaps between the teeth and gums at the roots."""
    painted = np.zeros_like(points)
    for which, mine in (("upper", upper), ("lower", ~upper)):
        if mine.any():
            painted[mine] = _row(points[mine], which)
    return painted


def _row(points: Float[np.ndarray, "texels 3"], which: str) -> Float[np.ndarray, "texels 3"]:
    outwards = 1000 * _arch_length(points)
    root = _height(points[:, 1] if which == "upper" else -points[:, 1], outwards)
    gaps = np.cumsum((0.0, *TOOTH_WIDTHS[which]))
    away = np.abs(outwards[:, None] - gaps).min(1)
    shape = 1 - 0.4 * np.exp(-((away / 0.5) ** 2))
    # The back of the row is in the dark of the cheeks.
    back = 1 - 0.6 * smooth_step(18, 38, outwards)
    enamel = ENAMEL * (shape * back * (1 - 0.12 * root))[:, None]
    # The gum dips between the teeth.
    line = GUM_LINE - 0.10 * np.exp(-((away / 1.2) ** 2))
    return blend(enamel, GUMS * back[:, None], smooth_step(line - 0.05, line + 0.05, root))


def _height(upwards: Float[np.ndarray, "texels"], outwards: Float[np.ndarray, "texels"]) -> Float[np.ndarray, "texels"]:
    """0 at the tip of the tooth and 1 at its root, by the row's own extent millimetre for millimetre along the arch."""
    column = np.rint(outwards).astype(int)
    low, high = np.full(column.max() + 1, np.inf), np.full(column.max() + 1, -np.inf)
    np.minimum.at(low, column, upwards)
    np.maximum.at(high, column, upwards)
    known = np.flatnonzero(high > low)
    low, high = (np.interp(outwards, known, edge[known]) for edge in (low, high))
    return np.clip((upwards - low) / np.maximum(high - low, 1e-6), 0, 1)


def _arch_length(points: Float[np.ndarray, "texels 3"]) -> Float[np.ndarray, "texels"]:
    """Metres along the arch from its middle: a parabola z = front - c x^2 through the row."""
    front = points[:, 2].max()
    x = np.abs(points[:, 0])
    bend = float(np.sum(x**2 * (front - points[:, 2])) / max(np.sum(x**4), 1e-15))
    slope = 2 * bend * x
    if bend < 1e-6:
        return x
    return np.asarray((slope * np.sqrt(1 + slope**2) + np.arcsinh(slope)) / (4 * bend))


def smooth_step(
    low: float | Float[np.ndarray, "texels"], high: float | Float[np.ndarray, "texels"], value: Float[np.ndarray, "texels"]
) -> Float[np.ndarray, "texels"]:
    """0 below, 1 above, smooth between."""
    share = np.clip((value - low) / (high - low), 0, 1)
    return np.asarray(share * share * (3 - 2 * share))


def blend(
    first: Float[np.ndarray, "texels 3"], second: Float[np.ndarray, "... 3"], share: Float[np.ndarray, "texels"]
) -> Float[np.ndarray, "texels 3"]:
    """Colours by row, from the first to the second."""
    return np.asarray(first * (1 - share[:, None]) + second * share[:, None])
