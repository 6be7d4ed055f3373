"""Cleaner for scratches, dust, glitter and hair: what is thin and nearly white or black on plain skin is no skin.

Dust lies alone. Glints in a crowd are hair, or skin in grazing light, and what lies between them is not believed either.
Specks in a crowd round the mouth are a moustache or a beard, which belong to the face.
"""

from dataclasses import replace

import numpy as np
from jaxtyping import Bool, Float32, UInt8

from facetex_core import MorphableModel, Texture, View, hookimpl
from facetex_core.imaging.colour import encode_srgb
from facetex_core.imaging.push_pull import fill_smooth
from facetex_core.lazy import cv2
from facetex_core.texture.regions import plain_skin, region
from facetex_plugins.clean import thresholds
from facetex_plugins.clean.lashes import hide_lashes

api_version = 2


@hookimpl
def cleaners() -> dict[str, type]:
    """The default, and the texture as it is."""
    return {"defects": DefectCleaner, "none": NoCleaner}


class DefectCleaner:
    """Hides scratches, dust and glitter on plain skin, and lashes over lids; moles, stubble and whiskers stay."""

    def clean(self, view: View) -> Texture:
        """The texture with defects hidden."""
        return hide_lashes(mask_defects(view.lit, view.fit.model), view.fit.model)


class NoCleaner:
    """Leaves the texture unchanged."""

    waived_checks = ("a_scratch_is_hidden",)

    def clean(self, view: View) -> Texture:
        """The same texture."""
        return view.lit


def mask_defects(lit: Texture, model: MorphableModel) -> Texture:
    """The texture with defects hidden. Clean portraits lose 0.8 % of what is seen of their plain skin (median of 29)."""
    seen = lit.visibility > 0
    whole = fill_smooth(lit.rgb, seen.astype(np.float32)).mean(-1)
    light, coded = np.log(np.maximum(whole, 1e-3)), encode_srgb(lit.rgb).mean(-1)
    kernel = _disc(thresholds.THIN, lit.size)
    bright = cv2.morphologyEx(light, cv2.MORPH_TOPHAT, kernel) > thresholds.BRIGHTER
    dark = (cv2.morphologyEx(light, cv2.MORPH_BLACKHAT, kernel) > thresholds.DARKER) & (coded < thresholds.BLACK)
    dark &= cv2.GaussianBlur(light, (0, 0), thresholds.BEARD_BLUR * lit.size) > np.median(light[seen]) - thresholds.BEARD_SHADE
    plain = seen & (plain_skin(model, lit.size) > 0.9)
    mouth = cv2.dilate(region(model, "lips", lit.size), _disc(2 * thresholds.WHISKER_REACH, lit.size)) > 0.5
    damaged = (bright & (coded > thresholds.WHITE) | dark) & plain
    specks = damaged & _short(damaged)
    damaged &= ~(mouth & specks & (_share(specks, seen) > thresholds.WHISKERS))
    glitter = (_share(bright & (coded > thresholds.GLINT) & plain, seen) > thresholds.GLITTER * lit.visibility**2) & ~mouth
    kept = seen & ~glitter & (cv2.dilate(damaged.astype(np.uint8), _disc(2 * thresholds.DEFECT_MARGIN, lit.size)) == 0)
    rgb, visibility = np.where(kept[..., None], lit.rgb, 0), np.where(kept, lit.visibility, 0)
    return replace(lit, rgb=rgb.astype(np.float32), visibility=visibility.astype(np.float32))


def _short(marks: Bool[np.ndarray, "size size"]) -> Bool[np.ndarray, "size size"]:
    """Where the mark is no longer than a speck."""
    _, labels, found, _ = cv2.connectedComponentsWithStats(marks.astype(np.uint8), connectivity=8)
    extents = found[:, cv2.CC_STAT_WIDTH : cv2.CC_STAT_HEIGHT + 1].max(1)
    return np.asarray((extents < thresholds.SPECK * len(marks))[labels])


def _share(marks: Bool[np.ndarray, "size size"], seen: Bool[np.ndarray, "size size"]) -> Float32[np.ndarray, "size size"]:
    """Of the neighbourhood that is seen."""
    near, all_near = (cv2.GaussianBlur(each.astype(np.float32), (0, 0), thresholds.CROWD * len(seen)) for each in (marks, seen))
    return np.asarray(near / np.maximum(all_near, 0.1))


def _disc(width: float, size: int) -> UInt8[np.ndarray, "texels texels"]:
    texels = max(round(width * size), 1) | 1
    return np.asarray(cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (texels, texels)))
