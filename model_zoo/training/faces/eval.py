"""What the finder proposes on photographs that it did not see, alone; and the whole detector's table."""

from bisect import bisect
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

import click
import numpy as np
from facetex_plugins.detect.alignment import image_pyramid
from facetex_plugins.detect.landmarks import LandmarkDetector
from jaxtyping import Float64

from training.common.steps import Run
from training.faces.data import Settings
from training.landmarks.changes import CHANGES, Photograph
from training.landmarks.data import TESTED
from training.landmarks.detector import Finder, detector, latest
from training.landmarks.eval import load, nearest, photo, table
from training.landmarks.labels import Square, face_square
from training.landmarks.sources import SHOWN, share_shown
from training.world.places import KNOWN
from training.world.shards import World
from training.world.truths import KnownHeads

HEADING = "the finder alone: faces proposed; heat; off by, in % of the side: place, side; roll in degrees; other places a photo"
YAWS = (0, 30, 45, 55, 65, 90)
"""Degrees; between them heads are counted."""
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


def seen_from_the_side(detector: LandmarkDetector, world: Path, first: int) -> list[str]:
    """A line for each range of yaws: how many of the world's heads, from a number on, the detector finds, and false faces.

    Heads of whose face hair and cloth leave less than a third are lines of their own.
    """
    heads, covers = KnownHeads(world), World(world / "shards", ("triangle", "cover"))
    tallies: dict[tuple[bool, int], Counter[str]] = {}
    for number in range(first, len(heads)):
        row, faces = heads.row(number), detector.detect(photo(heads.picture(number)))
        found = nearest(faces, row["places"][:KNOWN].astype(np.float64)) is not None
        kind = share_shown(covers[int(heads.places[number])]) < SHOWN, bisect(YAWS, yaw_of(row["rotation"]))
        tallies.setdefault(kind, Counter()).update(heads=1, found=found, false=len(faces) - found)
    return [_tallied(kind, tallies[kind]) for kind in sorted(tallies)]


def _tallied(kind: tuple[bool, int], counts: Counter[str]) -> str:
    name = f"world, yaw {YAWS[kind[1] - 1]} to {YAWS[kind[1]]}" + (", covered" if kind[0] else "")
    return f"{name:33s} {counts['found']}/{counts['heads']}   {counts['false']}"


def yaw_of(rotation: Float64[np.ndarray, "3 3"]) -> float:
    """Degrees to either side that a head looks past a camera that looks along z; the head looks along its own."""
    return float(np.degrees(abs(np.arctan2(rotation[0, 2], -rotation[2, 2]))))


def report(run: Run[Settings]) -> None:
    """All tables."""
    path, folder = latest(run.work / "faces.onnx"), run.of("landmarks")
    rows = load(folder / f"{TESTED}.npz")
    click.echo(HEADING)
    for name, change in CHANGES.items():
        click.echo(f"{f'{TESTED}, {name}':25s} {proposals(Finder(path), [change(*row) for row in rows]).line()}")
    present = detector(path, latest(folder / "landmarks.onnx"))
    click.echo("heads of the world that teach no one: found; false faces")
    click.echo("\n".join(seen_from_the_side(present, run.of("world"), run.settings.heads)))
    table(present, folder)
