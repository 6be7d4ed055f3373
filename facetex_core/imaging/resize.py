"""A picture at another size."""

import numpy as np
from jaxtyping import Shaped

from facetex_core.lazy import cv2


def resized(
    picture: Shaped[np.ndarray, "height width *channels"], size: tuple[int, int], *, smooth: bool = False
) -> Shaped[np.ndarray, "rows columns *channels"]:
    """At this width and height: pixels are averaged where it shrinks, and interpolated where it grows.

    Linearly, or `smooth`: by cubics, which overshoot at edges.
    """
    grown = cv2.INTER_CUBIC if smooth else cv2.INTER_LINEAR
    way = cv2.INTER_AREA if size[1] < picture.shape[0] else grown
    return np.asarray(cv2.resize(np.ascontiguousarray(picture), size, interpolation=way))
