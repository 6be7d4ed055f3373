"""What the network learns from: rendered heads with true places, and photographs with the points that the detector finds."""

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated
from zlib import crc32

import click
import cv2
import msgspec
import numpy as np
from facetex_plugins.detect.landmarks import LandmarkDetector
from jaxtyping import Float, Float32, Float64, UInt8
from msgspec import Meta
from tqdm import tqdm

from facetex_core import Photo
from facetex_core.imaging.colour import decode_srgb
from training.common.data import save_arrays
from training.common.loop import Schedule
from training.common.making import needed, stacked
from training.common.steps import Run
from training.landmarks.labels import Rgb, Square, apply, face_square, homogeneous, photographs
from training.world.truths import KnownHeads

FOLDERS = ("bank", "synthetic")
"""Of photographs that teach; one in HELD of the synthetic ones does not."""
HELD = 5
SIDE, AROUND = 384, 2.4
"""Pixels of a photograph as it is kept, and its side in face squares."""
SHAPES = 8
"""Components of the detector's points by which its bias is predicted."""
Count = Annotated[int, Meta(ge=1)]
Points = Float64[np.ndarray, "places 2"]


class Settings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """settings.toml."""

    train: Schedule
    refine: Schedule
    heads: Count = 32
    """Of a batch,"""
    photos: Count = 8
    """and photographs, each in two versions."""
    held_out: Count = 400
    """Pictures of the world, the first ones, that are not learned from."""
    bias_heads: Count = 500
    """Pictures by which the detector's bias is measured."""


def learned_photos() -> Iterator[Path]:
    """Of the folders that teach."""
    for folder in FOLDERS:
        yield from (path for path in photographs(folder) if not is_held(path))


def is_held(path: Path) -> bool:
    """Whether a synthetic photograph only tests."""
    return path.parent.name == "synthetic" and crc32(path.name.encode()) % HELD == 0


def detected(rgb: Rgb, name: str, detector: LandmarkDetector) -> Float32[np.ndarray, "536 2"] | None:
    """The 468 and the 68 of the largest face; none where no face is found."""
    faces = detector.detect(Photo(decode_srgb(rgb.astype(np.float32) / 255), name))
    return np.concatenate([faces[0].dense, faces[0].landmarks]) if faces else None


def photos(run: Run[Settings]) -> None:
    """Writes photos.npz: faces cut out of photographs, and the points that the detector that ships finds there."""
    detector, rows = LandmarkDetector(), []
    for path in tqdm(list(learned_photos()), unit="photo"):
        rgb = np.ascontiguousarray(np.asarray(cv2.imread(str(path), cv2.IMREAD_COLOR))[..., ::-1])
        points = detected(rgb, path.name, detector)
        if points is not None:
            square = face_square(points.astype(np.float64))
            matrix = Square(square.centre, AROUND * square.side, square.roll).matrix(SIDE)
            shown = cv2.warpAffine(rgb, matrix, (SIDE, SIDE), flags=cv2.INTER_AREA, borderMode=cv2.BORDER_REPLICATE)
            rows.append({"rgb": shown, "points": apply(matrix, points.astype(np.float64)).astype(np.float32)})
    save_arrays(run.work / "photos.npz", stacked(rows))
    click.echo(f"{len(rows)} photographs")


def bias(run: Run[Settings]) -> None:
    """Writes bias.npz: how far from the true places the detector's points are on renders, by how the points lie."""
    heads, detector = KnownHeads(run.of("world")), LandmarkDetector()
    shapes, errors = [], []
    for number in tqdm(range(min(run.settings.bias_heads, len(heads))), unit="picture"):
        true = heads.row(number)["places"].astype(np.float64)
        points = detected(heads.picture(number), str(number), detector)
        if points is not None:
            laid, square = normalised(points), face_square(points.astype(np.float64))
            away = apply(square.matrix(1), true[:536]) - laid
            if np.median(np.linalg.norm(away, axis=1)) < 0.1:  # else another thing was taken for the face
                shapes.append(laid.ravel())
                errors.append(away.ravel())
    laid, away = np.stack(shapes), np.stack(errors)
    middle = laid.mean(0)
    axes = np.linalg.svd(laid - middle, full_matrices=False)[2][:SHAPES]
    design = np.concatenate([np.ones((len(laid), 1)), (laid - middle) @ axes.T], 1)
    solved = np.linalg.solve(design.T @ design + 1e-3 * np.eye(SHAPES + 1), design.T @ away)
    save_arrays(run.work / "bias.npz", {"middle": middle, "axes": axes, "solved": solved})
    left = away - design @ solved
    click.echo(f"{len(laid)} pictures: {_rms(away):.2f} % of the face square, {_rms(left):.2f} % without its bias")


def _rms(values: Float[np.ndarray, "pictures values"]) -> float:
    return 100 * float(np.sqrt(2 * (values**2).mean()))


def normalised(points: Float[np.ndarray, "536 2"]) -> Points:
    """In the face square, upright: 0 to 1."""
    return np.asarray(apply(face_square(points.astype(np.float64)).matrix(1), points.astype(np.float64)))


def unbiased(points: Float[np.ndarray, "536 2"], path: Path) -> Points:
    """Where the places of the basis are likely to be, by the detector's points."""
    with np.load(path, allow_pickle=False) as rows:
        middle, axes, solved = (rows[name] for name in ("middle", "axes", "solved"))
    laid = normalised(points).ravel()
    moved = np.concatenate([[1.0], (laid - middle) @ axes.T]) @ solved
    square = face_square(points.astype(np.float64))
    back = np.linalg.inv(homogeneous(square.matrix(1)))[:2]
    return np.asarray(apply(back, (laid + moved).reshape(-1, 2)))


Photos = tuple[UInt8[np.ndarray, "photos side side 3"], Float64[np.ndarray, "photos 536 2"]]


def read_photos(run: Run[Settings]) -> Photos:
    """Faces with the places of the first 536, in pixels."""
    with np.load(needed(run.work / "photos.npz", "surface_points photos"), allow_pickle=False) as rows:
        rgb, points = rows["rgb"], rows["points"]
    path = needed(run.work / "bias.npz", "surface_points bias")
    return rgb, np.stack([unbiased(each, path) for each in points])


def unseen_photos(folder: str) -> list[Path]:
    """Photographs that do not teach."""
    return [path for path in photographs(folder) if folder not in FOLDERS or is_held(path)]
