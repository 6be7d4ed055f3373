"""What pictures go through on their way to a network: geometry, light, blur, noise, compression, occlusion."""

import cv2
import numpy as np
from jaxtyping import Float, Float64, UInt8
from skimage.util import view_as_blocks

from training.landmarks.labels import Rgb

Picture = UInt8[np.ndarray, "height width channels"]
Matrix = Float[np.ndarray, "3 3"]


def project(matrix: Matrix, points: Float[np.ndarray, "points 2"]) -> Float64[np.ndarray, "points 2"]:
    """Points through a 3 x 3 map."""
    return cv2.perspectiveTransform(np.asarray(points, float)[None], matrix)[0]


def halves(picture: Picture, levels: int) -> list[Picture]:
    """The picture and its halves, so that no warp shrinks by more than two."""
    rows = [picture]
    while len(rows) < levels:
        height, width = rows[-1].shape[:2]
        rows.append(cv2.resize(rows[-1], (width // 2, height // 2), interpolation=cv2.INTER_AREA))
    return rows


def warp_levels(levels: list[Picture], matrix: Matrix, size: int, border: int = cv2.BORDER_REPLICATE) -> Picture:
    """The picture through a 3 x 3 map, read from the level nearest in scale."""
    scale = np.sqrt(abs(np.linalg.det(matrix[:2, :2])))
    level = int(np.clip(np.floor(-np.log2(max(scale, 1e-6)) + 0.2), 0, len(levels) - 1))
    shift = np.array([[1, 0, -0.5], [0, 1, -0.5], [0, 0, 1]])
    zoom = np.diag([2.0**level, 2.0**level, 1])
    whole = shift @ matrix @ zoom @ np.linalg.inv(shift)
    return cv2.warpPerspective(levels[level], whole, (size, size), flags=cv2.INTER_LINEAR, borderMode=border)


def perspective(rng: np.random.Generator, size: int, amount: float) -> Matrix:
    """A small random tilt of the picture plane; the corners move by so many sizes."""
    corners = np.array([[0, 0], [size, 0], [size, size], [0, size]], np.float32)
    moved = corners + rng.normal(0, amount * size, (4, 2)).astype(np.float32)
    return cv2.getPerspectiveTransform(corners, moved)


def stretch(amount: float, size: int) -> Matrix:
    """Wider and lower, about the middle; as much narrower and higher where the amount is negative."""
    x, y = np.exp(amount), np.exp(-amount)
    return np.array([[x, 0, (1 - x) * size / 2], [0, y, (1 - y) * size / 2], [0, 0, 1]])


def mirror(size: int) -> Matrix:
    """Left becomes right."""
    return np.array([[-1, 0, size], [0, 1, 0], [0, 0, 1]], float)


def paste(rgba: UInt8[np.ndarray, "height width 4"], background: Rgb) -> Rgb:
    """Picture over background by its coverage."""
    cover = rgba[..., 3:].astype(np.float32) / 255
    return (rgba[..., :3] * cover + background * (1 - cover)).astype(np.uint8)


def occlude(image: Rgb, patch: Rgb, rng: np.random.Generator) -> Rgb:
    """A box or an ellipse of another picture, of a flat colour half of the time, over part of the square image."""
    size = image.shape[0]
    mask = np.zeros((size, size), np.uint8)
    centre = tuple(int(value) for value in rng.uniform(0.1, 0.9, 2) * size)
    axes = tuple(int(value) for value in rng.uniform(0.06, 0.3, 2) * size)
    if rng.random() < 0.5:
        cv2.ellipse(mask, centre, axes, float(rng.uniform(0, 180)), 0, 360, 255, -1)
    else:
        corners = cv2.boxPoints((centre, (2 * axes[0], 2 * axes[1]), float(rng.uniform(0, 90))))
        cv2.fillConvexPoly(mask, corners.astype(np.int32), 255)
    if rng.random() < 0.5:
        patch = np.broadcast_to(rng.uniform(0, 255, 3), image.shape).astype(np.uint8)
    return np.where(mask[..., None] > 0, patch, image)


def shuffle(image: Rgb, tiles: int, rng: np.random.Generator) -> Rgb:
    """Its tiles, so many along a side, in another order; a rest at the right and below stays."""
    height, width = image.shape[0] // tiles, image.shape[1] // tiles
    image = image.copy()
    blocks = view_as_blocks(image[: height * tiles, : width * tiles], (height, width, 3))
    blocks[...] = rng.permutation(blocks.reshape(-1, height, width, 3)).reshape(blocks.shape)
    return image


def degrade(image: Rgb, rng: np.random.Generator, face_pixels: float) -> Rgb:
    """Light, blur, few pixels, noise and JPEG; `face_pixels` is the size of the face on the square image."""
    size = image.shape[0]
    image = _light(image, rng)
    if rng.random() < 0.25:
        image = _blur(image, rng)
    if rng.random() < 0.3:
        image = _shrink(image, size * min(1.0, rng.uniform(16, 56) / face_pixels))
    if rng.random() < 0.3:
        noise = rng.standard_normal((size, size, 3), np.float32) * np.float32(rng.uniform(1, 16))
        image = (image + noise).clip(0, 255).astype(np.uint8)
    return compress(image, int(rng.integers(12, 70))) if rng.random() < 0.25 else image


def compress(image: Rgb, quality: int) -> Rgb:
    """Through JPEG."""
    coded = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, quality])[1]
    return np.asarray(cv2.imdecode(coded, cv2.IMREAD_COLOR))


def _shrink(image: Rgb, pixels: float) -> Rgb:
    """Down to so many pixels and up again."""
    size = image.shape[0]
    small = max(8, round(pixels))
    down = cv2.resize(image, (small, small), interpolation=cv2.INTER_AREA)
    return cv2.resize(down, (size, size), interpolation=cv2.INTER_LINEAR)


def _blur(image: Rgb, rng: np.random.Generator) -> Rgb:
    """Out of focus, or moved along a line."""
    if rng.random() < 0.6:
        return cv2.GaussianBlur(image, (0, 0), float(rng.uniform(0.4, 2.0)))
    kernel = np.zeros((9, 9), np.float32)
    x, y = (int(value) for value in rng.integers(-4, 5, 2))
    cv2.line(kernel, (4 - x, 4 - y), (4 + x, 4 + y), 1.0)
    return cv2.filter2D(image, -1, kernel / kernel.sum())


def _light(image: Rgb, rng: np.random.Generator) -> Rgb:
    """Exposure, gamma, colour cast, contrast, a gradient across the picture, grey."""
    values = image.astype(np.float32) / 255
    exponent = np.exp(rng.normal(0, 0.3, 1) + rng.normal(0, 0.06, 3)).astype(np.float32)
    values = np.power(values, exponent)
    values *= np.exp(rng.normal(-0.1, 0.3) + rng.normal(0, 0.08, 3)).astype(np.float32)
    if rng.random() < 0.35:
        values *= _gradient(image.shape[0], rng)
    if rng.random() < 0.2:
        values[...] = (values @ np.array([0.3, 0.59, 0.11], np.float32))[..., None]
    if rng.random() < 0.08:
        values *= rng.uniform(0.15, 0.5)
    return (values.clip(0, 1) * 255).astype(np.uint8)


def _gradient(size: int, rng: np.random.Generator) -> Float[np.ndarray, "size size 1"]:
    """1 on one side, darker towards the other."""
    ramp = np.linspace(-1, 1, size, dtype=np.float32)
    angle, strength = rng.uniform(0, 6.283), rng.uniform(0.3, 1.2)
    slope = ramp[None] * np.cos(angle) + ramp[:, None] * np.sin(angle)
    return np.exp(-strength * np.maximum(slope, rng.uniform(-1, 0.5)))[..., None].astype(np.float32)
