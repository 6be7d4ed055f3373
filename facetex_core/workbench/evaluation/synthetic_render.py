"""A photograph of a head by rays: light from every side with cast shadow, skin that scatters and mirrors, a blurred background.

Nothing here knows second-order harmonics: what a fitter assumes about light is not what it is tested with.
"""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Float32, Int32

from facetex_core.geometry.camera import camera_rays
from facetex_core.geometry.mesh import vertex_normals
from facetex_core.geometry.raycast import Scene
from facetex_core.imaging.look_up import look_up
from facetex_core.structures import Camera, Mesh
from facetex_core.workbench.evaluation.environment import Environment

SHADOW_LIGHTS = 144
"""Directions of light that are tried for cast shadow."""
SHADOW_OFFSET = 0.0004
"""Metres that shadow rays start off the surface."""
SPREADING = np.array([0.7, 0.35, 0.15], np.float32)
"""How far red, green and blue light wander in the skin: the share of a vertex's light that comes from its neighbours."""
SPREADS = 3
SAMPLES = 2
"""Rays a pixel along each side."""
TRACED_ROWS = 48
"""Rows of pixels done at once; what fits into the cache is faster."""
MIRRORED = 0.028
"""Of light that falls straight onto skin or tears (refractive index 1.4)."""
GRAZING_MIRROR = 0.25
"""What rough skin mirrors at grazing angles, where smooth skin would mirror all."""
SHEEN = {"left_eye": 0.3, "right_eye": 0.3, "cloth": 0.0}
GLOSS = {"left_eye": 1.0, "right_eye": 1.0, "cloth": 0.0, "teeth": 0.5}
SKIN_SHEEN, SKIN_GLOSS = 0.55, 0.12
"""How strongly a part mirrors the panorama under a wide and a narrow lobe; skin where it is not named."""
PLAIN, BACKDROP = 0.4, (0.15, 0.9)
"""Share of plain backdrops, and how bright a background is beside the light that comes from there."""
BOUNCE = 0.3
"""Share of the light missing in a hollow that its walls send back, times their albedo."""

Vertices = Float32[np.ndarray, "vertices 3"]
Hits = Float32[np.ndarray, "hits 3"]


@dataclass(frozen=True, eq=False, slots=True)
class _Surface:
    """A mesh refined once, with what shading needs at its vertices."""

    vertices: Vertices
    triangles: Int32[np.ndarray, "triangles 3"]
    uvs: Float32[np.ndarray, "triangles 3 2"]
    normals: Vertices
    mirrors: Float32[np.ndarray, "vertices 2"]
    """Sheen and gloss."""


def photograph(
    mesh: Mesh,
    skin: Float32[np.ndarray, "size size 4"],
    cloth: Float32[np.ndarray, "3"],
    environment: Environment,
    camera: Camera,
    rng: np.random.Generator,
) -> Float32[np.ndarray, "height width 3"]:
    """Linear light of every pixel, not cut at white; where there is no head, the blurred panorama or a plain backdrop.

    `skin` is albedo and shine over the mesh's map; the last part of the mesh is `cloth`, all of one colour.
    """
    surface = _refined(mesh)
    scene = Scene(surface.vertices, surface.triangles)
    light, opened = _light(surface, scene, environment, rng)
    values = np.concatenate([surface.normals, light, opened[:, None], surface.mirrors], 1)
    bare = 4 * mesh.parts["cloth"].start
    plain, backdrop = rng.random() < PLAIN, rng.uniform(*BACKDROP) * rng.uniform(0.8, 1.0, 3).astype(np.float32)
    width, height = camera.size
    picture = np.zeros((height, width, 3), np.float32)
    for start in range(0, height, TRACED_ROWS):
        rows = slice(start, min(start + TRACED_ROWS, height))
        rays = unit_rays(camera, rows, SAMPLES)
        triangle, weights, _ = scene.first_hits(np.broadcast_to(camera.position, rays.shape), rays)
        hit = triangle >= 0
        seen = np.zeros_like(rays)
        seen[~hit] = backdrop * environment.mean if plain else backdrop * environment.towards(rays[~hit], "sheen")
        if hit.any():
            at = np.matmul(weights[hit][:, None], values[surface.triangles[triangle[hit]]])[:, 0]
            uvs = np.matmul(weights[hit][:, None], surface.uvs[triangle[hit]])[:, 0]
            found = look_up(skin, uvs)
            albedo = np.where(triangle[hit][:, None] >= bare, cloth, found[:, :3])
            seen[hit] = _sent(at, albedo, found[:, 3:], rays[hit], environment)
        picture[rows] = seen.reshape(-1, SAMPLES, width, SAMPLES, 3).mean((1, 3))
    return picture


def unit_rays(camera: Camera, rows: slice, samples: int) -> Float32[np.ndarray, "rays 3"]:
    """Unit directions in the world through `samples` x `samples` points of every pixel of the rows, row by row."""
    x = (np.arange(camera.size[0] * samples) + 0.5) / samples
    y = (np.arange(rows.start * samples, rows.stop * samples) + 0.5) / samples
    return _unit(camera_rays(camera, x, y).reshape(-1, 3))


