"""Smooths a picture and keeps its outlines (He, Sun and Tang 2010)."""

import numpy as np
from jaxtyping import Float, Float32

from facetex_core.lazy import cv2


def guided_filter(
    picture: Float32[np.ndarray, "height width"], radius: int, smallest: float
) -> Float32[np.ndarray, "height width"]:
    """The picture guided by itself: where its variance is well below `smallest` only the mean is left, outlines stay."""

    def mean(values: Float[np.ndarray, "height width"]) -> Float[np.ndarray, "height width"]:
        return np.asarray(cv2.blur(values, (2 * radius + 1, 2 * radius + 1), borderType=cv2.BORDER_REFLECT_101))

    middle = mean(picture)
    variance = np.maximum(mean(picture * picture) - middle**2, 0)
    kept = variance / (variance + smallest)
    return np.asarray(mean(kept) * picture + mean((1 - kept) * middle), np.float32)
