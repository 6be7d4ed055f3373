"""Distant light as a panorama: its irradiance, what is mirrored of it, and directions to sample it by."""

from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

import numpy as np
from jaxtyping import Float, Float32

from facetex_core.imaging.colour import luminance
from facetex_core.lighting.harmonics import harmonics
from facetex_core.lighting.panorama import ROWS, panorama_directions, read_panorama
from facetex_core.structures import Lighting

LOBES = {"diffuse": 1.0, "sheen": 24.0, "gloss": 90.0}
"""Powers of the cosine by which the panorama is blurred: what skin sends back evenly, and what it and wet eyes mirror."""

Panorama = Float32[np.ndarray, "rows columns 3"]


@dataclass(frozen=True, eq=False)
class Environment:
    """Distant light as a panorama, laid out as `panorama_directions` has it."""

    rgb: Panorama
    """Linear radiance; a white surface under radiance 1 from everywhere sends back 1."""
    rotation: Float32[np.ndarray, "3 3"]
    """Rotation of the head's directions to the panorama's."""

    @cached_property
    def _ways(self) -> Float[np.ndarray, "pixels 3"]:
        return panorama_directions(*self.rgb.shape[:2])

    @cached_property
    def _solid(self) -> Float[np.ndarray, "pixels"]:
        """Solid angle of a pixel of each row."""
        rows, columns = self.rgb.shape[:2]
        edges = np.cos(np.linspace(0, np.pi, rows + 1))
        return np.repeat((edges[:-1] - edges[1:]) * 2 * np.pi / columns, columns)

    @cached_property
    def _blurred(self) -> dict[str, Panorama]:
        """The panorama under each lobe, which integrates to 1 over the sphere."""
        weighted = (self.rgb.reshape(-1, 3) * self._solid[:, None]).astype(np.float32)
        cosine = np.maximum(self._ways @ self._ways.T, 0).astype(np.float32)
        rows, columns = self.rgb.shape[:2]
        lobes = {name: (power + 1) / (2 * np.pi) * (cosine**power @ weighted) for name, power in LOBES.items()}
        return {name: lobe.reshape(rows, columns, 3).astype(np.float32) for name, lobe in lobes.items()}

    @cached_property
    def mean(self) -> Float32[np.ndarray, "3"]:
        """Of the radiance, over the sphere."""
        return np.asarray(self._solid @ self.rgb.reshape(-1, 3) / (4 * np.pi), np.float32)

    def irradiance(self, normals: Float32[np.ndarray, "normals 3"]) -> Float32[np.ndarray, "normals 3"]:
        """What a white surface of these normals sends back where nothing shades it."""
        cosine = np.maximum(normals @ self.rotation.T @ self._ways.T, 0)
        return np.asarray(cosine @ (self.rgb.reshape(-1, 3) * self._solid[:, None] / np.pi), np.float32)

    def towards(self, directions: Float32[np.ndarray, "rays 3"], lobe: str) -> Float32[np.ndarray, "rays 3"]:
        """The panorama blurred by a lobe of LOBES, seen along directions of the head."""
        return _look_up(self._blurred[lobe], directions @ self.rotation.T)

    def sample(
        self, count: int, rng: np.random.Generator
    ) -> tuple[Float32[np.ndarray, "count 3"], Float32[np.ndarray, "count"]]:
        """Directions in the head's frame, more of them where more light comes from, and how much light each stands for."""
        power = luminance(self.rgb.reshape(-1, 3)) * self._solid
        chance = 0.7 * power / power.sum() + 0.3 * self._solid / self._solid.sum()
        picked = np.searchsorted(np.cumsum(chance), (np.arange(count) + rng.random()) / count * (1 - 1e-9))
        picked = np.minimum(picked, len(chance) - 1)
        wide = np.sqrt(self._solid[picked])[:, None]
        ways = self._ways[picked] + wide * rng.uniform(-0.5, 0.5, (count, 3))
        ways /= np.linalg.norm(ways, axis=1, keepdims=True)
        return (ways @ self.rotation).astype(np.float32), (power / chance / count)[picked].astype(np.float32)

    @cached_property
    def lighting(self) -> Lighting:
        """Its irradiance in second-order harmonics of the head's normals, the best in least squares over the sphere."""
        ways = self._ways.astype(np.float32)
        basis, weight = harmonics(ways).astype(np.float64), self._solid[:, None]
        seen = self.irradiance(ways).astype(np.float64)
        return Lighting(np.linalg.solve(basis.T @ (weight * basis), basis.T @ (weight * seen)).astype(np.float32))

    def scaled(self, gain: Float32[np.ndarray, "3"]) -> "Environment":
        """With every channel multiplied: exposure and white balance."""
        return replace(self, rgb=(self.rgb * gain).astype(np.float32))


