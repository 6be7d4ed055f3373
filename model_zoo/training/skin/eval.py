"""Compares the skin network with its teachers on portraits that it has not seen, plain and with things drawn on; overlays."""

import time
from pathlib import Path

import click
import cv2
import numpy as np
import onnxruntime

from training.common.teacher import session
from training.skin.augment import SIZE
from training.skin.draw import Canvas, draw_glasses, draw_hand
from training.skin.labels import CROP_IN_WIDE, IGNORE, REST, SKIN, WIDE, WORK, Labelled, read_labelled
from training.skin.train import FILES


def middle(image: np.ndarray, way: int) -> np.ndarray:
    """The network's crop of a wide square."""
    edge = (WIDE - CROP_IN_WIDE) // 2
    return cv2.resize(image[edge : edge + CROP_IN_WIDE, edge : edge + CROP_IN_WIDE], (SIZE, SIZE), interpolation=way)


def predict(net: onnxruntime.InferenceSession, rgb: np.ndarray) -> np.ndarray:
    """Probability of skin on the network's crop."""
    fed = np.clip(middle(rgb.astype(np.float32), cv2.INTER_AREA) / 255, 0, 1)
    return net.run(["skin"], {"image": np.ascontiguousarray(fed.transpose(2, 0, 1)[None])})[0][0, 0]


def overlap(skin: np.ndarray, label: np.ndarray) -> float:
    """Intersection over union at probability 0.5, where the label is known."""
    known = label != IGNORE
    guess, truth = (skin > 0.5) & known, label == SKIN
    return float((guess & truth).sum() / max((guess | truth).sum(), 1))


def overlay(rgb: np.ndarray, skin: np.ndarray, name: str) -> np.ndarray:
    """Picture beside picture with skin in green."""
    picture = middle(rgb, cv2.INTER_AREA).astype(np.float32)
    green = picture + 0.5 * skin[..., None] * (np.array([0, 200, 0]) - picture)
    both = np.hstack([picture, green]).clip(0, 255).astype(np.uint8)[..., ::-1].copy()
    cv2.putText(both, name, (4, SIZE - 6), cv2.FONT_HERSHEY_SIMPLEX, 0.5, (0, 255, 255), 1, cv2.LINE_AA)
    return both


def occluded(face: Labelled, kind: str, seed: int) -> tuple[Canvas, np.ndarray]:
    """The face with glasses or a hand drawn on, and where they are skin's place."""
    canvas = Canvas(face.rgb.astype(np.float32), face.label.copy(), face.landmarks)
    (draw_glasses if kind == "glasses" else draw_hand)(canvas, np.random.default_rng(seed))
    return canvas, (face.label == SKIN) & (canvas.label == REST)


def report(net: onnxruntime.InferenceSession, faces: list[Labelled], kind: str) -> list[np.ndarray]:
    """Print the mean over the faces; return overlays."""
    scores, found, sheets = [], [], []
    for index, face in enumerate(faces):
        canvas, cover = Canvas(face.rgb.astype(np.float32), face.label, face.landmarks), None
        if kind != "plain":
            canvas, cover = occluded(face, kind, index)
        skin = predict(net, canvas.rgb)
        scores.append(overlap(skin, middle(canvas.label, cv2.INTER_NEAREST)))
        if cover is not None:
            hidden = middle(cover.astype(np.uint8), cv2.INTER_NEAREST) > 0
            found.append(float((skin[hidden] < 0.5).mean()) if hidden.any() else 1.0)
        sheets.append(overlay(canvas.rgb, skin, f"{index}"))
    line = f"  {kind}: IoU mean {np.mean(scores):.4f}, worst {np.min(scores):.4f} (number {int(np.argmin(scores))})"
    click.echo(line + (f", of the {kind} over skin found {np.mean(found):.3f}" if found else ""))
    return sheets


@click.command(help=__doc__)
@click.option("--work", type=click.Path(path_type=Path), default=WORK, help="folder of skin_labels.py; the sheets go there")
@click.option("--model", type=click.Path(path_type=Path), default=FILES / "skin.onnx")
def main(work: Path, model: Path) -> None:
    """Print intersection over union and write sheets of overlays."""
    net = session(model)
    for name in ("dev", "extra"):
        faces = read_labelled(work, name)
        click.echo(f"{name}, {len(faces)} faces, against the teachers' label")
        for kind in ("plain", "glasses", "hand"):
            sheets = report(net, faces, kind)
            sheets += [np.zeros_like(sheets[0])] * (-len(sheets) % 5)
            rows = [np.hstack(sheets[start : start + 5]) for start in range(0, len(sheets), 5)]
            cv2.imwrite(str(work / f"{name}_{kind}.png"), np.vstack(rows))
    image = np.zeros((1, 3, SIZE, SIZE), np.float32)
    times = []
    for _ in range(20):
        start = time.perf_counter()
        net.run(None, {"image": image})
        times.append(time.perf_counter() - start)
    click.echo(f"one pass, one thread: {1000 * min(times):.0f} ms")


if __name__ == "__main__":
    main()
