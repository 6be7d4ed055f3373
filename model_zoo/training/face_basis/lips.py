"""Lips that meet at rest, whoever it is, and under `mouthClose` when the jaw is open.

The source's scans were not taken with lips that touch: its modes open and close a person's mouth by millimetres. Columns along
the lips tell the lowest place of the upper lip and the highest of the lower one. What a mode changes between them is taken
back, half on each lip; what is left of the gap with `jawOpen` and `mouthClose` at 1 is closed by the lower lip.
"""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float, Int
from scipy.spatial import cKDTree

from training.face_basis.lids import Edge, furthest
from training.face_basis.source import Arrays, border_chains

COLUMNS = 40
"""None of them in the middle, where all crossings are vertices."""
CORNER = 0.95
"""Where the lips part, as a share of the seam's half width."""
REACH = 0.02
"""Metres from the seam within which skin belongs to the lips."""
FADE = 0.006
"""Metres from that line at which what is taken back has faded to 1/e."""


@dataclass(frozen=True)
class Lips:
    """Columns between the corners, and which vertices follow which of the two."""

    at: Float[np.ndarray, " columns"]
    upper: Edge
    lower: Edge
    jaw: Bool[np.ndarray, " vertices"]
    """Vertices of the lower lip and all else that hangs on the jaw."""
    soft: Int[np.ndarray, " soft"]
    """Vertices of skin and of the mouth's inside."""


def lip_seam(arrays: Arrays) -> Float[np.ndarray, "points 3"]:
    """Where the skin ends behind the lips: its border that lies on both sides of the head and in front."""
    mean = arrays["mean"].astype(float)
    loops = [mean[chain] for chain in border_chains(arrays["triangles"][slice(*arrays["part_ranges"][0])])]
    (seam,) = [loop for loop in loops if loop[:, 0].min() < 0 < loop[:, 0].max() and loop[:, 2].min() > 0]
    return seam


def lips_of(arrays: Arrays) -> Lips:
    """From the mean head."""
    mean, names = arrays["mean"].astype(float), [str(name) for name in arrays["expression_names"]]
    drop = arrays["expression"][names.index("jawOpen"), :, 1].astype(float)
    seam, skin = lip_seam(arrays), arrays["triangles"][slice(*arrays["part_ranges"][0])]
    near = skin[cKDTree(seam).query(mean[skin].mean(1))[0] < REACH]
    jaw = drop < drop[np.unique(near)].min() / 2
    at = np.linspace(-1, 1, COLUMNS + 2)[1:-1] * CORNER * seam[:, 0].max()
    up = np.array([0, 1.0, 0])
    upper, lower = near[~jaw[near].any(1)], near[jaw[near].all(1)]
    parts = [str(name) for name in arrays["part_names"]]
    soft = [arrays["triangles"][slice(*arrays["part_ranges"][parts.index(name)])] for name in ("skin", "mouth")]
    return Lips(at, furthest(mean, upper, at, -up), furthest(mean, lower, at, up), jaw, np.unique(np.concatenate(soft)))


def by_column(
    lips: Lips, x: Float[np.ndarray, " points"], values: Float[np.ndarray, "columns 3"]
) -> Float[np.ndarray, "points 3"]:
    """Values of columns at places along x; none beyond the corners."""
    return np.stack([np.interp(x, lips.at, axis, left=0, right=0) for axis in values.T], axis=1)


def meeting(arrays: Arrays) -> Arrays:
    """The basis with lips that meet."""
    mean, lips = arrays["mean"].astype(float), lips_of(arrays)
    line = (lips.upper.of(mean) + lips.lower.of(mean)) / 2
    away = np.linalg.norm(mean[lips.soft] - by_column(lips, np.clip(mean[lips.soft, 0], lips.at[0], lips.at[-1]), line), axis=1)
    half = np.where(lips.jaw[lips.soft], 0.5, -0.5) * np.exp(-((away / FADE) ** 2))
    identity = arrays["identity"].astype(float)
    for mode in identity:
        gap = (lips.upper.of(mode) - lips.lower.of(mode)) * [0, 1, 0]
        mode[lips.soft] += half[:, None] * by_column(lips, mean[lips.soft, 0], gap)
    names = [str(name) for name in arrays["expression_names"]]
    expression, close = arrays["expression"].astype(float), names.index("mouthClose")
    shut = mean + expression[names.index("jawOpen")] + expression[close]
    gap = (lips.upper.of(shut) - lips.lower.of(shut)) * [0, 1, 1]
    lifted = np.linalg.norm(expression[close], axis=1)
    most = by_column(lips, mean[:, 0], np.repeat(np.linalg.norm(lips.lower.of(expression[close]), axis=1)[:, None], 3, 1))[:, 0]
    share = np.where(lips.jaw, np.clip(lifted / np.maximum(most, 1e-6), 0, 1), 0)
    expression[close] += share[:, None] * by_column(lips, mean[:, 0], gap)
    return arrays | {
        "identity": identity.astype(arrays["identity"].dtype),
        "expression": expression.astype(arrays["expression"].dtype),
    }
