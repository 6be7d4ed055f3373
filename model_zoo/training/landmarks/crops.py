"""Training crops: faces with their points, and things that are no face."""

from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
import torch
from jaxtyping import Float, Float64, UInt8
from torch import Tensor

from training.landmarks.augment import (
    Matrix,
    degrade,
    mirror,
    occlude,
    paste,
    perspective,
    project,
    shuffle,
    stretch,
    warp_levels,
)
from training.landmarks.labels import Rgb, Square, flip_indices, homogeneous
from training.landmarks.net import COEFFICIENTS, CROP, MARGIN, POINTS
from training.landmarks.sources import Backgrounds, Source

EYES_LIPS = [33, 133, 159, 145, 263, 362, 386, 374, 61, 291, 0, 17, 13, 14, *range(468 + 36, 468 + 68)]
JAW = slice(468, 468 + 17)
NONE = np.zeros((0, CROP, CROP, 3), np.uint8)
Crop = UInt8[np.ndarray, "112 112 3"]
Points = Float64[np.ndarray, "536 2"]
Batch = tuple[Float[Tensor, "pictures 3 112 112"], Float[Tensor, "faces 536 2"], Float[Tensor, "faces 536 1"]]


def tensors(pictures: Sequence[Crop]) -> Float[Tensor, "pictures 3 112 112"]:
    """As the network takes them: sRGB-coded in [-0.5, 0.5]."""
    return torch.from_numpy(np.stack(pictures)).permute(0, 3, 1, 2).float().div(255).sub(0.5)


class Crops:
    """Draws them from portraits, heads seen from the side, pictures without a face, and mined false faces."""

    def __init__(
        self, front: list[Source], sides: list[Source], backgrounds: Path, mined: UInt8[np.ndarray, "n 112 112 3"]
    ) -> None:
        self.front, self.sides, self.mined = front, sides, mined
        self.backgrounds, self.flip = Backgrounds(backgrounds, CROP), flip_indices()

    def pick(self, rng: np.random.Generator) -> Source:
        """A portrait, or half of the time a head seen from the side."""
        pool = self.sides if rng.random() < 0.5 else self.front
        return pool[rng.integers(len(pool))]

    def placed(self, rng: np.random.Generator) -> tuple[Source, Matrix, Points]:
        """A picture with a face, the map from it to a crop laid nearly as in use, and the points in crop units."""
        source = self.pick(rng)
        matrix = matrix_to(source.square, rng.normal(0, 0.04, 2), np.exp(rng.normal(0, 0.09)), rng)
        flipped = rng.random() < 0.5
        matrix = mirror(CROP) @ matrix if flipped else matrix
        points = project(matrix, source.points) / CROP
        return source, matrix, points[self.flip] if flipped else points

    def view(self, source: Source, matrix: Matrix, rng: np.random.Generator) -> Crop:
        """The crop, with the picture's own surroundings or before another background."""
        if source.turned or rng.random() < 0.4:
            return paste(warp_levels(source.levels, matrix, CROP, cv2.BORDER_CONSTANT), self.backgrounds.draw(rng))
        return warp_levels([level[..., :3] for level in source.levels], matrix, CROP, cv2.BORDER_REPLICATE)

    def face(self, rng: np.random.Generator) -> tuple[Crop, Points, bool]:
        """A crop, its points in crop units, and whether it was turned by geometry."""
        source, matrix, points = self.placed(rng)
        image = self.view(source, matrix, rng)
        if rng.random() < 0.3:
            image = occlude(image, self.backgrounds.draw(rng), rng)
        return degrade(image, rng, CROP / MARGIN), points, source.turned

    def other(self, rng: np.random.Generator) -> Crop:
        """A crop that is no face."""
        chance = rng.random()
        if len(self.mined) and chance < 0.4:
            image = self._mined(rng)
        elif chance < 0.75:
            image = self._misplaced(rng)
        else:
            image = self.backgrounds.draw(rng)
        return degrade(image, rng, CROP / MARGIN)

    def _misplaced(self, rng: np.random.Generator) -> Crop:
        """Beside a face, far inside it, or with its parts shuffled."""
        source, kind = self.pick(rng), rng.integers(3)
        angle, reach = rng.uniform(0, 6.283), rng.uniform(0.65, 1.1)
        shift = reach * np.array([np.cos(angle), np.sin(angle)]) if kind == 0 else rng.normal(0, 0.2, 2)
        zoom = [np.exp(rng.normal(0, 0.2)), rng.uniform(0.2, 0.42), 1.0][kind]
        image = self.view(source, matrix_to(source.square, shift, zoom, rng), rng)
        return shuffle(image, int(rng.choice([2, 4, 7])), rng) if kind == 2 else image

    def _mined(self, rng: np.random.Generator) -> Crop:
        return again(self.mined[rng.integers(len(self.mined))], CROP, (0.7, 1.1), rng)

    def batch(self, faces: int, others: int, rng: np.random.Generator) -> Batch:
        """Pictures (faces first), points of the faces in crop units, weights of their points."""
        drawn = [self.face(rng) for _ in range(faces)]
        pictures = tensors([image for image, _, _ in drawn] + [self.other(rng) for _ in range(others)])
        weights = np.ones((faces, POINTS, 1), np.float32)
        weights[:, EYES_LIPS] = 1.5
        weights[[turned for _, _, turned in drawn], JAW] = 0.3  # a jaw line is a silhouette: it does not turn with the head
        points = np.stack([points for _, points, _ in drawn]).astype(np.float32)
        return pictures, torch.from_numpy(points), torch.from_numpy(weights)


def matrix_to(square: Square, shift: Float[np.ndarray, "2"], zoom: float, rng: np.random.Generator) -> Matrix:
    """From a picture to a crop beside the square by `shift` squares and `zoom` times as wide, with a roll and a tilt."""
    roll = rng.uniform(-0.8, 0.8) if rng.random() < 0.25 else rng.normal(0, 0.12)
    side = square.side * MARGIN * zoom
    matrix = homogeneous(Square(square.centre + shift * square.side, side, square.roll + roll).matrix(CROP))
    matrix = stretch(rng.normal(0, 0.05), CROP) @ matrix
    return perspective(rng, CROP, 0.03) @ matrix if rng.random() < 0.5 else matrix


def again(mined: Crop, size: int, sides: tuple[float, float], rng: np.random.Generator) -> Rgb:
    """A mined false face, turned a little, perhaps mirrored; it shows so much of the crop."""
    square = Square(CROP / 2 + rng.normal(0, 6, 2), CROP * rng.uniform(*sides), rng.normal(0, 0.3))
    matrix = homogeneous(square.matrix(size))
    matrix = mirror(size) @ matrix if rng.random() < 0.5 else matrix
    return warp_levels([mined], matrix, size, cv2.BORDER_REFLECT)


def shape_basis(
    crops: Crops, rng: np.random.Generator, count: int = 3000
) -> tuple[Float[Tensor, " values"], Float[Tensor, "values coefficients"]]:
    """Mean and scaled principal components of drawn shapes, in crop units."""
    shapes = torch.from_numpy(np.stack([crops.placed(rng)[2].ravel() for _ in range(count)])).float()
    _, sizes, directions = torch.pca_lowrank(shapes, COEFFICIENTS, niter=6)
    return shapes.mean(0), directions * sizes / count**0.5
