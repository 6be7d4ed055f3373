"""Completes an albedo: what the photo shows stays; what it hides comes from the best source at hand, in this order.

1. low frequency: the morphable model's albedo, corrected by what the visible skin (or its mirror) says;
2. detail: the face's own, then its own mirror's, then a random-phase texture of its own plain skin (Galerne et al. 2011);
   brows, lids and lips that are hidden on both sides come from the mean face;
3. polish: plain skin of the face that is hidden on both sides is moved, by L-BFGS, until the face carries the wanted
   correlations (Saito 2017, equation 5, with features left out and all other texels held), or until the target's own
   uncertainty is reached. A mirror is not polished: it is nearer to the truth than what correlations make of it (measured).
"""

import numpy as np
from facetex_model_zoo import model_path
from jaxtyping import Float32

from facetex_core import Descriptor, Fit, Texture, hookimpl
from facetex_core.crop import NO_SKIN, face_slices, plain_skin, region, skin_texels
from facetex_core.fill import fill_smooth
from facetex_core.gram_match import BLOCK, match_correlations
from facetex_core.lazy import cv2
from facetex_core.masked_blur import blur_where
from facetex_core.onnx_torch import read_network
from facetex_core.progress import report_progress
from facetex_core.random_phase import random_phase_texture

SMOOTH = 0.012
"""Blur between low frequency and detail, as a share of the map (six texels at 512)."""
NEAR = 0.03
"""How far (blur, as a share of the map) visible skin tells the colour of hidden skin beside it."""
PORES = 0.004
"""Blur that a random-phase texture may not exceed, as a share of the map: spots larger than pores would be a pattern."""
POLISHED_SIZE = 512
"""The map's size at which correlations are matched: the bank's."""
BROAD = 13
"""Texels at the bank's size: hidden parts narrower than this are not polished."""
WORTH_POLISHING = 0.01
"""Share of the face's box; a rim of a few texels carries no correlations."""
FEATHER = 0.016
"""Width of the border over which own skin fades, as a share of the map."""
SURE = 0.35
"""Visibility from which a texel is kept as it is; below, it fades into the next source."""
NOSTRILS = np.array([0.35, 0.2, 0.17], np.float32)
"""What is left of the skin's colour inside of a nostril: light that has been reflected by red flesh several times."""
_DARKEST = 0.004


@hookimpl
def synthesizers() -> dict[str, type]:
    """The default."""
    return {"complete": CompleteSynthesizer}


class CompleteSynthesizer:
    """Own texels, own mirror, own skin's texture; polished for `polish_iterations` or until the loss falls below `enough`.

    `layers` are those whose correlations are matched: from conv3_1 on they carry folds, which run over the cheeks as worms.
    """

    def __init__(
        self, polish_iterations: int = 16, enough: float = 0.01, layers: str = "conv1_1,conv2_1", device: str = "cpu"
    ) -> None:
        self.polish_iterations, self.enough, self.device = polish_iterations, enough, device
        self.layers = tuple(layers.split(","))

    def synthesize(self, albedo: Texture, wanted: Descriptor, fit: Fit, rng: np.random.Generator) -> Texture:
        """The whole albedo; its visibility is the photo's."""
        own = trust(albedo, fit)
        base = low_frequency(albedo, own, fit)
        detail = self._detail(albedo, own, base, fit, rng)
        rgb = np.clip(base * np.exp(detail), _DARKEST, 1).astype(np.float32)
        rgb = own[..., None] * albedo.rgb + (1 - own[..., None]) * rgb
        if self.polish_iterations:
            rgb = self._polish(rgb, own, wanted, fit)
        rgb = self._darken_nostrils(rgb, own, fit)
        rgb = fill_smooth(rgb.astype(np.float32), skin_texels(fit.model, albedo.size).inside.astype(np.float32))
        return Texture(np.clip(rgb, 0, 1).astype(np.float32), albedo.visibility)

    def _darken_nostrils(self, rgb: np.ndarray, own: np.ndarray, fit: Fit) -> Float32[np.ndarray, "size size 3"]:
        """No photo sees into a nose, and no renderer of a game engine darkens it by itself."""
        depth = (region(fit.model, "nostrils", len(rgb)) * (1 - own))[..., None]
        return np.asarray(rgb * (1 - depth * (1 - NOSTRILS)), np.float32)

    def _detail(
        self, albedo: Texture, own: np.ndarray, base: np.ndarray, fit: Fit, rng: np.random.Generator
    ) -> Float32[np.ndarray, "size size 3"]:
        """Log albedo over the base, from three sources; independent ones are blended to equal energy."""
        logarithm = np.log(np.maximum(albedo.rgb, _DARKEST)) - np.log(base)
        seen = np.where(own[..., None] > 0, logarithm, 0)
        mirror, mirror_own = seen[:, ::-1], own[:, ::-1]
        fine = seen - blur_where(seen, own, PORES * albedo.size)
        sample = random_phase_texture(fine, own * _away_from_features(fit, albedo.size), albedo.size, rng)
        features = region(fit.model, NO_SKIN, albedo.size)
        by_mirror = (1 - own) * mirror_own
        by_sample = (1 - own) * (1 - mirror_own) * (1 - features)
        by_mean = (1 - own) * (1 - mirror_own) * features
        energy = np.sqrt(np.maximum(own**2 + by_mirror**2 + by_sample**2 + by_mean**2, 0.25))
        parts = ((own, seen), (by_mirror, mirror), (by_sample, sample), (by_mean, _mean_detail(fit, albedo.size)))
        return np.asarray(sum((weight / energy)[..., None] * detail for weight, detail in parts), np.float32)

    def _polish(self, rgb: np.ndarray, own: np.ndarray, wanted: Descriptor, fit: Fit) -> Float32[np.ndarray, "size size 3"]:
        """Matches correlations at the bank's size, and carries the change over to the full size."""
        size = rgb.shape[0]
        small = min(size, POLISHED_SIZE)
        box = face_slices(fit.model, small, BLOCK)
        start = cv2.resize(rgb, (small, small), interpolation=cv2.INTER_AREA)[box]
        skin = plain_skin(fit.model, small)[box]
        known = cv2.resize(np.maximum(own, own[:, ::-1]), (small, small), interpolation=cv2.INTER_AREA)[box]
        hidden = _broad(skin * (1 - known))
        if hidden.mean() < WORTH_POLISHING:
            return rgb
        layers = tuple(layer for layer in wanted.correlations if layer in self.layers)
        network = read_network(model_path(wanted.network), layers, self.device)
        end = match_correlations(
            network,
            start,
            hidden,
            (skin > 0.5).astype(np.float32),
            wanted,
            iterations=self.polish_iterations,
            enough=self.enough,
            tint=False,
            progress=report_progress,
        )
        change = np.zeros((small, small, 3), np.float32)
        change[box] = np.log(np.maximum(end, _DARKEST)) - np.log(np.maximum(start, _DARKEST))
        return np.asarray(rgb * np.exp(cv2.resize(change, (size, size), interpolation=cv2.INTER_CUBIC)), np.float32)


