"""Lashes that a photo shows over the lids: what is darker there than the skin around is no skin."""

from dataclasses import replace

import numpy as np

from facetex_core import MorphableModel, Texture
from facetex_core.imaging.colour import luminance
from facetex_core.imaging.push_pull import fill_smooth
from facetex_core.lazy import cv2
from facetex_core.texture.regions import region
from facetex_plugins.clean.thresholds import LASH_DARKER, LASH_MARGIN


def hide_lashes(lit: Texture, model: MorphableModel) -> Texture:
    """The texture without them; unchanged where the model does not tell where they lie."""
    if "lashes" not in model.regions:
        return lit
    reach = region(model, "lashes", lit.size)
    beside = fill_smooth(lit.rgb, ((lit.visibility > 0) & (reach < 0.05)).astype(np.float32))
    here, around = (np.log(np.maximum(luminance(rgb), 1e-3)) for rgb in (lit.rgb, beside))
    dark = (reach > 0.05) & (lit.visibility > 0) & (around - here > LASH_DARKER)
    width = max(round(2 * LASH_MARGIN * lit.size), 1) | 1
    grown = cv2.dilate(dark.astype(np.uint8), cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (width, width))) > 0
    kept = ~(grown & (reach > 0.05))
    rgb, visibility = np.where(kept[..., None], lit.rgb, 0), np.where(kept, lit.visibility, 0)
    return replace(lit, rgb=rgb.astype(np.float32), visibility=visibility.astype(np.float32))
