"""Cleaner for scratches, dust, glitter and hair: what is thin and nearly white or black on plain skin is no skin.

Dust lies alone. Glints in a crowd are hair, or skin in grazing light, and what lies between them is not believed either.
Specks in a crowd round the mouth are a moustache or a beard, which belong to the face.
"""

from dataclasses import replace

import numpy as np

from facetex_core import MorphableModel, Texture, View, hookimpl
from facetex_core.imaging.colour import encode_srgb
from facetex_core.imaging.push_pull import fill_smooth
from facetex_core.lazy import cv2
from facetex_core.texture.regions import plain_skin, region

WIDTH = 0.014
"""Of the widest thing that is thin, as a share of the map."""
MARGIN = 0.004
"""How far around it the photo is not believed, as a share of the map."""
WHITE, BLACK = 0.85, 0.1
"""sRGB-coded mean of the channels above or below which skin is rare."""
BRIGHTER, DARKER = 0.35, 0.6
"""Difference in log light from what lies around; sharpened portraits reach either often, both with the above hardly ever."""
BEARD, SHADE = 0.02, 0.35
"""Where a neighbourhood (blur, as a share of the map) is darker than the middle of the face by this (log), it is a beard."""
SPECK, CROWD = 0.03, 0.012
"""Longest speck, a scratch being longer, and neighbourhood in which they are counted (blur), as shares of the map."""
WHISKERS = 0.004
"""Share of a neighbourhood round the mouth that is specks, from which they are whiskers."""
GLINT, GLITTER = 0.7, 0.35
"""sRGB-coded mean of the channels of glints, and their share of a neighbourhood from which it is hidden: where the photo sees
it straight on; the less it does, the fewer are enough."""
MOUTH = 0.07
"""How far round the lips a moustache or a beard grows, as a share of the map."""


api_version = 2


@hookimpl
def cleaners() -> dict[str, type]:
    """The default, and the texture as it is."""
    return {"defects": DefectCleaner, "none": NoCleaner}


class DefectCleaner:
    """Hides scratches, dust and glitter on plain skin; moles, stubble and whiskers stay."""

    def clean(self, view: View) -> Texture:
        """The texture with defects hidden."""
        return mask_defects(view.lit, view.fit.model)


class NoCleaner:
    """Leaves the texture unchanged."""

    waived_checks = ("a_scratch_is_hidden",)

    def clean(self, view: View) -> Texture:
        """The same texture."""
        return view.lit


def mask_defects(lit: Texture, model: MorphableModel) -> Texture:
    """The texture with defects hidden. Clean portraits lose 0.6 % of what is seen of their plain skin (median of 29)."""
    seen = lit.visibility > 0
    whole = fill_smooth(lit.rgb, seen.astype(np.float32)).mean(-1)
    light, coded = np.log(np.maximum(whole, 1e-3)), encode_srgb(lit.rgb).mean(-1)
    kernel = _disc(WIDTH, lit.size)
    bright = cv2.morphologyEx(light, cv2.MORPH_TOPHAT, kernel) > BRIGHTER
    dark = (cv2.morphologyEx(light, cv2.MORPH_BLACKHAT, kernel) > DARKER) & (coded < BLACK)
    dark &= cv2.GaussianBlur(light, (0, 0), BEARD * lit.size) > np.median(light[seen]) - SHADE
    plain = seen & (plain_skin(model, lit.size) > 0.9)
    mouth = cv2.dilate(region(model, "lips", lit.size), _disc(2 * MOUTH, lit.size)) > 0.5
    damaged = (bright & (coded > WHITE) | dark) & plain
    specks = damaged & _short(damaged)
    damaged &= ~(mouth & specks & (_share(specks, seen) > WHISKERS))
    glitter = (_share(bright & (coded > GLINT) & plain, seen) > GLITTER * lit.visibility**2) & ~mouth
    kept = seen & ~glitter & (cv2.dilate(damaged.astype(np.uint8), _disc(2 * MARGIN, lit.size)) == 0)
    rgb, visibility = np.where(kept[..., None], lit.rgb, 0), np.where(kept, lit.visibility, 0)
    return replace(lit, rgb=rgb.astype(np.float32), visibility=visibility.astype(np.float32))


def _short(marks: np.ndarray) -> np.ndarray:
    """Where the mark is no longer than a speck."""
    _, labels, found, _ = cv2.connectedComponentsWithStats(marks.astype(np.uint8), connectivity=8)
    extents = found[:, cv2.CC_STAT_WIDTH : cv2.CC_STAT_HEIGHT + 1].max(1)
    return np.asarray((extents < SPECK * len(marks))[labels])


def _share(marks: np.ndarray, seen: np.ndarray) -> np.ndarray:
    """Of the neighbourhood that is seen."""
    near, all_near = (cv2.GaussianBlur(each.astype(np.float32), (0, 0), CROWD * len(seen)) for each in (marks, seen))
    return np.asarray(near / np.maximum(all_near, 0.1))


def _disc(width: float, size: int) -> np.ndarray:
    texels = max(round(width * size), 1) | 1
    return np.asarray(cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (texels, texels)))
