"""Blender's own MikkTSpace on a mesh of ours: python blender_tangents.py mesh.npz tangents.npy.

The first holds places, normals, uvs (v downwards) and triangles; the second gets x, y, z and sign for every triangle's corners.
"""

import sys

import bpy
import numpy as np


def main(source: str, result: str) -> None:
    given = np.load(source)
    triangles = given["triangles"]
    mesh = bpy.data.meshes.new("mesh")
    mesh.from_pydata(given["places"].tolist(), [], triangles.tolist())
    uvs = given["uvs"][triangles.ravel()] * [1, -1] + [0, 1]
    mesh.uv_layers.new(name="map").data.foreach_set("uv", uvs.astype(np.float32).ravel())
    # Blender would round normals that it is given otherwise, each corner by itself, and part what is smooth.
    mesh.attributes.new("custom_normal", "FLOAT_VECTOR", "POINT").data.foreach_set("vector", given["normals"].ravel())
    mesh.calc_tangents()
    found = np.zeros((len(mesh.loops), 4), np.float32)
    for loop, row in zip(mesh.loops, found, strict=True):
        row[:] = *loop.tangent, loop.bitangent_sign
    order = [loop.vertex_index for loop in mesh.loops]
    assert order == triangles.ravel().tolist()
    np.save(result, found.reshape(-1, 3, 4))


if __name__ == "__main__":
    main(*sys.argv[1:3])
