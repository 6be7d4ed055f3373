"""Light for the heads of heads.py: made-up panoramas, and what a head's skin sends back under them.

None is taken from a photograph: panoramas that delighters are measured under stay unseen.
"""

from collections.abc import Mapping
from functools import cache

import numpy as np
from facetex_plugins.delight.network import NETWORK_SIDE
from jaxtyping import Float, Float32, Int, Shaped

from facetex_core.imaging.masked_blur import blur_where
from facetex_core.lazy import cv2
from facetex_core.lighting.panorama import ROWS, panorama_directions
from facetex_core.workbench.evaluation.environment import LOBES, studio_panorama
from facetex_core.workbench.evaluation.synthetic_render import BOUNCE, GRAZING_MIRROR, MIRRORED, SKIN_GLOSS, SKIN_SHEEN
from training.delighter.heads import KNOWN, WAYS, ways

COLUMNS = 2 * ROWS
SCATTER = (1.5, 0.8, 0.4)
"""Texels over which red, green and blue wander in the skin."""


Colour = Float[np.ndarray, "3"]
Panorama = Float[np.ndarray, "pixels channels"]
"""Linear light from everywhere, ROWS x COLUMNS pixels; one channel or three."""


@cache
def sphere() -> tuple[Float32[np.ndarray, "pixels 3"], Float32[np.ndarray, "pixels"], Int[np.ndarray, "pixels"]]:
    """Directions of a panorama's pixels, their solid angles, and which of the ways each is nearest to."""
    around = panorama_directions(ROWS, COLUMNS).astype(np.float32)
    edges = np.cos(np.linspace(0, np.pi, ROWS + 1))
    solid = np.repeat((edges[:-1] - edges[1:]) * 2 * np.pi / COLUMNS, COLUMNS).astype(np.float32)
    return around, solid, (around @ ways().T).argmax(1)


@cache
def lobes() -> dict[str, Float32[np.ndarray, "pixels pixels"]]:
    """What blurs a panorama under the two lobes of skin."""
    around, solid, _ = sphere()
    cosine = np.maximum(around @ around.T, 0)
    return {name: (LOBES[name] + 1) / (2 * np.pi) * cosine ** LOBES[name] * solid for name in ("sheen", "gloss")}


def warm(kelvins: float) -> Colour:
    """Roughly the linear RGB of a lamp between 2000 (candle) and 12000 kelvins (blue sky), of mean 1."""
    mired = 1e6 / kelvins - 154
    colour = np.exp(mired * np.array([0.0022, -0.0001, -0.0042]))
    return colour / colour.mean()


def spot(azimuth: float, height: float, narrowness: float) -> Panorama:
    """A round soft light whose irradiance, straight on, is 1, from angles in radians."""
    towards = np.array([np.sin(azimuth) * np.cos(height), np.sin(height), np.cos(azimuth) * np.cos(height)])
    return narrowness / 2 * np.exp(narrowness * (sphere()[0] @ towards[:, None] - 1))


def outdoors(rng: np.random.Generator) -> Panorama:
    """Sky, ground, and mostly a sun: low and warm, or high, or behind a cloud."""
    up, height = sphere()[0][:, 1:2], rng.uniform(0.05, 1.3)
    sky = warm(rng.uniform(6000, 12000)) * rng.uniform(0.3, 1.0) * (1 - 0.5 * np.clip(up, 0, 1))
    ground = rng.uniform(0.03, 0.35) * warm(rng.uniform(4000, 7000))
    light = ground + (sky - ground) / (1 + np.exp(-8 * up))
    if rng.random() < 0.7:
        sun = warm(rng.uniform(2800, 3800) + 2500 * height / 1.3)
        light = light + sun * rng.uniform(0.3, 4) * spot(rng.uniform(-np.pi, np.pi), height, np.exp(rng.uniform(3, 7.5)))
    return light


def window(azimuth: float, height: float, rng: np.random.Generator) -> Panorama:
    """A rectangle."""
    around = sphere()[0]
    across = np.arctan2(around[:, 0], around[:, 2]) - azimuth
    across = np.abs((across + np.pi) % (2 * np.pi) - np.pi) < rng.uniform(0.1, 0.7)
    down = np.abs(np.arcsin(around[:, 1]) - height / 2) < rng.uniform(0.15, 0.6)
    return (across & down)[:, None] * rng.uniform(1, 6)


def indoors(rng: np.random.Generator) -> Panorama:
    """Dim walls of one tint; windows and lamps of others."""
    up = sphere()[0][:, 1:2]
    light = rng.uniform(0.05, 0.5) * warm(rng.uniform(2700, 6500)) * np.exp(rng.normal(0, 0.3) * up)
    for _ in range(rng.integers(1, 5)):
        azimuth, height = rng.uniform(-np.pi, np.pi), rng.uniform(-0.2, 1.4)
        colour = warm(np.exp(rng.uniform(np.log(2500), np.log(9000)))) * np.exp(rng.normal(-0.3, 0.8))
        lamp = rng.random() < 0.5
        shape = spot(azimuth, height, np.exp(rng.uniform(1.5, 6))) if lamp else window(azimuth, height, rng)
        light = light + colour * shape
    return light


