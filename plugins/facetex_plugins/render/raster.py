"""Renderer: one ray per sample, harmonics for the soft light and one highlight for its strongest direction.

Highlight: f = D V F with D of Trowbridge and Reitz (Walter et al. 2007, equation 33), V of Schlick and F of Schlick 1994.
The material is that of the GLB (texture/material.py). Karis 2013 is Real Shading in Unreal Engine 4.
"""

from typing import Annotated

import numpy as np
from jaxtyping import Float, Float32, Int32

from facetex_core import Camera, Head, Lighting, Meta, Photo, hookimpl
from facetex_core.geometry.ambient_occlusion import occlusion
from facetex_core.geometry.camera import camera_rays, project
from facetex_core.geometry.raycast import Scene
from facetex_core.geometry.unweld import part_normals, split_part, tangents
from facetex_core.imaging.colour import luminance
from facetex_core.imaging.look_up import look_up
from facetex_core.lighting.harmonics import shade
from facetex_core.lighting.studio import ground
from facetex_core.texture.material import REFRACTION, roughness_of

LIGHT = 0.05
"""What the light's own breadth adds to the width of a highlight, as GGX's alpha: half the tangent of its half-angle (Karis
2013). Harmonics tell only the light's direction; a key light is as wide as a window, 6 degrees to either side. Without it the
highlight of an eye would be smaller than a pixel."""
RED_SOFTNESS = 0.6
"""How far red light ignores fine normals: it leaves the skin millimetres from where it went in (Ma et al. 2007)."""
RASTER_ROWS = 96
"""Rows of samples done at once; what fits into the cache is twice as fast."""

api_version = 2

Vectors = Float32[np.ndarray, "hits 3"]
Rays = Float32[np.ndarray, "rays 3"]


@hookimpl
def renderers() -> dict[str, type]:
    """The default."""
    return {"raster": RasterRenderer}


class RasterRenderer:
    """Ray casting, with shading by spherical harmonics and one highlight."""

    def __init__(
        self,
        samples: Annotated[int, Meta(ge=1, description="rays along each side of a pixel")] = 2,
        occlusion: Annotated[bool, Meta(description="whether ambient occlusion darkens hollows")] = True,
    ) -> None:
        self.samples, self.occlusion = samples, occlusion

    def render(self, head: Head, camera: Camera, lighting: Lighting) -> Photo:
        """The head with its fitted expression, on a grey ground."""
        surface = _Surface(head, self.occlusion)
        width, height = camera.size
        fine = np.repeat(np.repeat(ground(width, height), self.samples, 0), self.samples, 1)
        left, top, right, bottom = (edge * self.samples for edge in _extent(camera, head.fit.vertices))
        for start in range(top, bottom, RASTER_ROWS):
            rows = slice(start, min(start + RASTER_ROWS, bottom))
            tile = fine[rows, left:right]
            rays = _rays(camera, rows, slice(left, right), self.samples)
            tile[...] = surface.seen(camera.position, rays, lighting, tile.reshape(-1, 3)).reshape(tile.shape)
        rgb = fine.reshape(height, self.samples, width, self.samples, 3).mean((1, 3), dtype=np.float32)
        return Photo(rgb, head.name)


class _Surface:
    """What a ray can hit, with all that shading needs at its corners."""

    def __init__(self, head: Head, with_occlusion: bool) -> None:
        mesh, vertices = head.fit.model.mesh, head.fit.vertices
        self.albedo, self.normals = head.albedo.rgb, head.detail.normals
        self.scene = Scene(vertices, mesh.triangles)
        self.corners = np.zeros_like(mesh.triangles)
        self.roughness = roughness_of(head)
        self.refraction = np.full(len(mesh.triangles), REFRACTION["skin"], np.float32)
        every: list[Float[np.ndarray, "corners 10"]] = []
        for name, which in mesh.parts.items():
            part = split_part(mesh, name)
            self.corners[which] = part.triangles + sum(map(len, every))
            self.refraction[which] = REFRACTION.get(name, REFRACTION["skin"])
            normals, uvs = part_normals(mesh, vertices, name)[part.vertex], mesh.uvs[part.uv]
            tangent = tangents(vertices[part.vertex], normals, uvs, part.triangles)
            every.append(np.concatenate([normals, uvs, tangent, part.vertex[:, None]], 1))
        attributes = np.concatenate(every)
        whose = attributes[:, 9].astype(int)
        attributes[:, 9] = 1
        if with_occlusion:
            attributes[:, 9] = occlusion(self.scene, vertices[whose], attributes[:, :3].astype(np.float32))
        self.attributes = attributes.astype(np.float32)

    def seen(self, eye: Float32[np.ndarray, "3"], rays: Rays, lighting: Lighting, behind: Rays) -> Rays:
        """Linear light along each ray; `behind` where it meets nothing."""
        triangle, weights, _ = self.scene.first_hits(np.broadcast_to(eye, rays.shape), rays)
        hit = triangle >= 0
        result = np.array(behind)
        if hit.any():
            result[hit] = self._shaded(triangle[hit], weights[hit], -rays[hit], lighting)
        return result

    def _shaded(self, triangle: Int32[np.ndarray, "hits"], weights: Vectors, view: Vectors, lighting: Lighting) -> Vectors:
        corners = self.attributes[self.corners[triangle]]
        values = np.matmul(weights[:, None], corners)[:, 0]
        smooth = _unit(values[:, :3])
        bent = _bend(smooth, values[:, 5:9], look_up(self.normals, values[:, 3:5]))
        soft = _unit(bent + RED_SOFTNESS / (1 - RED_SOFTNESS) * smooth)
        albedo = look_up(self.albedo, values[:, 3:5])
        light = shade(lighting, bent)
        light[:, 0] = shade(lighting, soft)[:, 0]
        opened = values[:, 9:]
        lit = albedo * light * _bounced(opened, albedo)
        rough = look_up(self.roughness, values[:, 3:5])
        return np.clip(lit + opened**2 * _highlight(bent, view, rough, self.refraction[triangle], lighting), 0, 1)


