"""Tangents of a mesh whose vertices are split along the seams of its map."""

import os
import subprocess

import numpy as np
import pytest
from basis_head import basis_head
from places import SUPPORT

from facetex_core.geometry.unweld import part_normals, split_part, tangents


@pytest.mark.parametrize("axis", [0, 1, 2], ids="xyz")
def test_where_the_map_gives_no_direction_a_tangent_is_a_unit_vector_across_the_normal(axis):
    normals = np.repeat(np.eye(3, dtype=np.float32)[axis : axis + 1], 3, 0)
    places = np.delete(np.eye(3), axis, 0)
    places = np.concatenate([np.zeros((1, 3)), places]).astype(np.float32)
    found = tangents(places, normals, np.zeros((3, 2), np.float32), np.array([[0, 1, 2]], np.int32))
    np.testing.assert_allclose(np.linalg.norm(found[:, :3], axis=1), 1, atol=1e-6)
    np.testing.assert_allclose(np.einsum("ci,ci->c", found[:, :3], normals), 0, atol=1e-6)


def test_tangents_are_those_that_blender_s_mikktspace_computes(tmp_path, capsys):
    blender = os.environ.get("FACETEX_BLENDER_PYTHON")
    if not blender:
        pytest.skip("needs FACETEX_BLENDER_PYTHON: a Python into which bpy is installed")
    fit = basis_head().fit
    mesh, split = fit.model.mesh, split_part(fit.model.mesh, "skin")
    places, uvs = fit.neutral[split.vertex], mesh.uvs[split.uv]
    normals = part_normals(mesh, fit.neutral, "skin")[split.vertex]
    np.savez(tmp_path / "mesh.npz", places=places, normals=normals, uvs=uvs, triangles=split.triangles)
    script = [blender, str(SUPPORT / "blender_tangents.py"), str(tmp_path / "mesh.npz"), str(tmp_path / "tangents.npy")]
    subprocess.run(script, check=True, capture_output=True)
    theirs, ours = np.load(tmp_path / "tangents.npy"), tangents(places, normals, uvs, split.triangles)[split.triangles]
    np.testing.assert_array_equal(ours[..., 3], theirs[..., 3])
    angle = np.degrees(np.arccos(np.clip(np.einsum("tki,tki->tk", ours[..., :3], theirs[..., :3]), -1, 1)))
    with capsys.disabled():
        print(f" {angle.mean():.4f} degrees, {angle.max():.3f} at most ", end="")
    assert angle.max() < 0.1  # an arc cosine in single precision is good for .03
