"""How near the albedo model comes to the low-frequency albedo of faces that it has not seen."""

from collections.abc import Iterator

import click
import numpy as np
from facetex_model_zoo import model_path
from jaxtyping import Float

from facetex_core.geometry.model_file import load_morphable_model
from facetex_core.lighting.estimate_lighting import SIZE
from facetex_core.lighting.thresholds import SKIN_TONES
from facetex_core.texture.regions import face_slices
from training.common.making import needed
from training.common.portraits import load_textures
from training.common.steps import Run
from training.skin_albedo.data import FINEST, Settings, Values, Weights, incomplete
from training.skin_albedo.train import Modes, Row, nearest


def error(values: Values, shown: Weights, judged: Weights, mean: Row, modes: Modes) -> float:
    """Root mean square of what the likeliest faces by the weights `shown` miss of log albedo, over the weights `judged`."""
    pairs = zip(values, np.repeat(shown, 3, axis=1), strict=True)
    missed = values - np.stack([nearest(row, known, mean, modes) for row, known in pairs])
    return float(np.sqrt(np.average(missed**2, weights=np.repeat(judged, 3, axis=1))))


def lower_face() -> Float[np.ndarray, " texels"]:
    """1 in the lower half of the face's box and below."""
    rows, _ = face_slices(load_morphable_model(model_path("face_basis")), SIZE)
    return np.repeat(np.arange(SIZE) >= (rows.start + rows.stop) / 2, SIZE).astype(np.float32)


def lines(values: Values, weights: Weights, mean: Row, modes: Modes) -> Iterator[str]:
    """A line a question: by the mean alone, by the broad tones, by all modes."""
    lower = lower_face()
    parts = {"all that is seen": (weights, weights), "lower half from the upper": (weights * (1 - lower), weights * lower)}
    for name, (shown, judged) in parts.items():
        errors = [error(values, shown, judged, mean, modes[:count]) for count in (0, len(SKIN_TONES), len(modes))]
        yield f"{name}: mean {errors[0]:.3f}, tones {errors[1]:.3f}, all modes {errors[2]:.3f}"


def report(run: Run[Settings]) -> None:
    """On the portraits of photos/dev."""
    with np.load(run.made_or_shipped("skin_albedo.npz"), allow_pickle=False) as arrays:
        mean, modes = (arrays[name].astype(np.float32) for name in ("mean", "modes"))
    textures = load_textures(needed(run.work / "dev", "skin_albedo textures"))
    values, weights = incomplete(textures, SIZE, FINEST)
    click.echo(f"{len(textures)} faces; log albedo off by")
    for line in lines(values, weights, mean.ravel(), modes.reshape(len(modes), -1)):
        click.echo(line)
