"""Turned squares on a photo, crops of them, and which of several faces are one."""

from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Float, Float32

from facetex_core import Face
from facetex_core.geometry.landmarks import CHIN, FOREHEAD, LEFT_EYE_CORNER, RIGHT_EYE_CORNER
from facetex_plugins.detect.thresholds import EAR, EAR_REACH, SAME_FACE

SMALLEST_VIEW = 1280
"""Pixels of the longer side to which a photo is halved for its crops."""

ImagePyramid = list[Float[np.ndarray, "_ _ 3"]]
"""A photo, linear, and its halves."""


@dataclass(frozen=True)
class OrientedBox:
    """A turned square on the photo: centre and side in pixels, roll in radians, clockwise as seen."""

    centre: Float[np.ndarray, "2"]
    side: float
    roll: float
    heat: float = 0.0

    def matrix(self, size: int) -> Float32[np.ndarray, "2 3"]:
        """From photo to crop coordinates, pixel centres at +0.5 in both."""
        cosine, sine = np.cos(self.roll), np.sin(self.roll)
        linear = np.array([[cosine, sine], [-sine, cosine]]) * (size / self.side)
        return np.column_stack([linear, size / 2 - linear @ self.centre]).astype(np.float32)

    def moved(self, x: float, y: float) -> "OrientedBox":
        """By so many sides along the picture's axes."""
        return replace(self, centre=self.centre + self.side * np.array([x, y]))


def face_square(dense: Float32[np.ndarray, "468 2"]) -> OrientedBox:
    """The square around a face: axes from the eye line and the chin line, side the larger extent of the points."""
    across, down = dense[LEFT_EYE_CORNER] - dense[RIGHT_EYE_CORNER], dense[CHIN] - dense[FOREHEAD]
    direction = across + np.array([down[1], -down[0]])
    roll = float(np.arctan2(direction[1], direction[0]))
    axes = OrientedBox(np.zeros(2), 1.0, roll).matrix(1)[:, :2]
    turned = dense @ axes.T
    low, high = turned.min(0), turned.max(0)
    return OrientedBox((low + high) / 2 @ axes, max(float((high - low).max()), 1.0), roll)


def image_pyramid(rgb: Float32[np.ndarray, "height width 3"]) -> ImagePyramid:
    """The photo and its halves down to about a thousand pixels, so that no crop reads more pixels than it needs."""
    import cv2

    views = [rgb]
    while max(views[-1].shape[:2]) > SMALLEST_VIEW:
        height, width = views[-1].shape[:2]
        views.append(cv2.resize(views[-1], (max(width // 2, 1), max(height // 2, 1)), interpolation=cv2.INTER_AREA))
    return views


def pyramid_level(views: ImagePyramid, scale: float) -> tuple[Float[np.ndarray, "height width 3"], Float[np.ndarray, "2"]]:
    """The smallest view that is still finer than `scale` (pixels wanted a photo pixel), and its own scales of x and y."""
    whole = np.array(views[0].shape[1::-1], float)
    fine = [view for view in views if max(view.shape[:2]) >= scale * whole.max()]
    view = fine[-1] if fine else views[0]
    return view, np.array(view.shape[1::-1]) / whole


def warp_crop(views: ImagePyramid, matrix: Float32[np.ndarray, "2 3"], side: int) -> Float32[np.ndarray, "side side 3"]:
    """The crop that `matrix` maps to (0, 0, side, side), averaged over area where the photo is larger."""
    import cv2

    view, scales = pyramid_level(views, float(np.linalg.norm(matrix[0, :2])))
    near = np.column_stack([matrix[:, :2] / scales, matrix[:, 2]]).astype(np.float64)
    times = int(np.ceil(1 / np.linalg.norm(near[0, :2])))
    fine = near * times
    fine[:, 2] += fine[:, :2] @ (0.5, 0.5) - 0.5  # OpenCV's pixel centres are whole numbers
    size = (side * times, side * times)
    large = cv2.warpAffine(view, fine, size, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return cv2.resize(large, (side, side), interpolation=cv2.INTER_AREA)


def best_first(faces: list[Face], min_score: float) -> tuple[Face, ...]:
    """The faces whose score passes, each once, the largest first."""
    kept = non_max_suppression([face for face in faces if face.score >= min_score])
    return tuple(sorted(kept, key=lambda face: -float(area(face.box))))


def non_max_suppression(faces: list[Face]) -> list[Face]:
    """Of faces that overlap, or of which one is a part of the other's head, the one of the best score."""
    kept: list[Face] = []
    for face in sorted(faces, key=lambda face: -face.score):
        if not any(_overlap(face.box, other.box) > SAME_FACE or _is_part(face.box, other.box) for other in kept):
            kept.append(face)
    return kept


def area(box: Float32[np.ndarray, "4"]) -> float:
    """Square pixels."""
    return float(max(box[2] - box[0], 0) * max(box[3] - box[1], 0))


def _overlap(first: Float[np.ndarray, "4"], second: Float[np.ndarray, "4"]) -> float:
    """Shared area over the smaller box's, so that a part of a face is no second face."""
    shared = area(np.concatenate([np.maximum(first[:2], second[:2]), np.minimum(first[2:], second[2:])]))
    return shared / max(min(area(first), area(second)), 1e-6)


def _is_part(box: Float[np.ndarray, "4"], head: Float[np.ndarray, "4"]) -> bool:
    """Whether it is small beside the head and lies on it."""
    side = (head[2:] - head[:2]).max()
    grown = head + EAR_REACH * side * np.array([-1, -1, 1, 1], np.float32)
    return bool((box[2:] - box[:2]).max() < EAR * side and _overlap(box, grown) > SAME_FACE)
