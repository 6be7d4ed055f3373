"""From a labelled face to a training example of the skin network: drawn things, other backgrounds, turned, relit, degraded."""

from collections.abc import Sequence

import cv2
import numpy as np
from jaxtyping import Float32, UInt8

from training.skin.canvas import Canvas
from training.skin.crops import SIZE
from training.skin.data import WORKING
from training.skin.draw import draw_cloth, draw_glasses, draw_hair, draw_hand, draw_patch
from training.skin.labels import CROP_IN_WIDE, HAIR, IGNORE, SKIN, Labelled

Picture = Float32[np.ndarray, "side side 3"]


def background(faces: Sequence[Labelled], side: int, rng: np.random.Generator) -> Picture:
    """A piece of another picture, enlarged, blurred or plain; 0 to 255."""
    source = faces[int(rng.integers(len(faces)))].rgb
    extent = int(rng.integers(side // 8, side // 2))
    top, left = rng.integers(0, side - extent, 2)
    piece = cv2.resize(source[top : top + extent, left : left + extent], (side, side)).astype(np.float32)
    piece = piece[..., rng.permutation(3)] if rng.random() < 0.5 else piece
    kind = rng.random()
    if kind < 0.3:
        return cv2.GaussianBlur(piece, (0, 0), 8)
    if kind < 0.5:
        return np.broadcast_to(rng.uniform(0, 255, 3).astype(np.float32), piece.shape)
    return piece


def draw(face: Labelled, faces: Sequence[Labelled], rng: np.random.Generator) -> Canvas:
    """The face with other things around and on it."""
    canvas = Canvas(face.rgb.astype(np.float32), face.label.copy(), face.landmarks)
    if rng.random() < 0.35:
        outside = np.where(np.isin(face.label, (SKIN, HAIR)), 0, 1 - face.person / 255.0).astype(np.float32)
        canvas.rgb += outside[..., None] * (background(faces, len(outside), rng) - canvas.rgb)
    if rng.random() < 0.2:
        draw_hair(canvas, rng)
    if rng.random() < 0.45:
        draw_glasses(canvas, rng)
    if rng.random() < 0.12:
        draw_hair(canvas, rng)
    texture = background(faces, len(canvas.label), rng)
    if rng.random() < 0.15:
        draw_cloth(canvas, rng, texture)
    if rng.random() < 0.15:
        draw_hand(canvas, rng)
    if rng.random() < 0.2:
        draw_patch(canvas, rng, texture)
    return canvas


def turned_crop(canvas: Canvas, rng: np.random.Generator) -> tuple[Picture, UInt8[np.ndarray, "side side"]]:
    """The network's crop with the errors that landmarks have, and more."""
    side = len(canvas.label)
    angle, scale = rng.normal(0, 10), np.exp(rng.normal(0, 0.13)) * SIZE / (CROP_IN_WIDE * WORKING)
    matrix = cv2.getRotationMatrix2D((side / 2, side / 2), angle, scale)
    matrix[:, :2] @= np.array([[1, rng.normal(0, 0.06)], [rng.normal(0, 0.04), np.exp(rng.normal(0, 0.06))]])
    target = SIZE / 2 + rng.normal(0, 0.04, 2) * SIZE
    matrix[:, 2] = target - matrix[:, :2] @ np.full(2, side / 2)
    if rng.random() < 0.5:
        matrix[0] = [-matrix[0, 0], -matrix[0, 1], SIZE - matrix[0, 2]]
    rgb = cv2.warpAffine(canvas.rgb, matrix, (SIZE, SIZE), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    label = cv2.warpAffine(canvas.label, matrix, (SIZE, SIZE), flags=cv2.INTER_NEAREST, borderValue=IGNORE)
    return rgb, label


def shadow_edge(rng: np.random.Generator) -> Picture:
    """What a gradient, or the edge of a shadow across the crop, leaves of the light."""
    angle, steepness = rng.uniform(0, 2 * np.pi), np.exp(rng.uniform(0, 3))
    y, x = np.mgrid[-1 : 1 : SIZE * 1j, -1 : 1 : SIZE * 1j]
    edge = 1 / (1 + np.exp(-steepness * (x * np.cos(angle) + y * np.sin(angle) + rng.normal(0, 0.3))))
    light = 1 + (rng.uniform(0.25, 1) - 1) * edge[..., None] * np.exp(rng.normal(0, 0.08, 3))
    return light.astype(np.float32)


def relight(rgb: Picture, rng: np.random.Generator) -> Picture:
    """Gamma, gain, colour of the light, a gradient or a shadow edge across, grey pictures; 0 to 255 in, [0, 1] out."""
    value = np.clip(rgb / 255, 0, 1) ** np.float32(np.exp(rng.normal(0, 0.3)))
    value = value * np.exp(rng.normal(0, 0.2) + rng.normal(0, 0.1, 3)).astype(np.float32)
    if rng.random() < 0.5:
        value = value * shadow_edge(rng)
    if rng.random() < 0.1:
        value = np.repeat(value.mean(2, keepdims=True), 3, 2) * rng.uniform(0.9, 1.1, 3)
    middle = value.mean()
    return np.clip(middle + (value - middle) * np.exp(rng.normal(0, 0.15)), 0, 1).astype(np.float32)


def degrade(rgb: Picture, rng: np.random.Generator) -> Picture:
    """Blur, small pictures, noise, JPEG."""
    draws, value = rng.random(3), rgb
    if draws[0] < 0.15:
        value = cv2.GaussianBlur(value, (0, 0), rng.uniform(0.5, 2.5))
    elif draws[0] < 0.3:
        small = int(rng.uniform(48, 200))
        value = cv2.resize(cv2.resize(value, (small, small), interpolation=cv2.INTER_AREA), (SIZE, SIZE))
    if draws[1] < 0.3:
        value = value + rng.standard_normal(value.shape, np.float32) * np.float32(rng.uniform(0.005, 0.06))
    value = np.clip(value, 0, 1)
    return jpeg(value, int(rng.uniform(15, 90))) if draws[2] < 0.3 else value


def jpeg(rgb: Picture, quality: int) -> Picture:
    """Coded and decoded."""
    coded = cv2.imencode(".jpg", (rgb * 255).astype(np.uint8), [cv2.IMWRITE_JPEG_QUALITY, quality])[1]
    return np.asarray(cv2.imdecode(coded, cv2.IMREAD_COLOR), np.float32) / 255


def example(
    faces: Sequence[Labelled], rng: np.random.Generator
) -> tuple[Float32[np.ndarray, "3 256 256"], UInt8[np.ndarray, "256 256"]]:
    """A random face, sRGB-coded in [0, 1], and its label."""
    rgb, label = turned_crop(draw(faces[int(rng.integers(len(faces)))], faces, rng), rng)
    return degrade(relight(rgb, rng), rng).transpose(2, 0, 1), label


def examples(
    faces: Sequence[Labelled], count: int, rng: np.random.Generator
) -> tuple[Float32[np.ndarray, "count 3 256 256"], UInt8[np.ndarray, "count 256 256"]]:
    """Several of those."""
    images, labels = zip(*(example(faces, rng) for _ in range(count)), strict=True)
    return np.stack(images), np.stack(labels)
