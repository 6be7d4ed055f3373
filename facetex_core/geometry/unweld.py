"""Vertices split along the seams of the UV map: one place, one UV, one normal and one tangent each."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Float32, Int32

from facetex_core.geometry.mesh import vertex_normals
from facetex_core.structures import Mesh

Triangles = Int32[np.ndarray, "triangles 3"]
Vectors = Float[np.ndarray, "*corners 3"]


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
    """Tangents as MikkTSpace (Mikkelsen 2008) and glTF have them: x, y, z along u, and w.

    w (normal x tangent) points up in the texture, against v. Each triangle counts by its angle at the corner.
    """
    points, maps = places[triangles].astype(np.float64), uvs[triangles].astype(np.float64)
    edges, steps = points[:, 1:] - points[:, :1], maps[:, 1:] - maps[:, :1]
    area = steps[:, 0, 0] * steps[:, 1, 1] - steps[:, 0, 1] * steps[:, 1, 0]
    along_u = np.sign(area)[:, None] * (edges[:, 0] * steps[:, 1, 1:] - edges[:, 1] * steps[:, 0, 1:])
    at = normals[triangles].astype(np.float64)
    back, onwards = (_across(np.roll(points, way, 1) - points, at) for way in (1, -1))
    angle = np.arccos(np.clip(np.einsum("tki,tki->tk", back, onwards), -1, 1))
    flat = _across(np.broadcast_to(along_u[:, None], at.shape), at) * angle[..., None]
    summed = np.stack([np.bincount(triangles.ravel(), flat[..., axis].ravel(), len(places)) for axis in range(3)], 1)
    down = np.bincount(triangles.ravel(), (np.sign(area)[:, None] * angle).ravel(), len(places))
    other = np.cross(normals, np.where(np.abs(normals[:, :1]) < 0.7, [[1.0, 0, 0]], [[0, 1.0, 0]]))
    summed = np.where(np.linalg.norm(summed, axis=1, keepdims=True) > 1e-9, summed, other)  # where the map has no direction
    side = np.where(down > 0, -1.0, 1.0)
    return np.concatenate([_across(summed, normals), side[:, None]], 1).astype(np.float32)


def _across(directions: Vectors, normals: Vectors) -> Vectors:
    """Their parts across the normals, of length 1; 0 where there is none."""
    flat = directions - np.einsum("...i,...i->...", directions, normals)[..., None] * normals
    return np.asarray(flat / np.maximum(np.linalg.norm(flat, axis=-1, keepdims=True), 1e-20))
