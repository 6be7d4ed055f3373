"""Parts of a face that are hidden in turn, as masks over the face's box."""

from collections.abc import Callable

import numpy as np
from jaxtyping import Bool, Float

from facetex_core import Fit, Texture
from facetex_core.lighting.estimate_lighting import normal_map
from facetex_core.texture.regions import face_slices

TURN = np.radians(40)
GRAZING = 0.25
"""Cosine below which a texel counts as hidden, as when a photo is unwrapped."""

Mask = Bool[np.ndarray, "side side"]
Place = Float[np.ndarray, "side side"]


def far_side(fit: Fit, size: int, side: int) -> Mask:
    """What a camera 40 degrees round would not see."""
    towards = np.array([side * np.sin(TURN), 0, np.cos(TURN)], np.float32)
    return np.asarray((normal_map(fit, size) @ towards)[face_slices(fit.model, size)] < GRAZING)


def box(part: Callable[[Place, Place], Mask]) -> Callable[[Fit, int], Mask]:
    """A part of the face's box by x and y from 0 to 1."""

    def hidden(fit: Fit, size: int) -> Mask:
        rows, columns = face_slices(fit.model, size)
        y, x = np.mgrid[0 : rows.stop - rows.start, 0 : columns.stop - columns.start] / (rows.stop - rows.start)
        return part(x, y)

    return hidden


HIDDEN: dict[str, Callable[[Fit, int], Mask]] = {
    "left -> right": box(lambda x, _: x >= 0.5),
    "right -> left": box(lambda x, _: x < 0.5),
    "far side, 40": lambda fit, size: far_side(fit, size, 1),
    "far side, -40": lambda fit, size: far_side(fit, size, -1),
    "lower": box(lambda _, y: y >= 0.5),
    "upper": box(lambda _, y: y < 0.5),
    "centre": box(lambda x, y: (abs(x - 0.5) < 0.2) & (abs(y - 0.5) < 0.35)),
}


def without(texture: Texture, hidden: Mask) -> Texture:
    """The texture with a part hidden."""
    visibility = np.where(hidden, 0, texture.visibility).astype(np.float32)
    return Texture(texture.rgb * (visibility > 0)[..., None], visibility)


def flipped(texture: Texture) -> Texture:
    """Left is right."""
    return Texture(np.ascontiguousarray(texture.rgb[:, ::-1]), np.ascontiguousarray(texture.visibility[:, ::-1]))
