"""Descriptor extractor by a steerable pyramid: the joint statistics of its bands (Portilla and Simoncelli 2000).

Bands are polar-separable in frequency, B_k(r, t) = H(r) cos(t - pi k / K)^(K - 1) on the half plane around pi k / K, so
that their real parts are the pyramid's responses and their magnitudes local energies. The correlations of a scale,
G = F F^T / M, hold responses and magnitudes of all orientations and colours, and the magnitudes of the next coarser scale.
"""

from typing import Annotated

import numpy as np
from jaxtyping import Complex, Float, Float32, Float64

from facetex_core import Descriptor, Meta, Texture, hookimpl
from facetex_core.descriptors.masked_features import describe_features, fill_and_pad
from facetex_core.lazy import cv2

COLOURS = np.array([[1, 1, 1], [1, 0, -1], [1, -2, 1]]) / np.sqrt([[3], [2], [6]])
"""Lightness and two differences, orthonormal."""

Bands = Complex[np.ndarray, "colours orientations _ _"]
"""Of one scale; scales differ in size."""

api_version = 2

Plane = Float64[np.ndarray, "height width"]


@hookimpl
def descriptor_extractors() -> dict[str, type]:
    """Needs no model."""
    return {"pyramid": PyramidExtractor}


class PyramidExtractor:
    """Responses and magnitudes of a steerable pyramid, and the colours of its lowpass residual."""

    def __init__(
        self,
        scales: Annotated[int, Meta(ge=1, description="octaves of the pyramid")] = 3,
        orientations: Annotated[int, Meta(ge=1, description="filter directions per octave")] = 4,
        margin: Annotated[int, Meta(ge=0, description="texels around a hidden one that are ignored")] = 8,
    ) -> None:
        self.scales, self.orientations, self.margin = scales, orientations, margin

    def describe(
        self, texture: Texture, windows: Float32[np.ndarray, "windows size size"] | None = None
    ) -> tuple[Descriptor, ...]:
        """One descriptor a window; layers band1, band2, ... from fine to coarse, and low."""
        step = 2**self.scales
        levels, low = self._pyramid(fill_and_pad(texture, step) @ COLOURS.T)
        features = {f"band{number}": _features(*pair) for number, pair in enumerate(_with_parents(levels), 1)}
        features["low"] = np.ascontiguousarray(low, np.float32)
        name = f"pyramid-{self.scales}x{self.orientations}"
        return describe_features(name, features, texture, windows, margin=self.margin, step=step)

    def _pyramid(
        self, picture: Float[np.ndarray, "size size colours"]
    ) -> tuple[list[Bands], Float64[np.ndarray, "colours _ _"]]:
        """The bands of each scale, and what is below them all; each scale has half the sides of the one before."""
        spectrum = np.fft.fftshift(np.fft.fft2(picture.transpose(2, 0, 1)), axes=(1, 2))
        levels = []
        for _ in range(self.scales):
            radius, angle = _polar(spectrum.shape[-1])
            passing = _low(radius, np.pi / 2)
            high = spectrum * np.sqrt(1 - passing**2) * _low(radius, 2 * np.pi)
            levels.append(np.stack([_inverse(high * self._towards(angle, k)) for k in range(self.orientations)], 1))
            quarter = spectrum.shape[-1] // 4
            middle = slice(quarter, spectrum.shape[-1] - quarter)
            spectrum = (spectrum * passing)[:, middle, middle] / 4
        return levels, _inverse(spectrum).real

    def _towards(self, angle: Plane, k: int) -> Plane:
        return 2 * np.maximum(np.cos(angle - np.pi * k / self.orientations), 0) ** (self.orientations - 1)


def _with_parents(levels: list[Bands]) -> list[tuple[Bands, Float64[np.ndarray, "colours orientations _ _"] | None]]:
    """Each scale with the magnitudes of the next coarser one at its own size."""
    parents = []
    for level, coarser in zip(levels, [*levels[1:], None], strict=True):
        side = level.shape[-1]
        magnitudes = np.abs(coarser).reshape(-1, *coarser.shape[2:]) if coarser is not None else []
        large = [cv2.resize(each, (side, side), interpolation=cv2.INTER_LINEAR) for each in magnitudes]
        parents.append((level, np.stack(large).reshape(*level.shape) if large else None))
    return parents


def _features(
    level: Bands, parent: Float[np.ndarray, "colours orientations height width"] | None
) -> Float32[np.ndarray, "channels height width"]:
    parts = [level.real, np.abs(level), *([parent] if parent is not None else [])]
    return np.concatenate([part.reshape(-1, *level.shape[2:]) for part in parts]).astype(np.float32)


def _polar(size: int) -> tuple[Plane, Plane]:
    """Angular frequency and direction of every place of a centred spectrum."""
    steps = 2 * np.pi * np.fft.fftshift(np.fft.fftfreq(size))
    x, y = np.meshgrid(steps, steps)
    return np.hypot(x, y), np.arctan2(y, x)


def _low(radius: Plane, cut: float) -> Plane:
    """1 up to half the cut, 0 from the cut on, a raised cosine of the octave between."""
    octave = np.clip(np.log2(np.maximum(2 * radius / cut, 1e-12)), 0, 1)
    return np.cos(np.pi / 2 * octave)


def _inverse(spectrum: Complex[np.ndarray, "*many height width"]) -> Complex[np.ndarray, "*many height width"]:
    return np.fft.ifft2(np.fft.ifftshift(spectrum, axes=(-2, -1)))
