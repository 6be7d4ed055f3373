"""How far colours are from the true ones, in decibels."""

import numpy as np
from jaxtyping import Float32

from facetex_core.imaging.colour import encode_srgb

LEAST_SQUARE = 1e-10
"""Mean square below which colours are the same: 100 dB."""


def psnr(found: Float32[np.ndarray, "pixels 3"], true: Float32[np.ndarray, "pixels 3"]) -> float:
    """Peak signal-to-noise ratio of sRGB-coded values; not a number where there is nothing to compare."""
    from skimage.metrics import mean_squared_error

    if not len(true):
        return float("nan")
    return float(-10 * np.log10(max(mean_squared_error(encode_srgb(true), encode_srgb(found)), LEAST_SQUARE)))
