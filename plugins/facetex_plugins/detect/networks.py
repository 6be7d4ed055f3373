"""The two networks that ship for faces: one proposes places on a photo, the other puts 468 + 68 points on a place."""

from functools import cached_property
from typing import TYPE_CHECKING, Annotated

import numpy as np
from facetex_model_zoo.store import model_path
from jaxtyping import Float, Float32

from facetex_core import Face, Meta
from facetex_core.imaging.colour import encode_srgb
from facetex_core.imaging.resize import resized
from facetex_core.io.onnx_session import open_session
from facetex_plugins.detect.alignment import ImagePyramid, OrientedBox, face_square, pyramid_level, warp_crop
from facetex_plugins.detect.thresholds import FACE_HEAT, LOOKS, MIN_SCORE, MOST_PLACES, REST, SAME_PLACE, SAME_SIDE

if TYPE_CHECKING:
    import onnxruntime

MinScore = Annotated[float, Meta(ge=0, le=1, description="lowest score that counts as a face")]
"""The option that detectors share."""
LONG_SIDES = (96, 160, 320, 640)
"""Pixels of the longer side of the photo on each level; a level answers for faces of 22 to 150 pixels (cards/faces.md)."""
CROP = 112
MARGIN = 1.4
"""Side of the landmark net's input in pixels, and in units of the face square (cards/landmarks.md)."""


class FaceFinder:
    """A heat map of face centres on a small pyramid of the photo."""

    def __init__(self, device: str = "cpu") -> None:
        self.device = device

    def propose(self, views: ImagePyramid) -> list[OrientedBox]:
        """Places that look like a face, the hottest first."""
        longest = max(views[0].shape[:2])
        levels = [level for level in LONG_SIDES if level <= max(1.5 * longest, LONG_SIDES[1])]
        squares = [square for level in levels for square in self._on_level(views, level / longest)]
        kept: list[OrientedBox] = []
        for square in sorted(squares, key=lambda square: -square.heat):
            if not any(_same_place(square, other) for other in kept):
                kept.append(square)
        return kept[:MOST_PLACES]

    def _on_level(self, views: ImagePyramid, scale: float) -> list[OrientedBox]:
        small, scales = shrink(views, scale)
        picture = encode_srgb(small)
        heat, geometry = self._session.run(None, {"picture": picture.transpose(2, 0, 1)[None]})
        found = peaks(heat[0], geometry[0])
        return [OrientedBox(square.centre / scales, square.side / scale, square.roll, square.heat) for square in found]

    @cached_property
    def _session(self) -> "onnxruntime.InferenceSession":
        return open_session(model_path("faces"), self.device)


class FacePoints:
    """468 + 68 points on crops that are turned upright twice."""

    def __init__(self, min_score: float = MIN_SCORE, device: str = "cpu") -> None:
        self.min_score = min_score
        self.device = device

    def measure(self, views: ImagePyramid, square: OrientedBox) -> Face:
        """The points of the face at this place; the crops of the second look are laid by the first one's points."""
        first, landmarks, first_score = self._points(views, [square])
        if np.sqrt(square.heat) * first_score**2 < self.min_score:  # no second look could lift it
            return _face(views, first, landmarks, 0.0)
        again = face_square(first)
        dense, landmarks, second_score = self._points(views, [again.moved(*shift) for shift in LOOKS])
        moved = np.linalg.norm(dense - first, axis=1).mean() / (again.side * REST)
        # The net's scores crowd at 0.98 for faces and at 0.9 for ears: a power parts them.
        score = np.sqrt(square.heat) * (first_score * second_score) ** 2 * np.exp(-(moved**2))
        return _face(views, dense, landmarks, float(score))

    def _points(
        self, views: ImagePyramid, squares: list[OrientedBox]
    ) -> tuple[Float[np.ndarray, "468 2"], Float[np.ndarray, "68 2"], float]:
        """Dense points and 68 landmarks in photo pixels, and the score: means over one crop for each square."""
        matrices = [OrientedBox(square.centre, square.side * MARGIN, square.roll).matrix(CROP) for square in squares]
        crops = np.stack([encode_srgb(warp_crop(views, matrix, CROP)).transpose(2, 0, 1) for matrix in matrices])
        dense, landmarks, score = self._session.run(None, {"crop": crops})
        placed = [np.mean(list(map(_uncropped, points, matrices)), axis=0) for points in (dense, landmarks)]
        return placed[0], placed[1], float(score.mean())

    @cached_property
    def _session(self) -> "onnxruntime.InferenceSession":
        return open_session(model_path("landmarks"), self.device)


def _uncropped(points: Float32[np.ndarray, "points 2"], matrix: Float32[np.ndarray, "2 3"]) -> Float32[np.ndarray, "points 2"]:
    """From crop units to photo pixels."""
    return np.asarray((points * CROP - matrix[:, 2]) @ np.linalg.inv(matrix[:, :2]).T, np.float32)


def _face(views: ImagePyramid, dense: Float[np.ndarray, "468 2"], landmarks: Float[np.ndarray, "68 2"], score: float) -> Face:
    """With the box around the dense points."""
    height, width = views[0].shape[:2]
    box = np.concatenate([dense.min(0), dense.max(0)]).clip(0, [width, height, width, height])
    return Face(box.astype(np.float32), landmarks, dense, score)


def shrink(views: ImagePyramid, scale: float) -> tuple[Float32[np.ndarray, "height width 3"], Float[np.ndarray, "2"]]:
    """The photo at about this scale, its edges drawn out to multiples of 16, and the exact scales of x and y."""
    height, width = views[0].shape[:2]
    size = max(round(width * scale), 1), max(round(height * scale), 1)
    small = resized(pyramid_level(views, scale)[0], size)
    pad = ((0, -size[1] % 16), (0, -size[0] % 16), (0, 0))
    return np.pad(small, pad, mode="edge"), np.array([size[0] / width, size[1] / height])


def peaks(heat: Float32[np.ndarray, "rows columns"], geometry: Float32[np.ndarray, "5 rows columns"]) -> list[OrientedBox]:
    """The local maxima of the heat as squares in the level's pixels."""
    import cv2

    highest = cv2.dilate(heat, np.ones((3, 3), np.uint8))
    stride = 8  # the map's cells in pixels
    squares = []
    for row, column in zip(*np.nonzero((heat >= highest) & (heat > FACE_HEAT)), strict=True):
        x, y, side, cosine, sine = geometry[:, row, column].astype(float)
        centre = np.array([column * stride + x, row * stride + y])
        squares.append(OrientedBox(centre, side, float(np.arctan2(sine, cosine)), float(heat[row, column])))
    return squares


def _same_place(first: OrientedBox, second: OrientedBox) -> bool:
    ratio = first.side / second.side
    near = np.linalg.norm(first.centre - second.centre) < SAME_PLACE * min(first.side, second.side)
    return bool(near and SAME_SIDE[0] < ratio < SAME_SIDE[1])
