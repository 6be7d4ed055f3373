"""Light from everywhere: photographed panoramas, or made up ones; lamps to trace shadows with, and lobes to mirror it under."""

from dataclasses import dataclass
from functools import cache

import cv2
import numpy as np
from jaxtyping import Float, Float32

from facetex_core.lighting.harmonics import harmonics
from facetex_core.lighting.panorama import panorama_directions
from facetex_core.workbench.evaluation.environment import LOBES, studio_panorama

ROWS = 36
COLUMNS = 2 * ROWS
"""As many as the panoramas that facetex makes up have."""
LAMPS = 60
"""Directions in which shadows are traced."""
COARSER = {"sheen": 2, "gloss": 1}
"""Panoramas are blurred at so many times fewer rows."""
FINER = 4
"""Times as many rows has the panorama that stands behind the head."""


@dataclass(frozen=True, eq=False)
class Lamps:
    """A panorama as lamps."""

    ways: Float32[np.ndarray, "lamps 3"]
    power: Float32[np.ndarray, "lamps 3"]
    """What a white surface that faces the lamp sends back of it."""


@dataclass(frozen=True, eq=False)
class Surroundings:
    """The panorama round a head, in the head's directions: row 0 is up, the middle column is ahead of the face."""

    rgb: Float32[np.ndarray, "rows columns 3"]
    """Linear radiance."""
    behind: Float32[np.ndarray, "many more 3"]
    """The same, sharper."""
    turn: float
    """By which share of a turn about the vertical it is turned."""

    def lamps(self, rng: np.random.Generator) -> Lamps:
        """More of them where more light comes from."""
        flat, (ways, solid) = self.rgb.reshape(-1, 3), _sphere()
        power = flat.mean(1) * solid
        chance = 0.8 * power / power.sum() + 0.2 * solid / solid.sum()
        picked = np.searchsorted(np.cumsum(chance), (np.arange(LAMPS) + rng.random()) / LAMPS * (1 - 1e-6))
        picked = np.minimum(picked, len(chance) - 1)
        spread = ways[picked] + np.sqrt(solid[picked])[:, None] * rng.uniform(-0.5, 0.5, (LAMPS, 3))
        spread /= np.linalg.norm(spread, axis=1, keepdims=True)
        share = solid[picked] / (chance[picked] * LAMPS * np.pi)
        return Lamps(self._turned(spread, -1), (flat[picked] * share[:, None]).astype(np.float32))

    def harmonics(self) -> Float32[np.ndarray, "9 3"]:
        """Second-order harmonics of what white surfaces send back, of the head's normals."""
        ways, _ = _sphere()
        fitted = _irradiance() @ self.rgb.reshape(-1, 3)
        turned = harmonics(self._turned(ways, -1)).astype(np.float64)
        return np.asarray(np.linalg.lstsq(turned[::7], (harmonics(ways) @ fitted)[::7], rcond=None)[0], np.float32)

    def blurred(self, lobe: str) -> Float32[np.ndarray, "some more 3"]:
        """The panorama under a lobe of LOBES, still unturned; a wide one at half the resolution."""
        step = COARSER[lobe]
        rgb = self.rgb.reshape(ROWS // step, step, COLUMNS // step, step, 3).mean((1, 3))
        return np.asarray((_lobe(lobe) @ rgb.reshape(-1, 3)).reshape(rgb.shape), np.float32)

    def look(
        self, panorama: Float32[np.ndarray, "rows columns 3"], ways: Float[np.ndarray, "rays 3"]
    ) -> Float32[np.ndarray, "rays 3"]:
        """A panorama, turned as this is, along directions of the head."""
        rows, columns = panorama.shape[:2]
        across = (np.arctan2(ways[:, 0], ways[:, 2]) / (2 * np.pi) + 0.5 + self.turn) % 1 * columns
        down = np.arccos(np.clip(ways[:, 1], -1, 1)) / np.pi * rows
        wide = np.concatenate([panorama[:, -1:], panorama, panorama[:, :1]], 1)
        return sampled(wide, np.stack([(across + 1) / (columns + 2), down / rows], 1))

    def _turned(self, ways: np.ndarray, sign: int) -> Float32[np.ndarray, "rays 3"]:
        angle = sign * 2 * np.pi * self.turn
        cosine, sine = np.cos(angle), np.sin(angle)
        turn = np.array([[cosine, 0, sine], [0, 1, 0], [-sine, 0, cosine]])
        return np.asarray(ways @ turn.T, np.float32)


def sampled(picture: Float32[np.ndarray, "height width channels"], uvs: Float[np.ndarray, "points 2"]) -> np.ndarray:
    """Bilinear; (0, 0) is the upper left corner. OpenCV wants fewer than 32768 rows and columns."""
    places = np.zeros((max(1, -(-len(uvs) // 4096)), 4096, 2), np.float32)
    flat = places.reshape(-1, 2)
    np.multiply(uvs, np.array(picture.shape[1::-1], np.float32), out=flat[: len(uvs)], casting="same_kind")
    flat -= 0.5
    found = cv2.remap(picture, places, None, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(found.reshape(len(flat), -1)[: len(uvs)])


@cache
def _sphere(step: int = 1) -> tuple[Float32[np.ndarray, "pixels 3"], Float32[np.ndarray, " pixels"]]:
    """Directions of a panorama's pixels, and their solid angles."""
    rows, columns = ROWS // step, COLUMNS // step
    edges = np.cos(np.linspace(0, np.pi, rows + 1))
    solid = np.repeat((edges[:-1] - edges[1:]) * 2 * np.pi / columns, columns)
    return panorama_directions(rows, columns).astype(np.float32), solid.astype(np.float32)


@cache
def _lobe(name: str) -> Float32[np.ndarray, "pixels pixels"]:
    ways, solid = _sphere(COARSER[name])
    kernel = (LOBES[name] + 1) / (2 * np.pi) * np.maximum(ways @ ways.T, 0) ** LOBES[name] * solid
    return np.asarray(kernel, np.float32)


@cache
def _irradiance() -> Float32[np.ndarray, "9 pixels"]:
    """From radiance to the harmonics of irradiance, least squares over the sphere."""
    ways, solid = _sphere()
    basis = harmonics(ways).astype(np.float64)
    weighted = basis.T * solid
    kernel = np.maximum(ways @ ways.T, 0) * solid / np.pi
    return np.asarray(np.linalg.solve(weighted @ basis, weighted @ kernel), np.float32)


def made_up(rng: np.random.Generator) -> Float32[np.ndarray, "rows columns 3"]:
    """A studio, the open, a room, or clouds of light."""
    kind = rng.random()
    if kind < 0.35:
        return np.asarray(studio_panorama(rng) * _warm(np.exp(rng.uniform(np.log(3500), np.log(8000)))), np.float32)
    made = (_outdoors, _indoors, _clouds)[int(kind > 0.6) + int(kind > 0.87)](rng)
    return np.asarray(np.broadcast_to(made, (ROWS * COLUMNS, 3)).reshape(ROWS, COLUMNS, 3), np.float32)


def _warm(kelvins: float) -> Float[np.ndarray, "3"]:
    """Roughly the linear RGB of a lamp between 2000 (candle) and 12000 kelvins (blue sky), of mean 1."""
    colour = np.exp((1e6 / kelvins - 154) * np.array([0.0022, -0.0001, -0.0042]))
    return np.asarray(colour / colour.mean())


def _spot(azimuth: float, height: float, narrow: float) -> Float[np.ndarray, "pixels 1"]:
    """A round soft light whose irradiance, straight on, is 1."""
    way = np.array([np.sin(azimuth) * np.cos(height), np.sin(height), np.cos(azimuth) * np.cos(height)])
    return np.asarray(narrow / 2 * np.exp(narrow * (_sphere()[0] @ way[:, None] - 1)))


def _outdoors(rng: np.random.Generator) -> Float[np.ndarray, "pixels 3"]:
    """Sky, ground, and mostly a sun: low and warm, or high, or behind a cloud."""
    up, height = _sphere()[0][:, 1:2], rng.uniform(0.05, 1.3)
    sky = _warm(rng.uniform(6000, 12000)) * rng.uniform(0.3, 1.0) * (1 - 0.5 * np.clip(up, 0, 1))
    ground = rng.uniform(0.03, 0.35) * _warm(rng.uniform(4000, 7000))
    light = ground + (sky - ground) / (1 + np.exp(-8 * up))
    if rng.random() < 0.7:
        sun = _warm(rng.uniform(2800, 3800) + 2500 * height / 1.3)
        light = light + sun * rng.uniform(0.3, 4) * _spot(rng.uniform(-np.pi, np.pi), height, np.exp(rng.uniform(3, 7)))
    return np.asarray(light)


def _indoors(rng: np.random.Generator) -> Float[np.ndarray, "pixels 3"]:
    """Dim walls of one tint; windows and lamps of others."""
    ways = _sphere()[0]
    light = rng.uniform(0.08, 0.5) * _warm(rng.uniform(2700, 6500)) * np.exp(rng.normal(0, 0.3) * ways[:, 1:2])
    for _ in range(rng.integers(1, 5)):
        azimuth, height = rng.uniform(-np.pi, np.pi), rng.uniform(-0.2, 1.4)
        colour = _warm(np.exp(rng.uniform(np.log(2500), np.log(9000)))) * np.exp(rng.normal(-0.3, 0.8))
        if rng.random() < 0.5:
            light = light + colour * _spot(azimuth, height, np.exp(rng.uniform(1.5, 6)))
            continue
        across = np.abs((np.arctan2(ways[:, 0], ways[:, 2]) - azimuth + np.pi) % (2 * np.pi) - np.pi) < rng.uniform(0.1, 0.7)
        down = np.abs(np.arcsin(ways[:, 1]) - height / 2) < rng.uniform(0.15, 0.6)
        light = light + colour * (across & down)[:, None] * rng.uniform(1, 6)
    return np.asarray(light)


def _clouds(rng: np.random.Generator) -> Float[np.ndarray, "pixels 3"]:
    """Smooth noise, in logarithms, of some scale and contrast."""
    contrast, noise = rng.uniform(0.3, 1.8), rng.standard_normal((ROWS, 3 * COLUMNS, 4)).astype(np.float32)
    noise = cv2.GaussianBlur(noise, (0, 0), rng.uniform(2, 10))[:, COLUMNS : 2 * COLUMNS].reshape(-1, 4)
    noise /= noise.std()
    tint = rng.uniform(0, 0.25) * (noise[:, 1:2] * np.array([1, 0, -1]) + 0.3 * noise[:, 2:3])
    return np.asarray(np.exp(contrast * noise[:, :1] - contrast**2 / 2 + tint) * _warm(rng.uniform(3500, 8000)))
