"""What renderers that trace paths share: shapes with normals, checked options, and the ground behind the head."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float32, Int32

from facetex_core import Camera, Head, Photo
from facetex_core.geometry.mesh import triangle_normals
from facetex_core.geometry.unweld import part_normals, split_part
from facetex_core.lighting.studio import ground

LEAST_COSINE = 0.05
"""The least cosine between a normal and the way to the camera."""

Corners = Float32[np.ndarray, "corners 3"]


@dataclass(frozen=True, eq=False, slots=True)
class Shape:
    """A part of the head with its fitted expression; vertices are split along seams of the UV map."""

    name: str
    places: Corners
    normals: Corners
    uvs: Float32[np.ndarray, "corners 2"]
    triangles: Int32[np.ndarray, "triangles 3"]


def shapes_of(head: Head, camera: Camera) -> tuple[Shape, ...]:
    """Every part of the head, ready for its picture by this camera."""
    mesh, vertices = head.fit.model.mesh, head.fit.vertices
    shapes = []
    for name in mesh.parts:
        part, normals = split_part(mesh, name), part_normals(mesh, vertices, name)
        places = vertices[part.vertex]
        turned = _facing(places, normals[part.vertex], part.triangles, camera)
        shapes.append(Shape(name, places, turned, mesh.uvs[part.uv], part.triangles))
    return tuple(shapes)


def _facing(places: Corners, normals: Corners, triangles: Int32[np.ndarray, "triangles 3"], camera: Camera) -> Corners:
    """Smooth normals that nowhere turn their back on a camera that sees the surface: those would draw black outlines."""
    view = camera.position - places
    view /= np.maximum(np.linalg.norm(view, axis=1, keepdims=True), 1e-12)
    towards = np.einsum("ci,ci->c", normals, view)
    front = np.einsum("ti,ti->t", triangle_normals(places, triangles), view[triangles[:, 0]]) > 0
    seen = np.zeros(len(places), bool)
    seen[triangles[front]] = True
    lean = np.where(seen, np.maximum(LEAST_COSINE - towards, 0), 0)
    turned = normals + lean[:, None] * view
    return np.asarray(turned / np.maximum(np.linalg.norm(turned, axis=1, keepdims=True), 1e-12), np.float32)


def over_ground(rgba: Float32[np.ndarray, "height width 4"], name: str) -> Photo:
    """The picture, whose colour is multiplied by its alpha, before plain grey."""
    height, width = rgba.shape[:2]
    behind = (1 - rgba[..., 3:]) * ground(width, height)
    return Photo(np.clip(rgba[..., :3] + behind, 0, 1).astype(np.float32), name)
