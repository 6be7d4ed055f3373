"""Painter `example`: eyeballs of one colour."""

import numpy as np
from facetex_core import DelitView, Texture
from facetex_core.geometry.uv_raster import all_texels


class Example:
    """Every eyeball is grey, `white` in linear light."""

    def __init__(self, white: float = 0.6) -> None:
        self.white = white

    def paint(self, view: DelitView) -> Texture:
        """The view's albedo, which is whole, with the parts that no photo shows."""
        model, rgb = view.fit.model, np.array(view.albedo.rgb)
        texels = all_texels(model, view.albedo.size)
        for part in ("left_eye", "right_eye"):
            rgb[texels.of(model.mesh, part)] = self.white
        return Texture(rgb, view.albedo.visibility)
