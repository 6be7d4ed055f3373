"""Trains the face finder on portraits pasted at all sizes and turns, and on pictures without a face; writes faces.onnx."""

import copy
from pathlib import Path
from typing import Any

import click
import cv2
import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from training.common.averaged import Plan, learn, load, plan_options, save, store_halved
from training.faces.net import LARGEST, SMALLEST, STRIDE, UNIT, Deployed, FaceNet
from training.landmarks.augment import (
    Backgrounds,
    Source,
    degrade,
    homogeneous,
    load_portraits,
    load_turned,
    mirror,
    occlude,
    paste,
    perspective,
    project,
    warp_levels,
)
from training.landmarks.labels import Square, face_square

SIZE = 160
CELLS = SIZE // STRIDE
FILES = Path(__file__).parents[2] / "facetex_model_zoo/files"


class Pictures:
    """Draws training pictures with none, one or two faces."""

    def __init__(self, work: Path, seed: int) -> None:
        self.work = work
        self.front = load_portraits(work / "bank.npz")
        self.sides = [source for name in ("turned_bank", "heads_bank") for source in load_turned(work / f"{name}.npz")]
        self.backgrounds = Backgrounds(work, SIZE)
        self.generator = np.random.default_rng(seed)
        self.mined = np.zeros((0, 112, 112, 3), np.uint8)

    def reload_mined(self) -> None:
        """Take in the false faces that the finder has proposed so far."""
        path = self.work / "mined.npy"
        if path.exists():
            self.mined = np.load(path)

    def _background(self) -> np.ndarray:
        """One background, or two side by side, or one with mined false faces on it."""
        generator, image = self.generator, self.backgrounds.draw(self.generator)
        chance = generator.random()
        if chance < 0.25:
            cut = int(generator.integers(30, SIZE - 30))
            other = self.backgrounds.draw(generator)
            image = np.where((np.arange(SIZE) < cut)[:, None, None], image, other)
        elif chance < 0.55 and len(self.mined):
            for _ in range(int(generator.integers(1, 4))):
                self._stick(image)
        return image

    def _stick(self, image: np.ndarray) -> None:
        """A mined false face, turned a little, somewhere on the picture."""
        picture = self.mined[self.generator.integers(len(self.mined))]
        side = int(self.generator.integers(32, 140))
        x, y = self.generator.integers(0, SIZE - side, 2)
        square = Square(np.full(2, 56.0), 112 * self.generator.uniform(0.75, 1.2), self.generator.normal(0, 0.3))
        matrix = homogeneous(square.matrix(side))
        image[y : y + side, x : x + side] = warp_levels([picture], matrix, side, cv2.BORDER_REFLECT)

    def _matrix(self, source: Source, side: float) -> np.ndarray:
        """From the source to the picture: the face gets this side, some roll and any place."""
        generator = self.generator
        roll = generator.uniform(-0.87, 0.87) if generator.random() < 0.4 else generator.normal(0, 0.15)
        low, high = min(0.45 * side, SIZE / 2), max(SIZE - 0.45 * side, SIZE / 2)
        place = generator.uniform(low, high, 2)
        matrix = homogeneous(Square(source.square.centre, source.square.side, source.square.roll + roll).matrix(int(side)))
        matrix = np.array([[1, 0, place[0] - side / 2], [0, 1, place[1] - side / 2], [0, 0, 1]]) @ matrix
        matrix = perspective(generator, SIZE, 0.02) @ matrix if generator.random() < 0.4 else matrix
        return mirror(SIZE) @ matrix if generator.random() < 0.5 else matrix

    def _put(self, image: np.ndarray, side: float) -> tuple[np.ndarray, np.ndarray, Square]:
        """A face of this side onto the picture, with its own surroundings half of the time; what it covers; its square."""
        generator = self.generator
        pool = self.sides if generator.random() < 0.35 else self.front
        source = pool[generator.integers(len(pool))]
        matrix = self._matrix(source, side)
        levels = source.levels
        if not source.turned and generator.random() < 0.6:
            levels = [np.dstack([level[..., :3], np.full(level.shape[:2], 255, np.uint8)]) for level in levels]
        rgba = warp_levels(levels, matrix, SIZE, cv2.BORDER_CONSTANT)
        return paste(rgba, image), rgba[..., 3], _square_of(project(matrix, source.points))

    def _spoil(self, image: np.ndarray, square: Square) -> np.ndarray:
        """Take the face away and leave the head: another picture over it, or its parts shuffled."""
        generator = self.generator
        half = square.side * generator.uniform(0.45, 0.6)
        low = (square.centre - half).astype(int).clip(0, SIZE)
        high = (square.centre + half).astype(int).clip(0, SIZE)
        part = image[low[1] : high[1], low[0] : high[0]]
        if generator.random() < 0.5 and min(part.shape[:2]) >= 16:
            count = int(generator.choice([3, 4, 5]))
            height, width = part.shape[0] // count, part.shape[1] // count
            tiles = part[: height * count, : width * count].reshape(count, height, count, width, 3).swapaxes(1, 2)
            tiles = generator.permutation(tiles.reshape(count * count, height, width, 3))
            tiles = tiles.reshape(count, count, height, width, 3).swapaxes(1, 2)
            part[: height * count, : width * count] = tiles.reshape(height * count, width * count, 3)
        else:
            patch = self.backgrounds.draw(generator)
            part[...] = patch[low[1] : high[1], low[0] : high[0]]
        return image

    def draw(self) -> tuple[np.ndarray, list[Square]]:
        """A picture and its faces."""
        generator, image, faces = self.generator, self._background(), []
        size = 80.0
        count = int(generator.choice([0, 1, 2], p=[0.35, 0.5, 0.15]))
        for _ in range(count):
            size = float(np.exp(generator.uniform(np.log(18), np.log(60 if count == 2 else 200))))
            image, cover, square = self._put(image, size)
            faces = [face for face in faces if _covered(face, cover) < 0.3]
            faces.append(square)
        if faces and generator.random() < 0.2:
            image = self._spoil(image, faces.pop())
        if generator.random() < 0.2:
            image = occlude(image, self.backgrounds.draw(generator), generator) if size > 100 else image
        return degrade(image, generator, max(size, 30.0)), faces

    def batch(self, count: int) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """Pictures, heat, weights of the heat, geometry with its mask as last channel."""
        drawn = [self.draw() for _ in range(count)]
        pictures = torch.from_numpy(np.stack([row[0] for row in drawn])).permute(0, 3, 1, 2).float().div(255).sub(0.5)
        maps = [targets(row[1]) for row in drawn]
        heat, weight, geometry = (torch.from_numpy(np.stack(part)) for part in zip(*maps, strict=True))
        return pictures.contiguous(memory_format=torch.channels_last), heat, weight, geometry


