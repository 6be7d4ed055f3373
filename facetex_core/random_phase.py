"""Random-phase textures: noise with the power spectrum and colour correlations of a sample (Galerne et al. 2011)."""

import numpy as np
from jaxtyping import Float32

SAMPLE = 1 / 12
"""Side of the sample as a share of the map."""


def random_phase_texture(
    detail: Float32[np.ndarray, "size size 3"],
    usable: Float32[np.ndarray, "size size"],
    size: int,
    rng: np.random.Generator,
) -> Float32[np.ndarray, "size size 3"]:
    """A field of the map's size that looks like the most usable square of `detail`; zero where nothing is usable.

    The sample, windowed and without its mean, is convolved with white noise: every channel with the same, so that
    colours go together as in the sample.
    """
    side = max(16, int(size * SAMPLE))
    corner = _best_square(usable, side)
    if corner is None:
        return np.zeros((size, size, 3), np.float32)
    row, column = corner
    sample = detail[row : row + side, column : column + side]
    weight = usable[row : row + side, column : column + side, None] * _window(side)
    sample = (sample - (sample * weight).sum((0, 1)) / weight.sum()) * np.sqrt(weight)
    texton = np.zeros((size, size, 3))
    texton[:side, :side] = sample / np.sqrt(weight.sum())
    noise = np.fft.rfft2(rng.standard_normal((size, size)))
    field = np.fft.irfft2(np.fft.rfft2(texton, axes=(0, 1)) * noise[..., None], (size, size), axes=(0, 1))
    return np.asarray(field, np.float32)


def _best_square(usable: np.ndarray, side: int) -> tuple[int, int] | None:
    """The corner of the square with the most usable texels; none where not even half of one is."""
    total = np.pad(usable.astype(np.float64).cumsum(0).cumsum(1), ((1, 0), (1, 0)))
    sums = total[side:, side:] - total[:-side, side:] - total[side:, :-side] + total[:-side, :-side]
    row, column = divmod(int(sums.argmax()), sums.shape[1])
    return (row, column) if sums[row, column] > side * side / 2 else None


def _window(side: int) -> np.ndarray:
    """A raised cosine: a sharp border would be a line in the texture."""
    edge = np.sin(np.pi * (np.arange(side) + 0.5) / side) ** 0.5
    return np.asarray((edge[:, None] * edge[None])[..., None])