def studio_panorama(rng: np.random.Generator) -> Panorama:
    """A soft key from one side, a fill from the other, a sky above and a floor below, now and then a rim from behind."""
    ways = panorama_directions(ROWS, 2 * ROWS)
    sky = np.array([0.75, 0.85, 1.0]) * rng.uniform(0.15, 0.6)
    floor = np.array([0.5, 0.42, 0.35]) * rng.uniform(0.1, 0.5)
    light = floor + (sky - floor) * (1 / (1 + np.exp(-6 * ways[:, 1:2])))
    side = rng.choice([-1.0, 1.0])
    warmth = np.array([1.0, rng.uniform(0.86, 1.0), rng.uniform(0.7, 1.0)])
    key = _lamp(ways, side * rng.uniform(0.2, 1.4), rng.uniform(0.1, 1.1), rng.uniform(8, 60), rng.uniform(1.0, 3.0))
    light += key * warmth
    light += _lamp(ways, -side * rng.uniform(0.5, 1.5), rng.uniform(-0.1, 0.5), rng.uniform(3, 15), rng.uniform(0.1, 0.9))
    if rng.random() < 0.3:
        light += _lamp(ways, side * rng.uniform(2.2, 3.0), rng.uniform(0.1, 0.8), 40, rng.uniform(0.5, 2.0))
    return light.reshape(ROWS, 2 * ROWS, 3).astype(np.float32)


def _lamp(
    ways: Float[np.ndarray, "pixels 3"], azimuth: float, height: float, narrowness: float, strength: float
) -> Float[np.ndarray, "pixels 1"]:
    """A round soft light (von Mises-Fisher) whose irradiance, straight on, is about `strength`."""
    towards = np.array([np.sin(azimuth) * np.cos(height), np.sin(height), np.cos(azimuth) * np.cos(height)])
    return np.asarray(strength * narrowness / 2 * np.exp(narrowness * (ways @ towards[:, None] - 1)))


def _look_up(
    panorama: Float[np.ndarray, "rows columns channels"], directions: Float[np.ndarray, "rays 3"]
) -> Float[np.ndarray, "rays channels"]:
    """Bilinear; the left and right borders meet."""
    rows, columns = panorama.shape[:2]
    u = (np.arctan2(directions[:, 0], directions[:, 2]) / (2 * np.pi) + 0.5) * columns - 0.5
    v = np.clip(np.arccos(np.clip(directions[:, 1], -1, 1)) / np.pi * rows - 0.5, 0, rows - 1)
    left, top = np.floor(u).astype(int), np.minimum(np.floor(v).astype(int), rows - 2)
    a, b = (u - left)[:, None].astype(np.float32), (v - top)[:, None].astype(np.float32)
    near, far = left % columns, (left + 1) % columns
    above = panorama[top, near] * (1 - a) + panorama[top, far] * a
    below = panorama[top + 1, near] * (1 - a) + panorama[top + 1, far] * a
    return np.asarray(above * (1 - b) + below * b, np.float32)


def light_of(hdri: Path) -> Lighting:
    """The harmonics of a panorama, exposed so that the brightest white surface is just white."""
    surround = Environment(read_panorama(hdri), np.eye(3, dtype=np.float32))
    brightest = float(surround.irradiance(panorama_directions(18, 36).astype(np.float32)).max())
    return surround.scaled(np.full(3, 1 / max(brightest, 1e-12), np.float32)).lighting
