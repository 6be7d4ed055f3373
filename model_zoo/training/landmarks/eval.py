"""How far the detector is from its teachers on photographs that it did not see, and what it takes for faces falsely."""

import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

import click
import cv2
import numpy as np
import skimage
from facetex_plugins.detect.landmarks import LandmarkDetector
from jaxtyping import Float, Float64

from facetex_core import Face, Photo
from facetex_core.imaging.colour import decode_srgb
from training.common.making import needed
from training.common.steps import Run
from training.landmarks.changes import CHANGES, Photograph, Points, painted
from training.landmarks.data import HARDER, TESTED, Settings
from training.landmarks.detector import detector, latest
from training.landmarks.labels import Rgb, Square, apply, eye_distance, face_square, read, warp

WITHOUT = ("chelsea.png", "coffee.png", "rocket.jpg")
OF_HARDER = ("clean", "turned 30 degrees", "face of 48 pixels", "grey", "JPEG 20", "dark")
YAWS = ((0, 30), (30, 45), (45, 60))
HEADING = "% of the outer-eye distance, mean and 95 %: dense, 68, inner 51; found; false faces; ms per photo"
SPACED = "and in the last column: dense, in % of the outer-eye distance in space, which does not shrink with the yaw"
TILE, ACROSS = 360, 6


def photo(rgb: Rgb) -> Photo:
    """Bytes as the detector takes them."""
    return Photo(decode_srgb(np.asarray(rgb, np.float32) / 255))


def nearest(faces: tuple[Face, ...], points: Points) -> Face | None:
    """The face whose points lie within half an eye distance, if there is one."""
    for face in faces:
        if np.linalg.norm(face.dense - points[:468], axis=1).mean() < 0.5 * eye_distance(points):
            return face
    return None


@dataclass
class Tally:
    """Of some photographs: errors in % of the outer-eye distance, what was found, seconds."""

    dense: list[Float64[np.ndarray, "468"]] = field(default_factory=list)
    sparse: list[Float64[np.ndarray, "68"]] = field(default_factory=list)
    spaced: list[Float64[np.ndarray, "468"]] = field(default_factory=list)
    photos: int = 0
    false: int = 0
    seconds: float = 0.0

    def add(self, detector: LandmarkDetector, rgb: Rgb, points: Points, in_space: float | None) -> None:
        """A photograph with its true points; with the eye distance in space (pixels), dense errors in % of this too."""
        picture, begin = photo(rgb), time.perf_counter()
        faces = detector.detect(picture)
        self.seconds += time.perf_counter() - begin
        face = nearest(faces, points)
        self.photos += 1
        self.false += len(faces) - (face is not None)
        if face is None:
            return
        apart = 100 * np.linalg.norm(face.dense - points[:468], axis=1)
        self.dense.append(apart / eye_distance(points))
        self.sparse.append(100 * np.linalg.norm(face.landmarks - points[468:], axis=1) / eye_distance(points))
        if in_space is not None:
            self.spaced.append(apart / in_space)

    def line(self) -> str:
        """For the table; without a face, no errors."""
        parts = (self.dense, self.sparse, [row[17:] for row in self.sparse])
        errors = [f"{np.mean(part):6.2f} {np.percentile(part, 95):6.2f}" if part else "     -      -" for part in parts]
        in_space = f"   {np.mean(self.spaced):5.2f}" if self.spaced else ""
        milliseconds = 1000 * self.seconds / max(self.photos, 1)
        return f"{'  '.join(errors)}   {len(self.dense)}/{self.photos}   {self.false:3d}   {milliseconds:5.0f}{in_space}"


def measure(detector: LandmarkDetector, rows: list[Photograph], eyes: Float[np.ndarray, " rows"] | None = None) -> str:
    """A line; `eyes` are the outer-eye distances in space, in pixels."""
    tally = Tally()
    for number, row in enumerate(rows):
        tally.add(detector, *row, None if eyes is None else float(eyes[number]))
    return tally.line()


