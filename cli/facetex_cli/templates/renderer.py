"""Renderer `example`: one ray a pixel, the albedo times the light."""

import numpy as np
from facetex_core import Camera, Head, Lighting, Photo
from facetex_core.geometry.camera import camera_rays
from facetex_core.geometry.mesh import vertex_normals
from facetex_core.geometry.raycast import Scene
from facetex_core.lighting.harmonics import shade


class Example:
    """Soft light on matt skin, on a ground of the grey `ground`, in [0, 1]."""

    def __init__(self, ground: float = 0.3) -> None:
        self.ground = ground

    def render(self, head: Head, camera: Camera, lighting: Lighting) -> Photo:
        """The head as the camera sees it."""
        mesh, vertices, (width, height) = head.fit.model.mesh, head.fit.vertices, camera.size
        rays = camera_rays(camera, np.arange(width) + 0.5, np.arange(height) + 0.5).reshape(-1, 3)
        rays /= np.linalg.norm(rays, axis=1, keepdims=True)
        triangle, weights, _ = Scene(vertices, mesh.triangles).first_hits(np.broadcast_to(camera.position, rays.shape), rays)
        hit = triangle >= 0
        triangle, weights = triangle[hit], weights[hit][:, None]
        normals = (weights @ vertex_normals(vertices, mesh.triangles)[mesh.triangles[triangle]])[:, 0]
        normals /= np.maximum(np.linalg.norm(normals, axis=1, keepdims=True), 1e-12)
        uvs = (weights @ mesh.uvs[mesh.uv_triangles[triangle]])[:, 0]
        column, row = np.clip((uvs * head.albedo.size).astype(int), 0, head.albedo.size - 1).T
        rgb = np.full((height * width, 3), self.ground, np.float32)
        rgb[hit] = np.clip(head.albedo.rgb[row, column] * shade(lighting, normals), 0, 1)
        return Photo(rgb.reshape(height, width, 3), head.name)
