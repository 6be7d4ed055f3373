"""Segmenters: what the pixels of a portrait show, by a small network or by the landmarks' polygons."""

from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
from facetex_model_zoo import model_path
from jaxtyping import Float, Float32, Shaped

from facetex_core import Device, Face, Photo, Segmentation, hookimpl
from facetex_core.geometry.landmarks import EYES, INNER_LIPS, OVAL
from facetex_core.imaging.colour import encode_srgb
from facetex_core.io.onnx_session import open_session
from facetex_plugins.segment.glasses import within_rims

if TYPE_CHECKING:
    import onnxruntime

SKIN_CROP = 256
"""Side of the network's input in pixels; model_zoo/cards/skin.md."""
FINER = 2
"""How many times finer rims of glasses are looked for."""

# The crop in units of the eye distance: from above the hairline to below the chin, both ears inside.
CROP_SIDE = 3.9
CROP_DROP = 0.3

api_version = 2

Mask = Float32[np.ndarray, "height width"]
Matrix = Float[np.ndarray, "2 3"]


@hookimpl
def segmenters() -> dict[str, type]:
    """The network, and the polygons alone."""
    return {"skin": SkinSegmenter, "geometry": GeometrySegmenter}


def crop_matrix(landmarks: Float32[np.ndarray, "68 2"], size: int) -> Matrix:
    """2 x 3 matrix from photo to crop coordinates: eyes level, `size` pixels for CROP_SIDE eye distances.

    The eye distance is taken from eyes and mouth, whichever is longer, so that it does not shrink in a side view.
    """
    right, left = landmarks[36:42].mean(0), landmarks[42:48].mean(0)
    eyes = (right + left) / 2
    across, down = left - right, landmarks[48:60].mean(0) - eyes
    unit = max(float(np.linalg.norm(across)), 0.95 * float(np.linalg.norm(down)), 1e-3)
    x_axis = across + np.array([down[1], -down[0]])
    x_axis = x_axis / max(float(np.linalg.norm(x_axis)), 1e-6)
    y_axis = np.array([-x_axis[1], x_axis[0]])
    centre = eyes + CROP_DROP * unit * y_axis
    linear = np.stack([x_axis, y_axis]) * size / (CROP_SIDE * unit)
    return np.column_stack([linear, size / 2 - linear @ centre])


def warp(
    image: Shaped[np.ndarray, "rows columns *channels"], matrix: Matrix, width: int, height: int, border: int
) -> Shaped[np.ndarray, "height width *channels"]:
    """Linear resampling by a matrix between coordinates whose pixel centres lie at +0.5, as ours do."""
    import cv2

    centred = matrix.copy()
    centred[:, 2] += matrix[:, :2] @ (0.5, 0.5) - 0.5
    return cv2.warpAffine(image, centred, (width, height), flags=cv2.INTER_LINEAR, borderMode=border)


def cut_crop(
    image: Shaped[np.ndarray, "height width *channels"], matrix: Matrix, size: int
) -> Shaped[np.ndarray, "size size *channels"]:
    """The square that `matrix` maps to (0, 0, size, size), averaged over area where the photo is larger."""
    import cv2

    times = int(np.ceil(1 / np.linalg.norm(matrix[0, :2])))
    fine = warp(image, matrix * times, size * times, size * times, cv2.BORDER_REPLICATE)
    return cv2.resize(fine, (size, size), interpolation=cv2.INTER_AREA)


def fill_polygon(points: Float[np.ndarray, "points 2"], width: int, height: int) -> Mask:
    """1 inside the outline, with a soft edge of a pixel."""
    import cv2

    mask = np.zeros((height, width), np.uint8)
    # Sixteenths of a pixel; OpenCV's pixel centres are whole numbers.
    fixed = np.round((points - 0.5) * 16).astype(np.int32)
    cv2.fillPoly(mask, [fixed], 255, lineType=cv2.LINE_AA, shift=4)
    return mask.astype(np.float32) / 255


