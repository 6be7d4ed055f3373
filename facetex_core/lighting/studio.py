"""The light of a portrait studio, and the ground behind the head."""

import numpy as np
from jaxtyping import Float32

from facetex_core.lighting.harmonics import shade
from facetex_core.structures import Lighting

# Direction towards the light (x to the subject's left, so that the viewer's upper left has x < 0) and strength.
STUDIO = (((-0.45, 0.40, 0.80), 0.95), ((0.75, 0.05, 0.65), 0.35), ((0.3, 0.5, -0.8), 0.20))
STUDIO_AMBIENT = 0.24
STUDIO_GROUND = (0.34, 0.20)
"""Grey of the ground in the middle and in the corners, linear."""


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
    grey = STUDIO_GROUND[0] + (STUDIO_GROUND[1] - STUDIO_GROUND[0]) * away
    return np.repeat(grey[..., None], 3, -1).astype(np.float32)
