"""The rows of teeth of a fitted head, put behind its lips."""

import numpy as np
from jaxtyping import Float32

from facetex_core import MorphableModel
from facetex_core.geometry.landmarks import UPPER_LIP, UPPER_LIP_68
from facetex_core.parts.teeth import rows_of, upper_gums
from facetex_plugins.fit.thresholds import BESIDE_LIP, LIP_BEFORE_TEETH, TEETH_FURTHEST


def behind_lips(model: MorphableModel, vertices: Float32[np.ndarray, "vertices 3"]) -> Float32[np.ndarray, "vertices 3"] | None:
    """Metres by which the teeth of a fitted head are moved; none where it has no teeth.

    Landmarks tell where the lips are, not the teeth: the upper row is taken back until it lies behind the lip of the photo,
    and its gum with it.
    """
    upper = rows_of(model)["upper"]
    if not upper.any():
        return None
    moves = np.zeros_like(vertices)
    moves[upper | upper_gums(model), 2] = -_standing_out(vertices[upper], _lip(model, vertices))
    return moves


def _lip(model: MorphableModel, vertices: Float32[np.ndarray, "vertices 3"]) -> Float32[np.ndarray, "points 3"]:
    e = model.embedding
    dense = len(e.dense_triangles) > max(UPPER_LIP)
    which = list(UPPER_LIP if dense else UPPER_LIP_68)
    corners = model.mesh.triangles[(e.dense_triangles if dense else e.landmark_triangles)[which]]
    weights = (e.dense_barycentric if dense else e.landmark_barycentric)[which]
    return np.einsum("pkc,pk->pc", vertices[corners], weights).astype(np.float32)


def _standing_out(row: Float32[np.ndarray, "vertices 3"], lip: Float32[np.ndarray, "points 3"]) -> float:
    """Metres by which the row stands out of the lip's edge, and by which it has to lie behind it."""
    beside = np.abs(row[:, 0] - lip[:, None, 0]) < BESIDE_LIP
    seen, beside = lip[beside.any(1)], beside[beside.any(1)]
    front = np.where(beside, row[:, 2], -np.inf).max(1)
    return float(np.clip((front + LIP_BEFORE_TEETH - seen[:, 2]).max(initial=0), 0, TEETH_FURTHEST))
