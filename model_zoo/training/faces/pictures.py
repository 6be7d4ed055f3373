"""Training pictures with none, one or two faces, and what the finder should say of each."""

import cv2
import numpy as np
import torch
from jaxtyping import Float, Float32, UInt8
from torch import Tensor

from training.faces.net import LARGEST, SMALLEST, STRIDE, UNIT
from training.landmarks.augment import Matrix, degrade, mirror, occlude, paste, perspective, project, shuffle, warp_levels
from training.landmarks.crops import again, tensors
from training.landmarks.labels import Rgb, Square, face_square, homogeneous
from training.landmarks.sources import Backgrounds, Source

SIZE = 160
CELLS = SIZE // STRIDE
Cover = UInt8[np.ndarray, "size size"]
Heat = Float32[np.ndarray, "rows columns"]
Geometry = Float32[np.ndarray, "6 rows columns"]
Maps = Float[Tensor, "pictures rows columns"]
Batch = tuple[Float[Tensor, "pictures 3 size size"], Maps, Maps, Float[Tensor, "pictures 6 rows columns"]]


class Pictures:
    """Draws them from portraits, heads seen from the side, pictures without a face, and mined false faces."""

    def __init__(
        self, front: list[Source], sides: list[Source], backgrounds: Backgrounds, mined: UInt8[np.ndarray, "n 112 112 3"]
    ) -> None:
        self.front, self.sides, self.backgrounds, self.mined = front, sides, backgrounds, mined

    def batch(self, count: int, rng: np.random.Generator) -> Batch:
        """Pictures, heat, weights of the heat, geometry with its mask as last channel."""
        images, faces = zip(*(self.draw(rng) for _ in range(count)), strict=True)
        maps = zip(*(targets(squares) for squares in faces), strict=True)
        heat, weight, geometry = (torch.from_numpy(np.stack(part)) for part in maps)
        return tensors(images), heat, weight, geometry

    def draw(self, rng: np.random.Generator) -> tuple[Rgb, list[Square]]:
        """A picture and its faces."""
        image, faces, size = self._background(rng), list[Square](), 80.0
        count = int(rng.choice([0, 1, 2], p=[0.35, 0.5, 0.15]))
        for _ in range(count):
            size = float(np.exp(rng.uniform(np.log(18), np.log(60 if count == 2 else 200))))
            image, cover, square = self._put(image, size, rng)
            faces = [*(face for face in faces if hidden(face, cover) < 0.3), square]
        if faces and rng.random() < 0.2:
            image = self._spoil(image, faces.pop(), rng)
        if size > 100 and rng.random() < 0.2:
            image = occlude(image, self.backgrounds.draw(rng), rng)
        return degrade(image, rng, max(size, 30.0)), faces

    def _background(self, rng: np.random.Generator) -> Rgb:
        """One background, or two side by side, or one with mined false faces on it."""
        image, chance = self.backgrounds.draw(rng), rng.random()
        if chance < 0.25:
            cut = int(rng.integers(30, SIZE - 30))
            image[:, cut:] = self.backgrounds.draw(rng)[:, cut:]
        elif chance < 0.55 and len(self.mined):
            for _ in range(int(rng.integers(1, 4))):
                side = int(rng.integers(32, 140))
                x, y = rng.integers(0, SIZE - side, 2)
                image[y : y + side, x : x + side] = again(self.mined[rng.integers(len(self.mined))], side, (0.75, 1.2), rng)
        return image

    def _put(self, image: Rgb, side: float, rng: np.random.Generator) -> tuple[Rgb, Cover, Square]:
        """A face of this side onto the picture, with its own surroundings half of the time; what it covers; its square."""
        pool = self.sides if rng.random() < 0.35 else self.front
        source = pool[rng.integers(len(pool))]
        matrix, levels = matrix_to(source.square, side, rng), source.levels
        if not source.turned and rng.random() < 0.6:
            levels = [np.dstack([level[..., :3], np.full(level.shape[:2], 255, np.uint8)]) for level in levels]
        rgba = warp_levels(levels, matrix, SIZE, cv2.BORDER_CONSTANT)
        return paste(rgba, image), rgba[..., 3], square_of(project(matrix, source.points))

    def _spoil(self, image: Rgb, square: Square, rng: np.random.Generator) -> Rgb:
        """Takes the face away and leaves the head: another picture over it, or its parts shuffled."""
        y, x = inside(square, rng.uniform(0.9, 1.2))
        if rng.random() < 0.5 and min(image[y, x].shape[:2]) >= 16:
            image[y, x] = shuffle(image[y, x], int(rng.choice([3, 4, 5])), rng)
        else:
            image[y, x] = self.backgrounds.draw(rng)[y, x]
        return image