def load(path: Path) -> list[Photograph]:
    """Photographs with 468 + 68 points."""
    with np.load(needed(path, "landmarks labels"), allow_pickle=False) as rows:
        points = np.concatenate([rows["dense"][..., :2], rows["mixed"]], axis=1)
        return list(zip(rows["rgb"], points, strict=True))


def load_seen(path: Path, low: float, high: float) -> tuple[list[Photograph], Float[np.ndarray, " rows"]]:
    """Heads seen from the side, over grey, whose yaw lies between the two (degrees), and their outer-eye distance in space."""
    with np.load(needed(path, "landmarks heads"), allow_pickle=False) as rows:
        yaw = np.degrees(np.abs(rows["yaw"]))
        chosen = (yaw >= low) & (yaw < high)
        rgba, points, eyes = (rows[name][chosen] for name in ("rgba", "points", "eyes"))
    pictures = np.where(rgba[..., 3:] > 0, rgba[..., :3], 110).astype(np.uint8)
    return list(zip(pictures, points, strict=True)), eyes


def faceless(rows: list[Photograph]) -> list[tuple[str, Rgb]]:
    """scikit-image's pictures that no training saw, noise, and portraits with the face painted over."""
    folder = Path(skimage.__file__).parent / "data"
    pictures = [(name, read(folder / name, 640)) for name in WITHOUT]
    pictures.append(("noise", np.random.default_rng(0).integers(0, 256, (480, 640, 3), np.uint8)))
    return pictures + [("painted over", painted(*row)) for row in rows]


def tile(detector: LandmarkDetector, rgb: Rgb, points: Points) -> Rgb:
    """The face with what was found on it, green dense and red 68."""
    square = face_square(points)
    matrix = Square(square.centre, square.side * 1.4, 0.0).matrix(TILE)
    picture = np.ascontiguousarray(warp(rgb, matrix, TILE))
    for face in detector.detect(photo(rgb)):
        for marks, radius, colour in ((face.dense, 8, (0, 255, 0)), (face.landmarks, 14, (255, 0, 0))):
            for x, y in apply(matrix, marks):
                cv2.circle(picture, (int(x * 8), int(y * 8)), radius, colour, -1, cv2.LINE_AA, 3)
    return picture


def write_sheet(detector: LandmarkDetector, rows: list[Photograph], path: Path) -> None:
    """The photographs' tiles, to look at."""
    tiles = [tile(detector, *row) for row in rows]
    tiles += [np.zeros_like(tiles[0])] * (-len(tiles) % ACROSS)
    lines = [np.hstack(tiles[index : index + ACROSS]) for index in range(0, len(tiles), ACROSS)]
    cv2.imwrite(str(path), np.vstack(lines)[..., ::-1])


def table(detector: LandmarkDetector, folder: Path) -> None:
    """A line for each way in which the photographs of the landmarks' folder are changed, and for each range of yaws."""
    dev, extra = load(folder / f"{TESTED}.npz"), load(folder / f"{HARDER}.npz")
    click.echo(HEADING)
    for name, rows, changes in ((TESTED, dev, tuple(CHANGES)), (HARDER, extra, OF_HARDER)):
        for change in changes:
            click.echo(f"{f'{name}, {change}':25s} {measure(detector, [CHANGES[change](*row) for row in rows])}")
    click.echo(SPACED)
    for file, name in ((f"turned_{TESTED}", TESTED), (f"heads_{TESTED}", "heads")):
        for low, high in YAWS:
            numbers = measure(detector, *load_seen(folder / f"{file}.npz", low, high))
            click.echo(f"{f'{name}, yaw {low} to {high}':25s} {numbers}")
    wrong: Counter[str] = Counter()
    for name, rgb in faceless(dev):
        wrong[name] += len(detector.detect(photo(rgb)))
    click.echo(f"false faces where there is none: {dict(wrong)}")


def report(run: Run[Settings]) -> None:
    """The table, and found.png."""
    present = detector(latest(run.of("faces") / "faces.onnx"), latest(run.work / "landmarks.onnx"))
    table(present, run.work)
    rows = load(run.work / f"{HARDER}.npz") + load(run.work / f"{TESTED}.npz")
    write_sheet(present, rows, run.work / "found.png")
