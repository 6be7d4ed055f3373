"""Cleaner by robust statistics alone: texels that stand out of their surroundings more than nearly all others are hidden."""

from dataclasses import replace
from typing import Annotated

import numpy as np

from facetex_core import Meta, Texture, View, hookimpl
from facetex_core.imaging.push_pull import fill_smooth
from facetex_core.lazy import cv2
from facetex_core.texture.regions import plain_skin

MEDIAN_WIDTH = 5
"""Texels of the window whose median is the surroundings: the widest that OpenCV has for single precision."""
MAD_TO_SIGMA = 1.4826
"""Standard deviations of a normal distribution for one median absolute deviation."""

api_version = 2


@hookimpl
def cleaners() -> dict[str, type]:
    """One."""
    return {"outliers": OutlierCleaner}


class OutlierCleaner:
    """Hides plain skin whose lightness differs strongly from its neighbours."""

    def __init__(
        self,
        most: Annotated[
            float,
            Meta(
                gt=0, description="difference from the neighbours, in robust standard deviations, above which a texel is hidden"
            ),
        ] = 8.0,
    ) -> None:
        self.most = most

    def clean(self, view: View) -> Texture:
        """With a texel around each outlier."""
        lit, seen = view.lit, view.lit.visibility > 0
        plain = seen & (plain_skin(view.fit.model, lit.size) > 0.9)
        if not plain.any():
            return lit
        whole = fill_smooth(lit.rgb, seen.astype(np.float32)).mean(-1)
        light = np.log(np.maximum(whole, 1e-3)).astype(np.float32)
        away = np.abs(light - cv2.medianBlur(light, MEDIAN_WIDTH))
        limit = self.most * MAD_TO_SIGMA * float(np.median(away[plain]))
        outliers = (plain & (away > limit)).astype(np.uint8)
        kept = seen & (cv2.dilate(outliers, np.ones((3, 3), np.uint8)) == 0)
        rgb, visibility = np.where(kept[..., None], lit.rgb, 0), np.where(kept, lit.visibility, 0)
        return replace(lit, rgb=rgb.astype(np.float32), visibility=visibility.astype(np.float32))
