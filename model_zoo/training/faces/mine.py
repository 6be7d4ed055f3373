"""Collects what the present finder takes for faces where there is none: crops for both trainings (mined.npy)."""

from pathlib import Path

import click
import cv2
import numpy as np
from facetex_plugins.detect.alignment import OrientedBox, image_pyramid, warp_crop
from facetex_plugins.detect.landmarks import LandmarkDetector
from facetex_plugins.detect.networks import CROP, MARGIN

from facetex_core.imaging.colour import decode_srgb, to_bytes
from training.landmarks.augment import Backgrounds, Source, homogeneous, load_portraits, load_turned, paste, warp_levels
from training.landmarks.labels import Square as Place
from training.landmarks.labels import apply

SIZE = 320


class Miner:
    """Runs the detector on training pictures and keeps what lies beside the faces."""

    def __init__(self, work: Path, seed: int) -> None:
        self.front, self.sides = load_portraits(work / "bank.npz"), load_turned(work / "turned_bank.npz")
        self.backgrounds = Backgrounds(work, SIZE)
        self.generator = np.random.default_rng(seed)
        self.detector = LandmarkDetector(min_score=0.0)

    def crops(self, image: np.ndarray, truth: OrientedBox | None, least: float) -> list[np.ndarray]:
        """Crops of the proposals that are not the face and score at least so much."""
        views = image_pyramid(decode_srgb(image.astype(np.float32) / 255))
        found = []
        for square in self.detector.finder.propose(views):
            if truth is not None and not _beside(square, truth):
                continue
            if self.detector.points.measure(views, square).score >= least:
                matrix = OrientedBox(square.centre, square.side * MARGIN, square.roll).matrix(CROP)
                found.append(to_bytes(warp_crop(views, matrix, CROP)))
        return found

    def portrait(self, source: Source) -> tuple[np.ndarray, OrientedBox]:
        """A portrait at a random size and turn on its own or another background."""
        generator = self.generator
        side = np.exp(generator.uniform(np.log(40), np.log(200)))
        place = Place(source.square.centre, source.square.side, source.square.roll + generator.normal(0, 0.25))
        shift = homogeneous(np.array([[1, 0, SIZE / 2 - side / 2], [0, 1, SIZE / 2 - side / 2]]))
        matrix = shift @ np.diag([side, side, 1]) @ homogeneous(place.matrix(1))
        rgba = warp_levels(source.levels, matrix, SIZE, cv2.BORDER_CONSTANT)
        if source.turned or generator.random() < 0.3:
            image = paste(rgba, self.backgrounds.draw(generator))
        else:
            image = warp_levels([level[..., :3] for level in source.levels], matrix, SIZE)
        centre = apply(matrix[:2], source.square.centre)
        return image, OrientedBox(centre, side, 0.0)


def _beside(square: OrientedBox, truth: OrientedBox) -> bool:
    """Whether the crop holds no whole face: it lies apart from the face, or is a part of it."""
    apart = np.linalg.norm(square.centre - truth.centre) > 0.4 * truth.side + 0.5 * square.side
    return bool(apart or square.side < 0.5 * truth.side)


@click.command(help=__doc__)
@click.option("--work", type=click.Path(path_type=Path), required=True, help="Folder of the caches.")
@click.option("--portraits", default=250, show_default=True)
@click.option("--backgrounds", default=250, show_default=True)
@click.option("--least", default=0.05, show_default=True, help="Score from which a false face is kept.")
@click.option("--seed", default=5, show_default=True)
def main(work: Path, portraits: int, backgrounds: int, least: float, seed: int) -> None:
    """Add to what was mined before; both trainings read the file at their next snapshot."""
    cv2.setNumThreads(1)
    miner, crops = Miner(work, seed), []
    for _ in range(portraits):
        pool = miner.sides if miner.generator.random() < 0.3 else miner.front
        crops += miner.crops(*miner.portrait(pool[miner.generator.integers(len(pool))]), least)
    beside = len(crops)
    for _ in range(backgrounds):
        crops += miner.crops(miner.backgrounds.draw(miner.generator), None, least)
    path = work / "mined.npy"
    before = list(np.load(path)) if path.exists() else []
    np.save(path, np.stack(before + crops))
    click.echo(f"{beside} beside faces, {len(crops) - beside} elsewhere; {len(before) + len(crops)} in all")


if __name__ == "__main__":
    main()
