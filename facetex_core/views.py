"""Where a head is looked at from, and in what light: portraits in a studio, and the photo's own view."""

from dataclasses import replace

import numpy as np
from jaxtyping import Float32

from facetex_core.camera import orbit_camera, project
from facetex_core.harmonics import shade
from facetex_core.structures import Camera, Fit, Lighting, Photo

PORTRAITS = {"front": 0.0, "three_quarter": 35.0, "side": 80.0}
"""Degrees round towards the head's left."""
DISTANCE = 1.3
"""Metres; a portrait lens."""
AIR = 1.06
"""How much wider the picture is than the head."""

# Direction towards the light (x to the subject's left, so that the viewer's upper left has x < 0) and strength.
STUDIO = (((-0.45, 0.40, 0.80), 0.95), ((0.75, 0.05, 0.65), 0.35), ((0.3, 0.5, -0.8), 0.20))
STUDIO_AMBIENT = 0.24
GROUND = (0.34, 0.20)
"""Grey of the ground in the middle and in the corners, linear."""


def portrait_camera(fit: Fit, yaw: float, size: int = 700) -> Camera:
    """A square picture of the whole head, level with its middle."""
    vertices = fit.vertices
    low, high = vertices.min(0), vertices.max(0)
    width = AIR * float(np.linalg.norm(high[[1]] - low[[1]]).clip(min=float(high[2] - low[2])))
    return orbit_camera(((low + high) / 2).astype(np.float32), yaw=yaw, distance=DISTANCE, width_seen=width, size=(size, size))


def portrait_cameras(fit: Fit, size: int = 700) -> dict[str, Camera]:
    """Front, three quarters and side."""
    return {name: portrait_camera(fit, yaw, size) for name, yaw in PORTRAITS.items()}


def distant_light(towards: tuple[float, float, float], strength: float) -> Float32[np.ndarray, "9"]:
    """A distant light in second-order harmonics: max(t, 0) = 1/4 + t/2 + 5/32 (3 t^2 - 1), t = n . l (Ramamoorthi 2001)."""
    x, y, z = np.array(towards) / np.linalg.norm(towards)
    cosine = np.array([0, x, y, z, 0, 0, 0, 0, 0])
    # 3 t^2 - 1 in the basis 1, x, y, z, xy, xz, yz, x^2 - y^2, 3 z^2 - 1, for a unit vector l.
    square = np.array([0, 0, 0, 0, 6 * x * y, 6 * x * z, 6 * y * z, 1.5 * (x * x - y * y), 0.5 * (3 * z * z - 1)])
    return np.asarray(strength * (np.eye(9)[0] / 4 + cosine / 2 + square * 5 / 32), np.float32)


def studio() -> Lighting:
    """White light: a soft key from the viewer's upper left, a fill, a rim; no white surface is brighter than 1."""
    grey = sum((distant_light(*light) for light in STUDIO), start=STUDIO_AMBIENT * np.eye(9)[0])
    lighting = Lighting(np.repeat(grey[:, None], 3, 1).astype(np.float32))
    return Lighting(lighting.coefficients / np.float32(1.001 * shade(lighting, _sphere(20000)).max()))


def _sphere(count: int) -> Float32[np.ndarray, "count 3"]:
    """Unit vectors spread evenly: a spiral from pole to pole."""
    k = np.arange(count) + 0.5
    z, turn = 1 - 2 * k / count, k * np.pi * (3 - np.sqrt(5))
    across = np.sqrt(1 - z * z)
    return np.stack([across * np.cos(turn), across * np.sin(turn), z], 1).astype(np.float32)


def ground(width: int, height: int) -> Float32[np.ndarray, "height width 3"]:
    """Neutral grey, a little brighter in the middle."""
    x, y = np.linspace(-1, 1, width), np.linspace(-1, 1, height)
    away = (x[None] ** 2 + y[:, None] ** 2) / 2
    grey = GROUND[0] + (GROUND[1] - GROUND[0]) * away
    return np.repeat(grey[..., None], 3, -1).astype(np.float32)


def photo_view(fit: Fit, photo: Photo, height: int = 700) -> tuple[Camera, Photo]:
    """The photo cut round the head, and the camera that sees just that."""
    import cv2

    places = project(fit.camera, fit.vertices)
    low, high = places.min(0), places.max(0)
    margin = 0.1 * (high - low).max()
    left, top = np.maximum(np.floor(low - margin), 0).astype(int).tolist()
    right, bottom = np.minimum(np.ceil(high + margin), photo.size).astype(int).tolist()
    if right - left < 2 or bottom - top < 2:
        left, top, right, bottom = 0, 0, *photo.size
    cut = photo.rgb[top:bottom, left:right]
    size = (max(round(height * cut.shape[1] / cut.shape[0]), 1), height)
    how = cv2.INTER_AREA if height < cut.shape[0] else cv2.INTER_CUBIC
    rgb = np.clip(cv2.resize(cut, size, interpolation=how), 0, 1).astype(np.float32)
    return cut_camera(fit.camera, (left, top, right, bottom), size), replace(photo, rgb=rgb)


def cut_camera(camera: Camera, box: tuple[int, int, int, int], size: tuple[int, int]) -> Camera:
    """The camera whose picture of `size` is what the box (left, top, right, bottom) holds."""
    left, top, right, bottom = box
    scale = np.diag([size[0] / (right - left), size[1] / (bottom - top), 1.0])
    shift = np.array([[1, 0, -left], [0, 1, -top], [0, 0, 1]])
    return Camera((scale @ shift @ camera.intrinsics).astype(np.float32), camera.world_to_camera, size)
