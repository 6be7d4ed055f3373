"""The skin's low-frequency colour over a whole map."""

import numpy as np
from jaxtyping import Float32

from facetex_core.lazy import cv2
from facetex_core.structures import Appearance

DARKEST = 0.004
"""Linear; below, logarithms of an albedo mean nothing."""


def expected_albedo(appearance: Appearance, size: int) -> Float32[np.ndarray, "size size 3"]:
    """The low-frequency albedo over a map of `size` texels, linear."""
    return np.maximum(cv2.resize(appearance.albedo, (size, size), interpolation=cv2.INTER_LINEAR), DARKEST)
