"""Pictures that training examples are drawn from: portraits and heads with their points, and what is no face."""

from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from jaxtyping import Float64, UInt8

from training.common.portraits import basis
from training.landmarks.augment import Picture, halves, mirror, perspective, warp_levels
from training.landmarks.labels import Rgb, Square, face_square, homogeneous
from training.world.places import KNOWN
from training.world.render import Arrays
from training.world.shards import World
from training.world.truths import KnownHeads

LEVELS = 3
SHOWN = 0.33
"""The share of a face below which it is covered."""


@dataclass(frozen=True)
class Source:
    """A picture in several sizes, colour and coverage; its points and its face square, in pixels of the largest."""

    levels: list[UInt8[np.ndarray, "size size 4"]]
    points: Float64[np.ndarray, "536 2"]
    square: Square
    turned: bool
    """Seen from the side by geometry: what is not covered is empty."""


def source(rgba: UInt8[np.ndarray, "size size 4"], points: Float64[np.ndarray, "536 2"], turned: bool) -> Source:
    """A picture with its points."""
    return Source(halves(rgba, LEVELS), points, face_square(points), turned)


def load_portraits(path: Path) -> list[Source]:
    """Portraits as taken (or mixed)."""
    with np.load(path, allow_pickle=False) as rows:
        points = np.concatenate([rows["dense"][..., :2], rows["mixed"]], axis=1)
        pictures = np.concatenate([rows["rgb"], rows["mask"][..., None]], axis=3)
    return [source(*pair, False) for pair in zip(pictures, points, strict=True)]


def load_turned(path: Path) -> list[Source]:
    """Heads seen from the side: pictures with coverage, points from geometry."""
    with np.load(path, allow_pickle=False) as rows:
        return [source(*pair, True) for pair in zip(rows["rgba"], rows["points"], strict=True)]


def load_world(world: Path, count: int) -> list[Source]:
    """Those of the first rendered heads of whose face enough is shown, with their true points."""
    heads, more = KnownHeads(world), World(world / "shards", ("alpha", "cover", "triangle"))
    sources = []
    for number in range(min(count, len(heads))):
        item = more[int(heads.places[number])]
        if share_shown(item) >= SHOWN:
            picture = np.dstack([heads.picture(number), item["alpha"]])
            sources.append(source(picture, heads.row(number)["places"][:KNOWN].astype(np.float64), False))
    return sources


def share_shown(item: Arrays) -> float:
    """Of the face's pixels, how much of them nothing that is worn covers."""
    model = basis(with_colour=True)
    of_face = (model.regions["face"] > 0.5)[model.mesh.triangles].all(1)
    pixels = (item["triangle"] >= 0) & of_face[item["triangle"]]
    return float(1 - item["cover"][pixels].mean() / 255) if pixels.any() else 0.0


class Backgrounds:
    """Pictures without a face, warped as the portraits are, as squares of `size` pixels."""

    def __init__(self, path: Path, size: int) -> None:
        with np.load(path, allow_pickle=False) as rows:
            self.pool: list[Picture] = list(rows.values())
        self.size = size

    def draw(self, rng: np.random.Generator) -> Rgb:
        """A turned, scaled, tilted, perhaps mirrored piece of one picture."""
        picture = self.pool[rng.integers(len(self.pool))]
        height, width = picture.shape[:2]
        side = min(height, width) * np.exp(rng.uniform(np.log(0.35), np.log(1.4)))
        square = Square(rng.uniform(0.2, 0.8, 2) * [width, height], side, rng.normal(0, 0.5))
        matrix = perspective(rng, self.size, 0.04) @ homogeneous(square.matrix(self.size))
        if rng.random() < 0.5:
            matrix = mirror(self.size) @ matrix
        levels = 2 if side > 2 * self.size else 1
        return warp_levels(halves(picture, levels), matrix, self.size, cv2.BORDER_REFLECT)
