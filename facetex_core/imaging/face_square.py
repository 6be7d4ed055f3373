"""The upright squares about a face that networks see, laid by the 68 landmarks."""

from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Float, Float32, Float64, Shaped

from facetex_core.lazy import cv2

MARGIN, LIFT = 1.4, 0.1
"""Sides of the crop in those of the landmarks' square, and sides by which it stands higher: brows are no forehead."""
WIDER = 1.212
"""Sides of the square that shows the whole face, chin and forehead, in those of the one that the landmarks lay."""
OUTER_CORNERS, BRIDGE, TIP_OF_CHIN = (36, 45), 27, 8
"""Of the 68."""


@dataclass(frozen=True)
class FaceSquare:
    """On a photo: centre and side in pixels, roll in radians, clockwise as seen."""

    centre: Float64[np.ndarray, "2"]
    side: float
    roll: float

    def matrix(self, size: int) -> Float64[np.ndarray, "3 3"]:
        """From the photo's pixels to those of the crop; centres of pixels lie at a half."""
        cosine, sine = np.cos(self.roll), np.sin(self.roll)
        turn = np.array([[cosine, sine], [-sine, cosine]]) * (size / self.side)
        matrix = np.eye(3)
        matrix[:2, :2], matrix[:2, 2] = turn, size / 2 - turn @ self.centre
        return matrix


def square_of(landmarks: Float[np.ndarray, "68 2"]) -> FaceSquare:
    """Axes from the eye line and the line from bridge to chin, side the larger extent of the points."""
    points = landmarks.astype(np.float64)
    across, down = points[OUTER_CORNERS[1]] - points[OUTER_CORNERS[0]], points[TIP_OF_CHIN] - points[BRIDGE]
    direction = across + np.array([down[1], -down[0]])
    roll = float(np.arctan2(direction[1], direction[0]))
    axes = FaceSquare(np.zeros(2), 1.0, roll).matrix(1)[:2, :2]
    turned = points @ axes.T
    low, high = turned.min(0), turned.max(0)
    side = max(float((high - low).max()), 1.0)
    return FaceSquare(((low + high) / 2 - [0, LIFT * side]) @ axes, MARGIN * side, roll)


def wide_square_of(landmarks: Float[np.ndarray, "68 2"]) -> FaceSquare:
    """The whole face: what CoarseNet and the network of surface points see."""
    return replace(square := square_of(landmarks), side=WIDER * square.side)


def cropped(picture: Shaped[np.ndarray, "height width 3"], square: FaceSquare, side: int) -> Shaped[np.ndarray, "side side 3"]:
    """Averaged over area where the picture is finer; beyond its border as at it."""
    times = max(int(np.ceil(square.side / side)), 1)
    matrix = square.matrix(side * times)[:2]
    matrix[:, 2] += matrix[:, :2] @ (0.5, 0.5) - 0.5  # OpenCV's pixel centres are whole numbers
    size = (side * times, side * times)
    large = cv2.warpAffine(np.ascontiguousarray(picture), matrix, size, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(cv2.resize(large, (side, side), interpolation=cv2.INTER_AREA))


def grey(coded: Float32[np.ndarray, "height width 3"]) -> Float32[np.ndarray, "height width"]:
    """The luma of an sRGB-coded picture."""
    return np.asarray(coded @ np.array([0.299, 0.587, 0.114], np.float32), np.float32)
