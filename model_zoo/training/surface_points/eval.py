"""Errors of the network on heads and photographs that it did not learn from, and whether its deviations tell them."""

from collections.abc import Callable

import click
import cv2
import numpy as np
import torch
from facetex_plugins.detect.landmarks import LandmarkDetector
from facetex_plugins.fit.points.surface_net import LANDMARKS_68
from jaxtyping import Bool, Float64, UInt8
from tqdm import tqdm

from facetex_core.imaging.face_square import wide_square_of
from facetex_core.io.onnx_session import open_session
from training.common.portraits import basis
from training.common.steps import Run
from training.landmarks.augment import halves, project, warp_levels
from training.landmarks.net import CROP
from training.surface_points.data import Settings, detected, unseen_photos
from training.surface_points.train import eyes_of
from training.world.places import KNOWN, places
from training.world.truths import KnownHeads

BANDS = ((0, 30), (30, 60), (60, 90))
REGIONS = ("eyes", "brows", "nose", "lips", "cheeks", "chin", "forehead", "ears", "scalp", "neck")
FOLDERS = ("dev", "extra", "candid", "historical", "synthetic")
MOST = 60
"""Photographs of a folder."""
Points = Float64[np.ndarray, "places 2"]
Rgb = UInt8[np.ndarray, "height width 3"]


class Finder:
    """The network of a file."""

    def __init__(self, run: Run[Settings]) -> None:
        self.session = open_session(run.made_or_shipped("surface_points.onnx"))

    def find(self, rgb: Rgb, landmarks: Float64[np.ndarray, "68 2"]) -> tuple[Points, Float64[np.ndarray, " places"]]:
        """Places and deviations in pixels of the picture; the 68 lay the crop."""
        square = wide_square_of(landmarks)
        matrix = square.matrix(CROP)
        crop = warp_levels(halves(rgb, 3), matrix, CROP).astype(np.float32).transpose(2, 0, 1)[None] / 255
        points, deviations = self.session.run(["points", "deviations"], {"crop": crop})
        return project(np.linalg.inv(matrix), points[0] * CROP), square.side * deviations[0].astype(np.float64)


def report(run: Run[Settings]) -> None:
    """Prints tables of heads by yaw and by region, and of photographs."""
    finder = Finder(run)
    _heads(run, finder)
    _photographs(finder)


def _heads(run: Run[Settings], finder: Finder) -> None:
    heads = KnownHeads(run.of("world"))
    rng, errors, squares, yaws = np.random.default_rng(0), [], [], []
    for number in tqdm(range(min(run.settings.held_out, len(heads))), unit="head"):
        row, picture = heads.row(number), heads.picture(number)
        true = row["places"].astype(np.float64)
        jittered = true[LANDMARKS_68] + rng.normal(0, 0.015, 2) * np.ptp(true[LANDMARKS_68], axis=0).max()
        found, deviations = finder.find(picture, jittered)
        away = ((found - true) ** 2).sum(1)
        eyes = float(eyes_of(torch.from_numpy(true[None]) / np.ptp(true[LANDMARKS_68], axis=0).max())[0])
        errors.append(100 * np.sqrt(away) / (eyes * np.ptp(true[LANDMARKS_68], axis=0).max()))
        squares.append(away / 2 / deviations**2)
        yaws.append(_yaw(row["rotation"]))
    error, square, yaw = np.stack(errors), np.stack(squares), np.abs(yaws)
    click.echo("rendered heads: error in % of the eye distance (dense and 68; all places), squares over variances")
    for low, high in BANDS:
        which = (yaw >= low) & (yaw < high)
        figures = error[which][:, :KNOWN].mean(), error[which].mean(), square[which].mean()
        click.echo(f"  yaw {low} to {high}: {which.sum()} heads, {figures[0]:.2f}, {figures[1]:.2f}; {figures[2]:.2f}")
    for name, inside in regions().items():
        click.echo(f"  {name}: {error[:, inside].mean():.2f}; {square[:, inside].mean():.2f}")
    click.echo(f"  all: {error[:, :KNOWN].mean():.2f}, {error.mean():.2f}; {square.mean():.2f}")


def regions() -> dict[str, Bool[np.ndarray, " places"]]:
    """Which places lie in a region of the basis; those of no region are left out."""
    model, own = basis(with_colour=True), places()
    corners = model.mesh.triangles[own.triangles]
    weights = {name: (model.regions[name][corners] * own.weights).sum(1) for name in REGIONS}
    found = {name: weight > 0.5 for name, weight in weights.items()}
    iris = np.zeros(len(corners), bool)
    iris[-10:] = True
    return {**{name: inside & ~iris for name, inside in found.items()}, "irises": iris}


def _yaw(rotation: np.ndarray) -> float:
    x, _, z = rotation.T @ np.array([0.0, 0.0, -1.0])
    return float(np.degrees(np.arctan2(-x, z)))


def _photographs(finder: Finder) -> None:
    """How far the places move when a photograph is mirrored, darker, smaller or compressed; percent of the eye distance."""
    detector = LandmarkDetector()
    click.echo(f"photographs: places of a copy against those of the photograph, % of the eye distance: {', '.join(COPIES)}")
    for folder in FOLDERS:
        rows = []
        for path in unseen_photos(folder)[:MOST]:
            rgb = np.ascontiguousarray(np.asarray(cv2.imread(str(path), cv2.IMREAD_COLOR))[..., ::-1])
            points = detected(rgb, path.name, detector)
            if points is not None:
                rows.append(_copies(rgb, points[LANDMARKS_68].astype(np.float64), finder))
        if rows:
            means = [f"{value:.2f}" for value in np.mean(rows, 0)]
            click.echo(f"  {folder}, {len(rows)}: {', '.join(means[:-1])}; within its deviations (squares): {means[-1]}")


def _copies(rgb: Rgb, landmarks: Float64[np.ndarray, "68 2"], finder: Finder) -> list[float]:
    first, deviations = finder.find(rgb, landmarks)
    eyes = float(np.linalg.norm(landmarks[36] - landmarks[45]))
    width, flip, moved = rgb.shape[1], places().mirror, []
    for copy in COPIES.values():
        made = copy(rgb)
        mirrored = copy is COPIES["mirrored"]
        other = flip[LANDMARKS_68] - LANDMARKS_68.start
        there = (landmarks * [-1, 1] + [width, 0])[other] if mirrored else landmarks
        found, _ = finder.find(made, there)
        moved.append((found * [-1, 1] + [width, 0])[flip] - first if mirrored else found - first)
    away = np.linalg.norm(np.stack(moved), axis=2)
    return [*(100 * away.mean(1) / eyes), float((away[0] ** 2 / 4 / deviations**2).mean())]


def _smaller(rgb: Rgb) -> Rgb:
    """A face of about 60 pixels, as large as before."""
    small = cv2.resize(rgb, None, fx=0.15, fy=0.15, interpolation=cv2.INTER_AREA)
    return np.asarray(cv2.resize(small, rgb.shape[1::-1], interpolation=cv2.INTER_LINEAR))


def _compressed(rgb: Rgb) -> Rgb:
    return np.asarray(cv2.imdecode(cv2.imencode(".jpg", rgb, [cv2.IMWRITE_JPEG_QUALITY, 20])[1], cv2.IMREAD_COLOR))


COPIES: dict[str, Callable[[Rgb], Rgb]] = {
    "mirrored": lambda rgb: np.ascontiguousarray(rgb[:, ::-1]),
    "darker": lambda rgb: (255 * (rgb / 255.0) ** 1.8).astype(np.uint8),
    "smaller": _smaller,
    "compressed": _compressed,
}