def _mean_detail(fit: Fit, size: int) -> Float32[np.ndarray, "size size 3"]:
    """Brows, lids and lips of the mean face, in logarithms; none where the model has no albedo."""
    if fit.model.albedo is None:
        return np.zeros((size, size, 3), np.float32)
    return np.asarray(cv2.resize(fit.model.albedo.detail, (size, size), interpolation=cv2.INTER_LINEAR), np.float32)


def trust(albedo: Texture, fit: Fit) -> Float32[np.ndarray, "size size"]:
    """Where the photo's own texels are taken, 0 to 1; soft-edged on plain skin, since masks cut into shadow and hair."""
    own = np.clip(albedo.visibility / SURE, 0, 1).astype(np.float32)
    inside = cv2.distanceTransform((own > 0.5).astype(np.uint8), cv2.DIST_L2, 5) / (FEATHER * albedo.size)
    feathered = own * np.clip(inside, 0, 1) ** 2 * (3 - 2 * np.clip(inside, 0, 1))
    plain = plain_skin(fit.model, albedo.size)
    return np.asarray(plain * feathered + (1 - plain) * own, np.float32)


def low_frequency(albedo: Texture, own: np.ndarray, fit: Fit) -> Float32[np.ndarray, "size size 3"]:
    """The model's albedo, times what the visible skin differs from it; a mirror counts a tenth.

    Near the visible skin its border is continued; far from it the middle of the face's skin holds, since borders lie in
    the shade of hair and in the light that clothes throw back.
    """
    size = albedo.size
    expected = np.maximum(cv2.resize(fit.albedo, (size, size), interpolation=cv2.INTER_LINEAR), _DARKEST)
    ratio = np.where(own[..., None] > 0, np.log(np.maximum(albedo.rgb, _DARKEST)) - np.log(expected), 0)
    sure = own * albedo.visibility
    by_mirror = 0.1 * (own < 0.1) * sure[:, ::-1]
    weight = np.asarray(sure + by_mirror, np.float32)
    both = (sure[..., None] * ratio + by_mirror[..., None] * ratio[:, ::-1]) / np.maximum(weight, 1e-6)[..., None]
    sigma = SMOOTH * size
    smooth = blur_where(both.astype(np.float32), weight, sigma)
    far = np.median(ratio[(albedo.visibility > SURE) & (plain_skin(fit.model, size) > 0.5)], axis=0)
    near = np.clip(2 * cv2.GaussianBlur(weight, (0, 0), NEAR * size), 0, 1)[..., None]
    close = np.clip(4 * cv2.GaussianBlur(weight, (0, 0), sigma), 0, 1)
    filled = near * fill_smooth(smooth, close) + (1 - near) * far
    return np.asarray(expected * np.exp(filled), np.float32)


def _broad(hidden: np.ndarray) -> Float32[np.ndarray, "height width"]:
    """Without what is narrower than correlations can see: they would paint it in colours of their own."""
    opened = cv2.morphologyEx((hidden > 0.5).astype(np.float32), cv2.MORPH_OPEN, np.ones((BROAD, BROAD)))
    return np.asarray(hidden * cv2.GaussianBlur(opened, (0, 0), BROAD / 4), np.float32)


def _away_from_features(fit: Fit, size: int) -> Float32[np.ndarray, "size size"]:
    """Plain skin, a little way off anything that is not: where pores can be sampled."""
    features = cv2.GaussianBlur((plain_skin(fit.model, size) < 0.9).astype(np.float32), (0, 0), 0.008 * size)
    return (features < 0.05).astype(np.float32)
