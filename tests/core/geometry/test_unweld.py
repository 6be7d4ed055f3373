"""Tangents of a mesh whose vertices are split along the seams of its map."""

import numpy as np
import pytest

from facetex_core.geometry.unweld import tangents


@pytest.mark.parametrize("axis", [0, 1, 2], ids="xyz")
def test_where_the_map_gives_no_direction_a_tangent_is_a_unit_vector_across_the_normal(axis):
    normals = np.repeat(np.eye(3, dtype=np.float32)[axis : axis + 1], 3, 0)
    places = np.delete(np.eye(3), axis, 0)
    places = np.concatenate([np.zeros((1, 3)), places]).astype(np.float32)
    found = tangents(places, normals, np.zeros((3, 2), np.float32), np.array([[0, 1, 2]], np.int32))
    np.testing.assert_allclose(np.linalg.norm(found[:, :3], axis=1), 1, atol=1e-6)
    np.testing.assert_allclose(np.einsum("ci,ci->c", found[:, :3], normals), 0, atol=1e-6)
