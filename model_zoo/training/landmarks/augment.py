"""Training pictures: portraits and backgrounds through geometry, light, blur, noise, compression and occlusion."""

from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from training.landmarks.labels import FLIP_68, Square, face_square, flip_468

LEVELS = 3  # each half the size of the one before, so that no warp shrinks by more than two


@dataclass(frozen=True)
class Source:
    """A picture in several sizes (RGB and coverage), its 468 + 68 points and its face square."""

    levels: list[np.ndarray]
    points: np.ndarray
    square: Square
    turned: bool


def _source(rgba: np.ndarray, points: np.ndarray, turned: bool) -> Source:
    levels = [rgba]
    while len(levels) < LEVELS:
        half = levels[-1].shape[0] // 2
        levels.append(cv2.resize(levels[-1], (half, half), interpolation=cv2.INTER_AREA))
    return Source(levels, points, face_square(points[:468]), turned)


def load_portraits(path: Path) -> list[Source]:
    """Portraits as taken (or mixed)."""
    rows = np.load(path)
    points = np.concatenate([rows["dense"][..., :2], rows["mixed"]], axis=1)
    pictures = np.concatenate([rows["rgb"], rows["mask"][..., None]], axis=3)
    return [_source(*pair, False) for pair in zip(pictures, points, strict=True)]


def load_turned(path: Path) -> list[Source]:
    """Heads seen from the side: pictures with coverage, points from geometry."""
    rows = np.load(path)
    return [_source(*pair, True) for pair in zip(rows["rgba"], rows["points"], strict=True)]


def flip_indices() -> np.ndarray:
    """For each of the 468 + 68 points the one on the other side."""
    return np.concatenate([flip_468(), FLIP_68 + 468])


def homogeneous(matrix: np.ndarray) -> np.ndarray:
    """An affine map as 3 x 3."""
    return np.vstack([matrix, [0, 0, 1]])


def project(matrix: np.ndarray, points: np.ndarray) -> np.ndarray:
    """Points through a 3 x 3 map."""
    mapped = points @ matrix[:, :2].T + matrix[:, 2]
    return mapped[:, :2] / mapped[:, 2:]


def warp_levels(levels: list[np.ndarray], matrix: np.ndarray, size: int, border: int = cv2.BORDER_REPLICATE) -> np.ndarray:
    """The picture through a 3 x 3 map, read from the level nearest in scale."""
    scale = np.sqrt(abs(np.linalg.det(matrix[:2, :2])))
    level = int(np.clip(np.floor(-np.log2(max(scale, 1e-6)) + 0.2), 0, len(levels) - 1))
    shift = np.array([[1, 0, -0.5], [0, 1, -0.5], [0, 0, 1]])
    zoom = np.diag([2.0**level, 2.0**level, 1])
    whole = shift @ matrix @ zoom @ np.linalg.inv(shift)
    return cv2.warpPerspective(levels[level], whole, (size, size), flags=cv2.INTER_LINEAR, borderMode=border)


def perspective(generator: np.random.Generator, size: int, amount: float) -> np.ndarray:
    """A small random tilt of the picture plane."""
    corners = np.array([[0, 0], [size, 0], [size, size], [0, size]], np.float32)
    moved = corners + generator.normal(0, amount * size, (4, 2)).astype(np.float32)
    return cv2.getPerspectiveTransform(corners, moved)


def stretch(amount: float, size: int) -> np.ndarray:
    """Wider and lower, about the middle; as much narrower and higher where the amount is negative."""
    x, y = np.exp(amount), np.exp(-amount)
    return np.array([[x, 0, (1 - x) * size / 2], [0, y, (1 - y) * size / 2], [0, 0, 1]])


def mirror(size: int) -> np.ndarray:
    """Left becomes right."""
    return np.array([[-1, 0, size], [0, 1, 0], [0, 0, 1]], float)


class Backgrounds:
    """Pictures without a face, warped as the portraits are."""

    def __init__(self, work: Path, size: int) -> None:
        rows = np.load(work / "backgrounds.npz")
        self.pool = [rows[name] for name in rows.files]
        self.size = size

    def draw(self, generator: np.random.Generator) -> np.ndarray:
        """A turned, scaled, tilted, perhaps mirrored piece of one picture."""
        picture = self.pool[generator.integers(len(self.pool))]
        height, width = picture.shape[:2]
        side = min(height, width) * np.exp(generator.uniform(np.log(0.35), np.log(1.4)))
        centre = generator.uniform(0.2, 0.8, 2) * [width, height]
        matrix = homogeneous(Square(centre, side, generator.normal(0, 0.5)).matrix(self.size))
        matrix = perspective(generator, self.size, 0.04) @ matrix
        if generator.random() < 0.5:
            matrix = mirror(self.size) @ matrix
        if side > 2 * self.size:
            small = cv2.resize(picture, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA)
            return warp_levels([small], matrix @ np.diag([2.0, 2.0, 1]), self.size, cv2.BORDER_REFLECT)
        return warp_levels([picture], matrix, self.size, cv2.BORDER_REFLECT)


