"""Detector: MediaPipe's face landmarker (Kartynnik et al. 2019) on the faces that our finder proposes.

The network is the official one, read out of the .task bundle and run by LiteRT, which is small where the mediapipe
package is not: pip install "facetex[mediapipe]". The 68 landmarks are those of its 478 points that lie where iBUG's do.
"""

import zipfile
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from facetex_model_zoo import model_path
from jaxtyping import Float32

from facetex_core import ConfigError, Device, Face, ModelError, Photo, hookimpl
from facetex_core.geometry.landmarks import IBUG
from facetex_core.imaging.colour import encode_srgb
from facetex_plugins.detect.alignment import ImagePyramid, OrientedBox, best_first, face_square, image_pyramid, warp_crop
from facetex_plugins.detect.networks import FaceFinder, MinScore
from facetex_plugins.detect.thresholds import REST

if TYPE_CHECKING:
    from ai_edge_litert.interpreter import Interpreter

MEDIAPIPE_CROP, MEDIAPIPE_MARGIN = 192, 1.5
"""Side of the network's input in pixels, and in units of the face square."""
LANDMARKER = "face_landmarks_detector.tflite"

api_version = 2


@hookimpl
def detectors() -> dict[str, type]:
    """The network whose numbering our dense points follow."""
    return {"mediapipe": MediapipeDetector}


class MediapipeDetector:
    """MediaPipe's 468 points, without irises, for faces from about 40 pixels up, rotated by up to 45 degrees."""

    def __init__(self, min_score: MinScore = 0.35, device: Device = "cpu") -> None:
        """`device`: cpu or cuda, for the finder; LiteRT runs on the processor."""
        self.path = model_path("mediapipe")
        self.min_score = min_score
        self.finder = FaceFinder(device)

    def detect(self, photo: Photo) -> tuple[Face, ...]:
        """The faces whose score passes, the largest first."""
        views = image_pyramid(photo.rgb)
        return best_first([self.measure(views, square) for square in self.finder.propose(views)], self.min_score)

    def measure(self, views: ImagePyramid, square: OrientedBox) -> Face:
        """The points of the face at this place; the second crop is laid by the first one's points."""
        first, first_score = self._points(views, square)
        again = face_square(first)
        dense, second_score = self._points(views, again)
        moved = np.linalg.norm(dense - first, axis=1).mean() / (again.side * REST)
        score = np.sqrt(square.heat) * first_score * second_score * np.exp(-(moved**2))
        height, width = views[0].shape[:2]
        box = np.concatenate([dense.min(0), dense.max(0)]).clip(0, [width, height, width, height])
        return Face(box.astype(np.float32), dense[list(IBUG)], dense, float(score))

    def _points(self, views: ImagePyramid, square: OrientedBox) -> tuple[Float32[np.ndarray, "468 2"], float]:
        """The 468 points in photo pixels, and how surely they are a face's, from one crop."""
        matrix = OrientedBox(square.centre, square.side * MEDIAPIPE_MARGIN, square.roll).matrix(MEDIAPIPE_CROP)
        network = self._network
        network.set_tensor(network.get_input_details()[0]["index"], encode_srgb(warp_crop(views, matrix, MEDIAPIPE_CROP))[None])
        network.invoke()
        outputs = [network.get_tensor(output["index"]).ravel() for output in network.get_output_details()]
        (logit,), points = sorted(outputs, key=len)
        placed = (points.reshape(-1, 3)[:468, :2] - matrix[:, 2]) @ np.linalg.inv(matrix[:, :2]).T
        return placed.astype(np.float32), float(1 / (1 + np.exp(-logit)))

    @cached_property
    def _network(self) -> "Interpreter":
        return open_network(self.path)


def open_network(path: Path) -> "Interpreter":
    """The landmark network of a .task bundle."""
    try:
        from ai_edge_litert.interpreter import Interpreter, OpResolverType
    except ImportError:
        raise ConfigError("detector 'mediapipe' needs LiteRT: pip install \"facetex[mediapipe]\"") from None
    try:
        with zipfile.ZipFile(path) as bundle:
            content = bundle.read(LANDMARKER)
        # Without its default delegate LiteRT is silent, and the same on every processor.
        resolver = OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES
        network = Interpreter(model_content=content, num_threads=2, experimental_op_resolver_type=resolver)
        network.allocate_tensors()
    except (OSError, KeyError, ValueError, RuntimeError, zipfile.BadZipFile) as error:
        raise ModelError(f"{path.name} is no bundle of MediaPipe's face landmarker: {str(error).splitlines()[0]}") from None
    return network
