"""Compares hair and background with the teachers on faces that were not learned from, beside the mean mask; overlays."""

from pathlib import Path

import click
import cv2
import numpy as np
import onnxruntime

from training.common.teacher import session
from training.skin.augment import SIZE
from training.skin.eval import middle
from training.skin.labels import SKIN, WORK, Labelled, read_labelled, split_synthetic
from training.skin.train import FILES

TINTS = np.array([[220, 0, 0], [0, 0, 220]])
"""Hair is drawn red, background blue."""


def taught(face: Labelled) -> np.ndarray:
    """Where the teachers see hair and where background (2, 256, 256); beards over skin are no hair."""
    hair = middle(face.hair, cv2.INTER_AREA) > 127
    bare = middle(face.label, cv2.INTER_NEAREST) == SKIN
    return np.stack([hair & ~bare, (middle(face.person, cv2.INTER_AREA) <= 127) & ~hair])


def predict(net: onnxruntime.InferenceSession, face: Labelled) -> np.ndarray:
    """Probabilities (2, 256, 256)."""
    fed = middle(face.rgb, cv2.INTER_AREA).astype(np.float32).transpose(2, 0, 1)[None] / 255
    return net.run(["surroundings"], {"image": np.ascontiguousarray(fed)})[0][0]


def told(guesses: np.ndarray, truths: np.ndarray) -> str:
    """Intersection over union of one class: of all pixels, and of each face that has a hundredth of it."""
    shared, either = (guesses & truths).sum((1, 2)), (guesses | truths).sum((1, 2))
    each = (shared / np.maximum(either, 1))[truths.mean((1, 2)) > 0.01]
    return f"{shared.sum() / either.sum():.3f} (faces: mean {each.mean():.3f}, worst {each.min():.3f})"


def overlay(face: Labelled, masks: np.ndarray, name: str) -> np.ndarray:
    """Picture beside picture with hair and background tinted."""
    picture = middle(face.rgb, cv2.INTER_AREA).astype(np.float32)
    tinted = picture + sum(0.6 * mask[..., None] * (tint - picture) for mask, tint in zip(masks, TINTS, strict=True))
    both = np.hstack([picture, tinted]).clip(0, 255).astype(np.uint8)[..., ::-1].copy()
    cv2.putText(both, name, (4, SIZE - 6), cv2.FONT_HERSHEY_SIMPLEX, 0.5, (0, 255, 255), 1, cv2.LINE_AA)
    return both


@click.command(help=__doc__)
@click.option("--work", type=click.Path(path_type=Path), default=WORK, help="folder of skin_labels.py; the sheets go there")
@click.option("--model", type=click.Path(path_type=Path), default=FILES / "skin.onnx")
def main(work: Path, model: Path) -> None:
    """Print intersection over union and write sheets of overlays."""
    net = session(model)
    learned, held = split_synthetic(work)
    usual = np.mean([taught(face) for face in (*read_labelled(work, "bank"), *learned)], axis=0)
    del learned
    for name, faces in (("dev", read_labelled(work, "dev")), ("extra", read_labelled(work, "extra")), ("synthetic", held)):
        masks, truths = np.stack([predict(net, face) for face in faces]), np.stack([taught(face) for face in faces])
        for index, kind in enumerate(("hair", "background")):
            truth = truths[:, index]
            mean = np.broadcast_to(usual[index] > 0.5, truth.shape)
            click.echo(f"{name}, {len(faces)}, {kind}: {told(masks[:, index] > 0.5, truth)}; mean mask: {told(mean, truth)}")
        sheets = [overlay(face, mask, f"{number}") for number, (face, mask) in enumerate(zip(faces, masks, strict=True))]
        sheets += [np.zeros_like(sheets[0])] * (-len(sheets) % 5)
        rows = [np.hstack(sheets[start : start + 5]) for start in range(0, len(sheets), 5)]
        cv2.imwrite(str(work / f"{name}_around.png"), np.vstack(rows))


if __name__ == "__main__":
    main()
