"""Trains the landmark net on turned, relit, shrunk and covered portraits and writes landmarks.onnx."""

import copy
from pathlib import Path
from typing import Any

import click
import cv2
import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn import functional

from training.common.averaged import Plan, learn, load, plan_options, save, store_halved
from training.landmarks.augment import (
    Backgrounds,
    Source,
    degrade,
    flip_indices,
    homogeneous,
    load_portraits,
    load_turned,
    mirror,
    occlude,
    paste,
    perspective,
    project,
    stretch,
    warp_levels,
)
from training.landmarks.labels import Square
from training.landmarks.net import COEFFICIENTS, CROP, MARGIN, POINTS, Deployed, LandmarkNet

FRONT, SIDES = ("bank", "morphs"), ("turned_bank", "turned_morphs", "heads_bank")
SHARES = (0.3, 0.3, 1.0)  # of the first points and of those after each look
FILES = Path(__file__).parents[2] / "facetex_model_zoo/files"
EYES_LIPS = [*range(33, 34), 133, 159, 145, 263, 362, 386, 374, 61, 291, 0, 17, 13, 14, *range(468 + 36, 468 + 68)]


class Crops:
    """Draws training crops: faces with points, and things that are no face."""

    def __init__(self, work: Path, seed: int) -> None:
        self.work = work
        self.front = [source for name in FRONT for source in load_portraits(work / f"{name}.npz")]
        self.sides = [source for name in SIDES for source in load_turned(work / f"{name}.npz")]
        self.backgrounds = Backgrounds(work, CROP)
        self.flip = flip_indices()
        self.generator = np.random.default_rng(seed)
        self.mined = np.zeros((0, CROP, CROP, 3), np.uint8)

    def reload_mined(self) -> None:
        """Take in the false faces that the finder has proposed so far."""
        path = self.work / "mined.npy"
        if path.exists():
            self.mined = np.load(path)

    def pick(self) -> Source:
        """A portrait, or half of the time a head seen from the side."""
        pool = self.sides if self.generator.random() < 0.5 else self.front
        return pool[self.generator.integers(len(pool))]

    def matrix_to(self, square: Square, shift: np.ndarray, zoom: float) -> np.ndarray:
        """From the source to a crop beside the square by `shift` squares and `zoom` times as wide, with a roll and a tilt."""
        generator = self.generator
        wide = generator.random() < 0.25
        roll = generator.uniform(-0.8, 0.8) if wide else generator.normal(0, 0.12)
        side = square.side * MARGIN * zoom
        matrix = homogeneous(Square(square.centre + shift * square.side, side, square.roll + roll).matrix(CROP))
        matrix = stretch(generator.normal(0, 0.05), CROP) @ matrix
        return perspective(generator, CROP, 0.03) @ matrix if generator.random() < 0.5 else matrix

    def _view(self, source: Source, matrix: np.ndarray) -> np.ndarray:
        rgba = warp_levels(source.levels, matrix, CROP, cv2.BORDER_CONSTANT)
        if source.turned or self.generator.random() < 0.4:
            return paste(rgba, self.backgrounds.draw(self.generator))
        plain = [level[..., :3] for level in source.levels]
        return warp_levels(plain, matrix, CROP, cv2.BORDER_REPLICATE)

    def face(self) -> tuple[np.ndarray, np.ndarray, bool]:
        """A crop, its points in crop units, and whether it was turned by geometry."""
        generator, source = self.generator, self.pick()
        matrix = self.matrix_to(source.square, generator.normal(0, 0.04, 2), np.exp(generator.normal(0, 0.09)))
        flipped = generator.random() < 0.5
        matrix = mirror(CROP) @ matrix if flipped else matrix
        points = project(matrix, source.points)
        image = self._view(source, matrix)
        if generator.random() < 0.3:
            image = occlude(image, self.backgrounds.draw(generator), generator)
        return degrade(image, generator, CROP / MARGIN), (points[self.flip] if flipped else points) / CROP, source.turned

    def _misplaced(self) -> np.ndarray:
        """Beside a face, far inside it, or with its parts shuffled."""
        generator, source = self.generator, self.pick()
        kind = generator.integers(3)
        angle, reach = generator.uniform(0, 6.283), generator.uniform(0.65, 1.1)
        shift = reach * np.array([np.cos(angle), np.sin(angle)]) if kind == 0 else generator.normal(0, 0.2, 2)
        zoom = [np.exp(generator.normal(0, 0.2)), generator.uniform(0.2, 0.42), 1.0][kind]
        image = self._view(source, self.matrix_to(source.square, shift, zoom))
        return self._shuffled(image) if kind == 2 else image

    def _shuffled(self, image: np.ndarray) -> np.ndarray:
        tiles = int(self.generator.choice([2, 4, 7]))
        parts = image.reshape(tiles, CROP // tiles, tiles, CROP // tiles, 3).swapaxes(1, 2)
        parts = parts.reshape(tiles * tiles, CROP // tiles, CROP // tiles, 3)
        parts = parts[self.generator.permutation(len(parts))].reshape(tiles, tiles, CROP // tiles, CROP // tiles, 3)
        return np.ascontiguousarray(parts.swapaxes(1, 2).reshape(CROP, CROP, 3))

    def _mined(self) -> np.ndarray:
        generator = self.generator
        picture = self.mined[generator.integers(len(self.mined))]
        centre, side = CROP / 2 + generator.normal(0, 6, 2), CROP * generator.uniform(0.7, 1.1)
        square = Square(centre, side, generator.normal(0, 0.3))
        matrix = homogeneous(square.matrix(CROP))
        matrix = mirror(CROP) @ matrix if generator.random() < 0.5 else matrix
        return warp_levels([picture], matrix, CROP, cv2.BORDER_REFLECT)

    def other(self) -> np.ndarray:
        """A crop that is no face."""
        generator = self.generator
        chance = generator.random()
        if len(self.mined) and chance < 0.4:
            image = self._mined()
        elif chance < 0.75:
            image = self._misplaced()
        else:
            image = self.backgrounds.draw(generator)
        return degrade(image, generator, CROP / MARGIN)

    def batch(self, faces: int, others: int) -> tuple[Tensor, Tensor, Tensor]:
        """Pictures (faces first), points of the faces, weights of their points."""
        drawn = [self.face() for _ in range(faces)]
        images = np.stack([row[0] for row in drawn] + [self.other() for _ in range(others)])
        weights = np.ones((faces, POINTS, 1), np.float32)
        weights[:, EYES_LIPS] = 1.5
        weights[[row[2] for row in drawn], 468 : 468 + 17] = 0.3  # a jaw line is a silhouette: it does not turn with the head
        pictures = torch.from_numpy(images).permute(0, 3, 1, 2).float().div(255).sub(0.5)
        points = torch.from_numpy(np.stack([row[1] for row in drawn]).astype(np.float32))
        return pictures.contiguous(memory_format=torch.channels_last), points, torch.from_numpy(weights)


def shape_basis(crops: Crops, count: int = 3000) -> tuple[Tensor, Tensor]:
    """Mean and scaled principal components of drawn shapes."""
    shapes = []
    for _ in range(count):
        source = crops.pick()
        matrix = crops.matrix_to(source.square, crops.generator.normal(0, 0.04, 2), np.exp(crops.generator.normal(0, 0.09)))
        flipped = crops.generator.random() < 0.5
        points = project(mirror(CROP) @ matrix if flipped else matrix, source.points) / CROP
        shapes.append((points[crops.flip] if flipped else points).ravel())
    stacked = np.stack(shapes)
    mean = stacked.mean(0)
    _, sizes, rows = np.linalg.svd(stacked - mean, full_matrices=False)
    basis = (rows * sizes[:, None])[:COEFFICIENTS].T / np.sqrt(count)
    return torch.from_numpy(mean).float(), torch.from_numpy(basis).float()


def distance(error: Tensor) -> Tensor:
    """Length of the error, rounded off at nought: sqrt(|x|^2 + 1/4); x in % of the outer-eye distance."""
    return (error.square().sum(2, keepdim=True) + 0.25).sqrt()


def loss_of(net: LandmarkNet, pictures: Tensor, points: Tensor, weights: Tensor) -> tuple[Tensor, Float[Tensor, ""], Tensor]:
    """The sum to minimise, the mean error in %, and the score's part."""
    with torch.autocast("cpu", torch.bfloat16):
        stages, logits = net(pictures)
    faces = len(points)
    scale = 100 / (points[:, 33] - points[:, 263]).norm(dim=1).clamp_min(0.15)[:, None, None]
    errors = [(stage[:faces] - points) * scale for stage in stages]
    fit = sum(share * (distance(error) * weights).mean() for share, error in zip(SHARES, errors, strict=True))
    truth = (torch.arange(len(pictures)) < faces).float()
    score = functional.binary_cross_entropy_with_logits(logits, 0.97 * truth + 0.01)
    return fit + 2 * score, errors[-1].norm(dim=2).mean().detach(), score.detach()


def export(net: LandmarkNet, path: Path) -> None:
    """Write the ONNX file with a free batch size."""
    model = Deployed(copy.deepcopy(net), torch.from_numpy(flip_indices())).eval()
    model = model.to(memory_format=torch.contiguous_format)
    names = {"input_names": ["crop"], "output_names": ["dense", "landmarks", "score"]}
    axes = {name: {0: "batch"} for name in ("crop", "dense", "landmarks", "score")}
    example = torch.rand(2, 3, CROP, CROP)
    torch.onnx.export(model, (example,), str(path), opset_version=17, dynamo=False, dynamic_axes=axes, **names)
    store_halved(path)


def train(plan: Plan) -> LandmarkNet:
    """On 48 faces and 16 crops without one a step."""
    crops = Crops(plan.work, plan.seed)

    def loss(net: LandmarkNet) -> tuple[Tensor, str]:
        total, error, score = loss_of(net, *crops.batch(48, 16))
        return total, f"error {error:.2f} % score {score:.4f}"

    def snapshot(net: LandmarkNet) -> None:
        crops.reload_mined()
        save(net, plan.work / "landmarks.npz")
        export(net, plan.work / "landmarks.onnx")

    net = LandmarkNet(*shape_basis(crops))
    if plan.start:
        load(net, plan.start)
    net = net.to(memory_format=torch.channels_last)
    return learn(net, plan, loss, snapshot, clip=20.0)


@click.command(help=__doc__)
@plan_options
def main(threads: int, **options: Any) -> None:  # noqa: ANN401  # the fields of Plan
    """Train and write the model file."""
    plan = Plan(**options)
    plan.begin(threads)
    net = train(plan)
    save(net, plan.work / "landmarks.npz")
    export(net, FILES / "landmarks.onnx")


if __name__ == "__main__":
    main()
