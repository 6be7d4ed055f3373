"""The rows of teeth of a fitted head, put behind its lips."""

from functools import lru_cache

import numpy as np
from jaxtyping import Bool, Float32

from facetex_core import MorphableModel
from facetex_core.geometry.landmarks import UPPER_LIP, UPPER_LIP_68
from facetex_core.parts.teeth import rows_of
from facetex_plugins.fit.thresholds import BESIDE_LIP, LIP_BEFORE_TEETH, LIP_OVER_TEETH, TEETH_FURTHEST, TEETH_LONGER

MIDDLE = 0.002
"""Metres from the middle within which a row may be cut in two."""


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
