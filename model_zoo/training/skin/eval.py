"""Compares skin.onnx with its teachers on faces that were not learned from; sheets of pictures with what it sees."""

import time
from collections.abc import Sequence
from pathlib import Path

import click
import cv2
import numpy as np
import onnxruntime
from jaxtyping import Bool, Float32, UInt8

from training.common.steps import Run
from training.common.teacher import session
from training.skin.canvas import Canvas
from training.skin.crops import CLASSES, SIZE, class_overlap, middle, network_image, skin_overlap, taught
from training.skin.data import Settings, labelled, read_faces, synthetic
from training.skin.draw import draw_glasses, draw_hand
from training.skin.labels import REST, SKIN, Labelled

GREEN, RED, BLUE = np.array([[0, 200, 0], [220, 0, 0], [0, 0, 220]])
DRAWN = {"nothing": None, "glasses": draw_glasses, "fingers": draw_hand}
"""What is drawn over a face."""
ACROSS = 5
"""Faces in a row of a sheet."""

Rgb = UInt8[np.ndarray, "height width 3"]
Masks = Float32[np.ndarray, "masks 256 256"]
Truths = Bool[np.ndarray, "faces 256 256"]


def write_sheet(path: Path, canvases: Sequence[np.ndarray], masks: Sequence[Masks], tints: np.ndarray) -> None:
    """Crops of wide squares beside the same tinted by the masks, numbered."""
    tiles = [tile(canvas, *pair, tints) for canvas, pair in zip(canvases, enumerate(masks), strict=True)]
    tiles += [np.zeros_like(tiles[0])] * (-len(tiles) % ACROSS)
    rows = [np.hstack(tiles[start : start + ACROSS]) for start in range(0, len(tiles), ACROSS)]
    cv2.imwrite(str(path), np.vstack(rows)[..., ::-1])


def tile(wide: np.ndarray, number: int, masks: Masks, tints: np.ndarray) -> Rgb:
    """One face of a sheet."""
    picture = middle(wide.astype(np.float32), cv2.INTER_AREA)
    tinted = picture + sum(0.6 * mask[..., None] * (tint - picture) for mask, tint in zip(masks, tints, strict=True))
    both = np.hstack([picture, tinted]).clip(0, 255).astype(np.uint8)
    cv2.putText(both, str(number), (4, SIZE - 6), cv2.FONT_HERSHEY_SIMPLEX, 0.5, (255, 255, 0), 1, cv2.LINE_AA)
    return both


def skin_table(net: onnxruntime.InferenceSession, faces: Sequence[Labelled], kind: str, sheet: Path) -> None:
    """Prints the mean over the faces with something drawn on."""
    scores, shares, canvases, masks = [], [], [], []
    for number, face in enumerate(faces):
        canvas = Canvas(face.rgb.astype(np.float32), face.label.copy(), face.landmarks)
        draw = DRAWN[kind]
        if draw is not None:
            draw(canvas, np.random.default_rng(number))
        skin = net.run(["skin"], {"image": network_image(canvas.rgb)})[0][0]
        scores.append(skin_overlap(skin[0], middle(canvas.label, cv2.INTER_NEAREST)))
        hidden = middle(((face.label == SKIN) & (canvas.label == REST)).astype(np.uint8), cv2.INTER_NEAREST) > 0
        shares.append(float((skin[0][hidden] < 0.5).mean()) if hidden.any() else 1.0)
        canvases.append(canvas.rgb)
        masks.append(skin)
    line = f"  {kind} drawn on: IoU mean {np.mean(scores):.3f}, worst {np.min(scores):.3f} (number {int(np.argmin(scores))})"
    click.echo(line + ("" if DRAWN[kind] is None else f"; of what was drawn over skin {np.mean(shares):.3f} is no skin"))
    write_sheet(sheet, canvases, masks, GREEN[None])


def described(guesses: Truths, truths: Truths) -> str:
    """Intersection over union of one class: of all pixels, and of each face that has a hundredth of it."""
    shares = [class_overlap(*pair) for pair in zip(guesses, truths, strict=True) if pair[1].mean() > 0.01]
    whole = f"{class_overlap(guesses, truths):.3f}"
    return f"{whole} (faces: mean {np.mean(shares):.3f}, worst {np.min(shares):.3f})" if shares else f"{whole} (of no face)"


def surroundings_table(net: onnxruntime.InferenceSession, paths: list[Path], usual: Masks, sheet: Path) -> None:
    """Prints a line a class, beside what the mean mask of the faces learned from would reach."""
    rows = [(face.rgb, taught(face)) for face in read_faces(paths)]
    masks = np.stack([net.run(["surroundings"], {"image": network_image(rgb)})[0][0] for rgb, _ in rows])
    for index, kind in enumerate(CLASSES):
        truth = np.stack([truths[index] for _, truths in rows])
        mean = described(np.broadcast_to(usual[index] > 0.5, truth.shape), truth)
        click.echo(f"  {kind}: {described(masks[:, index] > 0.5, truth)}; mean mask: {mean}")
    write_sheet(sheet, [rgb for rgb, _ in rows], list(masks), np.stack([RED, BLUE]))


def mean_mask(paths: list[Path]) -> Masks:
    """Where hair and background are on the average of faces."""
    total = np.zeros((2, SIZE, SIZE), np.float32)
    for face in read_faces(paths):
        total += taught(face)
    return total / np.float32(len(paths))


def milliseconds(net: onnxruntime.InferenceSession, outputs: list[str] | None) -> float:
    """Of one pass, the fastest of twenty."""
    times, image = [], np.zeros((1, 3, SIZE, SIZE), np.float32)
    for _ in range(20):
        start = time.perf_counter()
        net.run(outputs, {"image": image})
        times.append(time.perf_counter() - start)
    return 1000 * min(times)


def report(run: Run[Settings]) -> None:
    """Intersection over union by folder of photos, and times."""
    net, learned = session(run.work / "skin.onnx"), [*labelled(run.work, "bank"), *synthetic(run.work, held_out=False)]
    for name in ("dev", "extra"):
        faces = list(read_faces(labelled(run.work, name)))
        click.echo(f"{name}, {len(faces)} faces, bare skin against the teachers' label")
        for kind in DRAWN:
            skin_table(net, faces, kind, run.work / f"{name}_{kind}.png")
    usual = mean_mask(learned)
    for name in ("dev", "extra", "synthetic"):
        paths = synthetic(run.work, held_out=True) if name == "synthetic" else labelled(run.work, name)
        click.echo(f"{name}, {len(paths)} faces, surroundings against the teachers' masks")
        surroundings_table(net, paths, usual, run.work / f"{name}_surroundings.png")
    click.echo(f"one pass, one thread: {milliseconds(net, None):.0f} ms, bare skin alone {milliseconds(net, ['skin']):.0f} ms")
