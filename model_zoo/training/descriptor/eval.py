"""Compares the small descriptor with VGG-19 on face crops of portraits that it has not seen."""

import time
from collections.abc import Callable, Mapping
from pathlib import Path

import click
import cv2
import numpy as np
import onnxruntime
from jaxtyping import Float, Float32

from training.common.data import DATA
from training.common.steps import Run
from training.common.teacher import session
from training.descriptor.crops import read_image
from training.descriptor.data import Directions, Settings
from training.descriptor.net import LEVELS
from training.descriptor.teacher import Teacher, project

SIZE = 368
# Both pad, differently: positions this near to the border are not compared.
MARGIN = 24
WAYS = ("as it is", "noise 0.03", "blur 2", "sharpened 1.5")
Crop = Float32[np.ndarray, "1 3 height width"]
Features = Float[np.ndarray, "1 channels height width"]
Flat = Float[np.ndarray, "channels positions"]
Gram = Float[np.ndarray, "channels channels"]


def face_crops(folder: Path) -> list[Crop]:
    """The faces of the portraits, which are framed alike, at the size of a 512-texel map's face."""
    crops = []
    for path in sorted(folder.glob("*.jpg")):
        part = read_image(path)[190:742, 236:788]
        small = cv2.resize(part, (SIZE, SIZE), interpolation=cv2.INTER_AREA)
        crops.append(np.ascontiguousarray(small.transpose(2, 0, 1)[None]))
    return crops


def degraded(crop: Crop, how: str) -> Crop:
    """What a synthesiser passes through on its way: noisy, blurred, over-sharpened."""
    image = crop[0].transpose(1, 2, 0)
    low = cv2.GaussianBlur(image, (0, 0), 2.0)
    changed = {
        "as it is": image,
        "noise 0.03": image + np.random.default_rng(0).normal(0, 0.03, image.shape).astype(np.float32),
        "blur 2": low,
        "sharpened 1.5": image + 1.5 * (image - low),
    }[how]
    return np.ascontiguousarray(np.clip(changed, 0, 1).transpose(2, 0, 1)[None], np.float32)


def inner(features: Features) -> Flat:
    """Features away from the border, (channels, positions)."""
    margin = MARGIN * features.shape[-1] // SIZE
    return features[0, :, margin:-margin, margin:-margin].reshape(features.shape[1], -1)


def correlation(flat: Flat) -> Gram:
    """F F^T / M."""
    return flat @ flat.T / flat.shape[1]


def relative(found: Flat, wanted: Flat) -> float:
    """||found - wanted|| / ||wanted||."""
    return float(np.linalg.norm(found - wanted) / np.linalg.norm(wanted))


def compare(full: Features, student: Features, directions: Directions) -> dict[str, float]:
    """Errors of one level on one crop; `full` are the teacher's features."""
    scale = np.linalg.norm(directions, axis=0)[0]
    basis = directions / scale
    truth, mine = inner(full), inner(student)
    projected = inner(project(full, directions))
    whole, kept = correlation(truth), correlation(projected)
    own = correlation(mine)
    middle = [each - each.mean(1, keepdims=True) for each in (mine, projected)]
    return {
        "G error": relative(basis @ (own / scale**2) @ basis.T, whole),
        "floor by truncation": relative(basis @ (kept / scale**2) @ basis.T, whole),
        "G error in kept directions": relative(own, kept),
        "centred": relative(correlation(middle[0]), correlation(middle[1])),
        "feature error": relative(mine, projected),
        "mean square": float(np.square(mine).mean()),
    }


def agreement(students: list[Gram], teachers: list[Gram]) -> float:
    """Correlation of the distances between faces as student and teacher see them."""
    pairs = np.triu_indices(len(students), 1)
    distances = [[np.linalg.norm(grams[i] - grams[j]) for i, j in zip(*pairs, strict=True)] for grams in (students, teachers)]
    return float(np.corrcoef(distances)[0, 1])


def seconds(call: Callable[[Crop], object], crop: Crop, times: int = 8) -> float:
    """The fastest of several runs."""
    found = []
    for _ in range(times):
        start = time.perf_counter()
        call(crop)
        found.append(time.perf_counter() - start)
    return min(found)


def table(student: onnxruntime.InferenceSession, teacher: Teacher, directions: Mapping[str, Directions], how: str) -> None:
    """Prints a line a level."""
    rows: dict[str, list[dict[str, float]]] = {name: [] for name in LEVELS}
    grams: dict[str, tuple[list[Gram], list[Gram]]] = {name: ([], []) for name in LEVELS}
    for crop in face_crops(DATA / "photos/dev"):
        image = degraded(crop, how)
        for name, full, mine in zip(LEVELS, teacher(image), student.run(list(LEVELS), {"image": image}), strict=True):
            rows[name].append(compare(full, mine, directions[name]))
            grams[name][0].append(correlation(inner(mine)))
            grams[name][1].append(correlation(inner(full)))
    click.echo(f"{how}, {len(rows[LEVELS[0]])} faces")
    for name in LEVELS:
        means = {key: np.mean([row[key] for row in rows[name]]) for key in rows[name][0]}
        line = ", ".join(f"{key} {value:.3f}" for key, value in means.items())
        click.echo(f"  {name}: {line}, distances between faces r = {agreement(*grams[name]):.3f}")


def report(run: Run[Settings]) -> None:
    """A table for each way in which crops are spoiled, and times."""
    student, teacher = session(run.work / "descriptor.onnx"), Teacher(DATA / "models/features")
    with np.load(run.work / "directions.npz", allow_pickle=False) as directions:
        for how in WAYS:
            table(student, teacher, directions, how)
    crop = face_crops(DATA / "photos/dev")[0]
    mine = seconds(lambda image: student.run(list(LEVELS), {"image": image}), crop)
    theirs = seconds(teacher, crop, 3)
    click.echo(f"{SIZE} x {SIZE}, one thread: {mine:.3f} s, teacher {theirs:.3f} s")
