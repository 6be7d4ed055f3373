"""What photographs are put through before the detector looks at them; the points go with them."""

from collections.abc import Callable

import cv2
import numpy as np
from jaxtyping import Float64

from training.landmarks.augment import compress
from training.landmarks.labels import Rgb, Square, apply, face_square, warp

Points = Float64[np.ndarray, "536 2"]
Photograph = tuple[Rgb, Points]
Change = Callable[[Rgb, Points], Photograph]


def turned(degrees: float) -> Change:
    """The photograph turned about the face."""

    def change(rgb: Rgb, points: Points) -> Photograph:
        square = face_square(points)
        size = max(rgb.shape[:2])
        middle = np.array([size / 2, size / 2])
        matrix = Square(middle, size, np.radians(degrees)).matrix(size).astype(float)
        matrix[:, 2] += square.centre - apply(matrix, square.centre)
        return warp(rgb, matrix, size, cv2.BORDER_REFLECT), apply(matrix, points)

    return change


def shrunk(pixels: float) -> Change:
    """The photograph at the size at which its face measures so many pixels."""

    def change(rgb: Rgb, points: Points) -> Photograph:
        scale = pixels / face_square(points).side
        size = round(rgb.shape[1] * scale), round(rgb.shape[0] * scale)
        exact = np.array(size) / rgb.shape[1::-1]
        return cv2.resize(rgb, size, interpolation=cv2.INTER_AREA), points * exact

    return change


def clean(rgb: Rgb, points: Points) -> Photograph:
    """As taken."""
    return rgb, points


def grey(rgb: Rgb, points: Points) -> Photograph:
    """Without colour."""
    return cv2.cvtColor(cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY), cv2.COLOR_GRAY2RGB), points


def compressed(rgb: Rgb, points: Points) -> Photograph:
    """JPEG at quality 20."""
    return compress(rgb, 20), points


def dark(rgb: Rgb, points: Points) -> Photograph:
    """A quarter of the coded values."""
    return (rgb * 0.25).astype(np.uint8), points


def covered(rgb: Rgb, points: Points) -> Photograph:
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


def painted(rgb: Rgb, points: Points) -> Rgb:
    """The face square under its own mean colour."""
    square, image = face_square(points), rgb.copy()
    low, high = ((square.centre + sign * 0.55 * square.side).astype(int).clip(0) for sign in (-1, 1))
    image[low[1] : high[1], low[0] : high[0]] = image[low[1] : high[1], low[0] : high[0]].mean((0, 1))
    return image
