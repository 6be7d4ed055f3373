"""Whether a head looks like its person: its renders and the photos as unit vectors of a face embedding, compared by distance.

A render is right where the nearest of all photos is one of its own person (rank 1).
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float64

from facetex_core.errors import FacetexError, PluginError
from facetex_core.metrics import FaceEmbedding
from facetex_core.structures import Face, Photo

LIKENESS_YAWS = (0, 30, 60)
"""Degrees round the head at which it is rendered."""
NUMBERED = r"-\d+$"
"""What the photos of one person differ by in their names, before the ending."""
UNIT = 1e-3
"""By how much the length of a vector may differ from 1."""


@dataclass(frozen=True, eq=False, slots=True)
class Seen:
    """A photo, or a render of the head that was made of it."""

    photo: str
    person: str
    yaw: int | None
    """Of the render; none: the photo itself."""
    vector: Float64[np.ndarray, "numbers"] | None
    """None where no face was found."""


@dataclass(frozen=True, slots=True)
class Likeness:
    """Renders of one yaw against the photos; distances are those of unit vectors, 0 to 2."""

    yaw: int
    renders: int
    found: int
    """Renders in which a face was found."""
    rank1: float | None
    """Share of these whose nearest photo is one of their own person; none where there is one person only."""
    own: float | None
    """Mean distance from the photo that the head was made of."""
    other: float | None
    """Mean distance from the nearest photo of another person."""


def person_of(stem: str) -> str:
    """Who is in a photo, by its file's name without its ending: what stands before a hyphen and a number.

    >>> person_of("anna-2"), person_of("anna"), person_of("2024-05-01 anna")
    ('anna', 'anna', '2024-05-01 anna')
    """
    return re.sub(NUMBERED, "", stem)


def vector_of(name: str, embed: FaceEmbedding, photo: Photo, face: Face) -> Float64[np.ndarray, "numbers"]:
    """The embedding's answer; one that is no unit vector, or no answer at all, is a PluginError."""
    try:
        vector = np.asarray(embed(photo, face), np.float64)
    except FacetexError:
        raise
    except Exception as error:  # noqa: BLE001  # a stranger's function may raise anything
        told = next(iter(str(error).splitlines()), "")
        raise PluginError(f"face embedding {name!r}: {type(error).__name__}: {told}") from None
    if vector.ndim != 1 or not np.isfinite(vector).all() or abs(np.linalg.norm(vector) - 1) > UNIT:
        told = f"shape {vector.shape}" if vector.ndim != 1 else f"length {np.linalg.norm(vector):.3g}"
        raise PluginError(f"face embedding {name!r}: a unit vector was expected, not one of {told}")
    return vector


def likeness(seen: Sequence[Seen]) -> list[Likeness]:
    """For each yaw that occurs."""
    photos = [each for each in seen if each.yaw is None and each.vector is not None]
    yaws = sorted({each.yaw for each in seen if each.yaw is not None})
    return [_of_yaw(yaw, [each for each in seen if each.yaw == yaw], photos) for yaw in yaws]


def _of_yaw(yaw: int, renders: Sequence[Seen], photos: Sequence[Seen]) -> Likeness:
    right, own, other = list[float](), list[float](), list[float]()
    for render in renders:
        away = [(distance(render, photo), photo) for photo in photos if render.vector is not None]
        own += [far for far, photo in away if photo.photo == render.photo]
        strangers = [far for far, photo in away if photo.person != render.person]
        friends = [far for far, photo in away if photo.person == render.person]
        if strangers:
            other.append(min(strangers))
            right.append(float(min(friends, default=np.inf) < min(strangers)))
    found = sum(render.vector is not None for render in renders)
    return Likeness(yaw, len(renders), found, *(float(np.mean(values)) if values else None for values in (right, own, other)))


def distance(one: Seen, other: Seen) -> float:
    """Of their vectors."""
    if one.vector is None or other.vector is None:
        raise ValueError("a picture without a face")
    return float(np.linalg.norm(one.vector - other.vector))