def _refined(mesh: Mesh) -> _Surface:
    """Every triangle cut into four: light is found at vertices, and the edge of a shadow needs them close together."""
    normals, mirrors = np.zeros_like(mesh.vertices), np.zeros((len(mesh.vertices), 2), np.float32)
    for name, which in mesh.parts.items():
        used = np.unique(mesh.triangles[which])
        normals[used] = vertex_normals(mesh.vertices, mesh.triangles[which])[used]
        mirrors[used] = SHEEN.get(name, SKIN_SHEEN), GLOSS.get(name, SKIN_GLOSS)
    edges = np.sort(mesh.triangles[:, [[0, 1], [1, 2], [2, 0]]].reshape(-1, 2), 1)
    ends, middle = np.unique(edges, axis=0, return_inverse=True)
    six = np.concatenate([mesh.triangles, middle.reshape(-1, 3) + len(mesh.vertices)], 1)
    corners = mesh.uvs[mesh.uv_triangles]
    six_uvs = np.concatenate([corners, (corners + corners[:, [1, 2, 0]]) / 2], 1)
    cut = [[0, 3, 5], [3, 1, 4], [5, 4, 2], [3, 4, 5]]

    def grown(values: Float[np.ndarray, "vertices columns"]) -> Float32[np.ndarray, "finer columns"]:
        return np.concatenate([values, values[ends].mean(1)]).astype(np.float32)

    return _Surface(
        grown(mesh.vertices),
        six[:, cut].reshape(-1, 3).astype(np.int32),
        six_uvs[:, cut].reshape(-1, 3, 2).astype(np.float32),
        _unit(grown(normals)),
        grown(mirrors),
    )


def _light(
    surface: _Surface, scene: Scene, environment: Environment, rng: np.random.Generator
) -> tuple[Vertices, Float32[np.ndarray, "vertices"]]:
    """What white skin sends back at each vertex, and which share of the light reaches it past all that stands around."""
    ways, strength = environment.sample(SHADOW_LIGHTS, rng)
    origins = surface.vertices + SHADOW_OFFSET * surface.normals
    came, meant = np.full(len(origins), 1e-9), np.full(len(origins), 1e-9)
    for way, power in zip(ways, strength, strict=True):
        cosine = np.maximum(surface.normals @ way, 0) * power
        facing = np.flatnonzero(cosine)
        blocked = scene.blocked(origins[facing], np.broadcast_to(way, (len(facing), 3)))
        meant += cosine
        came[facing] += cosine[facing] * ~blocked
    opened = (came / meant).astype(np.float32)
    light = environment.towards(surface.normals, "diffuse") * opened[:, None]
    return _spread_in_skin(light, surface.triangles), opened


def _spread_in_skin(light: Float[np.ndarray, "vertices 3"], triangles: Int32[np.ndarray, "triangles 3"]) -> Vertices:
    """Light that comes out of the skin near where it went in: red goes farthest, so that the edge of a shadow is warm."""
    from scipy.sparse import coo_matrix

    ends = triangles[:, [0, 1, 2, 1, 2, 0]].ravel(), triangles[:, [1, 2, 0, 0, 1, 2]].ravel()
    near = coo_matrix((np.ones(len(ends[0]), np.float32), ends), (len(light), len(light))).tocsr()
    share = 1 / np.maximum(near.sum(1), 1)
    for _ in range(SPREADS):
        light = (1 - SPREADING) * light + SPREADING * np.asarray(near @ light) * np.asarray(share).reshape(-1, 1)
    return np.asarray(light, np.float32)


def _sent(
    at: Float32[np.ndarray, "hits 9"], albedo: Hits, shine: Float32[np.ndarray, "hits 1"], rays: Hits, environment: Environment
) -> Hits:
    """What a point sends to the eye: scattered light, and the panorama mirrored under two lobes (Schlick's Fresnel term)."""
    normals, opened = _unit(at[:, :3]), at[:, 6:7]
    cosine = np.einsum("pi,pi->p", normals, rays)[:, None]
    mirrored = rays - 2 * cosine * normals
    fresnel = MIRRORED + GRAZING_MIRROR * (1 - np.clip(-cosine, 0, 1)) ** 5
    sheen, gloss = environment.towards(mirrored, "sheen"), environment.towards(mirrored, "gloss")
    highlight = shine * fresnel * opened**2 * (at[:, 7:8] * sheen + at[:, 8:9] * gloss)
    walls = BOUNCE * (1 - opened) * albedo * environment.mean
    return np.asarray(albedo * (at[:, 3:6] + walls) + highlight, np.float32)


def _unit(vectors: Float[np.ndarray, "vectors 3"]) -> Float32[np.ndarray, "vectors 3"]:
    length = np.sqrt(np.maximum(np.einsum("vi,vi->v", vectors, vectors), 1e-24))
    return np.asarray(vectors / length[:, None], np.float32)
