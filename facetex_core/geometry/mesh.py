"""Normals of a mesh."""

import numpy as np
from jaxtyping import Float32, Int32


def triangle_normals(
    vertices: Float32[np.ndarray, "vertices 3"], triangles: Int32[np.ndarray, "triangles 3"]
) -> Float32[np.ndarray, "triangles 3"]:
    """Normals outwards, as long as twice the triangle's area."""
    a, b, c = (vertices[triangles[:, corner]] for corner in range(3))
    return np.asarray(np.cross(b - a, c - a), np.float32)


def vertex_normals(
    vertices: Float32[np.ndarray, "vertices 3"], triangles: Int32[np.ndarray, "triangles 3"]
) -> Float32[np.ndarray, "vertices 3"]:
    """Unit normals: those of the triangles round a vertex, weighted by area."""
    each = triangle_normals(vertices, triangles).astype(np.float64)
    summed = np.stack([np.bincount(triangles.ravel(), np.repeat(each[:, axis], 3), len(vertices)) for axis in range(3)], 1)
    return np.asarray(summed / np.maximum(np.linalg.norm(summed, axis=1, keepdims=True), 1e-20), np.float32)
