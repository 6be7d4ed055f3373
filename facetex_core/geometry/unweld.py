"""Vertices split along the seams of the UV map: one place, one UV, one normal and one tangent each."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Float32, Float64, Int32

from facetex_core.geometry.mesh import vertex_normals
from facetex_core.structures import Mesh

Triangles = Int32[np.ndarray, "triangles 3"]
Vectors = Float[np.ndarray, "corners 3"]


@dataclass(frozen=True, eq=False, slots=True)
class SplitPart:
    """A part of a mesh as renderers want it."""

    vertex: Int32[np.ndarray, "corners"]
    """Which vertex of the mesh each corner is."""
    uv: Int32[np.ndarray, "corners"]
    """Which of the mesh's UVs it has."""
    triangles: Triangles
    """Corners of each triangle, in the mesh's order and winding."""


def split_part(mesh: Mesh, part: str) -> SplitPart:
    """The part with a corner for every pair of vertex and UV that occurs."""
    which = mesh.parts[part]
    pairs = mesh.triangles[which].astype(np.int64) * len(mesh.uvs) + mesh.uv_triangles[which]
    keys, corners = np.unique(pairs, return_inverse=True)
    return SplitPart(
        (keys // len(mesh.uvs)).astype(np.int32),
        (keys % len(mesh.uvs)).astype(np.int32),
        corners.reshape(-1, 3).astype(np.int32),
    )


def part_normals(mesh: Mesh, vertices: Float32[np.ndarray, "vertices 3"], part: str) -> Float32[np.ndarray, "vertices 3"]:
    """Vertex normals by the part's own triangles; 0 at vertices of other parts. A lip does not lean into the mouth."""
    return vertex_normals(vertices, mesh.triangles[mesh.parts[part]])


def tangents(
    places: Float32[np.ndarray, "corners 3"],
    normals: Float32[np.ndarray, "corners 3"],
    uvs: Float32[np.ndarray, "corners 2"],
    triangles: Triangles,
) -> Float32[np.ndarray, "corners 4"]:
    """Tangents as glTF has them: x, y, z along u, and w so that w (normal x tangent) points up in the texture, against v."""
    edges = places[triangles[:, 1:]] - places[triangles[:, :1]]
    steps = uvs[triangles[:, 1:]] - uvs[triangles[:, :1]]
    area = steps[:, 0, 0] * steps[:, 1, 1] - steps[:, 0, 1] * steps[:, 1, 0]
    # Weighted by area in the map: small slivers have wild directions.
    along_u = np.sign(area)[:, None] * (edges[:, 0] * steps[:, 1, 1:] - edges[:, 1] * steps[:, 0, 1:])
    along_v = np.sign(area)[:, None] * (edges[:, 1] * steps[:, 0, :1] - edges[:, 0] * steps[:, 1, :1])
    tangent = _perpendicular(_at_corners(along_u, triangles, len(places)), normals)
    up = -_at_corners(along_v, triangles, len(places))
    side = np.where(np.einsum("ci,ci->c", np.cross(normals, tangent), up) < 0, -1.0, 1.0)
    return np.concatenate([tangent, side[:, None]], 1).astype(np.float32)


def _at_corners(each: Float[np.ndarray, "triangles 3"], triangles: Triangles, count: int) -> Float64[np.ndarray, "corners 3"]:
    return np.stack([np.bincount(triangles.ravel(), np.repeat(each[:, axis], 3), count) for axis in range(3)], 1)


def _perpendicular(directions: Vectors, normals: Vectors) -> Vectors:
    """Unit vectors across the normals; any that is across where the map gives none."""
    flat = directions - np.einsum("ci,ci->c", directions, normals)[:, None] * normals
    length = np.linalg.norm(flat, axis=1, keepdims=True)
    other = np.cross(normals, np.where(np.abs(normals[:, :1]) < 0.7, [[1.0, 0, 0]], [[0, 1.0, 0]]))
    flat = np.where(length > 1e-12, flat, other)
    return flat / np.maximum(np.linalg.norm(flat, axis=1, keepdims=True), 1e-20)
