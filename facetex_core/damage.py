"""Scratches, dust and glints: what is thin and nearly white or black on plain skin is no skin."""

from dataclasses import replace

import numpy as np

from facetex_core.colour import encode_srgb
from facetex_core.crop import plain_skin
from facetex_core.fill import fill_smooth
from facetex_core.lazy import cv2
from facetex_core.structures import MorphableModel, Texture

WIDTH = 0.014
"""Of the widest thing that is thin, as a share of the map."""
MARGIN = 0.004
"""How far around it the photo is not believed, as a share of the map."""
WHITE, BLACK = 0.85, 0.1
"""sRGB-coded mean of the channels above or below which skin is rare."""
BRIGHTER, DARKER = 0.35, 0.6
"""Difference in log light from what lies around; sharpened portraits reach either often, both with the above hardly ever."""
BEARD, SHADE = 0.02, 0.35
"""Where a neighbourhood (blur, as a share of the map) is darker than the middle of the face by this (log), it is a beard."""


def hide_damage(lit: Texture, model: MorphableModel) -> Texture:
    """The texture with damage hidden. Clean portraits lose 0.1 % of their plain skin (median of 28), a scratched one 2 %."""
    seen = lit.visibility > 0
    whole = fill_smooth(lit.rgb, seen.astype(np.float32)).mean(-1)
    light, coded = np.log(np.maximum(whole, 1e-3)), encode_srgb(lit.rgb).mean(-1)
    kernel = _disc(WIDTH, lit.size)
    bright = (cv2.morphologyEx(light, cv2.MORPH_TOPHAT, kernel) > BRIGHTER) & (coded > WHITE)
    dark = (cv2.morphologyEx(light, cv2.MORPH_BLACKHAT, kernel) > DARKER) & (coded < BLACK)
    dark &= cv2.GaussianBlur(light, (0, 0), BEARD * lit.size) > np.median(light[seen]) - SHADE
    damaged = (bright | dark) & seen & (plain_skin(model, lit.size) > 0.9)
    kept = seen & (cv2.dilate(damaged.astype(np.uint8), _disc(2 * MARGIN, lit.size)) == 0)
    rgb, visibility = np.where(kept[..., None], lit.rgb, 0), np.where(kept, lit.visibility, 0)
    return replace(lit, rgb=rgb.astype(np.float32), visibility=visibility.astype(np.float32))


def _disc(width: float, size: int) -> np.ndarray:
    texels = max(round(width * size), 1) | 1
    return np.asarray(cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (texels, texels)))
