"""What completions of an albedo share: which texels are the photo's own, and how the others are laid beside them."""

import numpy as np
from jaxtyping import Float, Float32

from facetex_core import DelitView, Fit, Texture
from facetex_core.imaging.masked_blur import blur_where
from facetex_core.imaging.push_pull import fill_smooth
from facetex_core.lazy import cv2
from facetex_core.texture.expected_albedo import DARKEST, expected_albedo
from facetex_core.texture.regions import plain_skin, region, skin_texels
from facetex_core.texture.thresholds import SURE
from facetex_plugins.synthesize import thresholds
from facetex_plugins.synthesize.texture.random_phase import random_phase_texture

Picture = Float32[np.ndarray, "size size 3"]
Plane = Float[np.ndarray, "size size"]


def confidence(albedo: Texture, fit: Fit) -> Float32[np.ndarray, "size size"]:
    """Where the photo's own texels are taken, 0 to 1; soft-edged on plain skin, since masks cut into shadow and hair."""
    own = np.clip(albedo.visibility / SURE, 0, 1).astype(np.float32)
    inside = cv2.distanceTransform((own > 0.5).astype(np.uint8), cv2.DIST_L2, 5) / (thresholds.FEATHER * albedo.size)
    feathered = own * np.clip(inside, 0, 1) ** 2 * (3 - 2 * np.clip(inside, 0, 1))
    plain = plain_skin(fit.model, albedo.size)
    return np.asarray(plain * feathered + (1 - plain) * own, np.float32)


def low_frequency(view: DelitView, own: Plane) -> Picture:
    """The model's albedo, times what the visible skin differs from it; a mirror counts less.

    Near the visible skin its border is continued; far from it the middle of the face's skin holds, since borders lie in
    the shade of hair and in the light that clothes throw back.
    """
    albedo, model = view.albedo, view.fit.model
    size = albedo.size
    expected = expected_albedo(view.appearance, size)
    ratio = np.where(own[..., None] > 0, np.log(np.maximum(albedo.rgb, DARKEST)) - np.log(expected), 0)
    sure = own * albedo.visibility
    by_mirror = thresholds.MIRROR_WEIGHT * (own < 0.1) * sure[:, ::-1]
    weight = np.asarray(sure + by_mirror, np.float32)
    both = (sure[..., None] * ratio + by_mirror[..., None] * ratio[:, ::-1]) / np.maximum(weight, 1e-6)[..., None]
    sigma = thresholds.DETAIL_BLUR * size
    smooth = blur_where(both.astype(np.float32), weight, sigma)
    clear = (albedo.visibility > SURE) & (plain_skin(model, size) > 0.5)
    far = np.median(ratio[clear], axis=0) if clear.any() else np.zeros(3)
    near = np.clip(2 * cv2.GaussianBlur(weight, (0, 0), thresholds.NEAR_SKIN * size), 0, 1)[..., None]
    close = np.clip(4 * cv2.GaussianBlur(weight, (0, 0), sigma), 0, 1)
    filled = near * fill_smooth(smooth, close) + (1 - near) * far
    lips = region(model, "lips", size)
    painted = (own > 0.5) & (lips > 0.5)
    if painted.any():  # hidden lips are coloured as those that are seen, not as the skin beside them
        hidden = (lips * (1 - close))[..., None]
        filled = hidden * np.median(ratio[painted], axis=0) + (1 - hidden) * filled
    return np.asarray(expected * np.exp(filled), np.float32)


def mean_detail(fit: Fit, size: int) -> Picture:
    """Brows, lids and lips of the mean face, in logarithms; none where the model has no albedo."""
    if fit.model.albedo is None:
        return np.zeros((size, size, 3), np.float32)
    return np.asarray(cv2.resize(fit.model.albedo.detail, (size, size), interpolation=cv2.INTER_LINEAR), np.float32)


def seen_detail(albedo: Texture, own: Plane, base: Float[np.ndarray, "size size 3"]) -> Picture:
    """Log albedo over the base, 0 where the photo shows nothing."""
    logarithm = np.log(np.maximum(albedo.rgb, DARKEST)) - np.log(base)
    return np.asarray(np.where(own[..., None] > 0, logarithm, 0), np.float32)


def noise_texture(seen: Picture, own: Plane, fit: Fit, rng: np.random.Generator) -> Picture:
    """A random-phase texture over the whole map like the face's own plain skin (Galerne et al. 2011)."""
    size = len(own)
    features = cv2.GaussianBlur((plain_skin(fit.model, size) < 0.9).astype(np.float32), (0, 0), thresholds.AWAY * size)
    usable = (own * (features < 0.05)).astype(np.float32)
    return random_phase_texture(seen - blur_where(seen, own, thresholds.LARGEST_PORE * size), usable, rng)


def darken_nostrils(rgb: Picture, own: Plane, fit: Fit) -> Picture:
    """No photo sees into a nose, and no renderer of a game engine darkens it by itself."""
    depth = (region(fit.model, "nostrils", len(rgb)) * (1 - own))[..., None]
    return np.asarray(rgb * (1 - depth * (1 - thresholds.NOSTRIL_COLOUR)), np.float32)


def completed(albedo: Texture, own: Plane, rest: Picture, fit: Fit) -> Texture:
    """Own texels over the rest; what lies between the map's islands continues them."""
    rgb = own[..., None] * albedo.rgb + (1 - own[..., None]) * np.clip(rest, DARKEST, 1)
    rgb = fill_smooth(rgb.astype(np.float32), skin_texels(fit.model, albedo.size).inside.astype(np.float32))
    return Texture(np.clip(rgb, 0, 1).astype(np.float32), albedo.visibility)
