"""Detailer `example`: what is darker than its surroundings lies deeper."""

from collections.abc import Sequence

import numpy as np
from facetex_core import DelitView, Detail, Texture
from facetex_core.imaging.colour import luminance


class Example:
    """`millimetres` of displacement for skin e times as bright as its surroundings of `sigma` texels."""

    def __init__(self, millimetres: float = 0.2, sigma: float = 4.0) -> None:
        self.millimetres, self.sigma = millimetres, sigma

    def add_detail(self, views: Sequence[DelitView], albedo: Texture) -> Detail:
        """Metres along the normal, and unit normals in tangent space: x along u, y against v, z out of the skin."""
        import cv2  # heavy packages are imported where they are used

        light = np.log(np.maximum(luminance(albedo.rgb), 0.01))
        height = self.millimetres / 1000 * np.tanh(light - cv2.GaussianBlur(light, (0, 0), self.sigma))
        texel = 0.2 / albedo.size  # metres: the map is about as wide as a head
        along_v, along_u = np.gradient(height / texel)
        normals = np.stack([-along_u, along_v, np.ones_like(height)], -1)
        normals /= np.linalg.norm(normals, axis=-1, keepdims=True)
        return Detail(height.astype(np.float32), normals.astype(np.float32))
