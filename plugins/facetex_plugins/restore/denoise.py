"""Restorer for grainy photographs: a guided filter (He, Sun and Tang 2010), as strong as the noise (Immerkaer 1996)."""

from dataclasses import replace
from typing import Annotated

import numpy as np
from jaxtyping import Float32

from facetex_core import Face, Meta, Photo, hookimpl
from facetex_core.imaging.colour import decode_srgb, encode_srgb
from facetex_core.lazy import cv2
from facetex_plugins.restore.guided_filter import guided_filter, part_around
from facetex_plugins.restore.thresholds import AROUND, GRAIN_RADIUS

LAPLACIAN = np.array([[1, -2, 1], [-2, 4, -2], [1, -2, 1]], np.float32)
"""Blind to whatever is linear or quadratic along a row or column."""

api_version = 2


@hookimpl
def restorers() -> dict[str, type]:
    """One."""
    return {"denoise": DenoiseRestorer}


class DenoiseRestorer:
    """Smooths grain on and around the face."""

    def __init__(
        self, strength: Annotated[float, Meta(ge=0, description="guided filter's epsilon, in noise variances")] = 2.0
    ) -> None:
        self.strength = strength

    def restore(self, photo: Photo, face: Face) -> Photo:
        """Each channel of sRGB-coded light by itself."""
        part = part_around(photo, face.box, AROUND)
        coded = encode_srgb(photo.rgb[part])
        if min(coded.shape[:2]) <= 2 * GRAIN_RADIUS:
            return photo
        channels = [
            guided_filter(each, GRAIN_RADIUS, self.strength * noise_variance(each)) for each in np.moveaxis(coded, -1, 0)
        ]
        rgb = photo.rgb.copy()
        rgb[part] = decode_srgb(np.clip(np.stack(channels, -1), 0, 1))
        return replace(photo, rgb=rgb)


def noise_variance(picture: Float32[np.ndarray, "height width"]) -> float:
    """Of white noise on a smooth picture: sigma = sqrt(pi / 2) mean |I * N| / 6 (Immerkaer 1996, equation 4)."""
    picture = np.ascontiguousarray(picture)
    edges = np.abs(cv2.filter2D(picture, -1, LAPLACIAN))[1:-1, 1:-1]
    return float(np.sqrt(np.pi / 2) * edges.mean() / 6) ** 2
