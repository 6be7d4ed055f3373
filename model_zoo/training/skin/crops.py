"""The network's crop of a labelled face, and how well masks meet the teachers' there."""

import cv2
import numpy as np
from jaxtyping import Bool, Float32, Shaped, UInt8

from training.skin.labels import CROP_IN_WIDE, IGNORE, SKIN, WIDE, Labelled

SIZE = 256
"""Pixels along a side."""
CLASSES = ("hair", "background")
"""What the second decoder sees, in its order."""


def middle(wide: Shaped[np.ndarray, "640 640 *channels"], way: int) -> Shaped[np.ndarray, "256 256 *channels"]:
    """The crop of a wide square; `way` is OpenCV's interpolation."""
    edge = (WIDE - CROP_IN_WIDE) // 2
    part = wide[edge : edge + CROP_IN_WIDE, edge : edge + CROP_IN_WIDE]
    return np.asarray(cv2.resize(part, (SIZE, SIZE), interpolation=way))


def network_image(rgb: Shaped[np.ndarray, "640 640 3"]) -> Float32[np.ndarray, "1 3 256 256"]:
    """The crop as the network gets it, from values of 0 to 255."""
    crop = np.clip(middle(rgb.astype(np.float32), cv2.INTER_AREA) / 255, 0, 1)
    return np.ascontiguousarray(crop.transpose(2, 0, 1)[None])


def skin_overlap(skin: Float32[np.ndarray, "256 256"], label: UInt8[np.ndarray, "256 256"]) -> float:
    """Intersection over union at probability 0.5, where the label is known."""
    known = label != IGNORE
    guess, truth = (skin > 0.5) & known, label == SKIN
    return float((guess & truth).sum() / max((guess | truth).sum(), 1))


def taught(face: Labelled) -> Bool[np.ndarray, "2 256 256"]:
    """Where the teachers see hair and where background; beards over skin are no hair."""
    hair = middle(face.hair, cv2.INTER_AREA) > 127
    bare = middle(face.label, cv2.INTER_NEAREST) == SKIN
    return np.stack([hair & ~bare, (middle(face.person, cv2.INTER_AREA) <= 127) & ~hair])


def class_overlap(guesses: Bool[np.ndarray, "faces 256 256"], truths: Bool[np.ndarray, "faces 256 256"]) -> float:
    """Intersection over union of one class over the pixels of all faces."""
    return float((guesses & truths).sum() / max((guesses | truths).sum(), 1))
