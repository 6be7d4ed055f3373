"""What completions of an albedo share: which texels are the photo's own, and how the others are laid beside them."""

import numpy as np
from jaxtyping import Float32

from facetex_core.crop import plain_skin, skin_texels
from facetex_core.fill import fill_smooth
from facetex_core.lazy import cv2
from facetex_core.structures import Fit, Texture

FEATHER = 0.016
"""Width of the border over which own skin fades, as a share of the map."""
SURE = 0.35
"""Visibility from which a texel is kept as it is; below, it fades into the next source."""
DARKEST = 0.004
"""Linear; below, logarithms of an albedo mean nothing."""


def trust(albedo: Texture, fit: Fit) -> Float32[np.ndarray, "size size"]:
    """Where the photo's own texels are taken, 0 to 1; soft-edged on plain skin, since masks cut into shadow and hair."""
    own = np.clip(albedo.visibility / SURE, 0, 1).astype(np.float32)
    inside = cv2.distanceTransform((own > 0.5).astype(np.uint8), cv2.DIST_L2, 5) / (FEATHER * albedo.size)
    feathered = own * np.clip(inside, 0, 1) ** 2 * (3 - 2 * np.clip(inside, 0, 1))
    plain = plain_skin(fit.model, albedo.size)
    return np.asarray(plain * feathered + (1 - plain) * own, np.float32)


def expected_albedo(fit: Fit, size: int) -> Float32[np.ndarray, "size size 3"]:
    """The fit's low-frequency albedo over a map of `size` texels, linear."""
    return np.maximum(cv2.resize(fit.albedo, (size, size), interpolation=cv2.INTER_LINEAR), DARKEST)


def completed(albedo: Texture, own: np.ndarray, rest: Float32[np.ndarray, "size size 3"], fit: Fit) -> Texture:
    """Own texels over the rest; what lies between the map's islands continues them."""
    rgb = own[..., None] * albedo.rgb + (1 - own[..., None]) * np.clip(rest, DARKEST, 1)
    rgb = fill_smooth(rgb.astype(np.float32), skin_texels(fit.model, albedo.size).inside.astype(np.float32))
    return Texture(np.clip(rgb, 0, 1).astype(np.float32), albedo.visibility)
