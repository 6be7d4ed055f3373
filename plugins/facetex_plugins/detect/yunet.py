"""Detector: YuNet (Wu et al. 2023) finds faces and five points of each; our landmark network puts its points on them."""

from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
from facetex_model_zoo import model_path
from jaxtyping import Float, Float32

from facetex_core import Device, Face, Photo, hookimpl
from facetex_core.imaging.colour import encode_srgb
from facetex_core.imaging.resize import resized
from facetex_core.io.onnx_session import open_session
from facetex_plugins.detect.alignment import ImagePyramid, OrientedBox, best_first, image_pyramid, pyramid_level
from facetex_plugins.detect.networks import FacePoints, MinScore
from facetex_plugins.detect.thresholds import EYES_TO_MOUTH, MIN_SCORE, SAME_YUNET, YUNET_SCORE

if TYPE_CHECKING:
    import onnxruntime

YUNET_SIDE, STRIDES = 640, (8, 16, 32)
"""Pixels of the square that the network looks at, and of its cells."""

api_version = 2


@hookimpl
def detectors() -> dict[str, type]:
    """A finder that many know."""
    return {"yunet": YunetDetector}


class YunetDetector:
    """YuNet finds faces from about 10 pixels in a 640-pixel photo; the shipped network finds their 468 + 68 points."""

    def __init__(self, min_score: MinScore = MIN_SCORE, device: Device = "cpu") -> None:
        self.path = model_path("yunet")
        self.min_score, self.device = min_score, device
        self.points = FacePoints(min_score, device)

    def detect(self, photo: Photo) -> tuple[Face, ...]:
        """The faces whose score passes, the largest first."""
        views = image_pyramid(photo.rgb)
        return best_first([self.points.measure(views, square) for square in self.propose(views)], self.min_score)

    def propose(self, views: ImagePyramid) -> list[OrientedBox]:
        """Places that look like a face, the surest first, each once."""
        picture, scale = _letterbox(views)
        names = [f"{kind}_{stride}" for stride in STRIDES for kind in ("cls", "obj", "kps")]
        outputs = dict(zip(names, self._session.run(names, {"input": picture}), strict=True))
        kept: list[OrientedBox] = []
        for square in sorted(_squares(outputs, scale), key=lambda square: -square.heat):
            if all(np.linalg.norm(square.centre - other.centre) > SAME_YUNET * other.side for other in kept):
                kept.append(square)
        return kept

    @cached_property
    def _session(self) -> "onnxruntime.InferenceSession":
        return open_session(self.path, self.device)


def _letterbox(views: ImagePyramid) -> tuple[Float32[np.ndarray, "1 3 640 640"], float]:
    """The photo in the upper left corner, blue first and in [0, 255] as YuNet wants it; and its scale."""
    height, width = views[0].shape[:2]
    scale = YUNET_SIDE / max(height, width)
    size = max(round(width * scale), 1), max(round(height * scale), 1)
    small = resized(pyramid_level(views, scale)[0], size)
    picture = np.zeros((1, 3, YUNET_SIDE, YUNET_SIDE), np.float32)
    picture[0, :, : size[1], : size[0]] = 255 * encode_srgb(small)[..., ::-1].transpose(2, 0, 1)
    return picture, scale


def _squares(outputs: dict[str, Float32[np.ndarray, "1 _ _"]], scale: float) -> list[OrientedBox]:
    """Face squares of the cells that pass, in photo pixels."""
    found = []
    for stride in STRIDES:
        kinds, objects, offsets = (outputs[f"{kind}_{stride}"][0].astype(np.float64) for kind in ("cls", "obj", "kps"))
        scores = np.sqrt(kinds.clip(0, 1) * objects.clip(0, 1))[:, 0]
        for cell in np.nonzero(scores > YUNET_SCORE)[0]:
            row, column = divmod(int(cell), YUNET_SIDE // stride)
            points = (offsets[cell].reshape(5, 2) + np.array([column, row])) * stride / scale
            found.append(square_of(points, float(scores[cell])))
    return found


def square_of(points: Float[np.ndarray, "points 2"], score: float) -> OrientedBox:
    """From the right and left eye, the tip of the nose and the corners of the mouth (the subject's right first)."""
    eyes, mouth = points[:2].mean(0), points[3:].mean(0)
    across, down = points[1] - points[0], mouth - eyes
    direction = across + np.array([down[1], -down[0]])
    side = max(float(np.linalg.norm(across)), float(np.linalg.norm(down)), 1.0) / EYES_TO_MOUTH
    return OrientedBox((eyes + mouth) / 2, side, float(np.arctan2(direction[1], direction[0])), score)
