"""Detector: a heat map of face centres on a small pyramid, then 468 + 68 points on a crop that is turned upright twice."""

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
from facetex_model_zoo import model_path
from jaxtyping import Float32

from facetex_core import Face, Photo, hookimpl
from facetex_core.colour import encode_srgb
from facetex_core.onnx_session import open_session

if TYPE_CHECKING:
    import onnxruntime

LONG_SIDES = (96, 160, 320, 640)
"""Pixels of the longer side of the photo on each level; a level answers for faces of 22 to 150 pixels (cards/faces.md)."""
CROP = 112
MARGIN = 1.4
"""Side of the landmark net's input in pixels, and in units of the face square (cards/landmarks.md)."""
PROPOSED = 0.3
"""Heat from which a place is looked at."""
REST = 0.1
"""How far, in face squares, the points may move from the first crop to the second; a false face's do not stay."""
MOST = 12
"""Places looked at in one photo, the hottest."""
OVERLAP = 0.35
"""Shared part of the smaller of two boxes from which they are one face."""
# MediaPipe's numbers of the outer eye corners, the top of the forehead and the chin.
RIGHT_EYE, LEFT_EYE, TOP, CHIN = 33, 263, 10, 152


Views = list[np.ndarray]
"""A photo, linear, and its halves."""


@hookimpl
def detectors() -> dict[str, type]:
    """The one that ships."""
    return {"landmarks": LandmarkDetector}


@dataclass(frozen=True)
class Square:
    """A turned square on the photo: centre and side in pixels, roll in radians, clockwise as seen."""

    centre: np.ndarray
    side: float
    roll: float
    heat: float = 0.0

    def matrix(self, size: int) -> Float32[np.ndarray, "2 3"]:
        """From photo to crop coordinates, pixel centres at +0.5 in both."""
        cosine, sine = np.cos(self.roll), np.sin(self.roll)
        linear = np.array([[cosine, sine], [-sine, cosine]]) * (size / self.side)
        return np.column_stack([linear, size / 2 - linear @ self.centre]).astype(np.float32)


class LandmarkDetector:
    """Finds faces from about 40 pixels up to nearly the whole photo, turned by up to 45 degrees."""

    def __init__(self, min_score: float = 0.35, device: str = "cpu") -> None:
        self.min_score = min_score
        self.device = device

    def detect(self, photo: Photo) -> tuple[Face, ...]:
        """The faces whose score passes, the largest first."""
        views = halves(photo.rgb)
        faces = [self.measure(views, square) for square in self.propose(views)]
        kept = suppress([face for face in faces if face.score >= self.min_score])
        return tuple(sorted(kept, key=lambda face: -float(area(face.box))))

    def propose(self, views: Views) -> list[Square]:
        """Places that look like a face, the hottest first."""
        longest = max(views[0].shape[:2])
        levels = [level for level in LONG_SIDES if level <= max(1.5 * longest, LONG_SIDES[1])]
        squares = [square for level in levels for square in self._on_level(views, level / longest)]
        kept: list[Square] = []
        for square in sorted(squares, key=lambda square: -square.heat):
            if not any(_same_place(square, other) for other in kept):
                kept.append(square)
        return kept[:MOST]

    def measure(self, views: Views, square: Square) -> Face:
        """The points of the face at this place; the second crop is laid by the first one's points."""
        first, _, first_score = self._points(views, square)
        again = face_square(first)
        dense, landmarks, second_score = self._points(views, again)
        height, width = views[0].shape[:2]
        box = np.concatenate([dense.min(0), dense.max(0)]).clip(0, [width, height, width, height])
        moved = np.linalg.norm(dense - first, axis=1).mean() / (again.side * REST)
        # The net's scores crowd at 0.98 for faces and at 0.9 for ears: a power parts them.
        score = np.sqrt(square.heat) * (first_score * second_score) ** 2 * np.exp(-(moved**2))
        return Face(box.astype(np.float32), landmarks, dense, float(score))

    def _on_level(self, views: Views, scale: float) -> list[Square]:
        small, scales = shrink(views, scale)
        picture = encode_srgb(small)
        heat, geometry = self._finder.run(None, {"picture": picture.transpose(2, 0, 1)[None]})
        found = peaks(heat[0], geometry[0])
        return [Square(square.centre / scales, square.side / scale, square.roll, square.heat) for square in found]

    def _points(self, views: Views, square: Square) -> tuple[np.ndarray, np.ndarray, float]:
        """Dense points and 68 landmarks in photo pixels, and the score, from one crop."""
        wide = Square(square.centre, square.side * MARGIN, square.roll)
        matrix = wide.matrix(CROP)
        crop = encode_srgb(cut(views, matrix)).transpose(2, 0, 1)[None]
        dense, landmarks, score = self._landmarker.run(None, {"crop": np.ascontiguousarray(crop)})
        back = np.linalg.inv(matrix[:, :2]).T
        placed = [((points[0] * CROP - matrix[:, 2]) @ back).astype(np.float32) for points in (dense, landmarks)]
        return placed[0], placed[1], float(score[0])

    @cached_property
    def _finder(self) -> "onnxruntime.InferenceSession":
        return open_session(model_path("faces"), self.device)

    @cached_property
    def _landmarker(self) -> "onnxruntime.InferenceSession":
        return open_session(model_path("landmarks"), self.device)


