"""Looks for what the present detector takes for faces where there is none: crops for the training that follows."""

from pathlib import Path

import click
import cv2
import numpy as np
from facetex_plugins.detect.alignment import OrientedBox, image_pyramid, warp_crop
from facetex_plugins.detect.landmarks import LandmarkDetector

from facetex_core.imaging.colour import decode_srgb, to_bytes
from training.common.making import needed
from training.common.steps import Run
from training.landmarks.augment import paste, warp_levels
from training.landmarks.crops import Crop
from training.landmarks.data import Mining, Settings
from training.landmarks.detector import detector, latest
from training.landmarks.labels import Rgb, Square, apply, homogeneous
from training.landmarks.net import CROP, MARGIN
from training.landmarks.sources import Backgrounds, Source, load_portraits, load_turned

SIZE = 320


def read_sources(folder: Path) -> tuple[list[Source], list[Source], Backgrounds]:
    """Portraits, heads from the side, backgrounds, from the landmarks' folder of work."""
    front = load_portraits(needed(folder / "bank.npz", "landmarks labels"))
    sides = load_turned(needed(folder / "turned_bank.npz", "landmarks turned"))
    return front, sides, Backgrounds(needed(folder / "backgrounds.npz", "landmarks backgrounds"), SIZE)


class Miner:
    """Runs the detector on training pictures and keeps what lies beside the faces."""

    def __init__(self, sources: tuple[list[Source], list[Source], Backgrounds], detector: LandmarkDetector) -> None:
        (self.front, self.sides, self.backgrounds), self.detector = sources, detector

    def crops(self, image: Rgb, truth: OrientedBox | None, least: float) -> list[Crop]:
        """Crops of the proposals that are not the face and score at least so much."""
        views, kept = image_pyramid(decode_srgb(image.astype(np.float32) / 255)), []
        for square in self.detector.finder.propose(views):
            if truth is not None and not beside(square, truth):
                continue
            if self.detector.points.measure(views, square).score >= least:
                matrix = OrientedBox(square.centre, square.side * MARGIN, square.roll).matrix(CROP)
                kept.append(to_bytes(warp_crop(views, matrix, CROP)))
        return kept

    def portrait(self, rng: np.random.Generator) -> tuple[Rgb, OrientedBox]:
        """A portrait at a random size and turn in the middle of its own or another background, and its face square."""
        pool = self.sides if rng.random() < 0.3 else self.front
        source = pool[rng.integers(len(pool))]
        side = np.exp(rng.uniform(np.log(40), np.log(200)))
        square = Square(source.square.centre, source.square.side * SIZE / side, source.square.roll + rng.normal(0, 0.25))
        matrix = square.matrix(SIZE)
        if source.turned or rng.random() < 0.3:
            rgba = warp_levels(source.levels, homogeneous(matrix), SIZE, cv2.BORDER_CONSTANT)
            image = paste(rgba, self.backgrounds.draw(rng))
        else:
            image = warp_levels([level[..., :3] for level in source.levels], homogeneous(matrix), SIZE)
        return image, OrientedBox(apply(matrix, source.square.centre), side, 0.0)

    def mined(self, mining: Mining) -> tuple[list[Crop], list[Crop]]:
        """Beside faces, and elsewhere."""
        rng = np.random.default_rng(mining.seed)
        portraits = (self.portrait(rng) for _ in range(mining.portraits))
        near = [crop for portrait in portraits for crop in self.crops(*portrait, mining.least)]
        pictures = (self.backgrounds.draw(rng) for _ in range(mining.backgrounds))
        return near, [crop for picture in pictures for crop in self.crops(picture, None, mining.least)]


def beside(square: OrientedBox, truth: OrientedBox) -> bool:
    """Whether the square holds no whole face: it lies apart from the face, or is a part of it."""
    apart = np.linalg.norm(square.centre - truth.centre) > 0.4 * truth.side + 0.5 * square.side
    return bool(apart or square.side < 0.5 * truth.side)


def write_mined(miner: Miner, mining: Mining, path: Path) -> None:
    """A file of crops, perhaps of none."""
    near, far = miner.mined(mining)
    np.save(path, np.array(near + far, np.uint8).reshape(-1, CROP, CROP, 3))
    click.echo(f"{len(near)} false faces beside faces, {len(far)} elsewhere")


def mine(run: Run[Settings]) -> None:
    """Writes mined.npy: what the finder at hand and the landmark net of `train` take for faces."""
    points = needed(run.work / "train/landmarks.onnx", "landmarks train")
    present = detector(latest(run.of("faces") / "faces.onnx"), points, 0.0)
    write_mined(Miner(read_sources(run.work), present), run.settings.mine, run.work / "mined.npy")
