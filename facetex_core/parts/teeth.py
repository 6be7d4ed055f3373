"""Teeth, gums and tongue: which of them belong to the jaw, and what colour they are."""

from functools import lru_cache

import numpy as np
from jaxtyping import Bool, Float, Float32

from facetex_core.structures import MorphableModel

# Linear albedo.
ENAMEL = np.array([0.78, 0.71, 0.58])
ROOT = np.array([0.66, 0.53, 0.36])
"""Of a tooth near the gum, where the dentine shows through."""
GUMS = np.array([0.40, 0.13, 0.12])
TONGUE = np.array([0.42, 0.15, 0.14])
TONGUE_WIDE, TONGUE_FRONT = (0.016, 0.019), (0.008, 0.012)
"""Metres from the middle, and behind the foremost gum, within which the floor of a mouth is tongue."""
THROAT = (0.035, 0.085)
"""Metres behind the foremost gum within which it gets dark."""

JAW_DROP = 0.001
"""Metres; what an open jaw takes further down hangs on it."""

Texels = Float[np.ndarray, "texels"]
Rgb = Float[np.ndarray, "texels 3"]


@lru_cache(maxsize=8)
def rows_of(model: MorphableModel) -> dict[str, Bool[np.ndarray, "vertices"]]:
    """The vertices of the upper and the lower row, empty where the model has no teeth; by height where it has no jaw."""
    teeth = _of_part(model, "teeth")
    if "jawOpen" in model.expression_names:
        lower = on_jaw(model)
    else:
        lower = model.mean[:, 1] < model.mean[teeth, 1].mean() if teeth.any() else teeth
    return {"upper": teeth & ~lower, "lower": teeth & lower}


def on_jaw(model: MorphableModel) -> Bool[np.ndarray, "vertices"]:
    """The vertices that an open jaw takes down; none where the model has no jaw."""
    if "jawOpen" not in model.expression_names:
        return np.zeros(len(model.mean), bool)
    return np.asarray(model.expression[model.expression_names.index("jawOpen"), :, 1] < -JAW_DROP)


def upper_gums(model: MorphableModel) -> Bool[np.ndarray, "vertices"]:
    """The vertices of gums and palate that stay with the head."""
    return _of_part(model, "gums") & ~on_jaw(model)


def _of_part(model: MorphableModel, name: str) -> Bool[np.ndarray, "vertices"]:
    own = np.zeros(len(model.mean), bool)
    own[model.mesh.triangles[model.mesh.parts.get(name, slice(0, 0))]] = True
    return own


def paint_teeth(points: Float32[np.ndarray, "texels 3"], upper: Bool[np.ndarray, "texels"]) -> Float32[np.ndarray, "texels 3"]:
    """Linear albedo of points on the mean head's teeth: enamel, yellower towards the gum, darker at the back."""
    painted = np.zeros_like(points)
    for mine, height in ((upper, points[upper, 1]), (~upper, -points[~upper, 1])):
        root = (height - height.min(initial=1)) / max(float(np.ptp(height)) if len(height) else 0.0, 1e-6)
        deep = points[mine, 2].max(initial=-1) - points[mine, 2]
        enamel = blend(np.tile(ENAMEL, (len(root), 1)), ROOT, smooth_step(0.4, 0.9, root))
        painted[mine] = (1 - 0.6 * smooth_step(0.012, 0.035, deep))[:, None] * enamel
    return painted


def paint_gums(points: Float32[np.ndarray, "texels 3"], lower: Bool[np.ndarray, "texels"]) -> Float32[np.ndarray, "texels 3"]:
    """Linear albedo of points on the mean head's gums, palate and tongue, which the jaw carries; dark down the throat."""
    deep = points[:, 2].max(initial=-1) - points[:, 2]
    tongue = lower * (1 - smooth_step(*TONGUE_WIDE, np.abs(points[:, 0]))) * smooth_step(*TONGUE_FRONT, deep)
    colour = blend(np.tile(GUMS, (len(points), 1)), TONGUE, tongue)
    return (colour * (1 - 0.9 * smooth_step(*THROAT, deep))[:, None]).astype(np.float32)


def smooth_step(low: float | Texels, high: float | Texels, value: Texels) -> Texels:
    """0 below, 1 above, smooth between."""
    share = np.clip((value - low) / (high - low), 0, 1)
    return np.asarray(share * share * (3 - 2 * share))


def blend(first: Rgb, second: Float[np.ndarray, "... 3"], share: Texels) -> Rgb:
    """Colours by row, from the first to the second."""
    return np.asarray(first * (1 - share[:, None]) + second * share[:, None])
