"""Face embedding `dlib`: dlib's network as ONNX (CC0), to measure whether a head looks like its person.

facetex zoo add face_embedding FILE.onnx
facetex eval likeness PHOTOS --plugin facetex_likeness.py

Pairs of photos of one person are about 0.3 to 0.6 apart, nearly all people at least 0.55, half of them more than 0.8.
"""

from collections.abc import Callable
from functools import cache

import numpy as np
from facetex_core import Face, FaceEmbedding, ModelError, Photo, hookimpl
from facetex_core.geometry.landmarks import EYES_68
from facetex_core.imaging.colour import encode_srgb
from facetex_core.imaging.resize import resized
from facetex_core.io.onnx_session import open_session
from facetex_core.lazy import cv2
from facetex_model_zoo import model_path

api_version = 2

SIDE = 150
"""Pixels of the picture that the network takes."""
PLACES = np.array([[47.43, 45.84], [103.44, 46.49], [74.85, 80.23], [49.43, 100.96], [101.05, 101.51]])
"""Where it expects the right eye, the left eye, the tip of the nose, and the corners of the mouth."""
NOSE_TIP, MOUTH_CORNERS = 30, (48, 54)


@hookimpl
def face_embeddings() -> dict[str, FaceEmbedding]:
    return {"dlib": embed}


def embed(photo: Photo, face: Face) -> np.ndarray:
    """128 numbers, scaled to length 1."""
    vector = network()(chip(photo, face))
    return vector / np.linalg.norm(vector)


def chip(photo: Photo, face: Face) -> np.ndarray:
    """The face cut out upright: RGB, 0 to 255, 1 x 3 x 150 x 150."""
    eyes = [face.landmarks[list(EYES_68[side])].mean(0) for side in ("right_eye", "left_eye")]
    points = np.stack([*eyes, face.landmarks[NOSE_TIP], *face.landmarks[list(MOUTH_CORNERS)]]).astype(np.float64)
    rgb, shrink = photo.rgb, max(np.linalg.norm(points[1] - points[0]) / np.linalg.norm(PLACES[1] - PLACES[0]), 1.0)
    small = resized(rgb, tuple(max(round(side / shrink), 1) for side in photo.size))  # no pixel is passed over
    cut = cv2.warpAffine(small, similarity_to(PLACES, points / shrink), (SIDE, SIDE), borderMode=cv2.BORDER_REPLICATE)
    return (255 * encode_srgb(cut)).transpose(2, 0, 1)[None].astype(np.float32)


def similarity_to(wanted: np.ndarray, points: np.ndarray) -> np.ndarray:
    """The 2 x 3 matrix of rotation, scale and shift that brings points nearest to where they are wanted."""
    one, none = np.ones(len(points)), np.zeros(len(points))
    x, y = points.T
    rows = np.concatenate([np.stack([x, -y, one, none], 1), np.stack([y, x, none, one], 1)])
    a, b, right, down = np.linalg.lstsq(rows, wanted.T.ravel(), rcond=None)[0]
    return np.array([[a, -b, right], [b, a, down]])


@cache
def network() -> Callable[[np.ndarray], np.ndarray]:
    """The model of the zoo, opened once."""
    session = open_session(model_path("face_embedding"))
    shapes = [each.shape[1:] for each in (*session.get_inputs(), *session.get_outputs())]
    if shapes != [[3, SIDE, SIDE], [128]]:
        raise ModelError(
            f"face_embedding: takes and gives {shapes}, not 3 x 150 x 150 and 128 numbers; `facetex zoo show` says more"
        )
    name = session.get_inputs()[0].name
    return lambda picture: session.run(None, {name: picture})[0][0].astype(np.float64)