def paste(rgba: np.ndarray, background: np.ndarray) -> np.ndarray:
    """Picture over background by its coverage."""
    cover = rgba[..., 3:].astype(np.float32) / 255
    return (rgba[..., :3] * cover + background * (1 - cover)).astype(np.uint8)


def occlude(image: np.ndarray, patch: np.ndarray, generator: np.random.Generator) -> np.ndarray:
    """A box or an ellipse of another picture, of a flat colour half of the time, over part of the image."""
    size = image.shape[0]
    mask = np.zeros((size, size), np.uint8)
    centre = tuple(int(value) for value in generator.uniform(0.1, 0.9, 2) * size)
    axes = tuple(int(value) for value in generator.uniform(0.06, 0.3, 2) * size)
    if generator.random() < 0.5:
        cv2.ellipse(mask, centre, axes, float(generator.uniform(0, 180)), 0, 360, 255, -1)
    else:
        corners = cv2.boxPoints((centre, (2 * axes[0], 2 * axes[1]), float(generator.uniform(0, 90))))
        cv2.fillConvexPoly(mask, corners.astype(np.int32), 255)
    if generator.random() < 0.5:
        patch = np.broadcast_to(generator.uniform(0, 255, 3), image.shape).astype(np.uint8)
    return np.where(mask[..., None] > 0, patch, image)


def _shrink(image: np.ndarray, pixels: float) -> np.ndarray:
    """Down to so many pixels and up again."""
    size = image.shape[0]
    small = max(8, round(pixels))
    down = cv2.resize(image, (small, small), interpolation=cv2.INTER_AREA)
    return cv2.resize(down, (size, size), interpolation=cv2.INTER_LINEAR)


def _blur(image: np.ndarray, generator: np.random.Generator) -> np.ndarray:
    if generator.random() < 0.6:
        return cv2.GaussianBlur(image, (0, 0), float(generator.uniform(0.4, 2.0)))
    kernel = np.zeros((9, 9), np.float32)
    reach = generator.integers(-4, 5, 2)
    cv2.line(kernel, (4 - int(reach[0]), 4 - int(reach[1])), (4 + int(reach[0]), 4 + int(reach[1])), 1.0)
    return cv2.filter2D(image, -1, kernel / kernel.sum())


def _light(image: np.ndarray, generator: np.random.Generator) -> np.ndarray:
    """Exposure, gamma, colour cast, contrast, a gradient across the picture, grey."""
    size = image.shape[0]
    values = image.astype(np.float32) / 255
    exponent = np.exp(generator.normal(0, 0.3, 1) + generator.normal(0, 0.06, 3)).astype(np.float32)
    values = np.power(values, exponent)
    values *= np.exp(generator.normal(-0.1, 0.3) + generator.normal(0, 0.08, 3)).astype(np.float32)
    if generator.random() < 0.35:
        ramp = np.linspace(-1, 1, size, dtype=np.float32)
        angle, strength = generator.uniform(0, 6.283), generator.uniform(0.3, 1.2)
        gradient = ramp[None] * np.cos(angle) + ramp[:, None] * np.sin(angle)
        values *= np.exp(-strength * np.maximum(gradient, generator.uniform(-1, 0.5)))[..., None].astype(np.float32)
    if generator.random() < 0.2:
        values[...] = (values @ np.array([0.3, 0.59, 0.11], np.float32))[..., None]
    if generator.random() < 0.08:
        values *= generator.uniform(0.15, 0.5)
    return (values.clip(0, 1) * 255).astype(np.uint8)


def degrade(image: np.ndarray, generator: np.random.Generator, face_pixels: float) -> np.ndarray:
    """Light, blur, few pixels, noise and JPEG; `face_pixels` is the size of the face on the image."""
    size = image.shape[0]
    image = _light(image, generator)
    if generator.random() < 0.25:
        image = _blur(image, generator)
    if generator.random() < 0.3:
        image = _shrink(image, size * min(1.0, generator.uniform(16, 56) / face_pixels))
    if generator.random() < 0.3:
        noise = generator.standard_normal((size, size, 3), np.float32) * np.float32(generator.uniform(1, 16))
        image = (image + noise).clip(0, 255).astype(np.uint8)
    if generator.random() < 0.25:
        quality = int(generator.integers(12, 70))
        image = cv2.imdecode(cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, quality])[1], cv2.IMREAD_COLOR)
    return image