def _square_of(points: np.ndarray) -> Square:
    """The face square, also of a mirrored face, whose right eye lies on the right of the picture."""
    dense = points[:468].copy()
    if dense[33, 0] > dense[263, 0]:
        dense[[33, 263]] = dense[[263, 33]]
    return face_square(dense)


def _covered(face: Square, cover: np.ndarray) -> float:
    """How much of a face lies under what was put on top."""
    low, high = ((face.centre + sign * face.side / 2).astype(int).clip(0, SIZE) for sign in (-1, 1))
    part = cover[low[1] : high[1], low[0] : high[0]]
    return float(part.mean()) / 255 if part.size else 1.0


def targets(faces: list[Square]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Heat (a bell at every centre), its weights (0 where a face is too small or too large), geometry near centres."""
    rows, columns = np.mgrid[0:CELLS, 0:CELLS]
    heat, weight = np.zeros((CELLS, CELLS), np.float32), np.ones((CELLS, CELLS), np.float32)
    geometry = np.zeros((6, CELLS, CELLS), np.float32)
    for face in faces:
        place = face.centre / STRIDE
        distance = np.hypot(columns + 0.5 - place[0], rows + 0.5 - place[1])
        if not SMALLEST <= face.side <= LARGEST:
            unsure = SMALLEST * 0.7 < face.side < LARGEST * 1.35
            weight[distance < (0.6 * face.side / STRIDE if unsure else 0)] = 0
            continue
        spread = max(0.7, 0.09 * face.side / STRIDE)
        heat = np.maximum(heat, np.exp(-0.5 * (distance / spread) ** 2))
        column, row = (int(np.clip(value, 0, CELLS - 1)) for value in place)
        heat[row, column] = 1
        near = distance < 1.5 * spread
        values = (place[0] - columns, place[1] - rows, np.log(face.side / UNIT), np.cos(face.roll), np.sin(face.roll), 1.0)
        for channel, value in enumerate(values):
            geometry[channel][near] = np.broadcast_to(value, near.shape)[near]
    return heat.astype(np.float32), weight, geometry


def loss_of(net: FaceNet, pictures: Tensor, heat: Tensor, weight: Tensor, geometry: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Penalty-reduced focal loss (CenterNet eq. 1) and the geometry's absolute error at the centres."""
    with torch.autocast("cpu", torch.bfloat16):
        maps = net(pictures)
    logit, chance = maps[:, 0], torch.sigmoid(maps[:, 0])
    centre = (heat > 0.999).float() * weight
    found = centre * (1 - chance) ** 2 * functional.softplus(-logit)
    empty = (1 - centre) * weight * (1 - heat) ** 4 * chance**2 * functional.softplus(logit)
    focal = (found.sum() + empty.sum()) / centre.sum().clamp_min(8)
    mask = geometry[:, 5:]
    scale = torch.tensor([0.3, 0.3, 3.0, 2.0, 2.0]).view(1, 5, 1, 1)
    shape = ((maps[:, 1:] - geometry[:, :5]).abs() * mask * scale).sum() / mask.sum().clamp_min(8)
    return focal + shape, focal.detach(), shape.detach()


def export(net: FaceNet, path: Path) -> None:
    """Write the ONNX file with free batch, height and width."""
    model = Deployed(copy.deepcopy(net)).eval().to(memory_format=torch.contiguous_format)
    axes = {"picture": {0: "batch", 2: "height", 3: "width"}, "heat": {0: "batch", 1: "rows", 2: "columns"}}
    axes["geometry"] = {0: "batch", 2: "rows", 3: "columns"}
    names = {"input_names": ["picture"], "output_names": ["heat", "geometry"]}
    example = torch.rand(1, 3, SIZE, SIZE)
    torch.onnx.export(model, (example,), str(path), opset_version=17, dynamo=False, dynamic_axes=axes, **names)
    store_halved(path)


def train(plan: Plan) -> FaceNet:
    """On 24 pictures a step."""
    pictures = Pictures(plan.work, plan.seed)

    def loss(net: FaceNet) -> tuple[Tensor, str]:
        total, focal, shape = loss_of(net, *pictures.batch(24))
        return total, f"heat {focal:.3f} geometry {shape:.3f}"

    def snapshot(net: FaceNet) -> None:
        pictures.reload_mined()
        save(net, plan.work / "faces.npz")
        export(net, plan.work / "faces.onnx")

    net = FaceNet()
    if plan.start:
        load(net, plan.start)
    return learn(net.to(memory_format=torch.channels_last), plan, loss, snapshot, clip=10.0)


@click.command(help=__doc__)
@plan_options
def main(threads: int, **options: Any) -> None:  # noqa: ANN401  # the fields of Plan
    """Train and write the model file."""
    plan = Plan(**options)
    plan.begin(threads)
    net = train(plan)
    save(net, plan.work / "faces.npz")
    export(net, FILES / "faces.onnx")


if __name__ == "__main__":
    main()
