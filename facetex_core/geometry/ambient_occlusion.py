"""How much of the sky a point sees: ambient occlusion by rays over the hemisphere, with the cosine's density."""

import numpy as np
from jaxtyping import Float, Float32

from facetex_core.geometry.raycast import Scene

RAYS = 40
OCCLUSION_REACH = 0.03
"""Metres beyond which a wall no longer darkens: half the depth of a mouth, whose flesh is painted darker the deeper it lies."""
OCCLUSION_OFFSET = 0.0003
"""Metres that rays start off the surface."""


def occlusion(
    scene: Scene, points: Float32[np.ndarray, "points 3"], normals: Float32[np.ndarray, "points 3"], rays: int = RAYS
) -> Float32[np.ndarray, "points"]:
    """1 in the open, 0 in the dark; near walls count more than far ones."""
    local = _cosine_directions(rays)
    side, up = _frames(normals)
    ways = local[:, :1] * side[:, None] + local[:, 1:2] * up[:, None] + local[:, 2:] * normals[:, None]
    origins = np.broadcast_to((points + OCCLUSION_OFFSET * normals)[:, None], ways.shape)
    _, _, distance = scene.first_hits(origins.reshape(-1, 3), ways.reshape(-1, 3).astype(np.float32))
    closed = np.clip(1 - distance.reshape(len(points), rays) / OCCLUSION_REACH, 0, 1)
    return np.asarray(1 - closed.mean(1), np.float32)


def _cosine_directions(count: int) -> Float[np.ndarray, "count 3"]:
    """A spiral over the disc, lifted onto the hemisphere (Malley's method)."""
    k = np.arange(count) + 0.5
    radius, turn = np.sqrt(k / count), k * np.pi * (3 - np.sqrt(5))
    return np.stack([radius * np.cos(turn), radius * np.sin(turn), np.sqrt(1 - radius**2)], 1)


def _frames(normals: Float[np.ndarray, "points 3"]) -> tuple[Float[np.ndarray, "points 3"], Float[np.ndarray, "points 3"]]:
    """Two directions across each normal."""
    other = np.where(np.abs(normals[:, 1:2]) < 0.9, [[0, 1.0, 0]], [[1.0, 0, 0]])
    side = np.cross(other, normals)
    side /= np.maximum(np.linalg.norm(side, axis=1, keepdims=True), 1e-12)
    return side, np.cross(normals, side)
