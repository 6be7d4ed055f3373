"""A Gaussian mean of the texels that count."""

import numpy as np
from jaxtyping import Float32

from facetex_core.lazy import cv2


def blur_where(
    values: Float32[np.ndarray, "size size channels"], weight: Float32[np.ndarray, "size size"], sigma: float
) -> Float32[np.ndarray, "size size channels"]:
    """A Gaussian mean of the texels that have weight, computed at a lower resolution where it is wide."""
    size = len(weight)
    step = max(1, int(sigma / 4))
    small = (size // step, size // step)
    w = cv2.resize(weight, small, interpolation=cv2.INTER_AREA)
    v = cv2.resize(values * weight[..., None], small, interpolation=cv2.INTER_AREA)
    v, w = (cv2.GaussianBlur(layer, (0, 0), sigma / step) for layer in (v.reshape(*w.shape, -1), w))
    mean = v.reshape(*w.shape, -1) / np.maximum(w, 1e-3)[..., None]
    return np.asarray(cv2.resize(mean, (size, size), interpolation=cv2.INTER_LINEAR).reshape(values.shape), np.float32)
