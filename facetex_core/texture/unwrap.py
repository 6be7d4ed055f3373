"""From the photo to the UV map: which texels the camera sees, how well, and what colour they have there."""

import numpy as np
from jaxtyping import Float, Float32, Shaped

from facetex_core.geometry.camera import project
from facetex_core.geometry.mesh import vertex_normals
from facetex_core.geometry.raycast import Scene
from facetex_core.geometry.uv_raster import interpolate
from facetex_core.lazy import cv2
from facetex_core.structures import Fit, Photo, Texture
from facetex_core.texture.regions import region, skin_texels
from facetex_core.texture.thresholds import GRAZING, MASK_SURE, MASK_UNSURE, STRAIGHT

RAY_OFFSET = 0.0002
"""Metres a ray starts off the skin, along the normal and towards the camera, so that it does not meet its own triangle."""


def unwrap(photo: Photo, fit: Fit, skin: Float32[np.ndarray, "height width"], size: int) -> Texture:
    """The lit texture of `size` texels; visibility joins the angle, occlusion by the head, and the skin mask.

    Only the model's face is looked at: ears, neck and hairline are not where the landmarks put them.
    """
    mesh, vertices = fit.model.mesh, fit.vertices
    texels = skin_texels(fit.model, size)
    points = interpolate(texels, mesh, vertices)[texels.inside]
    normals = interpolate(texels, mesh, vertex_normals(vertices, mesh.triangles[mesh.parts["skin"]]))[texels.inside]
    normals /= np.maximum(np.linalg.norm(normals, axis=1, keepdims=True), 1e-12)
    seen = facing(fit, points, normals)
    where = np.zeros((size, size, 2), np.float32)
    where[texels.inside] = project(fit.camera, points) - 0.5
    if fit.residual_flow is not None:
        where[texels.inside] += interpolate(texels, mesh, fit.residual_flow)[texels.inside]
    rgb = _sample(photo.rgb, where, cv2.INTER_CUBIC)
    covered = _sample(skin, where, cv2.INTER_LINEAR)
    visibility = np.zeros((size, size), np.float32)
    registered = np.clip(2 * region(fit.model, "face", size)[texels.inside] - 1, 0, 1)
    visibility[texels.inside] = (
        seen * registered * np.clip((covered[texels.inside] - MASK_UNSURE) / (MASK_SURE - MASK_UNSURE), 0, 1)
    )
    return Texture(np.where(visibility[..., None] > 0, np.clip(rgb, 0, 1), 0).astype(np.float32), visibility)


def facing(
    fit: Fit, points: Float32[np.ndarray, "points 3"], normals: Float32[np.ndarray, "points 3"]
) -> Float32[np.ndarray, "points"]:
    """0 for points turned away or behind something, rising to 1 for points that face the camera."""
    towards = fit.camera.position - points
    towards /= np.linalg.norm(towards, axis=1, keepdims=True)
    cosine = np.einsum("pi,pi->p", normals, towards)
    sight = np.clip((cosine - GRAZING) / (STRAIGHT - GRAZING), 0, 1)
    scene = Scene(fit.vertices, fit.model.mesh.solid)
    ask = sight > 0
    sight[ask] *= ~scene.blocked(points[ask] + RAY_OFFSET * (normals[ask] + towards[ask]), towards[ask])
    return np.asarray(sight, np.float32)


def _sample(
    picture: Shaped[np.ndarray, "height width *channels"], where: Float[np.ndarray, "size size 2"], how: int
) -> Float[np.ndarray, "size size *channels"]:
    outside = 0.0  # what the photo does not show is not skin
    return cv2.remap(picture, where, None, how, borderMode=cv2.BORDER_CONSTANT, borderValue=outside)
