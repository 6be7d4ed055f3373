"""How far predicted skin is from the hidden truth: correlations, features, pixels, detail, the seam and the tone."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from jaxtyping import Float32, Float64

from facetex_core.descriptors.masked_features import LIGHTEST, erode, fill_and_pad, shrink
from facetex_core.imaging.colour import LUMINANCE, encode_srgb
from facetex_core.imaging.masked_blur import blur_where
from facetex_core.imaging.push_pull import fill_smooth
from facetex_core.io.onnx_session import open_session
from facetex_core.lazy import cv2
from facetex_core.structures import Texture
from facetex_core.texture.expected_albedo import DARKEST
from facetex_core.texture.thresholds import SURE

if TYPE_CHECKING:
    import onnxruntime


STEP = 16
"""Networks take whole multiples of this many texels."""
UNCOMPARED = 8
"""Texels from a hidden one within which a feature is not compared: what the fill can reach."""
DETAIL = 0.012
"""Blur between low frequency and detail, as a share of the map: six texels at 512."""
TONE = 0.03
"""Blur of the colours that are compared as tone, as a share of the map."""
SEAM_BLUR = 0.004
"""Blur under which the gradient across the seam is taken, as a share of the map: wider than grain, narrower than a feather."""

Features = Mapping[str, Float32[np.ndarray, "channels height width"]]
Mask = Float32[np.ndarray, "size size"]
LEAST_SQUARE = 1e-10
"""Mean square below which colours are the same: 100 dB."""


@dataclass(frozen=True, eq=False, slots=True)
class FeatureNetwork:
    """A network that looks at skin."""

    name: str
    file: Path
    layers: tuple[str, ...]
    """From fine to coarse; features are compared by the last one."""

    def features_of(self, texture: Texture) -> Features:
        """The network's features of the texture, hidden texels filled smoothly."""
        image = np.ascontiguousarray(fill_and_pad(texture, STEP).transpose(2, 0, 1)[None])
        found = _session(self.file).run(list(self.layers), {"image": image})
        return {layer: feature[0] for layer, feature in zip(self.layers, found, strict=True)}


@lru_cache(maxsize=4)
def _session(file: Path) -> "onnxruntime.InferenceSession":
    return open_session(file)


@dataclass(frozen=True, eq=False, slots=True)
class Truth:
    """The face's box of an albedo, and which of it the prediction was not shown."""

    texture: Texture
    hidden: Mask
    """1 where the prediction was not shown it."""
    skin: Mask
    """1 on plain skin, 0 on brows, lids, lips and nostrils."""
    unit: int
    """Texels along one side of the whole map, which widths are shares of."""
    features: Mapping[str, Features]
    """By network."""

    @property
    def judged(self) -> Mask:
        """1 where it was hidden and is surely known."""
        return self.hidden * (self.texture.visibility > SURE)


def hidden_errors(
    truth: Truth, found: Float32[np.ndarray, "size size 3"], eyes: Mapping[str, FeatureNetwork]
) -> dict[str, float]:
    """Every measure of a predicted box, by name; networks by their own and their layers'. docs/reference/leave-one-out.md."""
    seen = truth.texture.visibility > 0
    guess = Texture(np.where(seen[..., None], found, 0).astype(np.float32), truth.texture.visibility)
    judged, errors = truth.judged > 0, dict[str, float]()
    for name, eye in eyes.items():
        errors |= _feature_errors(truth, truth.features[name], eye.features_of(guess), name)
    return errors | {
        "psnr_db": psnr(guess.rgb[judged], truth.texture.rgb[judged]),
        "energy": _energy_ratio(truth, guess),
        "seam": _seam_ratio(truth, guess),
        "tone": _tone_error(truth, guess),
    }


