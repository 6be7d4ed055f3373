"""What the descriptor learns from: crops, and the teacher's features of them along the teacher's principal directions."""

from collections.abc import Iterator
from pathlib import Path

import click
import msgspec
import numpy as np
import torch
from jaxtyping import Float16, Float32, UInt8
from torch import Tensor

from training.common.data import DATA, save_arrays
from training.common.loop import Schedule
from training.common.steps import Run
from training.descriptor.crops import make_crops, read_sources
from training.descriptor.net import CHANNELS, LEVELS
from training.descriptor.teacher import Teacher, channel_products, principal_directions, project

CROP = 160
"""Pixels along a side."""
CHUNK = 96
"""Crops in a file."""
FIRST = 192
"""Crops that the directions are measured on."""
AT_ONCE = 8

Crops = Float32[np.ndarray, "count 3 size size"]
Directions = Float32[np.ndarray, "inputs outputs"]
Stored = UInt8[np.ndarray, "count 3 size size"] | Float16[np.ndarray, "count channels height width"]


class Settings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """settings.toml."""

    crops: int
    batch: int
    train: Schedule
    seed: int = 0


def parts(crops: Crops) -> Iterator[Crops]:
    """A few at a time."""
    return iter(np.array_split(crops, max(1, len(crops) // AT_ONCE)))


def measure_directions(teacher: Teacher, crops: Crops) -> list[Directions]:
    """Principal directions of the teacher's features over the crops, a level."""
    products = [[channel_products(features) for features in teacher(part)] for part in parts(crops)]
    totals = [[sum(column) for column in zip(*level, strict=True)] for level in zip(*products, strict=True)]
    return [principal_directions(total / count, kept) for (total, count), kept in zip(totals, CHANNELS, strict=True)]


def write_chunk(teacher: Teacher, crops: Crops, directions: list[Directions], folder: Path, number: int) -> None:
    """A file of crops in 8 bits and one a level of the teacher's projected features of those, in 16."""
    images = (crops * 255).round().astype(np.uint8)
    features = [teacher(part) for part in parts(images.astype(np.float32) / 255)]
    np.save(folder / f"image_{number:03d}.npy", images)
    for level, (name, kept) in enumerate(zip(LEVELS, directions, strict=True)):
        projected = [project(part[level], kept).astype(np.float16) for part in features]
        np.save(folder / f"{name}_{number:03d}.npy", np.concatenate(projected))


def make(run: Run[Settings]) -> None:
    """The directions, then chunks of crops."""
    rng, sources = np.random.default_rng(run.settings.seed), read_sources(DATA)
    teacher = Teacher(DATA / "models/features")
    directions = measure_directions(teacher, make_crops(sources, FIRST, CROP, rng))
    save_arrays(run.work / "directions.npz", dict(zip(LEVELS, directions, strict=True)))
    for number in range(run.settings.crops // CHUNK):
        write_chunk(teacher, make_crops(sources, CHUNK, CROP, rng), directions, run.work, number)
        click.echo(f"{CHUNK * (number + 1)} crops")


class Examples:
    """The chunks of a folder, memory-mapped."""

    def __init__(self, folder: Path) -> None:
        """Opens the files that `make` wrote."""
        numbers = range(len(list(folder.glob("image_*.npy"))))
        names = ("image", *LEVELS)
        self.chunks: list[dict[str, Stored]] = [
            {name: np.load(folder / f"{name}_{number:03d}.npy", mmap_mode="r") for name in names} for number in numbers
        ]

    def batch(self, count: int, rng: np.random.Generator) -> tuple[Tensor, list[Tensor]]:
        """Crops of one chunk, sRGB-coded in [0, 1], and their features."""
        chunk = self.chunks[rng.integers(len(self.chunks))]
        picks = np.sort(rng.choice(len(chunk["image"]), count, replace=False))
        images, *features = (torch.from_numpy(chunk[name][picks].astype(np.float32)) for name in ("image", *LEVELS))
        return images / 255, features

    def channel_squares(self) -> list[Tensor]:
        """Mean square of each channel of the features, a level."""
        chunks = self.chunks[:4]
        squares = ([np.square(chunk[name].astype(np.float32)).mean((0, 2, 3)) for chunk in chunks] for name in LEVELS)
        return [torch.from_numpy(np.mean(level, 0)) for level in squares]
