"""Heads of the basis in light that is known, and the photos they make."""

import numpy as np
from sampled import tiny_model

from facetex_core import Appearance, Face, Fit, Lighting, Photo
from facetex_core.geometry.camera import orbit_camera, project
from facetex_core.geometry.mesh import vertex_normals
from facetex_core.lighting.harmonics import shade
from facetex_core.structures import Fit

SIZE = (640, 640)


def seen(model, identity, expression, camera):
    vertices = model.vertices(np.float32(identity), np.float32(expression))

    def at(triangles, weights):
        return project(camera, np.einsum("pk,pki->pi", weights, vertices[model.mesh.triangles[triangles]]))

    e = model.embedding
    landmarks, dense = at(e.landmark_triangles, e.landmark_barycentric), at(e.dense_triangles, e.dense_barycentric)
    box = np.concatenate([dense.min(0), dense.max(0)]).astype(np.float32)
    return Face(box, landmarks, dense, 1.0)


def camera_at(yaw):
    return orbit_camera(np.zeros(3, np.float32), yaw=float(yaw), distance=0.6, width_seen=0.25, size=SIZE)


def render_flat(fit, light, tone):
    """The fitted mesh under a light, by one ray a pixel."""
    from facetex_core.geometry.raycast import Scene

    width, height = fit.camera.size
    x, y = np.meshgrid(np.arange(width) + 0.5, np.arange(height) + 0.5)
    rays = np.stack([x.ravel(), y.ravel(), np.ones(x.size)], 1) @ np.linalg.inv(fit.camera.intrinsics).T
    rays = (rays @ fit.camera.world_to_camera[:3, :3]).astype(np.float32)
    origins = np.broadcast_to(fit.camera.position, rays.shape)
    triangle, weights, _ = Scene(fit.vertices, fit.model.mesh.triangles).first_hits(origins, rays)
    normals = vertex_normals(fit.vertices, fit.model.mesh.triangles)
    n = np.einsum("pk,pki->pi", weights, normals[fit.model.mesh.triangles[triangle]])
    n /= np.maximum(np.linalg.norm(n, axis=1, keepdims=True), 1e-9)
    rgb = np.where(triangle[:, None] >= 0, shade(light, n.astype(np.float32)) * tone, 0)
    return Photo(rgb.reshape(height, width, 3).astype(np.float32), "rendered")


TONE = np.array([0.4, 0.22, 0.14], np.float32)


def fit_at(yaw=0):
    return Fit(tiny_model(), np.zeros(2, np.float32), np.zeros(2, np.float32), camera_at(yaw))


def skin_under(light):
    """Skin of one tone in this light."""
    return Appearance(Lighting(light), np.ones((128, 128, 3), np.float32) * TONE)


def side_light():
    return np.outer([0.8, 0.3, 0.1, 0.3, 0, 0, 0, 0, 0], [1.0, 0.9, 0.8]).astype(np.float32)