class SkinSegmenter:
    """A small U-Net on an upright crop of the face, with traced rims of glasses, and the mouth from landmarks."""

    def __init__(self, device: Device = "cpu") -> None:
        self.device = device

    def segment(self, photo: Photo, face: Face) -> Segmentation:
        """All classes; outside of the crop only background, which goes on as at the crop's edge."""
        import cv2

        matrix = crop_matrix(face.landmarks, SKIN_CROP)
        coded = encode_srgb(cut_crop(photo.rgb, matrix, SKIN_CROP))
        image = np.ascontiguousarray(coded.transpose(2, 0, 1)[None], np.float32)
        skin, around = self._session.run(["skin", "surroundings"], {"image": image})
        height, width = photo.rgb.shape[:2]
        back = cv2.invertAffineTransform(matrix)
        mask = np.clip(warp(skin[0, 0], back, width, height, cv2.BORDER_CONSTANT), 0, 1)
        rims = glasses(skin[0, 0], photo, face, matrix * FINER)
        # The network takes some teeth for skin; the landmarks know better.
        bare = cut_holes(np.minimum(mask, 1 - rims), face)
        inside = mouth(face, bare + rims)
        hair, background = surroundings(around[0], back, bare + rims + inside)
        told = {"skin": bare, "hair": hair, "glasses": rims, "mouth": inside, "background": background}
        return Segmentation(told)

    @cached_property
    def _session(self) -> "onnxruntime.InferenceSession":
        return open_session(model_path("skin"), self.device)


def glasses(skin: Float32[np.ndarray, "crop crop"], photo: Photo, face: Face, matrix: Matrix) -> Mask:
    """1 on glasses: the network misses thin rims, and what they frame shines. `matrix` cuts a crop FINER times as large."""
    import cv2

    side, (height, width) = FINER * SKIN_CROP, photo.rgb.shape[:2]
    eyes = [eye @ matrix[:, :2].T + matrix[:, 2] for eye in face_outlines(face.landmarks, face.dense)[1:3]]
    coded, finer = encode_srgb(cut_crop(photo.rgb, matrix, side)), cv2.resize(skin, (side, side))
    covered = within_rims(coded, finer, eyes, side / CROP_SIDE).astype(np.float32)
    return warp(covered, cv2.invertAffineTransform(matrix), width, height, cv2.BORDER_CONSTANT)


def surroundings(
    around: Float32[np.ndarray, "2 crop crop"], back: Matrix, taken: Mask
) -> Float32[np.ndarray, "2 height width"]:
    """Hair and background, as far as nothing else is there. `back` maps the crop to the photo."""
    import cv2

    height, width = taken.shape
    borders = (cv2.BORDER_CONSTANT, cv2.BORDER_REPLICATE)
    both = np.stack([warp(mask, back, width, height, border) for mask, border in zip(around, borders, strict=True)])
    both = np.clip(both, 0, 1)
    left = np.clip(1 - taken, 0, 1)
    return both * np.minimum(1, left / np.maximum(both.sum(0), 1e-6))


class GeometrySegmenter:
    """The landmarks' polygon of the face without eyes and open mouth; ignores hair, glasses and hands."""

    def segment(self, photo: Photo, face: Face) -> Segmentation:
        """Skin is 1 inside the face's outline."""
        height, width = photo.rgb.shape[:2]
        outline = face_outlines(face.landmarks, face.dense)[0]
        bare = cut_holes(fill_polygon(outline, width, height), face)
        return Segmentation({"skin": bare, "mouth": mouth(face, bare)})


def cut_holes(mask: Mask, face: Face) -> Mask:
    """The mask without eyes and open mouth."""
    height, width = mask.shape
    for hole in face_outlines(face.landmarks, face.dense)[1:]:
        mask = np.minimum(mask, 1 - fill_polygon(hole, width, height))
    return np.asarray(mask, np.float32)


def mouth(face: Face, taken: Mask) -> Mask:
    """The open mouth between the lips, as far as nothing else is there."""
    height, width = taken.shape
    opened = fill_polygon(face_outlines(face.landmarks, face.dense)[3], width, height)
    return np.clip(np.minimum(opened, 1 - taken), 0, 1).astype(np.float32)


def face_outlines(
    landmarks: Float32[np.ndarray, "68 2"], dense: Float32[np.ndarray, "points 2"]
) -> tuple[Float32[np.ndarray, "_ 2"], ...]:
    """Face, right eye, left eye, inner mouth; from the 68 points where there are no dense ones."""
    if len(dense):
        return tuple(dense[list(ids)] for ids in (OVAL, EYES["right_eye"], EYES["left_eye"], INNER_LIPS))
    brows = landmarks[26:16:-1]
    eyes = np.concatenate([landmarks[36:42], landmarks[42:48]]).mean(0)
    # The 68 points end at the brows; MediaPipe's outline ends 0.4 of eyes to chin above them, a tenth narrower.
    forehead = brows + 0.4 * (eyes - landmarks[8]) + 0.1 * (brows.mean(0) - brows)
    outline = np.concatenate([landmarks[:17], forehead])
    return outline, landmarks[36:42], landmarks[42:48], landmarks[60:68]
