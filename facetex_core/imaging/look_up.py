"""What a map holds at places between its texels."""

import numpy as np
from jaxtyping import Float, Float32

from facetex_core.lazy import cv2


def look_up(
    picture: Float32[np.ndarray, "size size *channels"], uvs: Float[np.ndarray, "points 2"]
) -> Float32[np.ndarray, "points *channels"]:
    """Bilinear; (0, 0) is the upper left corner of the upper left texel."""
    # OpenCV wants a map of fewer than 32768 rows and columns.
    places = (uvs * picture.shape[0] - 0.5).astype(np.float32)
    wide = max(-(-len(places) // 4096), 1)
    padded = np.zeros((4096 * wide, 2), np.float32)
    padded[: len(places)] = places
    found = cv2.remap(picture, padded.reshape(4096, wide, 2), None, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return found.reshape(-1, *picture.shape[2:])[: len(places)]