def matrix_to(square: Square, side: float, rng: np.random.Generator) -> Matrix:
    """From a source to the picture: the face gets this side, some roll and any place; perhaps tilted, perhaps mirrored."""
    roll = rng.uniform(-0.87, 0.87) if rng.random() < 0.4 else rng.normal(0, 0.15)
    low, high = min(0.45 * side, SIZE / 2), max(SIZE - 0.45 * side, SIZE / 2)
    x, y = rng.uniform(low, high, 2) - side / 2
    matrix = homogeneous(Square(square.centre, square.side, square.roll + roll).matrix(int(side)))
    matrix = np.array([[1, 0, x], [0, 1, y], [0, 0, 1]]) @ matrix
    matrix = perspective(rng, SIZE, 0.02) @ matrix if rng.random() < 0.4 else matrix
    return mirror(SIZE) @ matrix if rng.random() < 0.5 else matrix


def square_of(points: Float[np.ndarray, "points 2"]) -> Square:
    """The face square, also of a mirrored face, whose right eye lies on the right of the picture."""
    dense = points[:468].copy()
    if dense[33, 0] > dense[263, 0]:
        dense[[33, 263]] = dense[[263, 33]]
    return face_square(dense)


def inside(square: Square, wide: float = 1.0) -> tuple[slice, slice]:
    """Rows and columns of the picture in an upright square, so many times as wide."""
    low, high = ((square.centre + sign * wide * square.side / 2).astype(int).clip(0, SIZE) for sign in (-1, 1))
    return slice(low[1], high[1]), slice(low[0], high[0])


def hidden(face: Square, cover: Cover) -> float:
    """How much of a face lies under what was put on top, 0 to 1."""
    part = cover[inside(face)]
    return float(part.mean()) / 255 if part.size else 1.0


def targets(faces: list[Square]) -> tuple[Heat, Heat, Geometry]:
    """Heat (a bell at every centre), its weights (0 where a face is too small or too large), geometry near centres."""
    heat, weight = np.zeros((CELLS, CELLS), np.float32), np.ones((CELLS, CELLS), np.float32)
    geometry = np.zeros((6, CELLS, CELLS), np.float32)
    rows, columns = np.mgrid[0:CELLS, 0:CELLS]
    for face in faces:
        x, y = face.centre / STRIDE
        distance = np.hypot(columns + 0.5 - x, rows + 0.5 - y)
        if not SMALLEST <= face.side <= LARGEST:
            unsure = SMALLEST * 0.7 < face.side < LARGEST * 1.35
            weight[distance < (0.6 * face.side / STRIDE if unsure else 0)] = 0
            continue
        spread = max(0.7, 0.09 * face.side / STRIDE)
        heat = np.maximum(heat, np.exp(-0.5 * (distance / spread) ** 2, dtype=np.float32))
        heat[min(max(int(y), 0), CELLS - 1), min(max(int(x), 0), CELLS - 1)] = 1
        shape = np.log(face.side / UNIT), np.cos(face.roll), np.sin(face.roll)
        values = np.stack(np.broadcast_arrays(x - columns, y - rows, *shape, 1.0))
        near = distance < 1.5 * spread
        geometry[:, near] = values[:, near]
    return heat, weight, geometry
