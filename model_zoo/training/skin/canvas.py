"""A labelled face that things are drawn on."""

from dataclasses import dataclass

import cv2
import numpy as np
from jaxtyping import Float, Float32, UInt8

from training.skin.labels import BACKGROUND, NO_SKIN, REST

Cover = Float[np.ndarray, "side side"]
"""How much of each pixel a thing hides, [0, 1]."""
Points = Float[np.ndarray, "_ 2"]
Colour = Float[np.ndarray, "3"]


@dataclass
class Canvas:
    """A face being drawn on; points and arrays share one pixel grid."""

    rgb: Float32[np.ndarray, "side side 3"]
    """0 to 255."""
    label: UInt8[np.ndarray, "side side"]
    """As in labels.py."""
    landmarks: Points
    """The 68 of iBUG."""

    @property
    def unit(self) -> float:
        """Eye distance in pixels."""
        return float(np.linalg.norm(self.landmarks[42:48].mean(0) - self.landmarks[36:42].mean(0)))

    def paint(self, cover: Cover, colour: Float[np.ndarray, "*side 3"], *, occludes: bool = True) -> None:
        """Blend a colour, or an image, in by a cover; what is covered is no skin.

        Of a thing over the background nobody can tell whether it belongs to the person.
        """
        left, top, width, height = cv2.boundingRect((cover > 0).astype(np.uint8))
        box = slice(top, top + height), slice(left, left + width)
        value = np.asarray(colour, np.float32)
        part = self.rgb[box]
        part += cover[box][..., None].astype(np.float32) * ((value[box] if value.ndim == 3 else value) - part)
        if occludes:
            label, covered = self.label[box], cover[box] > 0.5
            label[covered] = np.where(np.isin(label[covered], (BACKGROUND, NO_SKIN)), NO_SKIN, REST)

    def blank(self) -> UInt8[np.ndarray, "side side"]:
        """An empty cover, 8 bits."""
        return np.zeros(self.label.shape, np.uint8)


def polygon(canvas: Canvas, points: Points, soft: float = 0.0) -> Cover:
    """Cover of a polygon."""
    mask = canvas.blank()
    cv2.fillPoly(mask, [np.round((points - 0.5) * 16).astype(np.int32)], 255, cv2.LINE_AA, 4)
    if soft > 0:
        mask = cv2.GaussianBlur(mask, (0, 0), soft)
    return mask.astype(np.float32) / 255


def stroke(canvas: Canvas, points: Points, width: float, *, closed: bool = False) -> Cover:
    """Cover of a line through the points."""
    mask = canvas.blank()
    fixed = [np.round((points - 0.5) * 16).astype(np.int32)]
    cv2.polylines(mask, fixed, closed, 255, max(1, round(width)), cv2.LINE_AA, 4)
    return mask.astype(np.float32) / 255 * min(1.0, width)


def random_colour(rng: np.random.Generator) -> Colour:
    """Dark, metal, tortoise or anything; 0 to 255."""
    kind = rng.random()
    if kind < 0.5:
        return np.full(3, rng.uniform(5, 60)) + rng.uniform(-5, 15, 3)
    if kind < 0.75:
        return rng.uniform(110, 230) * np.array([1.0, rng.uniform(0.8, 1), rng.uniform(0.55, 1)])
    return rng.uniform(10, 240, 3)
