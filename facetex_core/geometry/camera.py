"""Projection by a pinhole camera, and cameras for portraits of a head."""

from dataclasses import replace

import numpy as np
from jaxtyping import Float, Float32

from facetex_core.imaging.resize import resized
from facetex_core.structures import Camera, Fit, Photo

PORTRAITS = {"front": 0.0, "three_quarter": 35.0, "side": 80.0}
"""Degrees round towards the head's left."""
DISTANCE = 1.3
"""Metres; a portrait lens."""
AIR = 1.06
"""How much wider the picture is than the head."""


def project(camera: Camera, points: Float32[np.ndarray, "points 3"]) -> Float32[np.ndarray, "points 2"]:
    """World metres to pixels; the centre of the upper left pixel is (0.5, 0.5)."""
    seen = points @ camera.world_to_camera[:3, :3].T + camera.world_to_camera[:3, 3]
    return np.asarray((seen @ camera.intrinsics.T)[:, :2] / seen[:, 2:], np.float32)


def camera_rays(
    camera: Camera, x: Float[np.ndarray, "columns"], y: Float[np.ndarray, "rows"]
) -> Float32[np.ndarray, "rows columns 3"]:
    """World directions through the points (x, y) of the picture, in pixels; 1 long along the camera's z axis."""
    across, down, ahead = np.linalg.inv(camera.intrinsics.astype(np.float64)).T @ camera.world_to_camera[:3, :3]
    return np.asarray((x[:, None] * across)[None] + (y[:, None] * down + ahead)[:, None], np.float32)


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


def portrait_camera(fit: Fit, yaw: float, size: int = 700) -> Camera:
    """A square picture of the whole head, level with its middle."""
    vertices = fit.vertices
    low, high = vertices.min(0), vertices.max(0)
    width = AIR * float(np.linalg.norm(high[[1]] - low[[1]]).clip(min=float(high[2] - low[2])))
    return orbit_camera(((low + high) / 2).astype(np.float32), yaw=yaw, distance=DISTANCE, width_seen=width, size=(size, size))


def portrait_cameras(fit: Fit, size: int = 700) -> dict[str, Camera]:
    """Front, three quarters and side."""
    return {name: portrait_camera(fit, yaw, size) for name, yaw in PORTRAITS.items()}


def photo_view(fit: Fit, photo: Photo, height: int = 700) -> tuple[Camera, Photo]:
    """The photo cut round the head, and the camera that sees just that."""
    places = project(fit.camera, fit.vertices)
    low, high = places.min(0), places.max(0)
    margin = 0.1 * (high - low).max()
    left, top = np.maximum(np.floor(low - margin), 0).astype(int).tolist()
    right, bottom = np.minimum(np.ceil(high + margin), photo.size).astype(int).tolist()
    if right - left < 2 or bottom - top < 2:
        left, top, right, bottom = 0, 0, *photo.size
    cut = photo.rgb[top:bottom, left:right]
    size = (max(round(height * cut.shape[1] / cut.shape[0]), 1), height)
    rgb = np.clip(resized(cut, size, smooth=True), 0, 1).astype(np.float32)
    return cut_camera(fit.camera, (left, top, right, bottom), size), replace(photo, rgb=rgb, focal=None)


def cut_camera(camera: Camera, box: tuple[int, int, int, int], size: tuple[int, int]) -> Camera:
    """The camera whose picture of `size` is what the box (left, top, right, bottom) holds."""
    left, top, right, bottom = box
    scale = np.diag([size[0] / (right - left), size[1] / (bottom - top), 1.0])
    shift = np.array([[1, 0, -left], [0, 1, -top], [0, 0, 1]])
    return Camera((scale @ shift @ camera.intrinsics).astype(np.float32), camera.world_to_camera, size)