def face_square(dense: Float32[np.ndarray, "468 2"]) -> Square:
    """The square around a face: axes from the eye line and the chin line, side the larger extent of the points."""
    across, down = dense[LEFT_EYE] - dense[RIGHT_EYE], dense[CHIN] - dense[TOP]
    direction = across + np.array([down[1], -down[0]])
    roll = float(np.arctan2(direction[1], direction[0]))
    axes = Square(np.zeros(2), 1.0, roll).matrix(1)[:, :2]
    turned = dense @ axes.T
    low, high = turned.min(0), turned.max(0)
    return Square((low + high) / 2 @ axes, max(float((high - low).max()), 1.0), roll)


def halves(rgb: Float32[np.ndarray, "height width 3"]) -> Views:
    """The photo and its halves down to about a finder's level, so that no crop reads more pixels than it needs."""
    import cv2

    views = [rgb]
    while max(views[-1].shape[:2]) > 2 * LONG_SIDES[-1]:
        height, width = views[-1].shape[:2]
        views.append(cv2.resize(views[-1], (max(width // 2, 1), max(height // 2, 1)), interpolation=cv2.INTER_AREA))
    return views


def view_for(views: Views, scale: float) -> tuple[np.ndarray, np.ndarray]:
    """The smallest view that is still finer than `scale` (pixels wanted a photo pixel), and its own scales of x and y."""
    whole = np.array(views[0].shape[1::-1], float)
    fine = [view for view in views if max(view.shape[:2]) >= scale * whole.max()]
    view = fine[-1] if fine else views[0]
    return view, np.array(view.shape[1::-1]) / whole


def shrink(views: Views, scale: float) -> tuple[Float32[np.ndarray, "height width 3"], np.ndarray]:
    """The photo at about this scale, its edges drawn out to multiples of 16, and the exact scales of x and y."""
    import cv2

    height, width = views[0].shape[:2]
    size = max(round(width * scale), 1), max(round(height * scale), 1)
    method = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
    small = cv2.resize(view_for(views, scale)[0], size, interpolation=method)
    pad = ((0, -size[1] % 16), (0, -size[0] % 16), (0, 0))
    return np.pad(small, pad, mode="edge"), np.array([size[0] / width, size[1] / height])


def peaks(heat: Float32[np.ndarray, "rows columns"], geometry: Float32[np.ndarray, "5 rows columns"]) -> list[Square]:
    """The local maxima of the heat as squares in the level's pixels."""
    import cv2

    highest = cv2.dilate(heat, np.ones((3, 3), np.uint8))
    stride = 8  # the map's cells in pixels
    squares = []
    for row, column in zip(*np.nonzero((heat >= highest) & (heat > PROPOSED)), strict=True):
        x, y, side, cosine, sine = geometry[:, row, column].astype(float)
        centre = np.array([column * stride + x, row * stride + y])
        squares.append(Square(centre, side, float(np.arctan2(sine, cosine)), float(heat[row, column])))
    return squares


def cut(views: Views, matrix: Float32[np.ndarray, "2 3"]) -> Float32[np.ndarray, "112 112 3"]:
    """The crop that `matrix` maps to (0, 0, CROP, CROP), averaged over area where the photo is larger."""
    import cv2

    view, scales = view_for(views, float(np.linalg.norm(matrix[0, :2])))
    near = np.column_stack([matrix[:, :2] / scales, matrix[:, 2]]).astype(np.float64)
    times = int(np.ceil(1 / np.linalg.norm(near[0, :2])))
    fine = near * times
    fine[:, 2] += fine[:, :2] @ (0.5, 0.5) - 0.5  # OpenCV's pixel centres are whole numbers
    size = (CROP * times, CROP * times)
    large = cv2.warpAffine(view, fine, size, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return cv2.resize(large, (CROP, CROP), interpolation=cv2.INTER_AREA)


def suppress(faces: list[Face]) -> list[Face]:
    """Of faces that overlap the one of the best score."""
    kept: list[Face] = []
    for face in sorted(faces, key=lambda face: -face.score):
        if not any(_overlap(face.box, other.box) > OVERLAP for other in kept):
            kept.append(face)
    return kept


def area(box: Float32[np.ndarray, "4"]) -> float:
    """Square pixels."""
    return float(max(box[2] - box[0], 0) * max(box[3] - box[1], 0))


def _overlap(first: np.ndarray, second: np.ndarray) -> float:
    """Shared area over the smaller box's, so that a part of a face is no second face."""
    shared = area(np.concatenate([np.maximum(first[:2], second[:2]), np.minimum(first[2:], second[2:])]))
    return shared / max(min(area(first), area(second)), 1e-6)


def _same_place(first: Square, second: Square) -> bool:
    ratio = first.side / second.side
    near = np.linalg.norm(first.centre - second.centre) < 0.3 * min(first.side, second.side)
    return bool(near and 0.6 < ratio < 1.7)
