"""Maps that programs of artists ask for: what is mirrored straight ahead, and what lies deep."""

import numpy as np
from jaxtyping import Float32

from facetex_core import Detail, MorphableModel
from facetex_core.geometry.uv_raster import all_texels
from facetex_core.imaging.push_pull import fill_smooth
from facetex_core.lazy import cv2
from facetex_core.texture.material import DIM, REFRACTION

SPECULAR, CAVITY, NORMAL_DOWN = "specular.png", "cavity.png", "normal_y_down.png"
FULL = 0.08
"""Share of the light that principled shaders mirror straight ahead where specular is 1."""
CAVITY_BLUR, CAVITY_DEPTH = 0.004, 0.0001
"""Blur that smooths pores and wrinkles away, as a share of the map, and the metres that count as deep."""


def reflectance(part: str) -> float:
    """Share of the light that a part mirrors straight ahead (Fresnel)."""
    bend = REFRACTION.get(part, REFRACTION["skin"])
    return DIM.get(part, 1.0) * ((bend - 1) / (bend + 1)) ** 2


def specular_map(model: MorphableModel, size: int) -> Float32[np.ndarray, "size size"]:
    """As principled shaders count it: 0.5 where 4 % are mirrored straight ahead; by part, continued beyond the islands."""
    texels, values = all_texels(model, size), np.zeros((size, size), np.float32)
    for part, which in model.mesh.parts.items():
        values[(texels.triangle >= which.start) & (texels.triangle < which.stop)] = reflectance(part) / FULL
    return fill_smooth(np.repeat(values[..., None], 3, -1), texels.inside.astype(np.float32))[..., 0]


def cavity_map(detail: Detail) -> Float32[np.ndarray, "size size"]:
    """1 where the relief is flat or stands out, towards 0 in pores and wrinkles."""
    around = np.asarray(cv2.GaussianBlur(detail.displacement, (0, 0), CAVITY_BLUR * len(detail.displacement)))
    return np.asarray(1 - np.tanh(np.maximum(around - detail.displacement, 0) / CAVITY_DEPTH), np.float32)
