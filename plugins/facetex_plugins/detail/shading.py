"""Mesoscopic displacement from the texture: dark is deep (after Beeler et al. 2010, section 4.3).

Pores and fine wrinkles receive less light than the skin round them, so a band of the texture's log luminance tells
their depth up to a factor: d = strength * (log L - blurred log L), held within `limit`. Lips, brows, lids and nostrils
are dark by colour, not by depth, and are left out.
"""

from collections.abc import Sequence
from typing import Annotated

import numpy as np
from jaxtyping import Bool, Float32

from facetex_core import DelitView, Detail, Meta, Texture, hookimpl
from facetex_core.geometry.uv_raster import interpolate
from facetex_core.imaging.colour import luminance
from facetex_core.lazy import cv2
from facetex_core.texture.regions import NO_SKIN, region, skin_texels
from facetex_plugins.detail.thresholds import COARSEST_RELIEF, FEATURE_BORDER, FINEST_RELIEF

api_version = 2


@hookimpl
def detailers() -> dict[str, type]:
    """The default, and none."""
    return {"shading": ShadingDetailer, "none": NoDetailer}


class ShadingDetailer:
    """Displacement from luminance: darker than the surroundings means deeper."""

    def __init__(
        self,
        strength: Annotated[
            float, Meta(ge=0, description="displacement in millimetres where the luminance is e times that of the surroundings")
        ] = 1.0,
        limit: Annotated[float, Meta(gt=0, description="largest displacement in millimetres")] = 0.3,
    ) -> None:
        self.strength, self.limit = strength, limit

    def add_detail(self, views: Sequence[DelitView], albedo: Texture) -> Detail:
        """Displacement in metres and its normals; flat where the map shows no skin."""
        fit, size = views[0].fit, albedo.size
        texels = skin_texels(fit.model, size)
        logarithm = np.log(np.maximum(luminance(albedo.rgb), 0.01))
        band = _blur(logarithm, FINEST_RELIEF * size) - _blur(logarithm, COARSEST_RELIEF * size)
        plain = cv2.GaussianBlur(1 - region(fit.model, NO_SKIN, size), (0, 0), FEATURE_BORDER * size)
        limit = self.limit / 1000
        depth = limit * np.tanh(self.strength / 1000 * band * plain / limit) * _rim(texels.inside, size)
        points = interpolate(texels, fit.model.mesh, fit.neutral)
        return Detail(depth.astype(np.float32), normals_of(depth, points, texels.inside))


class NoDetailer:
    """Smooth skin: the baseline for relief."""

    waived_checks = ("rough_skin_has_a_relief_in_metres", "normals_fit_the_displacement")

    def add_detail(self, views: Sequence[DelitView], albedo: Texture) -> Detail:  # noqa: ARG002  # of the stage
        """No displacement, and normals straight out."""
        flat = np.zeros(albedo.visibility.shape, np.float32)
        return Detail(flat, np.dstack([flat, flat, flat + 1]))


def normals_of(
    depth: Float32[np.ndarray, "size size"], points: Float32[np.ndarray, "size size 3"], inside: Bool[np.ndarray, "size size"]
) -> Float32[np.ndarray, "size size 3"]:
    """Tangent-space normals of a displacement: the slope per metre of skin along u and v."""
    along_v, along_u = np.gradient(points, axis=(0, 1))
    metres_u, metres_v = (np.maximum(np.linalg.norm(step, axis=-1), 1e-6) for step in (along_u, along_v))
    slope_v, slope_u = np.gradient(depth)
    normals = np.stack([-slope_u / metres_u, slope_v / metres_v, np.ones_like(depth)], -1)
    normals[~inside] = (0, 0, 1)
    return np.asarray(normals / np.linalg.norm(normals, axis=-1, keepdims=True), np.float32)


def _rim(inside: Bool[np.ndarray, "size size"], size: int) -> Float32[np.ndarray, "size size"]:
    """0 at the border of the islands, 1 inside: beyond the border there is nothing to compare with."""
    reach = max(2, size // 128)
    return np.clip(cv2.distanceTransform(inside.astype(np.uint8), cv2.DIST_L2, 3) / reach - 0.5, 0, 1).astype(np.float32)


def _blur(values: Float32[np.ndarray, "size size"], sigma: float) -> Float32[np.ndarray, "size size"]:
    return np.asarray(cv2.GaussianBlur(values, (0, 0), max(sigma, 0.3)))
