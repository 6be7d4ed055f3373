"""A decoder of our own lays detail over the low frequency in one pass: no optimisation, seconds instead of minutes.

It is given what the photo shows, its mirror, the mean face's features, a random-phase texture of the face's own skin
(Galerne et al. 2011), white noise, and the wanted correlations, of which it reads the energy along their principal directions
over many faces. It says for every texel by how much each octave of these is to be stronger or weaker, and what is to be
added. It was trained on hidden parts of portraits, so that the skin carries the wanted correlations and, where the mirror is
seen, is near to the truth; model_zoo/cards/feedforward.md.

It works on a map of 512 texels, the bank's size. On larger maps the octaves above are those of the mirror and of the own
skin's texture, as strong as the decoder made the octave below. Scalp, neck and ears, which portraits hardly show, have
mirror and texture alone.
"""

from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
from facetex_model_zoo import model_path
from jaxtyping import Float32

from facetex_core import ConfigError, Descriptor, Fit, Texture, hookimpl
from facetex_core.crop import NO_SKIN, region
from facetex_core.lazy import cv2
from facetex_core.onnx_session import open_session
from facetex_core.synthesis.completion import (
    DARKEST,
    completed,
    darken_nostrils,
    low_frequency,
    mean_detail,
    own_grain,
    seen_detail,
    trust,
)

if TYPE_CHECKING:
    import onnxruntime

NETWORK = "descriptor"
"""Whose correlations the decoder was trained to carry."""
SIZE = 512
"""Texels of the map that it works on: the bank's."""
RIM = 0.03
"""Blur of the border between face and head, as a share of the map: portraits hardly show what lies there."""
PATCH = 8
"""Blur in texels under which the strength of an octave is taken."""
STRONGEST = 1.5
"""The largest factor of the octaves above the decoder's."""
FAINTEST = 1e-3
"""Deviation of log lightness that is no texture."""

Plane = Float32[np.ndarray, "height width"]
Picture = Float32[np.ndarray, "height width 3"]
Grams = dict[str, Float32[np.ndarray, "1 _ _"]]
"""Correlations by the decoder's inputs."""


@hookimpl
def synthesizers() -> dict[str, type]:
    """One."""
    return {"feedforward": FeedforwardSynthesizer}


class FeedforwardSynthesizer:
    """Own texels, the rest from a small network trained to carry the wanted correlations: seconds at any size."""

    def __init__(self, device: str = "cpu") -> None:
        """`device`: cpu or cuda."""
        self.device = device

    def synthesize(self, albedo: Texture, wanted: Descriptor, fit: Fit, rng: np.random.Generator) -> Texture:
        """The whole albedo; descriptors of another network than the decoder was trained for are refused."""
        grams = self._grams(wanted)
        own = trust(albedo, fit)
        base = low_frequency(albedo, own, fit)
        seen = seen_detail(albedo, own, base)
        grain = own_grain(seen, own, fit, rng)
        decoded, plain = self._decode((base, seen, own, grain), grams, fit, rng), _plain(seen, own, grain, fit)
        detail = _resized(decoded, albedo.size)
        if albedo.size > SIZE:
            detail = detail + _finer_octaves(decoded.mean(-1), plain)
        inside = cv2.GaussianBlur(region(fit.model, "face", albedo.size), (0, 0), RIM * albedo.size)
        inside = np.clip(2 * inside - 1, 0, 1)[..., None]
        detail = inside * detail + (1 - inside) * plain
        rest = darken_nostrils(np.clip(base * np.exp(detail), DARKEST, 1), own, fit)
        return completed(albedo, own, rest, fit)

    def _decode(
        self, sources: tuple[Picture, Picture, Plane, Picture], grams: Grams, fit: Fit, rng: np.random.Generator
    ) -> Float32[np.ndarray, "rows columns 3"]:
        """Log light over the base at the decoder's size, from base, own detail, where it is seen, and texture at any."""
        base, seen, own, grain = sources
        shown = _resized(own, SIZE)
        maps = decoder_maps(
            _resized(np.log(base), SIZE),
            _resized(own[..., None] * seen, SIZE) / np.maximum(shown, 1e-3)[..., None],
            shown,
            _resized(grain, SIZE),
            mean_detail(fit, SIZE),
            region(fit.model, NO_SKIN, SIZE),
        )
        noise = rng.standard_normal((1, 1, SIZE, SIZE)).astype(np.float32)
        (detail,) = self._session.run(None, {"maps": maps[None], "noise": noise, **grams})
        return np.asarray(detail[0].transpose(1, 2, 0), np.float32)

    def _grams(self, wanted: Descriptor) -> Grams:
        """The correlations that the decoder reads, by its inputs."""
        layers = [each.name for each in self._session.get_inputs()[2:]]
        if wanted.network != NETWORK or any(layer not in wanted.correlations for layer in layers):
            raise ConfigError(
                f"feedforward was trained for the layers {', '.join(layers)} of {NETWORK!r}, and this run's descriptor makes "
                f"{', '.join(wanted.correlations)} of {wanted.network!r}; take the descriptor small with a bank of it, "
                "or the synthesizer complete"
            )
        return {layer: wanted.correlations[layer][None] for layer in layers}

    @cached_property
    def _session(self) -> "onnxruntime.InferenceSession":
        return open_session(model_path("feedforward"), self.device)


def decoder_maps(
    low: Picture, seen: Picture, own: Plane, grain: Picture, mean: Picture, features: Plane
) -> Float32[np.ndarray, "channels height width"]:
    """What the decoder is given: `low` is the base's logarithm; the middle column is the face's."""
    mine = own[..., None]
    mirror = mine[:, ::-1] * (1 - mine)
    planes = (low, mine * seen, mine, mirror * seen[:, ::-1], mirror, mean, features[..., None], grain)
    return np.ascontiguousarray(np.concatenate(planes, -1).transpose(2, 0, 1), np.float32)


def _plain(seen: Picture, own: Plane, grain: Picture, fit: Fit) -> Picture:
    """What the decoder begins with: own skin, its mirror, its texture where both are hidden."""
    mirror = (1 - own) * own[:, ::-1]
    unknown = (1 - own - mirror) * (1 - region(fit.model, NO_SKIN, len(own)))
    return np.asarray(own[..., None] * seen + mirror[..., None] * seen[:, ::-1] + unknown[..., None] * grain, np.float32)


def _finer_octaves(decoded: Plane, plain: Float32[np.ndarray, "rows columns 3"]) -> Float32[np.ndarray, "rows columns 3"]:
    """What `plain` has beyond the decoder's resolution, as strong as the decoder's finest octave is beside that of `plain`."""
    coarse = _resized(plain, SIZE)
    made, given = (_strength(light) for light in (decoded, coarse.mean(-1)))
    factor = _resized(np.minimum(made / given, STRONGEST), len(plain))
    return np.asarray(factor[..., None] * (plain - _resized(coarse, len(plain))), np.float32)


def _strength(light: Plane) -> Plane:
    """Deviation of the finest octave around each texel."""
    fine = light - cv2.GaussianBlur(light, (0, 0), 1)
    return np.asarray(np.sqrt(cv2.GaussianBlur(fine**2, (0, 0), PATCH)) + FAINTEST, np.float32)


def _resized(picture: np.ndarray, size: int) -> np.ndarray:
    how = cv2.INTER_AREA if size < len(picture) else cv2.INTER_CUBIC
    return np.asarray(cv2.resize(np.ascontiguousarray(picture, np.float32), (size, size), interpolation=how))
