"""What is true of a picture, from rays through the pixels' middles: depth, normals, place on the head, label, points."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float, Float32, Int32

from facetex_core.geometry.camera import project
from facetex_core.geometry.raycast import Scene
from facetex_core.structures import Camera, MorphableModel
from training.world.figure import Figure

BEHIND = 0.004
"""Metres that a point may lie behind what its ray meets first and still be seen: points lie on lips and lids that touch."""


def middles(values: Float[np.ndarray, "rays *channels"], side: int) -> Float[np.ndarray, "side side *channels"]:
    """Of a lattice's values, those at the middles of the pixels."""
    wide = 2 * side + 1
    return values.reshape(wide, wide, *values.shape[1:])[1::2, 1::2]


@dataclass(frozen=True, eq=False)
class Hits:
    """What rays from the camera meet of the head itself; all rays that miss it have triangle -1."""

    rays: Float32[np.ndarray, "rays 3"]
    """Directions of length 1 along the camera's axis: distances along them are depths."""
    triangle: Int32[np.ndarray, " rays"]
    weights: Float32[np.ndarray, "rays 3"]
    depth: Float32[np.ndarray, " rays"]

    def middles(self, side: int) -> "Hits":
        """Those of the pixels' middles alone."""
        values = (middles(rays, side) for rays in (self.rays, self.triangle, self.weights, self.depth))
        return Hits(*(value.reshape(-1, *value.shape[2:]) for value in values))


def lattice(camera: Camera) -> Float32[np.ndarray, "rays 3"]:
    """Rays through pixels' corners, edges and middles, in the head's frame: (2 side + 1) squared, row by row."""
    side = camera.size[0]
    at = np.arange(2 * side + 1) / 2
    across, down, ahead = np.linalg.inv(camera.intrinsics.astype(np.float64)).T @ camera.world_to_camera[:3, :3]
    rays = at[None, :, None] * across + (at[:, None] * down + ahead)[:, None]
    return rays.reshape(-1, 3).astype(np.float32)


def filtered(values: Float32[np.ndarray, "rays channels"], side: int) -> Float32[np.ndarray, "side side channels"]:
    """Pixels of a lattice: a tent as wide as two pixels, so that nothing moves against the buffers."""
    wide = 2 * side + 1
    grid = values.reshape(wide, wide, -1)
    rows = grid[:-2:2] + 2 * grid[1:-1:2] + grid[2::2]
    return np.asarray((rows[:, :-2:2] + 2 * rows[:, 1:-1:2] + rows[:, 2::2]) / 16, np.float32)


def cast(scene: Scene, camera: Camera, rays: Float32[np.ndarray, "rays 3"]) -> Hits:
    """What the rays meet of a scene of the head."""
    triangle, weights, depth = scene.first_hits(np.broadcast_to(camera.position, rays.shape), rays)
    return Hits(rays, triangle, weights, depth)


def normals_seen(
    normals: Float32[np.ndarray, "vertices 3"],
    triangles: Int32[np.ndarray, "triangles 3"],
    hits: Hits,
    which: Bool[np.ndarray, " rays"],
) -> Float32[np.ndarray, "hits 3"]:
    """Smooth unit normals where the rays hit."""
    found = np.matmul(hits.weights[which][:, None], normals[triangles[hits.triangle[which]]])[:, 0]
    return np.asarray(found / np.maximum(np.linalg.norm(found, axis=1, keepdims=True), 1e-9), np.float32)


def points_of(model: MorphableModel, vertices: Float[np.ndarray, "vertices 3"]) -> Float32[np.ndarray, "536 3"]:
    """The 68 landmarks and the 468 dense points on a head."""
    e = model.embedding
    which = np.concatenate([e.landmark_triangles, e.dense_triangles])
    weights = np.concatenate([e.landmark_barycentric, e.dense_barycentric])
    return np.einsum("pk,pkc->pc", weights, vertices[model.mesh.triangles[which]]).astype(np.float32)


def seen_points(
    figure: Figure, scene: Scene, cover: Float32[np.ndarray, "side side"]
) -> tuple[Float32[np.ndarray, "536 2"], Bool[np.ndarray, " 536"]]:
    """The points in pixels, and which are in the picture, under neither the head nor what is worn."""
    camera, side = figure.camera, figure.camera.size[0]
    points = points_of(figure.model, figure.vertices)
    at = project(camera, points)
    rays = points - camera.position
    _, _, share = scene.first_hits(np.broadcast_to(camera.position, rays.shape), rays)
    open_to = share > 1 - BEHIND / np.linalg.norm(rays, axis=1)
    inside = ((at >= 0) & (at < side)).all(1)
    column, row = at.astype(int).clip(0, side - 1).T
    return at, open_to & inside & (cover[row, column] < 0.5)
