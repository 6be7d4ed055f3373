"""Compares the small descriptor with VGG-19 on face crops of portraits that it has not seen."""

import time
from pathlib import Path

import click
import cv2
import numpy as np
from descriptor import FILES, WORK
from descriptor_data import read_image
from descriptor_net import LEVELS
from descriptor_teacher import Teacher, project
from onnx_teacher import session
from shared_data import DATA

SIZE = 368
# Both pad, differently: positions this near to the border are not compared.
MARGIN = 24


def face_crops(folder: Path) -> list[np.ndarray]:
    """The faces of the portraits, which are framed alike, at the size of a 512-texel map's face."""
    crops = []
    for path in sorted(folder.glob("*.jpg")):
        part = read_image(path)[190:742, 236:788]
        small = cv2.resize(part, (SIZE, SIZE), interpolation=cv2.INTER_AREA)
        crops.append(np.ascontiguousarray(small.transpose(2, 0, 1)[None]))
    return crops


def degraded(crop: np.ndarray, how: str) -> np.ndarray:
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


def inner(features: np.ndarray) -> np.ndarray:
    """Features away from the border, (channels, positions)."""
    margin = MARGIN * features.shape[-1] // SIZE
    return features[0, :, margin:-margin, margin:-margin].reshape(features.shape[1], -1)


def correlation(flat: np.ndarray) -> np.ndarray:
    """F F^T / M."""
    return flat @ flat.T / flat.shape[1]


def relative(found: np.ndarray, wanted: np.ndarray) -> float:
    """||found - wanted|| / ||wanted||."""
    return float(np.linalg.norm(found - wanted) / np.linalg.norm(wanted))


def compare(full: np.ndarray, student: np.ndarray, directions: np.ndarray) -> dict[str, float]:
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


def agreement(students: list[np.ndarray], teachers: list[np.ndarray]) -> float:
    """Correlation of the distances between faces as student and teacher see them."""
    pairs = np.triu_indices(len(students), 1)
    distances = [[np.linalg.norm(grams[i] - grams[j]) for i, j in zip(*pairs, strict=True)] for grams in (students, teachers)]
    return float(np.corrcoef(distances)[0, 1])


def seconds(call: object, crop: np.ndarray, times: int = 8) -> float:
    """The fastest of several runs."""
    found = []
    for _ in range(times):
        start = time.perf_counter()
        call(crop)  # type: ignore[operator]
        found.append(time.perf_counter() - start)
    return min(found)


@click.command(help=__doc__)
@click.option("--work", type=click.Path(path_type=Path), default=WORK, help="folder of descriptor.py, for its directions")
@click.option("--model", type=click.Path(path_type=Path), default=FILES / "descriptor.onnx")
def main(work: Path, model: Path) -> None:
    """Print a table a level."""
    student = session(model)
    teacher = Teacher(DATA / "models" / "features")
    directions = np.load(work / "directions.npz")
    crops = face_crops(DATA / "photos" / "dev")
    for how in ("as it is", "noise 0.03", "blur 2", "sharpened 1.5"):
        rows: dict[str, list[dict[str, float]]] = {name: [] for name in LEVELS}
        grams: dict[str, tuple[list[np.ndarray], list[np.ndarray]]] = {name: ([], []) for name in LEVELS}
        for crop in crops:
            image = degraded(crop, how)
            for name, full, mine in zip(LEVELS, teacher(image), student.run(list(LEVELS), {"image": image}), strict=True):
                rows[name].append(compare(full, mine, directions[name]))
                grams[name][0].append(correlation(inner(mine)))
                grams[name][1].append(correlation(inner(full)))
        click.echo(f"{how}, {len(crops)} faces")
        for name in LEVELS:
            means = {key: np.mean([row[key] for row in rows[name]]) for key in rows[name][0]}
            line = ", ".join(f"{key} {value:.3f}" for key, value in means.items())
            click.echo(f"  {name}: {line}, distances between faces r = {agreement(*grams[name]):.3f}")
    mine = seconds(lambda crop: student.run(list(LEVELS), {"image": crop}), crops[0])
    theirs = seconds(teacher, crops[0], 3)
    click.echo(f"{SIZE} x {SIZE}, one thread: {mine:.3f} s, teacher {theirs:.3f} s")


if __name__ == "__main__":
    main()
