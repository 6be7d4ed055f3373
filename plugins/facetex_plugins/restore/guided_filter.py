"""Smooths a picture and keeps its outlines (He, Sun and Tang 2010), and the part of a photo that is smoothed."""

import numpy as np
from jaxtyping import Float, Float32

from facetex_core import Photo
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


def part_around(photo: Photo, box: Float[np.ndarray, "4"], around: float) -> tuple[slice, slice]:
    """Rows and columns of the photo in the box (left, top, right, bottom), grown by a share of its longer side."""
    width, height = photo.size
    more = around * float(max(box[2] - box[0], box[3] - box[1]))
    left, right = np.clip((box[0] - more, box[2] + more), 0, width).astype(int).tolist()
    top, bottom = np.clip((box[1] - more, box[3] + more), 0, height).astype(int).tolist()
    return slice(top, bottom), slice(left, right)
