"""Delighter `example`: the texture divided by the fit's shading."""

import numpy as np
from facetex_core import LitView, Texture
from facetex_core.lighting.estimate_lighting import normal_map
from facetex_core.lighting.harmonics import shade


class Example:
    """A(u, v) = I(u, v) / sum_k l_k Y_k(n(u, v)); what is darker than `darkest` of full light is hidden."""

    def __init__(self, darkest: float = 0.05) -> None:
        self.darkest = darkest

    def delight(self, view: LitView) -> Texture:
        """The albedo where the texture is visible; visibility may shrink, never grow."""
        texture = view.lit
        shading = shade(view.appearance.lighting, normal_map(view.fit, texture.size))
        visibility = np.where(shading.min(-1) > self.darkest, texture.visibility, 0).astype(np.float32)
        albedo = np.clip(texture.rgb / np.maximum(shading, self.darkest), 0, 1)
        return Texture(np.where(visibility[..., None] > 0, albedo, 0).astype(np.float32), visibility)
