"""Cleaner `example`: what is nearly white is no skin."""

import numpy as np
from facetex_core import Texture, View


class Example:
    """Hides texels whose darkest channel, in linear light, is over `white`."""

    def __init__(self, white: float = 0.9) -> None:
        self.white = white

    def clean(self, view: View) -> Texture:
        """The lit texture; visibility may shrink, never grow, and what is hidden is black."""
        kept = view.lit.rgb.min(-1) <= self.white
        visibility = np.where(kept, view.lit.visibility, 0).astype(np.float32)
        return Texture(np.where(kept[..., None], view.lit.rgb, 0).astype(np.float32), visibility)
