"""Random-phase textures: noise with the power spectrum of a sample (Galerne et al. 2011), the same in all directions.

Pores have no direction; a sample's wrinkles and shadows have, and would run as grain over the whole head.
"""

import numpy as np
from jaxtyping import Float, Float32

from facetex_plugins.synthesize import thresholds

SAMPLE = 1 / 12
"""Side of the sample as a share of the map."""


def random_phase_texture(
    detail: Float32[np.ndarray, "size size 3"], usable: Float32[np.ndarray, "size size"], rng: np.random.Generator
) -> Float32[np.ndarray, "size size 3"]:
    """A field of the map's size that looks like the most usable square of `detail`; zero where nothing is usable.

    The same in all directions: pores have none; a sample's wrinkles and shadows have, and would run as grain over the head.
    White noise is filtered to the spectrum of the sample's lightness, windowed and without its mean; every channel is
    a multiple of it, as far as it goes with lightness in the sample.
    """
    size = len(detail)
    side = max(16, int(size * SAMPLE))
    corner = _best_square(usable, side)
    if corner is None:
        return np.zeros((size, size, 3), np.float32)
    row, column = corner
    sample = detail[row : row + side, column : column + side]
    weight = usable[row : row + side, column : column + side, None] * _window(side)
    sample = (sample - (sample * weight).sum((0, 1)) / weight.sum()) * np.sqrt(weight)
    noise = rng.standard_normal((size, size))
    field = np.fft.irfft2(np.fft.rfft2(noise) * _isotropic(sample.mean(-1) / np.sqrt(weight.sum()), size), (size, size))
    field *= min(1.0, thresholds.STRONGEST_PORES / max(float(field.std()), 1e-12))
    gain = (sample * sample.mean(-1, keepdims=True)).sum((0, 1)) / max(float((sample.mean(-1) ** 2).sum()), 1e-12)
    return np.asarray(field[..., None] * gain, np.float32)


def _isotropic(sample: Float[np.ndarray, "side side"], size: int) -> Float[np.ndarray, "size _"]:
    """The root mean square of the sample's spectrum on each circle of frequencies, as a filter for a field of `size`."""
    side = len(sample)
    power = np.abs(np.fft.fft2(sample)) ** 2
    each = np.hypot(np.fft.fftfreq(side)[:, None], np.fft.fftfreq(side)[None]) * side
    ring = np.minimum(np.rint(each).astype(int), side // 2)
    profile = np.bincount(ring.ravel(), power.ravel()) / np.maximum(np.bincount(ring.ravel()), 1)
    frequency = np.hypot(np.fft.fftfreq(size)[:, None], np.fft.rfftfreq(size)[None]) * side
    return np.sqrt(np.interp(frequency, np.arange(len(profile)), profile))


def _best_square(usable: Float[np.ndarray, "size size"], side: int) -> tuple[int, int] | None:
    """The corner of the square with the most usable texels; none where not even half of one is."""
    total = np.pad(usable.astype(np.float64).cumsum(0).cumsum(1), ((1, 0), (1, 0)))
    sums = total[side:, side:] - total[:-side, side:] - total[side:, :-side] + total[:-side, :-side]
    row, column = divmod(int(sums.argmax()), sums.shape[1])
    return (row, column) if sums[row, column] > side * side / 2 else None


def _window(side: int) -> Float[np.ndarray, "side side 1"]:
    """A raised cosine: a sharp border would be a line in the texture."""
    edge = np.sin(np.pi * (np.arange(side) + 0.5) / side) ** 0.5
    return np.asarray((edge[:, None] * edge[None])[..., None])