def _feature_errors(truth: Truth, true: Features, found: Features, name: str) -> dict[str, float]:
    """Correlations of plain skin, layer by layer; features of all that is hidden, by the last layer."""
    errors = {}
    known = erode(truth.texture.visibility > 0, UNCOMPARED) * truth.judged
    spare = -len(known) % STEP
    masks = np.pad(np.stack([known * truth.skin, known]), ((0, 0), (0, spare), (0, spare)))
    for layer, features in true.items():
        skin, everything = shrink(masks, masks.shape[1] // features.shape[1])
        for what, centred in (("correlation", False), ("centred", True)):
            guess, wanted = (moments(f, skin, centred) for f in (found[layer], features))
            length = max(float(np.linalg.norm(wanted)), 1e-12)
            errors[f"{name} {what} {layer}"] = float(np.linalg.norm(guess - wanted) / length)
    off = ((found[layer] - features) ** 2 * everything).sum() / max((features**2 * everything).sum(), 1e-12)
    return {**errors, f"{name} feature": float(np.sqrt(off))}


def moments(
    feature: Float32[np.ndarray, "channels height width"], mask: Float32[np.ndarray, "height width"], centred: bool
) -> Float64[np.ndarray, "channels channels"]:
    """F diag(m) F^T / sum m, or the covariance under the mask."""
    places = np.flatnonzero(mask > LIGHTEST)
    flat = feature.reshape(len(feature), -1)[:, places].astype(np.float64)
    weight = mask.ravel()[places] / max(float(mask.ravel()[places].sum()), 1e-12)
    if centred:
        flat = flat - (flat @ weight)[:, None]
    return (flat * weight) @ flat.T


def _energy_ratio(truth: Truth, guess: Texture) -> float:
    """Mean square of log lightness over its blur on plain skin, prediction by truth."""
    where = truth.judged * truth.skin > 0.5

    def energy(texture: Texture) -> float:
        light = np.log(np.maximum(texture.rgb, DARKEST)).mean(-1, keepdims=True)
        # Blurred within what was hidden: a step at the seam is no detail.
        return float(((light - blur_where(light, where.astype(np.float32), DETAIL * truth.unit))[where] ** 2).mean())

    return energy(guess) / max(energy(truth.texture), 1e-12)


def _seam_ratio(truth: Truth, guess: Texture) -> float:
    """Mean square of the coded lightness's gradient across the border of what was hidden, prediction by truth."""
    sigma = SEAM_BLUR * truth.unit
    seen = truth.texture.visibility > 0
    side = fill_smooth(np.repeat(truth.hidden[..., None], 3, 2), seen.astype(np.float32))[..., 0]
    across = np.stack(np.gradient(cv2.GaussianBlur(side, (0, 0), 2 * sigma)))
    steep = np.hypot(*across)
    reach = erode(seen, round(2 * sigma)) > 0
    band = reach & (steep > 0.5 * steep[reach].max(initial=0)) & (steep > 0)
    if not band.any():
        return 1.0  # nothing beside the hidden part is known: no seam can be told

    def energy(texture: Texture) -> float:
        light = encode_srgb(fill_smooth(texture.rgb, seen.astype(np.float32))) @ LUMINANCE
        slope = np.stack(np.gradient(cv2.GaussianBlur(light, (0, 0), sigma)))
        return float((((slope * across).sum(0) / np.maximum(steep, 1e-12))[band] ** 2).mean())

    return energy(guess) / max(energy(truth.texture), 1e-12)


def _tone_error(truth: Truth, guess: Texture) -> float:
    """Mean CIEDE2000 distance of the smoothed colours of plain skin (Sharma et al. 2005)."""
    from skimage.color import deltaE_ciede2000

    where = truth.judged * truth.skin > 0.5
    # Here too: the photo's own colours beside it would flatter.
    smooth = [blur_where(texture.rgb, where.astype(np.float32), TONE * truth.unit) for texture in (guess, truth.texture)]
    one, other = (cv2.cvtColor(np.ascontiguousarray(each), cv2.COLOR_LRGB2LAB)[where] for each in smooth)
    return float(deltaE_ciede2000(one, other).mean())


def psnr(found: Float32[np.ndarray, "pixels 3"], true: Float32[np.ndarray, "pixels 3"]) -> float:
    """Peak signal-to-noise ratio of sRGB-coded values; not a number where there is nothing to compare."""
    from skimage.metrics import mean_squared_error

    if not len(true):
        return float("nan")
    return float(-10 * np.log10(max(mean_squared_error(encode_srgb(true), encode_srgb(found)), LEAST_SQUARE)))