def clouds(rng: np.random.Generator) -> Panorama:
    """Whatever: smooth noise, in logarithms, of some scale and contrast."""
    scale, contrast = rng.uniform(2, 10), rng.uniform(0.3, 2.2)
    noise = cv2.GaussianBlur(rng.standard_normal((ROWS, 3 * COLUMNS, 4)).astype(np.float32), (0, 0), scale)
    noise = noise[:, COLUMNS : 2 * COLUMNS].reshape(-1, 4) / noise.std()
    tint = rng.uniform(0, 0.25) * (noise[:, 1:2] * np.array([1, 0, -1]) + 0.3 * noise[:, 2:3])
    return np.exp(contrast * noise[:, :1] - contrast**2 / 2 + tint) * warm(rng.uniform(3500, 8000))


def panorama(rng: np.random.Generator) -> Panorama:
    """A studio, a sky, a room, or whatever."""
    kind = rng.random()
    if kind < 0.35:
        studio = studio_panorama(rng) * warm(np.exp(rng.uniform(np.log(3500), np.log(8000))))
        return studio.reshape(-1, 3).astype(np.float32)
    made = (outdoors, indoors, clouds)[int(kind > 0.55) + int(kind > 0.85)](rng)
    return np.asarray(made, np.float32)


def received(
    lights: Float32[np.ndarray, "lights pixels 3"], cosine: Float32[np.ndarray, "points ways"]
) -> Float32[np.ndarray, "points lights 3"]:
    """What white skin sends back that sees the directions by these cosines."""
    _, solid, nearest = sphere()
    binned = np.zeros((WAYS, len(lights), 3), np.float32)
    np.add.at(binned, nearest, lights.transpose(1, 0, 2) * (solid / np.pi)[:, None, None])
    return (cosine @ binned.reshape(WAYS, -1)).reshape(-1, len(lights), 3)


def mirrored(
    lights: Float32[np.ndarray, "lights pixels 3"],
    normals: Float32[np.ndarray, "points 3"],
    towards: Float32[np.ndarray, "points 3"],
) -> Float32[np.ndarray, "points lights 3"]:
    """What skin mirrors to the camera from everywhere, in two lobes."""
    straight = (normals * towards).sum(1, keepdims=True)
    fresnel = MIRRORED + GRAZING_MIRROR * (1 - np.clip(straight, 0, 1)) ** 5
    mirror, flat = 2 * straight * normals - towards, lights.transpose(1, 0, 2).reshape(lights.shape[1], -1)
    sheen, gloss = (look(lobes()[name] @ flat, mirror).reshape(-1, len(lights), 3) for name in ("sheen", "gloss"))
    return fresnel[:, None] * (SKIN_SHEEN * sheen + SKIN_GLOSS * gloss)


def shine_on(
    head: Mapping[str, Shaped[np.ndarray, "..."]], lights: Float32[np.ndarray, "lights pixels 3"]
) -> Float32[np.ndarray, "lights 7 side side"]:
    """What white skin sends back (3), the share of light that comes past the head (1), and what skin mirrors (3)."""
    known = head["visibility"] > KNOWN
    normals, towards = head["normals"].astype(np.float32), head["towards"][known].astype(np.float32)
    cosine = np.maximum(normals @ ways().T, 0)
    unhidden, come = received(lights, cosine), received(lights, cosine * np.unpackbits(head["open"], axis=1))
    opened = come.mean(2, keepdims=True) / np.maximum(unhidden.mean(2, keepdims=True), 1e-6)
    planes = np.zeros((NETWORK_SIDE, NETWORK_SIDE, len(lights), 7), np.float32)
    planes[known] = np.concatenate([come, opened, opened**2 * mirrored(lights, normals, towards)], 2)
    weight = known.astype(np.float32)
    for channel, sigma in enumerate(SCATTER):
        planes[..., channel] = blur_where(np.ascontiguousarray(planes[..., channel]), weight, sigma) * weight[..., None]
    return planes.transpose(2, 3, 0, 1)


def look(blurred: Panorama, mirror: Float32[np.ndarray, "points 3"]) -> Float32[np.ndarray, "points channels"]:
    """Panoramas along directions, bilinear."""
    u = (np.arctan2(mirror[:, 0], mirror[:, 2]) / (2 * np.pi) + 0.5) * COLUMNS - 0.5
    v = np.arccos(np.clip(mirror[:, 1], -1, 1)) / np.pi * ROWS - 0.5
    where = np.stack([u, v], 1).astype(np.float32)[None]
    picture = blurred.reshape(ROWS, COLUMNS, -1).astype(np.float32)
    some = [
        cv2.remap(np.ascontiguousarray(picture[..., i : i + 3]), where, None, cv2.INTER_LINEAR, borderMode=cv2.BORDER_WRAP)[0]
        for i in range(0, picture.shape[2], 3)
    ]
    return np.concatenate(some, 1)


def mean_of(lights: Float32[np.ndarray, "lights pixels 3"]) -> Float32[np.ndarray, "lights 3"]:
    """Over the sphere."""
    return np.asarray(np.einsum("p,lpc->lc", sphere()[1], lights) / (4 * np.pi), np.float32)


def walls(opened: Float32[np.ndarray, "side side"], mean: Float32[np.ndarray, "3"]) -> Float32[np.ndarray, "3 side side"]:
    """What hollows send back to themselves, before their albedo squared."""
    return BOUNCE * np.clip(1 - opened, 0, 1)[None] * mean[:, None, None]
