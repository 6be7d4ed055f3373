"""Photos that cannot be used, each in one line: no face, too small, from the side, hidden, dark."""

from collections.abc import Callable, Iterable
from typing import TypeVar

import numpy as np

from facetex_core.errors import PhotoError
from facetex_core.geometry.camera import yaw_degrees
from facetex_core.listeners import warn
from facetex_core.structures import Face, Fit, Photo, Texture
from facetex_core.texture.thresholds import BRIGHTEST_FACE, DARKEST_FACE, LEAST_SKIN, SMALLEST_FACE, WIDEST_YAW

Given = TypeVar("Given")
Made = TypeVar("Made")


def usable(make: Callable[[Given], Made], given: Iterable[Given]) -> list[Made]:
    """What is made of each photo; one that cannot be used is left out with a warning, an error if none can."""
    made, refused = [], []
    for each in given:
        try:
            made.append(make(each))
        except PhotoError as error:
            refused.append(str(error))
    if not made:
        raise PhotoError("; ".join(refused))
    for reason in refused:
        warn(f"left out: {reason}")
    return made


def choose(faces: tuple[Face, ...], number: int | None, photo: Photo) -> Face:
    """The face asked for, or the largest; says so where there are several."""
    if not faces:
        raise PhotoError(
            f"{photo.name}: no face found; facetex needs one face, upright within 45 degrees and over {SMALLEST_FACE} pixels"
        )
    if number is not None and not 1 <= number <= len(faces):
        raise PhotoError(f"{photo.name}: there is no face {number}; faces found: {len(faces)}")
    if number is None and len(faces) > 1:
        warn(f"{photo.name}: {len(faces)} faces found; the largest is used (--face N chooses another)")
    face = faces[(number or 1) - 1]
    extent = float(max(face.box[2:] - face.box[:2]))
    if extent < SMALLEST_FACE:
        raise PhotoError(f"{photo.name}: the face is {extent:.0f} pixels large; at least {SMALLEST_FACE} are needed")
    return face


def refuse_profile(fit: Fit, photo: Photo) -> None:
    """A photo that shows one side only has nothing to hold the other side to."""
    yaw = abs(yaw_degrees(fit.camera))
    if yaw > WIDEST_YAW:
        raise PhotoError(f"{photo.name}: the face is turned by {yaw:.0f} degrees; up to {WIDEST_YAW:.0f} can be used")


def refuse_hidden(texture: Texture, photo: Photo) -> None:
    """Without skin there is no texture."""
    share = float((texture.visibility > 0).mean())
    if share < LEAST_SKIN:
        raise PhotoError(f"{photo.name}: hardly any skin can be used ({share:.1%} of the map; {LEAST_SKIN:.0%} are needed)")


def refuse_dark(lit: Texture, photo: Photo) -> None:
    """Skin in the dark or burnt out has no colour left."""
    middle = float(np.median(lit.rgb[lit.visibility > 0]))
    if not DARKEST_FACE < middle < BRIGHTEST_FACE:
        raise PhotoError(
            f"{photo.name}: the face is too {'dark' if middle < 0.5 else 'bright'} (median {middle:.3f} of full light)"
        )
