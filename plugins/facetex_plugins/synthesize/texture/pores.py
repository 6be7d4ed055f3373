"""Pores that a coarse photo cannot show: noise in octaves, finer than its pixels."""

import numpy as np
from jaxtyping import Float32

from facetex_core import Fit, Texture
from facetex_core.lazy import cv2
from facetex_core.texture.view_weight import pixels_per_texel
from facetex_plugins.synthesize import thresholds


def unresolved_pores(albedo: Texture, fit: Fit, rng: np.random.Generator) -> Float32[np.ndarray, "size size"]:
    """Log lightness that makes up for what the photo is too coarse to show; zeros where it is sharp enough."""
    seen = albedo.visibility > 0
    pixels = float(np.median(pixels_per_texel(fit, albedo.size)[seen])) if seen.any() else 1.0
    pores = np.zeros((albedo.size, albedo.size), np.float32)
    if pixels > thresholds.COARSE_PHOTO:
        return pores
    noise = rng.standard_normal(pores.shape).astype(np.float32)
    blur, most = thresholds.FINEST_PORE, min(thresholds.PIXEL_BLUR / pixels, thresholds.LARGEST_PORE * albedo.size)
    while blur < most:
        octave = cv2.GaussianBlur(noise, (0, 0), blur) - cv2.GaussianBlur(noise, (0, 0), 2 * blur)
        pores += thresholds.PORE_STRENGTH * octave / octave.std()
        blur *= 2
    return pores
