"""Learns the low-frequency albedo of skin over the UV map from partial albedos: mean and modes of log albedo.

The broad modes of tone come first: two hundred portraits are no sample of mankind, and their spread would draw every
skin to their mean. The others are principal components of incomplete data: texels that a portrait hides are taken from
its mirror, then from the model itself, in turns. The mean face at full resolution is kept beside it, for brows and lips
that no photo shows.
"""

from collections.abc import Sequence

import click
import cv2
import numpy as np
from facetex_model_zoo import model_path
from jaxtyping import Float, Float32

from facetex_core.geometry.model_file import load_morphable_model
from facetex_core.imaging.masked_blur import blur_where
from facetex_core.imaging.push_pull import fill_smooth
from facetex_core.lighting.estimate_lighting import SIZE
from facetex_core.lighting.thresholds import SKIN_TONES
from facetex_core.structures import MorphableModel, Texture
from facetex_core.texture.regions import plain_skin, region
from training.common.data import save_arrays
from training.common.portraits import load_textures
from training.common.steps import Run
from training.skin_albedo.data import FINEST, Settings, Values, Weights, incomplete

SEEN_BY = 0.3
"""Mean weight from which a texel is learned; below it is continued from its surroundings."""
BAKED = 0.6
"""Share of the mean's lightness over plain skin that is taken for the shade of smiling faces lit from above."""
NOISE = 0.15
"""Deviation of a log albedo from what mean and modes can be."""
DETAIL = 512
"""Texels of the mean face at full resolution."""

Row = Float[np.ndarray, " values"]
Modes = Float[np.ndarray, "modes values"]
Picture = Float32[np.ndarray, "size size 3"]
Plane = Float[np.ndarray, "size size"]


def symmetric(flat: Float[np.ndarray, "*faces values"], size: int) -> Float[np.ndarray, "*faces values"]:
    """Skin has no left: what differs between the sides is light."""
    picture = flat.reshape(-1, size, size, 3)
    return ((picture + picture[:, :, ::-1]) / 2).reshape(flat.shape)


def mean_of(values: Values, weights: Weights) -> Row:
    """Of what is known."""
    thrice = np.repeat(weights, 3, axis=1)
    return (values * thrice).sum(0) / np.maximum(thrice.sum(0), 1e-3)


def principal_modes(values: Values, weights: Weights, modes: int, rounds: int, size: int) -> tuple[Row, Modes]:
    """Mean, and modes as long as one standard deviation, by filling in what the model says until it settles."""
    known = (weights.mean(0) > SEEN_BY).astype(np.float32).reshape(size, size)
    mean = fill_smooth(mean_of(values, weights).reshape(size, size, 3).astype(np.float32), known).ravel()
    weights = np.repeat(weights, 3, axis=1)
    filled, weights = np.where(weights > 0.05, values, mean), weights.clip(0, 1)
    for _ in range(rounds):
        filled = symmetric(filled, size)
        mean = filled.mean(0)
        _, lengths, turns = np.linalg.svd(filled - mean, full_matrices=False)
        scaled = turns[:modes] * lengths[:modes, None] / np.sqrt(len(values))
        rebuilt = np.stack([nearest(row, known, mean, scaled) for row, known in zip(values, weights, strict=True)])
        filled = weights * values + (1 - weights) * rebuilt
    return mean, scaled


def nearest(row: Row, weights: Row, mean: Row, modes: Modes) -> Row:
    """The likeliest face of the model, by what is known of one."""
    system = (modes * weights) @ modes.T + NOISE**2 * np.eye(len(modes))
    return mean + np.linalg.solve(system, (modes * weights) @ (row - mean)) @ modes


def without_shade(mean: Picture, seen: Plane, plain: Plane) -> Picture:
    """The mean, its plain skin drawn to one lightness: what every portrait shades alike looks like pigment."""
    lightness = mean.mean(-1)
    level = np.average(lightness, weights=seen * plain + 1e-6)
    return (mean - (BAKED * plain * (lightness - level))[..., None]).astype(np.float32)


def mean_detail(textures: Sequence[Texture], model: MorphableModel, size: int) -> Picture:
    """The mean face over its own low frequency, in logarithms: brows, lids, lips, nostrils."""
    values, weights = incomplete(textures, size, 0)
    mean = symmetric(mean_of(values, weights), size).reshape(size, size, 3).astype(np.float32)
    seen = np.clip(weights.mean(0).reshape(size, size) * 4, 0, 1).astype(np.float32)
    return np.asarray((mean - blur_where(mean, seen, 0.012 * size)) * (seen * region(model, "face", size))[..., None])


def albedo_arrays(textures: Sequence[Texture], model: MorphableModel, settings: Settings) -> dict[str, np.ndarray]:
    """What the file holds; mean and modes are continued smoothly over what no portrait shows (scalp, neck)."""
    values, weights = incomplete(textures, SIZE, FINEST)
    mean, modes = principal_modes(values, weights, settings.modes, settings.rounds, SIZE)
    seen = (weights.mean(0).reshape(SIZE, SIZE) > SEEN_BY).astype(np.float32)
    seen = cv2.GaussianBlur(cv2.erode(seen, np.ones((3, 3))), (0, 0), 1.0)
    mean = without_shade(mean.reshape(SIZE, SIZE, 3).astype(np.float32), seen, plain_skin(model, SIZE))
    tones = np.broadcast_to(SKIN_TONES[:, None, None], (len(SKIN_TONES), SIZE, SIZE, 3))
    pictures = modes.reshape(-1, SIZE, SIZE, 3).astype(np.float32)
    return {
        "mean": fill_smooth(mean, seen).astype(np.float16),
        "modes": np.concatenate([tones, np.stack([fill_smooth(mode, seen) for mode in pictures])]).astype(np.float16),
        "detail": mean_detail(textures, model, DETAIL).astype(np.float16),
    }


def learn(run: Run[Settings]) -> None:
    """Writes skin_albedo.npz."""
    textures = load_textures(run.work / "bank")
    arrays = albedo_arrays(textures, load_morphable_model(model_path("face_basis")), run.settings)
    save_arrays(run.work / "skin_albedo.npz", arrays, compressed=True)
    click.echo(f"{len(textures)} faces, {len(arrays['modes'])} modes")
