"""What cameras, phones and websites do to pictures: kept apart from the shards, so that each training draws its own."""

import cv2
import numpy as np
from jaxtyping import UInt8

from training.world.settings import Degradation

NOISE, QUALITY = 2.5, 85
"""Of good cameras: the most noise and the least quality of JPEG."""
Picture = UInt8[np.ndarray, "side side 3"]


def degraded(picture: Picture, shares: Degradation, rng: np.random.Generator) -> Picture:
    """Blurred, made small and large again, noisy, compressed, grey: each or not."""
    value = picture.astype(np.float32)
    if rng.random() < shares.blur:
        value = _blurred(value, rng)
    if rng.random() < shares.downscale:
        value = _rescaled(value, rng)
    if rng.random() < shares.noise:
        value = _noisy(value, rng)
    if rng.random() < shares.grey:
        value = np.repeat(value @ np.array([0.299, 0.587, 0.114], np.float32)[:, None], 3, 2)
    coded = value.clip(0, 255).round().astype(np.uint8)
    return _compressed(coded, rng) if rng.random() < shares.jpeg else coded


def photographed(picture: Picture, rng: np.random.Generator) -> Picture:
    """What a good camera does: a little noise, a little compression."""
    noisy = _noisy(picture.astype(np.float32), rng, NOISE)
    return _compressed(noisy.clip(0, 255).round().astype(np.uint8), rng, QUALITY)


def _blurred(value: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Out of focus, or moved along a line."""
    if rng.random() < 0.7:
        return np.asarray(cv2.GaussianBlur(value, (0, 0), np.exp(rng.uniform(-0.9, 1.0)) * len(value) / 256))
    length = max(3, round(rng.uniform(3, 9) * len(value) / 256))
    line, middle = np.zeros((length, length), np.float32), (length - 1) / 2
    turn = rng.uniform(0, np.pi)
    ends = [(round(middle + sign * middle * np.cos(turn)), round(middle + sign * middle * np.sin(turn))) for sign in (-1, 1)]
    cv2.line(line, ends[0], ends[1], 1.0)
    return np.asarray(cv2.filter2D(value, -1, line / line.sum()))


def _rescaled(value: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """To as little as a quarter."""
    side, small = len(value), max(16, round(len(value) * np.exp(rng.uniform(np.log(0.25), 0))))
    shrunk = cv2.resize(value, (small, small), interpolation=cv2.INTER_AREA)
    way = (cv2.INTER_LINEAR, cv2.INTER_CUBIC, cv2.INTER_NEAREST)[rng.choice(3, p=(0.5, 0.45, 0.05))]
    return np.asarray(cv2.resize(shrunk, (side, side), interpolation=way))


def _noisy(value: np.ndarray, rng: np.random.Generator, most: float = 10) -> np.ndarray:
    """Of the sensor: more where it is brighter, now and then in coarse spots and of one tone."""
    strength = np.exp(rng.uniform(np.log(0.5), np.log(most)))
    noise = rng.standard_normal((*value.shape[:2], 1 if rng.random() < 0.3 else 3)).astype(np.float32)
    if rng.random() < 0.4:
        noise = 2 * cv2.GaussianBlur(noise, (0, 0), rng.uniform(0.5, 1.2)).reshape(noise.shape)
    return np.asarray(value + strength * noise * np.sqrt(0.3 + value / 180))


def _compressed(picture: Picture, rng: np.random.Generator, least: int = 25) -> Picture:
    _, content = cv2.imencode(".jpg", picture[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, int(rng.integers(least, 96))])
    decoded = np.asarray(cv2.imdecode(content, cv2.IMREAD_COLOR), np.uint8)
    return np.ascontiguousarray(decoded[..., ::-1])
