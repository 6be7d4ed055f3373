"""Smooth filling of holes: a Gaussian pyramid of known colours, pushed down and pulled up (push-pull, Gortler 1996)."""

import numpy as np
from jaxtyping import Float, Float32

from facetex_core.lazy import cv2

SMALLEST_LEVEL = 2
"""Pixels along the shorter side of the coarsest level."""

Colour = Float[np.ndarray, "height width 3"]
Known = Float[np.ndarray, "height width"]


def fill_smooth(
    rgb: Float32[np.ndarray, "height width 3"], weight: Float32[np.ndarray, "height width"]
) -> Float32[np.ndarray, "height width 3"]:
    """The picture with every pixel of weight 0 filled from the known ones around it; weight 1 stays as it is.

    Weights in between blend. No value lies outside of the known ones' range. Where nothing is known at all the result is 0.
    """
    levels = [(rgb * weight[..., None], np.asarray(weight, np.float32))]
    while min(levels[-1][1].shape) > SMALLEST_LEVEL:
        levels.append(_halve(*levels[-1]))
    filled = _divide(*levels[-1])
    for colour, known in reversed(levels[:-1]):
        share = np.clip(known, 0, 1)[..., None]
        coarser = cv2.resize(filled, known.shape[::-1], interpolation=cv2.INTER_LINEAR)
        filled = share * _divide(colour, known) + (1 - share) * coarser
    filled = np.where(weight[..., None] >= 1, rgb, filled)
    known = rgb[weight > 0]
    return np.clip(filled, known.min(), known.max()).astype(np.float32) if known.size else filled.astype(np.float32)


def _halve(
    colour: Colour, known: Known
) -> tuple[Float[np.ndarray, "half_height half_width 3"], Float[np.ndarray, "half_height half_width"]]:
    """The next coarser level; a pixel of it is wholly known as soon as one of its four is."""
    size = (-(-known.shape[1] // 2), -(-known.shape[0] // 2))
    blurred = [cv2.GaussianBlur(each, (5, 5), 1.0, borderType=cv2.BORDER_REFLECT_101) for each in (colour, known)]
    colour, known = (cv2.resize(each, size, interpolation=cv2.INTER_AREA) for each in blurred)
    raised = np.minimum(4 * known, 1) / np.maximum(known, 1e-6)
    return colour * raised[..., None], known * raised


def _divide(colour: Colour, known: Known) -> Colour:
    return colour / np.maximum(known, 1e-6)[..., None]