def _extent(camera: Camera, vertices: Float[np.ndarray, "vertices 3"]) -> tuple[int, int, int, int]:
    """The pixels that the head can touch: left, top, right, bottom."""
    width, height = camera.size
    depth = vertices @ camera.world_to_camera[2, :3] + camera.world_to_camera[2, 3]
    if depth.min() <= 1e-3:
        return 0, 0, width, height
    places = project(camera, vertices)
    left, top = np.clip(np.floor(places.min(0)), 0, (width, height)).astype(int).tolist()
    right, bottom = np.clip(np.ceil(places.max(0)), 0, (width, height)).astype(int).tolist()
    return left, top, right, bottom


def _rays(camera: Camera, rows: slice, columns: slice, samples: int) -> Rays:
    """Unit directions in the world through the samples' centres."""
    x, y = ((np.arange(span.start, span.stop) + 0.5) / samples for span in (columns, rows))
    return _unit(camera_rays(camera, x, y).reshape(-1, 3))


def _unit(vectors: Float[np.ndarray, "vectors 3"]) -> Float[np.ndarray, "vectors 3"]:
    return vectors / np.sqrt(np.maximum(np.einsum("ni,ni->n", vectors, vectors), 1e-20))[:, None]


def _bend(
    normals: Float[np.ndarray, "hits 3"], tangent: Float[np.ndarray, "hits 4"], detail: Float[np.ndarray, "hits 3"]
) -> Vectors:
    """The normals of the map, from tangent space to the world."""
    along = tangent[:, :3]
    up = np.cross(normals, along) * tangent[:, 3:]
    return _unit(detail[:, :1] * along + detail[:, 1:2] * up + detail[:, 2:] * normals)


def _bounced(opened: Float[np.ndarray, "hits 1"], albedo: Float[np.ndarray, "hits 3"]) -> Float[np.ndarray, "hits 3"]:
    """How much light a hollow keeps when it bounces in it: bright skin's hollows are red, not black (Jimenez et al. 2016)."""
    a, b, c = 2.0404 * albedo - 0.3324, -4.7951 * albedo + 0.6417, 2.7552 * albedo + 0.6903
    return np.clip(((opened * a + b) * opened + c) * opened, opened, 1)


def _highlight(
    normals: Vectors,
    view: Vectors,
    roughness: Float32[np.ndarray, "hits"],
    refraction: Float32[np.ndarray, "hits"],
    lighting: Lighting,
) -> Vectors:
    """The strongest direction of the light, mirrored by the surface."""
    linear = lighting.coefficients[1:4]
    direction = luminance(linear)
    strength = float(np.linalg.norm(direction))
    if strength < 1e-6:
        return np.zeros_like(normals)
    towards = (direction / strength).astype(np.float32)
    # A distant light that gives a white surface E has E / 2 for its linear term (Ramamoorthi and Hanrahan 2001).
    power = np.maximum(2 * towards @ linear, 0)
    half = _unit(view + towards)
    facing, seen = _cosines(normals, half), _cosines(normals, view)
    light = np.maximum(normals @ towards, 1e-4)
    alpha = roughness**2 + LIGHT
    width = alpha**2
    peak = width / (np.pi * (facing**2 * (width - 1) + 1) ** 2)
    shadow = alpha / 2
    visible = 0.25 / ((light * (1 - shadow) + shadow) * (seen * (1 - shadow) + shadow))
    straight = ((refraction - 1) / (refraction + 1)) ** 2
    mirrored = straight + (1 - straight) * (1 - _cosines(view, half)) ** 5
    return (peak * visible * mirrored * light)[:, None] * (np.pi * power).astype(np.float32)


def _cosines(some: Vectors, others: Vectors) -> Float32[np.ndarray, "hits"]:
    """Row by row, for unit vectors; never quite 0, which would divide."""
    return np.clip(np.einsum("ni,ni->n", some, others), 1e-4, 1)
