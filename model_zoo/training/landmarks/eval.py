"""Prints how far the shipped detector is from its teachers on photographs that it did not see, and what it finds falsely."""

import time
from collections.abc import Callable
from pathlib import Path

import click
import cv2
import numpy as np
import skimage
from facetex_plugins.detect.landmarks import LandmarkDetector
from jaxtyping import Float64, UInt8

from facetex_core import Face, Photo
from facetex_core.imaging.colour import decode_srgb
from training.landmarks.labels import Square, apply, face_square, read, warp

Rgb = UInt8[np.ndarray, "height width 3"]
Points = Float64[np.ndarray, "points 2"]
Change = Callable[[Rgb, Points], tuple[Rgb, Points]]
WITHOUT = ("chelsea.png", "coffee.png", "rocket.jpg")


def turned(degrees: float) -> Change:
    """The photograph turned about the face."""

    def change(rgb: Rgb, points: Points) -> tuple[Rgb, Points]:
        square = face_square(points)
        size = max(rgb.shape[:2])
        middle = np.array([size / 2, size / 2])
        matrix = Square(middle, size, np.radians(degrees)).matrix(size)
        matrix[:, 2] += square.centre - apply(matrix, square.centre)
        return warp(rgb, matrix, size, cv2.BORDER_REFLECT), apply(matrix, points)

    return change


def shrunk(pixels: float) -> Change:
    """The photograph at the size at which its face measures so many pixels."""

    def change(rgb: Rgb, points: Points) -> tuple[Rgb, Points]:
        scale = pixels / face_square(points).side
        size = round(rgb.shape[1] * scale), round(rgb.shape[0] * scale)
        exact = np.array(size) / rgb.shape[1::-1]
        return cv2.resize(rgb, size, interpolation=cv2.INTER_AREA), points * exact

    return change


def clean(rgb: Rgb, points: Points) -> tuple[Rgb, Points]:
    """As taken."""
    return rgb, points


def grey(rgb: Rgb, points: Points) -> tuple[Rgb, Points]:
    """Without colour."""
    return cv2.cvtColor(cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY), cv2.COLOR_GRAY2RGB), points


def compressed(rgb: Rgb, points: Points) -> tuple[Rgb, Points]:
    """JPEG at quality 20."""
    return cv2.imdecode(cv2.imencode(".jpg", rgb, [cv2.IMWRITE_JPEG_QUALITY, 20])[1], cv2.IMREAD_COLOR), points


def dark(rgb: Rgb, points: Points) -> tuple[Rgb, Points]:
    """A quarter of the coded values."""
    return (rgb * 0.25).astype(np.uint8), points


def covered(rgb: Rgb, points: Points) -> tuple[Rgb, Points]:
    """A quarter of the face square, its lower left, under flat grey."""
    square = face_square(points)
    (x, y), half = square.centre.astype(int), int(square.side / 2)
    image = rgb.copy()
    image[y : y + half, max(x - half, 0) : x] = 120
    return image, points


CHANGES: dict[str, Change] = {
    "clean": clean,
    "turned 30 degrees": turned(30),
    "turned 45 degrees": turned(45),
    "face of 64 pixels": shrunk(64),
    "face of 48 pixels": shrunk(48),
    "face of 32 pixels": shrunk(32),
    "grey": grey,
    "JPEG 20": compressed,
    "dark": dark,
    "a quarter covered": covered,
}


def photo(rgb: Rgb) -> Photo:
    """Bytes as the detector takes them."""
    return Photo(decode_srgb(np.asarray(rgb, np.float32) / 255))


def nearest(faces: tuple[Face, ...], points: Points) -> Face | None:
    """The found face whose points lie within half an eye distance, if there is one."""
    scale = np.linalg.norm(points[33] - points[263])
    for face in faces:
        if np.linalg.norm(face.dense - points[:468], axis=1).mean() < 0.5 * scale:
            return face
    return None


def measure(detector: LandmarkDetector, rows: list[tuple[Rgb, Points]], eyes: np.ndarray | None = None) -> str:
    """Errors of dense points and of the 68, recall, false faces, milliseconds; with `eyes`, dense ones in % of these too."""
    dense, sparse, spaced, false, spent = [], [], [], 0, 0.0
    for index, (rgb, points) in enumerate(rows):
        picture, begin = photo(rgb), time.perf_counter()
        faces = detector.detect(picture)
        spent += time.perf_counter() - begin
        face = nearest(faces, points)
        false += len(faces) - (face is not None)
        if face is not None:
            scale = 100 / np.linalg.norm(points[33] - points[263])
            if eyes is not None:
                spaced.append(100 * np.linalg.norm(face.dense - points[:468], axis=1) / eyes[index])
            dense.append(np.linalg.norm(face.dense - points[:468], axis=1) * scale)
            sparse.append(np.linalg.norm(face.landmarks - points[468:], axis=1) * scale)
    in_space = f"   {np.mean(spaced):5.2f}" if spaced else ""
    numbers = [f"{np.mean(part):6.2f} {np.percentile(part, 95):6.2f}" for part in (dense, sparse, [row[17:] for row in sparse])]
    return f"{'  '.join(numbers)}   {len(dense)}/{len(rows)}   {false:3d}   {1000 * spent / len(rows):5.0f}{in_space}"


