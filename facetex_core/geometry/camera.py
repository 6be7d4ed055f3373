"""Projection by a pinhole camera, and cameras for portraits of a head."""

import numpy as np
from jaxtyping import Float32

from facetex_core.structures import Camera


def project(camera: Camera, points: Float32[np.ndarray, "points 3"]) -> Float32[np.ndarray, "points 2"]:
    """World metres to pixels; the centre of the upper left pixel is (0.5, 0.5)."""
    seen = points @ camera.world_to_camera[:3, :3].T + camera.world_to_camera[:3, 3]
    return np.asarray((seen @ camera.intrinsics.T)[:, :2] / seen[:, 2:], np.float32)


def yaw_degrees(camera: Camera) -> float:
    """How far the head is turned from the camera: positive where it looks towards its own left."""
    x, _, z = camera.world_to_camera[:3, :3].T @ np.array([0.0, 0.0, -1.0])
    return float(np.degrees(np.arctan2(-x, z)))


def orbit_camera(
    target: Float32[np.ndarray, "3"], *, yaw: float, distance: float, width_seen: float, size: tuple[int, int]
) -> Camera:
    """A camera level with the target, `yaw` degrees round towards the head's left (+x), that sees `width_seen` metres."""
    turn = np.radians(yaw)
    backward = np.array([np.sin(turn), 0.0, np.cos(turn)])
    right = np.array([np.cos(turn), 0.0, -np.sin(turn)])
    rotation = np.stack([right, [0.0, -1.0, 0.0], -backward])
    pose = np.eye(4, dtype=np.float32)
    pose[:3, :3] = rotation
    pose[:3, 3] = -rotation @ (target + distance * backward)
    focal = size[0] * distance / width_seen
    intrinsics = np.array([[focal, 0, size[0] / 2], [0, focal, size[1] / 2], [0, 0, 1]], np.float32)
    return Camera(intrinsics, pose, size)
