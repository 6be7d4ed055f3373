"""What the albedo model is learned from: partial albedo textures of portraits, as logarithms of low frequency."""

from collections.abc import Sequence

import msgspec
import numpy as np
from jaxtyping import Float32

from facetex_core.imaging.masked_blur import blur_where
from facetex_core.structures import Texture
from facetex_core.texture.regions import resize_texture
from training.common.data import DATA
from training.common.portraits import extract
from training.common.steps import Run

FOLDERS = ("bank", "dev")
"""Portraits to learn from, and others to measure on."""
FINEST = 1.0
"""Texels of blur at 128: low frequency is what a photo's light can be told from."""
DARKEST = 0.01

Values = Float32[np.ndarray, "faces values"]
"""Log albedos, flat: three values a texel, row by row."""
Weights = Float32[np.ndarray, "faces texels"]


class Settings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """settings.toml."""

    people: int
    modes: int
    rounds: int


def make(run: Run[Settings]) -> None:
    """A folder of textures for each folder of portraits, found without the albedo model that is to be learned."""
    for folder in FOLDERS:
        extract(DATA / "photos" / folder, run.work / folder, False, run.jobs, run.settings.people)


def incomplete(textures: Sequence[Texture], size: int, blur: float) -> tuple[Values, Weights]:
    """Log albedos at `size` texels, blurred by so many, and how far they are known, 0 to 1; a mirror counts for a third."""
    rows = [half_known(resize_texture(texture, size), blur) for texture in textures]
    values, weights = (np.stack(column).reshape(len(rows), -1) for column in zip(*rows, strict=True))
    return values, weights


def half_known(texture: Texture, blur: float) -> tuple[Float32[np.ndarray, "size size 3"], Float32[np.ndarray, "size size"]]:
    """One face: what it hides is taken from its mirror."""
    weight = np.clip((texture.visibility - 0.3) / 0.5, 0, 1)
    known = weight[..., None] > 0
    logarithm = np.where(known, np.log(np.maximum(texture.rgb, DARKEST)), 0).astype(np.float32)
    both = np.where(known, logarithm, logarithm[:, ::-1]).astype(np.float32)
    weight = (weight + np.where(weight > 0, 0, weight[:, ::-1] / 3)).astype(np.float32)
    return blur_where(both, weight, blur) if blur else both, weight
