"""How well a photo shows each texel of the map."""

import numpy as np
from jaxtyping import Float32

from facetex_core.geometry.mesh import triangle_normals, vertex_normals
from facetex_core.geometry.uv_raster import interpolate
from facetex_core.structures import Fit, Texture
from facetex_core.texture.regions import skin_texels


def view_weight(texture: Texture, fit: Fit) -> Float32[np.ndarray, "size size"]:
    """How well the photo shows each texel: visibility, times the cosine of the angle, times pixels along a texel up to 1."""
    mesh, vertices = fit.model.mesh, fit.vertices
    towards = fit.camera.position - vertices
    normals = vertex_normals(vertices, mesh.triangles[mesh.parts["skin"]])
    cosine = np.clip(np.einsum("vi,vi->v", normals, towards) / np.linalg.norm(towards, axis=1), 0, 1)
    facing = interpolate(skin_texels(fit.model, texture.size), mesh, cosine[:, None].astype(np.float32))[..., 0]
    return np.asarray(texture.visibility * facing * np.minimum(pixels_per_texel(fit, texture.size), 1), np.float32)


def pixels_per_texel(fit: Fit, size: int) -> Float32[np.ndarray, "size size"]:
    """How many of the photo's pixels a texel is long, seen straight on."""
    texels = skin_texels(fit.model, size)
    pixels_a_metre = fit.camera.intrinsics[0, 0] / np.linalg.norm(fit.camera.position - fit.vertices, axis=1)
    density = interpolate(texels, fit.model.mesh, pixels_a_metre[:, None].astype(np.float32))[..., 0]
    return np.asarray(density * _metres(fit)[texels.triangle] / size, np.float32)


def _metres(fit: Fit) -> Float32[np.ndarray, "triangles"]:
    """How long the UV map's whole side would be on the skin, were all of the map laid out as the triangle is."""
    mesh, flat = fit.model.mesh, np.pad(fit.model.mesh.uvs, ((0, 0), (0, 1)))
    pairs = ((fit.vertices, mesh.triangles), (flat, mesh.uv_triangles))
    on_skin, on_map = (np.linalg.norm(triangle_normals(*pair), axis=1) for pair in pairs)
    return np.asarray(np.sqrt(on_skin / np.maximum(on_map, 1e-12)), np.float32)
