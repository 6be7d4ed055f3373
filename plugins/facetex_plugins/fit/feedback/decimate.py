"""Fewer triangles for nearly the same surface (Garland and Heckbert 1997)."""

import numpy as np
from jaxtyping import Float32, Int32

from facetex_core.geometry.raycast import open3d


def decimated(
    vertices: Float32[np.ndarray, "vertices 3"], triangles: Int32[np.ndarray, "triangles 3"], count: int
) -> tuple[Float32[np.ndarray, "few 3"], Int32[np.ndarray, "fewer 3"]]:
    """About `count` triangles, and the vertices that they need, which are new ones."""
    geometry, utility = open3d().geometry, open3d().utility
    places, corners = vertices.astype(np.float64), triangles.astype(np.int32)  # copies: Open3D takes no locked arrays
    whole = geometry.TriangleMesh(utility.Vector3dVector(places), utility.Vector3iVector(corners))
    few = whole.simplify_quadric_decimation(count).remove_unreferenced_vertices()
    return np.asarray(few.vertices).astype(np.float32), np.asarray(few.triangles).astype(np.int32)
