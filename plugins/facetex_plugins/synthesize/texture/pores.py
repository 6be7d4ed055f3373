"""Pores that a coarse photo cannot show: noise in octaves, finer than its pixels."""

import numpy as np
from jaxtyping import Float32

from facetex_core import Fit, Texture
from facetex_core.lazy import cv2
from facetex_core.texture.view_weight import pixels_per_texel

COARSE_PHOTO = 0.6
"""Pixels a texel below which something is missing."""
PIXEL_BLUR = 0.5
"""Blur that a pixel is, in pixels."""
FINEST_PORE = 0.5
"""Blur, in texels, of what a map can just hold."""
LARGEST_PORE = 0.004
"""Blur that pores may not exceed, as a share of the map: larger spots look like blisters."""
PORE_STRENGTH = 0.018
"""Standard deviation of log lightness in an octave; the smoothest tenth of sharp portraits has 0.025, not all of it pores."""


def unresolved_pores(albedo: Texture, fit: Fit, rng: np.random.Generator) -> Float32[np.ndarray, "size size"]:
    """Log lightness that makes up for what the photo is too coarse to show; zeros where it is sharp enough."""
    seen = albedo.visibility > 0
    pixels = float(np.median(pixels_per_texel(fit, albedo.size)[seen])) if seen.any() else 1.0
    pores = np.zeros((albedo.size, albedo.size), np.float32)
    if pixels > COARSE_PHOTO:
        return pores
    noise = rng.standard_normal(pores.shape).astype(np.float32)
    blur, most = FINEST_PORE, min(PIXEL_BLUR / pixels, LARGEST_PORE * albedo.size)
    while blur < most:
        octave = cv2.GaussianBlur(noise, (0, 0), blur) - cv2.GaussianBlur(noise, (0, 0), 2 * blur)
        pores += PORE_STRENGTH * octave / octave.std()
        blur *= 2
    return pores
