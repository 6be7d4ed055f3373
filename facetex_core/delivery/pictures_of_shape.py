"""A head without its texture: in grey, and its normals as colours, from any camera."""

import numpy as np
from jaxtyping import Bool, Float, Float32, UInt8

from facetex_core.geometry.camera import camera_rays, project
from facetex_core.geometry.raycast import Scene
from facetex_core.geometry.unweld import part_normals, split_part, tangents
from facetex_core.imaging.colour import to_bytes
from facetex_core.imaging.look_up import look_up
from facetex_core.lazy import cv2
from facetex_core.lighting.harmonics import shade
from facetex_core.lighting.studio import ground, studio
from facetex_core.structures import Camera, Fit

CLAY = 0.75
"""Albedo of the grey head, linear."""
SAMPLES = 2
"""Rays along each side of a pixel."""

Rays = Float32[np.ndarray, "rays 3"]


def shape_pictures(
    fit: Fit, relief: Float32[np.ndarray, "size size 3"], camera: Camera
) -> tuple[UInt8[np.ndarray, "high wide 3"], UInt8[np.ndarray, "high wide 3"]]:
    """In grey in the studio's light; and the normals: red to the camera's right, green up, blue towards it.

    `relief` is the normal map.
    """
    wide, high = (SAMPLES * count for count in camera.size)
    places = project(camera, fit.vertices) * SAMPLES
    left, top = np.floor(places.min(0)).clip(0).astype(int)
    right, bottom = np.ceil(places.max(0)).clip(0, (wide, high)).astype(int)
    x, y = ((np.arange(*edges) + 0.5) / SAMPLES for edges in ((left, right), (top, bottom)))
    rays = camera_rays(camera, x, y).reshape(-1, 3)
    hit, normals = _normals_seen(fit, relief, np.broadcast_to(camera.position, rays.shape), rays)
    axes = camera.world_to_camera[:3, :3] * [[1], [-1], [-1]]
    behind = cv2.resize(to_bytes(ground(*camera.size)), (wide, high), interpolation=cv2.INTER_NEAREST)
    pictures = []
    for colours in (to_bytes(CLAY * shade(studio(), normals)), np.rint((normals @ axes.T * 0.5 + 0.5) * 255)):
        fine = behind.copy()
        fine[top:bottom, left:right][hit.reshape(len(y), len(x))] = colours
        pictures.append(np.asarray(cv2.resize(fine, camera.size, interpolation=cv2.INTER_AREA), np.uint8))
    return pictures[0], pictures[1]


def _normals_seen(
    fit: Fit, relief: Float32[np.ndarray, "size size 3"], origins: Rays, rays: Rays
) -> tuple[Bool[np.ndarray, "rays"], Float32[np.ndarray, "hits 3"]]:
    """Which rays meet the head, and the unit normals there, relief and all."""
    mesh, vertices = fit.model.mesh, fit.vertices
    triangle, weights, _ = Scene(vertices, mesh.triangles).first_hits(origins, rays)
    hit = triangle >= 0
    corners = np.zeros((len(mesh.triangles), 3, 9), np.float32)
    for name, which in mesh.parts.items():
        part = split_part(mesh, name)
        normals, uvs = part_normals(mesh, vertices, name)[part.vertex], mesh.uvs[part.uv]
        along = tangents(vertices[part.vertex], normals, uvs, part.triangles)
        corners[which] = np.concatenate([normals, uvs, along], 1)[part.triangles]
    values = np.einsum("hk,hki->hi", weights[hit], corners[triangle[hit]])
    smooth, along = _unit(values[:, :3]), values[:, 5:8]
    up = np.cross(smooth, along) * values[:, 8:]
    bent = look_up(relief, values[:, 3:5])
    return hit, _unit(bent[:, :1] * along + bent[:, 1:2] * up + bent[:, 2:] * smooth)


def _unit(vectors: Float[np.ndarray, "many 3"]) -> Float32[np.ndarray, "many 3"]:
    return np.asarray(vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-12), np.float32)
