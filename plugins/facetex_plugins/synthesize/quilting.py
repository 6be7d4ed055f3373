"""Image quilting (Efros and Freeman 2001): a texture sewn from patches of the face's own skin.

Blocks are laid in raster order. Each is drawn among the patches that meet its neighbours above and to the left nearly as
well as the best one does; where they overlap, the seam runs along the path of least difference.
"""

import numpy as np
from jaxtyping import Bool, Float32

from facetex_core import DelitView, Target, Texture, hookimpl
from facetex_core.imaging.masked_blur import blur_where
from facetex_core.lazy import cv2
from facetex_core.texture.expected_albedo import DARKEST, expected_albedo
from facetex_core.texture.regions import plain_skin, skin_texels
from facetex_plugins.synthesize.texture.completion import completed, confidence
from facetex_plugins.synthesize.thresholds import DETAIL_BLUR

BLOCK, SMALLEST_BLOCK = 0.05, 12
"""Side of a block as a share of the map, and the fewest texels that it has."""
BLOCK_OVERLAP = 1 / 6
"""Of a block's side, by which it lies over its neighbours."""
TOLERANCE = 0.1
"""Patches that err by this share more than the best one are as good (section 2 of the paper)."""

Detail = Float32[np.ndarray, "rows columns 3"]
Patch = Float32[np.ndarray, "side side 3"]

api_version = 2

Laid = Float32[np.ndarray, "side side"]


@hookimpl
def synthesizers() -> dict[str, type]:
    """One."""
    return {"quilting": QuiltingSynthesizer}


class QuiltingSynthesizer:
    """Visible texels, and the rest quilted from patches of the face's skin (Efros and Freeman 2001): a baseline."""

    def synthesize(self, view: DelitView, target: Target, rng: np.random.Generator) -> Texture:  # noqa: ARG002  # of the stage
        """Detail in logarithms over the low frequency; none where no patch of plain skin is seen."""
        albedo, fit = view.albedo, view.fit
        own, size = confidence(albedo, fit), albedo.size
        logarithm = np.log(np.maximum(albedo.rgb, DARKEST))
        detail = logarithm - blur_where(logarithm, own, DETAIL_BLUR * size)
        usable = (own > 0.99) & (plain_skin(fit.model, size) > 0.9)
        hidden = skin_texels(fit.model, size).inside & (own < 1)
        sewn = quilt(detail.astype(np.float32), usable, hidden, max(SMALLEST_BLOCK, round(BLOCK * size)), rng)
        return completed(albedo, own, expected_albedo(view.appearance, size) * np.exp(sewn), fit)


def quilt(
    sample: Detail,
    usable: Bool[np.ndarray, "rows columns"],
    wanted: Bool[np.ndarray, "high wide"],
    side: int,
    rng: np.random.Generator,
) -> Float32[np.ndarray, "high wide 3"]:
    """A field like the usable part of the sample, by blocks of `side` texels where one is wanted; 0 without a whole patch."""
    inside = cv2.erode(usable.astype(np.uint8), np.ones((side, side)), anchor=(0, 0), borderValue=0)
    inside = inside[: len(sample) - side + 1, : sample.shape[1] - side + 1] > 0
    lap = max(2, round(BLOCK_OVERLAP * side))
    field = np.zeros((len(sample) + side, sample.shape[1] + side, 3), np.float32)
    laid = np.zeros(field.shape[:2], np.float32)
    if not inside.any():
        return field[: len(sample), : sample.shape[1]]
    rows, columns = (np.flatnonzero(inside.any(axis)) for axis in (1, 0))
    corner = rows[0], columns[0]
    inside = inside[corner[0] : rows[-1] + 1, corner[1] : columns[-1] + 1]
    sample = np.ascontiguousarray(sample[corner[0] : rows[-1] + side, corner[1] : columns[-1] + side])
    for top in range(0, len(wanted), side - lap):
        for left in range(0, wanted.shape[1], side - lap):
            block = slice(top, top + side), slice(left, left + side)
            if wanted[block].any():
                patch = _drawn(sample, inside, field[block], laid[block], rng)
                take = _cut(field[block], laid[block], patch, lap)[..., None]
                field[block] = np.where(take, patch, field[block])
                laid[block] = 1
    return field[: len(wanted), : wanted.shape[1]]


def _drawn(sample: Detail, inside: Bool[np.ndarray, "_ _"], there: Patch, laid: Laid, rng: np.random.Generator) -> Patch:
    """One of the patches that differ little from what is laid already; lightness is compared."""
    if laid.any():
        error = cv2.matchTemplate(sample.mean(-1), np.ascontiguousarray(there.mean(-1)), cv2.TM_SQDIFF, mask=laid.copy())
        error = np.where(inside, np.maximum(error, 0), np.inf)
        inside = error <= (1 + TOLERANCE) * error.min()
    row, column = rng.choice(np.argwhere(inside))
    return sample[row : row + len(there), column : column + len(there)]


def _cut(there: Patch, laid: Laid, patch: Patch, lap: int) -> Bool[np.ndarray, "side side"]:
    """Where the new patch is taken: beyond the paths of least difference through the overlaps above and to the left."""
    error = ((there - patch) ** 2).sum(-1)
    take = np.ones(laid.shape, bool)
    if laid[:, :lap].all():
        take[:, :lap] &= _beyond_path(error[:, :lap])
    if laid[:lap].all():
        take[:lap] &= _beyond_path(error[:lap].T).T
    return take | (laid == 0)


def _beyond_path(error: Float32[np.ndarray, "rows columns"]) -> Bool[np.ndarray, "rows columns"]:
    """True on and to the right of the cheapest path from the first row to the last, by dynamic programming."""
    cost = error.astype(np.float64)
    for row in range(1, len(cost)):
        above = np.pad(cost[row - 1], 1, constant_values=np.inf)
        cost[row] += np.minimum(np.minimum(above[:-2], above[1:-1]), above[2:])
    path = np.zeros(len(cost), int)
    path[-1] = cost[-1].argmin()
    for row in range(len(cost) - 2, -1, -1):
        first = max(path[row + 1] - 1, 0)
        path[row] = first + cost[row, first : path[row + 1] + 2].argmin()
    return np.arange(error.shape[1])[None] >= path[:, None]
