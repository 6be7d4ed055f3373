"""Detail over the low frequency by a small trained network; model_zoo/cards/feedforward.md.

It is given what the photo shows, its mirror, the mean face's features, a random-phase texture of the face's own skin
(Galerne et al. 2011), white noise, and the wanted correlations, of which it reads the energy along their principal directions
over many faces. It says for every texel by how much each octave of these is to be stronger or weaker, and what is to be added.

It works on a map of 512 texels, the bank's size. On larger maps the octaves above are those of the mirror and of the own
skin's texture, as strong as the decoder made the octave below.
"""

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from jaxtyping import Float, Float32

from facetex_core import Descriptor, Fit
from facetex_core.imaging.resize import resized
from facetex_core.io.onnx_session import open_session
from facetex_core.lazy import cv2
from facetex_core.texture.regions import NO_SKIN, region
from facetex_plugins.synthesize.texture.completion import mean_detail
from facetex_plugins.synthesize.thresholds import DECODED_RIM, NOSTRIL_BORDER, OCTAVE_BLUR, STRONGEST_OCTAVE

if TYPE_CHECKING:
    import onnxruntime

NETWORK = "descriptor"
"""Whose correlations the decoder was trained to carry."""
DECODER_SIZE = 512
"""Texels of the map that it works on: the bank's."""
FAINTEST_TEXTURE = 1e-3
"""Deviation of log lightness that is no texture."""

Plane = Float32[np.ndarray, "size size"]
Picture = Float32[np.ndarray, "size size 3"]


@dataclass(frozen=True, eq=False, slots=True)
class Sources:
    """What a face shows of itself, over its whole map."""

    base: Picture
    """Its low frequency, linear."""
    own: Plane
    """Where the photo's own texels are taken, 0 to 1."""
    seen: Picture
    """Log albedo over the base, 0 where the photo shows nothing."""
    noise_texture: Picture
    """A random texture of its own skin, in logarithms."""

    def plain(self, fit: Fit) -> Picture:
        """Log detail without a decoder: own skin, its mirror, its texture where both are hidden."""
        mirror = (1 - self.own) * self.own[:, ::-1]
        unknown = (1 - self.own - mirror) * (1 - region(fit.model, NO_SKIN, len(self.own)))
        parts = ((self.own, self.seen), (mirror, self.seen[:, ::-1]), (unknown, self.noise_texture))
        return np.asarray(sum(weight[..., None] * detail for weight, detail in parts), np.float32)


class Decoder:
    """The network of a file, opened when it is first asked."""

    def __init__(self, file: Path, device: str = "cpu") -> None:
        """`device`: cpu or cuda."""
        self.file, self.device = file, device

    @cached_property
    def layers(self) -> tuple[str, ...]:
        """Whose correlations it reads."""
        return tuple(each.name for each in self._session.get_inputs()[2:])

    def reads(self, wanted: Descriptor) -> bool:
        """Whether it was trained for such correlations."""
        return wanted.network == NETWORK and all(layer in wanted.correlations for layer in self.layers)

    def detail(self, sources: Sources, wanted: Descriptor, fit: Fit, rng: np.random.Generator) -> Picture:
        """Log albedo over the base, at the sources' size."""
        size = len(sources.own)
        decoded = self._decode(sources, wanted, fit, rng)
        if size <= DECODER_SIZE:
            return _resized(decoded, size)
        return np.asarray(_resized(decoded, size) + _finer_octaves(decoded.mean(-1), sources.plain(fit)), np.float32)

    def _decode(self, sources: Sources, wanted: Descriptor, fit: Fit, rng: np.random.Generator) -> Picture:
        """The same at the decoder's size."""
        shown = _resized(sources.own, DECODER_SIZE)
        maps = decoder_maps(
            _resized(np.log(sources.base), DECODER_SIZE),
            _resized(sources.own[..., None] * sources.seen, DECODER_SIZE) / np.maximum(shown, 1e-3)[..., None],
            shown,
            _resized(sources.noise_texture, DECODER_SIZE),
            mean_detail(fit, DECODER_SIZE),
            region(fit.model, NO_SKIN, DECODER_SIZE),
        )
        noise = rng.standard_normal((1, 1, DECODER_SIZE, DECODER_SIZE)).astype(np.float32)
        correlations = {layer: wanted.correlations[layer][None] for layer in self.layers}
        (detail,) = self._session.run(None, {"maps": maps[None], "noise": noise, **correlations})
        return np.asarray(detail[0].transpose(1, 2, 0), np.float32)

    @cached_property
    def _session(self) -> "onnxruntime.InferenceSession":
        return open_session(self.file, self.device)


def decoder_maps(
    low: Picture, seen: Picture, own: Plane, grain: Picture, mean: Picture, features: Plane
) -> Float32[np.ndarray, "channels height width"]:
    """What the decoder is given: `low` is the base's logarithm; the middle column is the face's."""
    mine = own[..., None]
    mirror = mine[:, ::-1] * (1 - mine)
    planes = (low, mine * seen, mine, mirror * seen[:, ::-1], mirror, mean, features[..., None], grain)
    return np.ascontiguousarray(np.concatenate(planes, -1).transpose(2, 0, 1), np.float32)


def decoded_part(fit: Fit, size: int) -> Plane:
    """How often, about, portraits show a texel: 1 in the middle of the face, 0 on scalp, neck, ears and inside of nostrils."""
    inside = cv2.GaussianBlur(region(fit.model, "face", DECODER_SIZE), (0, 0), DECODED_RIM * DECODER_SIZE)
    nostrils = cv2.GaussianBlur(region(fit.model, "nostrils", DECODER_SIZE), (0, 0), NOSTRIL_BORDER * DECODER_SIZE)
    part = np.clip(3 * inside - 2, 0, 1) * (1 - np.clip(4 * nostrils, 0, 1))
    return np.asarray(cv2.resize(part, (size, size), interpolation=cv2.INTER_LINEAR), np.float32)


def _finer_octaves(decoded: Plane, plain: Float32[np.ndarray, "rows columns 3"]) -> Float32[np.ndarray, "rows columns 3"]:
    """What `plain` has beyond the decoder's resolution, as strong as the decoder's finest octave is beside that of `plain`."""
    coarse = _resized(plain, DECODER_SIZE)
    made, given = (_strength(light) for light in (decoded, coarse.mean(-1)))
    factor = _resized(np.minimum(made / given, STRONGEST_OCTAVE), len(plain))
    return np.asarray(factor[..., None] * (plain - _resized(coarse, len(plain))), np.float32)


def _strength(light: Plane) -> Plane:
    """Deviation of the finest octave around each texel."""
    fine = light - cv2.GaussianBlur(light, (0, 0), 1)
    return np.asarray(np.sqrt(cv2.GaussianBlur(fine**2, (0, 0), OCTAVE_BLUR)) + FAINTEST_TEXTURE, np.float32)


def _resized(picture: Float[np.ndarray, "height width *channels"], size: int) -> Float32[np.ndarray, "size size *channels"]:
    return resized(np.asarray(picture, np.float32), (size, size), smooth=True)