def load(path: Path) -> list[tuple[Rgb, Points]]:
    """Photographs with 468 + 68 points."""
    rows = np.load(path)
    points = np.concatenate([rows["dense"][..., :2], rows["mixed"]], axis=1)
    return list(zip(rows["rgb"], points, strict=True))


def load_turned(path: Path, low: float, high: float) -> tuple[list[tuple[Rgb, Points]], np.ndarray]:
    """Heads seen from the side, over grey, whose yaw lies between the two (degrees), and their outer-eye distance in space."""
    rows = np.load(path)
    cover = rows["rgba"][..., 3:] > 0
    pictures = np.where(cover, rows["rgba"][..., :3], 110).astype(np.uint8)
    yaw = np.degrees(np.abs(rows["yaw"]))
    chosen = np.nonzero((yaw >= low) & (yaw < high))[0]
    return [(pictures[index], rows["points"][index]) for index in chosen], rows["eyes"][chosen]


def faceless(rows: list[tuple[Rgb, Points]]) -> list[tuple[str, Rgb]]:
    """scikit-image's pictures that no training saw, noise, and portraits with the face painted over."""
    folder = Path(skimage.__file__).parent / "data"
    pictures = [(name, read(folder / name, 640)) for name in WITHOUT]
    noise = np.random.default_rng(0).integers(0, 256, (480, 640, 3), np.uint8)
    pictures.append(("noise", noise))
    return pictures + [("painted over", painted(*row)) for row in rows]


def painted(rgb: Rgb, points: Points) -> Rgb:
    """The face square under its own mean colour."""
    square, image = face_square(points), rgb.copy()
    low, high = ((square.centre + sign * 0.55 * square.side).astype(int).clip(0) for sign in (-1, 1))
    image[low[1] : high[1], low[0] : high[0]] = image[low[1] : high[1], low[0] : high[0]].mean((0, 1))
    return image


def overlay(detector: LandmarkDetector, rows: list[tuple[Rgb, Points]], path: Path) -> None:
    """A sheet of the photographs with what was found on them, green dense and red 68."""
    tiles = []
    for rgb, points in rows:
        matrix = Square(face_square(points).centre, face_square(points).side * 1.4, 0.0).matrix(360)
        tile = warp(rgb, matrix, 360)[..., ::-1].copy()
        for face in detector.detect(photo(rgb)):
            for found, radius, colour in ((face.dense, 1.0, (0, 255, 0)), (face.landmarks, 1.8, (0, 0, 255))):
                for x, y in apply(matrix, found):
                    cv2.circle(tile, (int(x * 8), int(y * 8)), int(radius * 8), colour, -1, cv2.LINE_AA, 3)
        tiles.append(tile)
    tiles += [np.zeros_like(tiles[0])] * (-len(tiles) % 6)
    cv2.imwrite(str(path), np.vstack([np.hstack(tiles[index : index + 6]) for index in range(0, len(tiles), 6)]))


@click.command(help=__doc__)
@click.option("--work", type=click.Path(path_type=Path), required=True, help="Folder of the caches (landmarks_labels.py).")
@click.option("--min-score", default=LandmarkDetector().min_score, show_default=True)
@click.option("--sheet", type=click.Path(path_type=Path), help="Write an overlay of dev and extra there.")
def main(work: Path, min_score: float, sheet: Path | None) -> None:
    """The table."""
    detector = LandmarkDetector(min_score=min_score)
    dev, extra = load(work / "dev.npz"), load(work / "extra.npz")
    click.echo("% of the outer-eye distance, mean and 95 %: dense, 68, inner 51; found; false faces; ms per photo")
    for name, change in CHANGES.items():
        click.echo(f"dev, {name:20s} {measure(detector, [change(*row) for row in dev])}")
    for name in ("clean", "turned 30 degrees", "face of 48 pixels", "grey", "JPEG 20", "dark"):
        click.echo(f"extra, {name:18s} {measure(detector, [CHANGES[name](*row) for row in extra])}")
    click.echo("and in the last column: dense, in % of the outer-eye distance in space, which does not shrink with the yaw")
    for file, name in (("turned_dev", "dev"), ("heads_dev", "heads")):
        for low, high in ((0, 30), (30, 45), (45, 60)):
            numbers = measure(detector, *load_turned(work / f"{file}.npz", low, high))
            click.echo(f"{f'{name}, yaw {low} to {high}':25s} {numbers}")
    wrong: dict[str, int] = {}
    for name, rgb in faceless(dev):
        wrong[name] = wrong.get(name, 0) + len(detector.detect(photo(rgb)))
    click.echo(f"false faces where there is none: {wrong}")
    if sheet:
        overlay(detector, extra + dev, sheet)


if __name__ == "__main__":
    main()
