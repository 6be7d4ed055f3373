"""What the finder proposes on photographs that it did not see, alone; and the whole detector's table."""

from dataclasses import dataclass, field

import click
import numpy as np
from facetex_plugins.detect.alignment import image_pyramid

from training.common.steps import Run
from training.faces.data import Settings
from training.landmarks.changes import CHANGES, Photograph
from training.landmarks.data import TESTED
from training.landmarks.detector import Finder, detector, latest
from training.landmarks.eval import load, photo, table
from training.landmarks.labels import Square, face_square

HEADING = "the finder alone: faces proposed; heat; off by, in % of the side: place, side; roll in degrees; other places a photo"
NEAR = 0.3
"""Face squares between a proposal's centre and the face's within which they are one."""


@dataclass
class Proposals:
    """Of some photographs."""

    rows: list[tuple[float, float, float, float]] = field(default_factory=list)
    """Of every face found: heat, errors of place and side in face squares, of the roll in radians."""
    photos: int = 0
    others: int = 0

    def add(self, squares: list[Square], face: Square) -> None:
        """Those of a photograph; of several at the face, the hottest counts and the others do not."""
        off = [float(np.linalg.norm(square.centre - face.centre)) / face.side for square in squares]
        near = [(square, part) for square, part in zip(squares, off, strict=True) if part < NEAR]
        self.photos += 1
        self.others += len(squares) - len(near)
        if near:
            square, part = max(near, key=lambda pair: pair[0].heat)
            self.rows.append((square.heat, part, abs(square.side / face.side - 1), abs(square.roll - face.roll)))

    def line(self) -> str:
        """For the table."""
        heat, place, side, roll = np.mean(self.rows, axis=0) if self.rows else np.full(4, np.nan)
        errors = f"{100 * place:5.1f} {100 * side:5.1f} {np.degrees(roll):5.1f}"
        return f"{len(self.rows)}/{self.photos}   {heat:.2f}   {errors}   {self.others / self.photos:.2f}"


def proposals(finder: Finder, rows: list[Photograph]) -> Proposals:
    """On photographs with their points."""
    seen = Proposals()
    for rgb, points in rows:
        seen.add(finder.propose(image_pyramid(photo(rgb).rgb)), face_square(points))
    return seen


def report(run: Run[Settings]) -> None:
    """Both tables."""
    path, folder = latest(run.work / "faces.onnx"), run.of("landmarks")
    rows = load(folder / f"{TESTED}.npz")
    click.echo(HEADING)
    for name, change in CHANGES.items():
        click.echo(f"{f'{TESTED}, {name}':25s} {proposals(Finder(path), [change(*row) for row in rows]).line()}")
    table(detector(path, latest(folder / "landmarks.onnx")), folder)
