"""Learns the low-frequency albedo of skin over the UV map from partial albedos: mean and modes of log albedo.

The broad modes of tone come first: two hundred portraits are no sample of mankind, and their spread would draw every
skin to their mean. The others are principal components of incomplete data: texels that a portrait hides are taken from
its mirror, then from the model itself, in turns. The mean face at full resolution is kept beside it, for brows and lips
that no photo shows.
"""

from pathlib import Path

import click
import cv2
import numpy as np
from facetex_model_zoo import model_path

from facetex_core.geometry.model_file import load_morphable_model
from facetex_core.imaging.masked_blur import blur_where
from facetex_core.imaging.push_pull import fill_smooth
from facetex_core.lighting.estimate_lighting import SIZE
from facetex_core.lighting.thresholds import SKIN_TONES
from facetex_core.structures import MorphableModel, Texture
from facetex_core.texture.regions import plain_skin, region, resize_texture
from training.common.portraits import load_textures

MODES = 24
ROUNDS = 12
FINEST = 1.0
"""Texels of blur at 128: low frequency is what a photo's light can be told from."""
SEEN_BY = 0.3
"""Mean weight from which a texel is learned; below it is continued from its surroundings."""
BAKED = 0.6
"""Share of the mean's lightness over plain skin that is taken for the shade of smiling faces lit from above."""
_DARKEST = 0.01
OUT = Path(__file__).parents[2] / "facetex_model_zoo/files/skin_albedo.npz"


def incomplete(textures: list[Texture], size: int, blur: float) -> tuple[np.ndarray, np.ndarray]:
    """Log albedos (faces, texels * 3) and their weights (faces, texels); a mirror counts for a third."""
    values, weights = [], []
    for texture in textures:
        small = resize_texture(texture, size)
        weight = np.clip((small.visibility - 0.3) / 0.5, 0, 1)
        logarithm = np.where(weight[..., None] > 0, np.log(np.maximum(small.rgb, _DARKEST)), 0).astype(np.float32)
        mirror = np.where(weight > 0, 0, weight[:, ::-1] / 3)
        both = np.where(weight[..., None] > 0, logarithm, logarithm[:, ::-1]).astype(np.float32)
        weight = (weight + mirror).astype(np.float32)
        values.append(blur_where(both, weight, blur) if blur else both)
        weights.append(weight)
    return np.stack(values).reshape(len(values), -1), np.stack(weights).reshape(len(values), -1)


def symmetric(flat: np.ndarray, size: int) -> np.ndarray:
    """Skin has no left: what differs between the sides is light."""
    picture = flat.reshape(-1, size, size, 3)
    return ((picture + picture[:, :, ::-1]) / 2).reshape(flat.shape)


def learn(values: np.ndarray, weights: np.ndarray, modes: int, size: int) -> tuple[np.ndarray, np.ndarray]:
    """Mean and modes scaled to one standard deviation, by filling in what the model says until it settles."""
    w = np.repeat(weights, 3, axis=1)
    mean = (values * w).sum(0) / np.maximum(w.sum(0), 1e-3)
    known = (weights.mean(0) > SEEN_BY).astype(np.float32).reshape(size, size)
    mean = fill_smooth(mean.reshape(size, size, 3).astype(np.float32), known).ravel()
    filled = np.where(w > 0.05, values, mean)
    for _ in range(ROUNDS):
        filled = symmetric(filled, size)
        mean = filled.mean(0)
        _, s, vt = np.linalg.svd(filled - mean, full_matrices=False)
        basis = vt[:modes]
        rebuilt = mean + np.stack([_project(row, wr, mean, basis, s) for row, wr in zip(values, w, strict=True)])
        filled = w.clip(0, 1) * values + (1 - w.clip(0, 1)) * rebuilt
    return mean, basis * s[:modes, None] / np.sqrt(len(values))


def _project(row: np.ndarray, weight: np.ndarray, mean: np.ndarray, basis: np.ndarray, s: np.ndarray) -> np.ndarray:
    """The mode coefficients that the known texels ask for, with their prior."""
    deviation = s[: len(basis)] / np.sqrt(len(s))
    matrix = (basis * weight) @ basis.T + np.diag(0.15**2 / np.maximum(deviation, 1e-6) ** 2)
    return np.linalg.solve(matrix, (basis * weight) @ (row - mean)) @ basis


def without_shade(mean: np.ndarray, seen: np.ndarray, plain: np.ndarray) -> np.ndarray:
    """The mean, its plain skin drawn to one lightness: what every portrait shades alike looks like pigment."""
    lightness = mean.mean(-1)
    level = np.average(lightness, weights=seen * plain + 1e-6)
    return (mean - (BAKED * plain * (lightness - level))[..., None]).astype(np.float32)


def smooth_modes(modes: np.ndarray, seen: np.ndarray, size: int) -> np.ndarray:
    """Modes continued smoothly over what no portrait shows (scalp, neck)."""
    pictures = modes.reshape(-1, size, size, 3).astype(np.float32)
    return np.stack([fill_smooth(picture, seen) for picture in pictures])


def mean_detail(textures: list[Texture], model: MorphableModel, size: int) -> np.ndarray:
    """The mean face over its own low frequency, in logarithms: brows, lids, lips, nostrils."""
    values, weights = incomplete(textures, size, 0)
    w = np.repeat(weights, 3, axis=1)
    mean = ((values * w).sum(0) / np.maximum(w.sum(0), 1e-3)).reshape(size, size, 3).astype(np.float32)
    mean = symmetric(mean.ravel(), size).reshape(size, size, 3)
    seen = np.clip(weights.mean(0).reshape(size, size) * 4, 0, 1).astype(np.float32)
    return (mean - blur_where(mean, seen, 0.012 * size)) * (seen * region(model, "face", size))[..., None]


@click.command()
@click.option("--work", type=click.Path(path_type=Path, exists=True), required=True, help="What bank_textures.py wrote.")
@click.option("--out", type=click.Path(path_type=Path), default=OUT)
def main(work: Path, out: Path) -> None:
    """Learns skin_albedo.npz."""
    model = load_morphable_model(model_path("face_basis"))
    textures = load_textures(work)
    values, weights = incomplete(textures, SIZE, FINEST)
    mean, modes = learn(values, weights, MODES, SIZE)
    seen = (weights.mean(0).reshape(SIZE, SIZE) > SEEN_BY).astype(np.float32)
    seen = cv2.GaussianBlur(cv2.erode(seen, np.ones((3, 3))), (0, 0), 1.0)
    mean = without_shade(mean.reshape(SIZE, SIZE, 3).astype(np.float32), seen, plain_skin(model, SIZE))
    tones = np.broadcast_to(SKIN_TONES[:, None, None], (len(SKIN_TONES), SIZE, SIZE, 3))
    np.savez_compressed(
        out,
        mean=fill_smooth(mean, seen).astype(np.float16),
        modes=np.concatenate([tones, smooth_modes(modes, seen, SIZE)]).astype(np.float16),
        detail=mean_detail(textures, model, 512).astype(np.float16),
    )
    share = [float(np.linalg.norm(m)) for m in modes]
    print(f"{len(textures)} faces; deviations of the modes: {np.round(share[:6], 1)}; {out.stat().st_size} bytes")


if __name__ == "__main__":
    main()
