"""The UV map of a mesh laid out as texels."""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from jaxtyping import Bool, Float32, Int32

from facetex_core.geometry.raycast import Scene
from facetex_core.structures import Mesh, MorphableModel


@dataclass(frozen=True, eq=False, slots=True)
class UVRaster:
    """Which point of the mesh each texel shows."""

    triangle: Int32[np.ndarray, "size size"]
    """-1 where the map is empty."""
    barycentric: Float32[np.ndarray, "size size 3"]
    inside: Bool[np.ndarray, "size size"]
    """Where there is a triangle of the asked-for parts."""

    def of(self, mesh: Mesh, part: str) -> Bool[np.ndarray, "size size"]:
        """Where there is a triangle of this part; nowhere if the mesh has no such part."""
        which = mesh.parts.get(part, slice(0, 0))
        return np.asarray((self.triangle >= which.start) & (self.triangle < which.stop))


def rasterize_uv(mesh: Mesh, size: int, parts: tuple[str, ...] = ()) -> UVRaster:
    """Triangle and barycentric weights of every texel's centre; of all parts, or of those named."""
    flat = np.concatenate([mesh.uvs, np.zeros((len(mesh.uvs), 1), np.float32)], 1)
    centres = (np.arange(size, dtype=np.float32) + 0.5) / size
    u, v = np.meshgrid(centres, centres)
    origins = np.stack([u.ravel(), v.ravel(), np.ones(size * size, np.float32)], 1)
    directions = np.broadcast_to(np.array([0, 0, -1], np.float32), origins.shape)
    triangle, weights, _ = Scene(flat, mesh.uv_triangles).first_hits(origins, directions)
    wanted = np.zeros(len(mesh.triangles) + 1, bool)
    for part in parts or mesh.parts:
        wanted[mesh.parts[part]] = True
    triangle = triangle.reshape(size, size)
    return UVRaster(triangle, weights.reshape(size, size, 3), wanted[triangle])


def interpolate(
    texels: UVRaster, mesh: Mesh, values: Float32[np.ndarray, "vertices channels"]
) -> Float32[np.ndarray, "size size channels"]:
    """Values at vertices, interpolated to texels; 0 where the map is empty."""
    corners = values[mesh.triangles[texels.triangle[texels.inside]]]
    result = np.zeros((*texels.inside.shape, values.shape[1]), np.float32)
    result[texels.inside] = np.einsum("tkc,tk->tc", corners, texels.barycentric[texels.inside])
    return result


@lru_cache(maxsize=4)
def all_texels(model: MorphableModel, size: int) -> UVRaster:
    """The texels of every part."""
    return rasterize_uv(model.mesh, size)
