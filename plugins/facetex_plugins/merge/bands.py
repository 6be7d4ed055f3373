"""Merger: one albedo from several photos of a person, in two bands (Brown and Lowe 2007, after Burt and Adelson 1983).

What is broad is the mean of all photos, over borders so wide that no seam shows: the light that one photo's albedo still
carries is not another's. What is fine comes from the photo that sees it best, across narrow seams: photos are registered
to a few texels only, and their mean would be a blur.
"""

from collections.abc import Sequence

import numpy as np
from jaxtyping import Bool, Float, Float32

from facetex_core import DelitView, Merged, Texture, hookimpl
from facetex_core.imaging.masked_blur import blur_where
from facetex_core.lazy import cv2
from facetex_core.texture.regions import plain_skin
from facetex_core.texture.view_weight import view_weight
from facetex_plugins.merge.thresholds import BAND_BLUR, BETTER, FADE, PATCH_BLUR, SEAM

DARKEST_MERGED, LEAST_WEIGHT = 1e-3, 1e-6

Maps = Float32[np.ndarray, "views size size"]

api_version = 2

Picture = Float32[np.ndarray, "size size 3"]
Seen = Bool[np.ndarray, "views size size"]


@hookimpl
def mergers() -> dict[str, type]:
    """The default, and the main photo alone."""
    return {"bands": BandMerger, "none": NoMerger}


class BandMerger:
    """Mean broad colour of all photos, and fine detail from the photo that sees a texel best."""

    def merge(self, views: Sequence[DelitView]) -> Merged:
        """The albedo in the tone of the first view."""
        seen = np.stack([view.albedo.visibility > 0 for view in views])
        if len(views) == 1:
            return Merged(views[0].albedo, seen.astype(np.float32))
        clear = np.stack([view_weight(view.albedo, view.fit) for view in views])
        colours = [np.log(np.maximum(view.albedo.rgb, DARKEST_MERGED)) for view in views]
        broad = [_blur(colour, on, BAND_BLUR) for colour, on in zip(colours, seen, strict=True)]
        fine = [colour - low for colour, low in zip(colours, broad, strict=True)]
        plain = plain_skin(views[0].fit.model, views[0].albedo.size) > 0.5
        shares = _shares(clear, seen)
        merged = _sum(_normalised(clear * _depth(seen, FADE), seen), _in_one_tone(broad, seen & plain)) + _sum(shares, fine)
        visibility = np.max([view.albedo.visibility for view in views], axis=0)
        rgb = np.where(visibility[..., None] > 0, np.clip(np.exp(merged), 0, 1), 0)
        return Merged(Texture(rgb.astype(np.float32), visibility), shares)


class NoMerger:
    """The albedo of the photo that shows most of the face; other photos only help the fit."""

    def merge(self, views: Sequence[DelitView]) -> Merged:
        """The first view's."""
        shares = np.zeros((len(views), *views[0].albedo.visibility.shape), np.float32)
        shares[0] = views[0].albedo.visibility > 0
        return Merged(views[0].albedo, shares)


def _in_one_tone(broad: list[Picture], seen: Seen) -> list[Picture]:
    """Each brought to the median tone of those before it where both show skin."""
    told = [broad[0]]
    for number, low in enumerate(broad[1:], 1):
        pairs = [(low - other)[on & seen[number]] for other, on in zip(told, seen[:number], strict=True)]
        differences = np.concatenate(pairs)
        told.append(low - np.median(differences, axis=0) if len(differences) else low)
    return told


def _shares(clear: Maps, seen: Seen) -> Maps:
    """1 where a photo is the best, the main one with a start, in patches of some size with soft seams; 0 where it is blind."""
    start = np.array([BETTER] + [1] * (len(clear) - 1))[:, None, None]
    patches = _where_largest(clear * _depth(seen, 2 * SEAM) * start, PATCH_BLUR)
    return _normalised(_where_largest(patches, SEAM), seen)


def _where_largest(values: Float[np.ndarray, "views size size"], width: float) -> Maps:
    """1 for the view that is the largest at a texel, 0 for the others, blurred."""
    largest = np.argmax(values, axis=0)[None] == np.arange(len(values))[:, None, None]
    return np.stack([cv2.GaussianBlur(mine.astype(np.float32), (0, 0), width * len(mine)) for mine in largest])


def _depth(seen: Seen, width: float) -> Maps:
    """0 at the border of what is seen, rising to 1 over `width` of the map."""
    distance = [cv2.distanceTransform(on.astype(np.uint8), cv2.DIST_L2, 5) for on in seen]
    return np.clip(np.stack(distance) / (width * seen.shape[1]), 0, 1).astype(np.float32)


def _blur(values: Picture, on: Bool[np.ndarray, "size size"], width: float) -> Picture:
    return blur_where(values, on.astype(np.float32), width * len(on))


def _normalised(weights: Maps, seen: Seen) -> Maps:
    """Weights that add up to 1 where anything is seen."""
    some = (weights + LEAST_WEIGHT) * seen
    return np.asarray(some / np.maximum(some.sum(0), LEAST_WEIGHT), np.float32)


def _sum(weights: Maps, layers: list[Picture]) -> Picture:
    return np.asarray(sum(weight[..., None] * layer for weight, layer in zip(weights, layers, strict=True)), np.float32)
