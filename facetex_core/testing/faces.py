"""A photo whose face is known, and the same photo mirrored and moved."""

from functools import cache
from typing import cast

import numpy as np
from jaxtyping import Float32

from facetex_core.config import load_preset
from facetex_core.lighting.harmonics import ambient
from facetex_core.messages import listening, unheard
from facetex_core.registry import Registry
from facetex_core.stages import Detector, Fitter, Segmenter
from facetex_core.structures import Appearance, DelitView, Face, Observation, Photo
from facetex_core.testing.samples import portrait, skin, whole
from facetex_core.values import locked

RIGHT_EYE, LEFT_EYE, MOUTH = slice(36, 42), slice(42, 48), slice(48, 60)
"""Landmarks; right is the subject's."""
# fmt: off
MIRRORED = (*range(16, -1, -1), *range(26, 16, -1), 27, 28, 29, 30, 35, 34, 33, 32, 31, 45, 44, 43, 42, 47, 46, 39, 38, 37, 36,
            41, 40, 54, 53, 52, 51, 50, 49, 48, 59, 58, 57, 56, 55, 64, 63, 62, 61, 60, 67, 66, 65)
# fmt: on
"""Which landmark each of the 68 is in a mirror."""


@cache
def shipped(role: str) -> object:
    """The stage that facetex uses when nothing else is said."""
    with listening(unheard):
        return load_preset("embedded").make(role, Registry())


@cache
def portrait_face() -> Face:
    """The astronaut's, as the default detector sees it."""
    return locked(cast("Detector", shipped("detector")).detect(portrait())[0])


@cache
def observation(photo: Photo, face: Face) -> Observation:
    """The face with the mask of the default segmenter."""
    return locked(Observation(photo, face, cast("Segmenter", shipped("segmenter")).segment(photo, face)))


@cache
def portrait_view() -> DelitView:
    """The astronaut on the default head, her skin completed by one smooth tone: eyes and mouth are still skin."""
    seen = observation(portrait(), portrait_face())
    (fit,) = cast("Fitter", shipped("fitter")).fit((seen,))
    albedo = whole(skin())
    return locked(DelitView(seen, fit, albedo, Appearance(ambient(), skin()), albedo))


def centre(landmarks: Float32[np.ndarray, "68 2"], part: slice) -> Float32[np.ndarray, "2"]:
    """The middle of an eye or the mouth."""
    return np.asarray(landmarks[part].mean(0), np.float32)


def mirrored(photo: Photo) -> Photo:
    """Left and right exchanged."""
    return locked(Photo(np.ascontiguousarray(photo.rgb[:, ::-1]), photo.name))


def mirrored_landmarks(landmarks: Float32[np.ndarray, "68 2"], width: int) -> Float32[np.ndarray, "68 2"]:
    """As they lie in a photo that is mirrored: what was the right eye is the left one."""
    return np.asarray(landmarks[list(MIRRORED)] * [-1, 1] + [width, 0], np.float32)


def moved(photo: Photo, right: int, down: int) -> Photo:
    """The same picture, its content moved by whole pixels; its border is drawn out."""
    padded = np.pad(photo.rgb, ((down, 0), (right, 0), (0, 0)), mode="edge")
    return locked(Photo(np.ascontiguousarray(padded[: photo.size[1], : photo.size[0]]), photo.name))


def moved_face(face: Face, right: int, down: int) -> Face:
    """The face in the moved picture."""
    way = np.array([right, down], np.float32)
    return locked(Face(face.box + np.tile(way, 2), face.landmarks + way, face.dense + way, face.score))
