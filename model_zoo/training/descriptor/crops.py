"""Crops to learn the descriptor from: faces, complete albedos and environment lights, also degraded ones."""

from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
from jaxtyping import Float32

# Portraits three times in four: textures of photographed faces are what the network will see.
SOURCE_SHARES = (0.74, 0.2, 0.06)
TEXTURES = (
    "makehuman_skins/*_head*.png",
    "reom/*_BaseColor_8K.jpg",
    "antonia/head_albedo.png",
)


def read_image(path: Path) -> Float32[np.ndarray, "height width 3"]:
    """sRGB-coded RGB in [0,1]; large maps at a quarter, environment lights tone-mapped."""
    bgr = cv2.imread(str(path), cv2.IMREAD_UNCHANGED)
    if bgr is None:
        raise FileNotFoundError(path)
    if path.suffix == ".hdr":
        bgr = np.clip(bgr / (bgr + np.median(bgr)), 0, 1) ** (1 / 2.2) * 255
    rgb = cv2.cvtColor(bgr[..., :3], cv2.COLOR_BGR2RGB)
    if max(rgb.shape) > 4096:
        rgb = cv2.resize(rgb, None, fx=0.25, fy=0.25, interpolation=cv2.INTER_AREA)
    return np.asarray(rgb, np.float32) / 255


def read_sources(data: Path) -> list[list[np.ndarray]]:
    """Portraits (their face part), albedos, lights; 8 bits to spare memory."""
    groups: tuple[list[Path], ...] = (
        sorted((data / "photos" / "bank").glob("*.jpg")),
        sorted(path for pattern in TEXTURES for path in (data / "textures").glob(pattern)),
        sorted((data / "hdri").glob("*.hdr")),
    )
    images = [[(read_image(path) * 255).round().astype(np.uint8) for path in group] for group in groups]
    # The portraits are framed alike: faces of 430 pixels around the middle of 1024.
    images[0] = [image[100:860, 180:844] for image in images[0]]
    return images


def random_crop(image: np.ndarray, size: int, rng: np.random.Generator) -> Float32[np.ndarray, "size size 3"]:
    """A square of random place, scale (0.4 to 1.6), turn and mirror."""
    side = min(int(size / rng.uniform(0.4, 1.6)), *image.shape[:2])
    top = rng.integers(image.shape[0] - side + 1)
    left = rng.integers(image.shape[1] - side + 1)
    part = image[top : top + side, left : left + side]
    way = cv2.INTER_AREA if side > size else cv2.INTER_CUBIC
    crop = cv2.resize(part, (size, size), interpolation=way).astype(np.float32) / 255
    if rng.random() < 0.3:
        crop = np.rot90(crop, int(rng.integers(4)))
    return np.ascontiguousarray(crop[:, ::-1] if rng.random() < 0.5 else crop)


def vary_colour(crop: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Gamma, gain by channel, contrast and offset."""
    crop = np.clip(crop, 0, 1) ** rng.uniform(0.6, 1.7)
    crop = crop * rng.uniform(0.7, 1.3) * rng.uniform(0.85, 1.15, 3)
    middle = crop.mean((0, 1))
    return middle + (crop - middle) * rng.uniform(0.6, 1.5) + rng.uniform(-0.08, 0.08)


def hide_blob(crop: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """A random half of the crop made smooth, as the fill of hidden texels is."""
    size = crop.shape[0]
    field = cv2.resize(rng.standard_normal((4, 4)), (size, size), interpolation=cv2.INTER_CUBIC)
    weight = 1 / (1 + np.exp(-40 * field[..., None]))
    return crop * (1 - weight) + cv2.GaussianBlur(crop, (0, 0), rng.uniform(6, 20)) * weight


def degrade(crop: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Blur, over-sharpening, smooth parts and noise, fine or coarse: what a synthesiser passes through."""
    draw = rng.random(4)
    if draw[0] < 0.15:
        crop = cv2.GaussianBlur(crop, (0, 0), np.exp(rng.uniform(-0.7, 2.3)))
    elif draw[0] < 0.3:
        low = cv2.GaussianBlur(crop, (0, 0), rng.uniform(0.7, 3))
        crop = crop + (crop - low) * rng.uniform(0.5, 2.5)
    if draw[1] < 0.25:
        crop = hide_blob(crop, rng)
    if draw[2] < 0.35:
        amount = np.exp(rng.uniform(-5.5, -2.3))
        channels = 3 if rng.random() < 0.5 else 1
        noise = rng.standard_normal((*crop.shape[:2], channels)) * amount
        if rng.random() < 0.4:
            noise = 3 * cv2.GaussianBlur(noise, (0, 0), rng.uniform(0.6, 2)).reshape(noise.shape)
        crop = crop + noise
    return crop


def make_crops(
    sources: Sequence[Sequence[np.ndarray]], count: int, size: int, rng: np.random.Generator
) -> Float32[np.ndarray, "count 3 size size"]:
    """Augmented crops, values clipped to [0,1] as the synthesiser clips its own."""
    crops = np.zeros((count, 3, size, size), np.float32)
    for index in range(count):
        group = sources[rng.choice(3, p=SOURCE_SHARES)]
        crop = random_crop(group[int(rng.integers(len(group)))], size, rng)
        crop = degrade(vary_colour(crop, rng), rng)
        crops[index] = np.clip(crop, 0, 1).transpose(2, 0, 1)
    return crops
