"""What a camera sees of a head's geometry, in the pixels of the photo: depth, normals, PNCC, mask.

PNCC, the projected normalised coordinate code (Zhu et al. 2016), colours every vertex by its place on the mean head, so that a
pixel tells which point of the face it shows.
"""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float32

from facetex_core.geometry.camera import camera_rays
from facetex_core.geometry.mesh import vertex_normals
from facetex_core.geometry.raycast import Scene
from facetex_core.structures import Camera, Mesh


@dataclass(frozen=True, eq=False, slots=True)
class GeometryImages:
    """0 in all of them where the camera sees no part of the head."""

    depth: Float32[np.ndarray, "height width"]
    """Metres along the camera's z axis."""
    normals: Float32[np.ndarray, "height width 3"]
    """Unit, in the camera's frame: x right, y down, z forward."""
    pncc: Float32[np.ndarray, "height width 3"]
    """In [0, 1]."""
    mask: Bool[np.ndarray, "height width"]


def coordinate_code(mean: Float32[np.ndarray, "vertices 3"]) -> Float32[np.ndarray, "vertices 3"]:
    """Each axis of the mean head from 0 to 1."""
    low, high = mean.min(0), mean.max(0)
    return np.asarray((mean - low) / (high - low), np.float32)


def geometry_images(
    camera: Camera,
    vertices: Float32[np.ndarray, "vertices 3"],
    mesh: Mesh,
    code: Float32[np.ndarray, "vertices 3"],
    parts: tuple[str, ...] = (),
) -> GeometryImages:
    """By rays through the centres of the pixels; `parts` of the mesh, or all of it; `code` is `coordinate_code` of the mean."""
    triangles = mesh.triangles if not parts else np.concatenate([mesh.triangles[mesh.parts[part]] for part in parts])
    width, height = camera.size
    flat = camera_rays(camera, np.arange(width) + 0.5, np.arange(height) + 0.5).reshape(-1, 3)
    hit, weights, depth = Scene(vertices, triangles).first_hits(np.broadcast_to(camera.position, flat.shape), flat)
    mask, weights = hit >= 0, weights[..., None] * (hit >= 0)[:, None, None]
    corners = triangles[hit]
    normals = (vertex_normals(vertices, triangles)[corners] * weights).sum(1) @ camera.world_to_camera[:3, :3].T
    normals /= np.maximum(np.linalg.norm(normals, axis=1, keepdims=True), 1e-12)
    return GeometryImages(
        np.where(mask, depth, 0).astype(np.float32).reshape(height, width),
        normals.astype(np.float32).reshape(height, width, 3),
        (code[corners] * weights).sum(1).astype(np.float32).reshape(height, width, 3),
        mask.reshape(height, width),
    )
