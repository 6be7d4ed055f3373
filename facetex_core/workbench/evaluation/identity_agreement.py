"""Whether photographs of one person give one head: a measure that needs no truth."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from pathlib import Path

import numpy as np
from jaxtyping import Float32, Float64, Int

from facetex_core.errors import PhotoError
from facetex_core.imaging.colour import decode_srgb
from facetex_core.lazy import cv2
from facetex_core.structures import Face, Fit, MorphableModel, Photo
from facetex_core.workbench.evaluation.identity_error import offsets
from facetex_core.workbench.evaluation.synthetic import face_vertices

EXPOSURES = (0.6, 1.6)
"""Times the light of a photo."""
CROP_MARGINS = (0.35, 0.9)
"""What is left around the face of a crop, in sizes of the face."""
FRAMES = 8
"""Of a clip, evenly spread."""
MIRROR_IMAGE = "mirrored"


@dataclass(frozen=True, eq=False, slots=True)
class Shape:
    """The head of one picture of a person."""

    person: str
    offsets: Float64[np.ndarray, "face 3"]
    """From the mean head, in metres."""


@dataclass(frozen=True, slots=True)
class Agreement:
    """Root mean square distances of heads over the face, in millimetres."""

    within: float
    """Of two pictures of one person."""
    between: float
    """Of pictures of two people."""
    size: float
    """Of a head from the mean head."""

    @property
    def ratio(self) -> float:
        """0: a person is always the same; 1: people differ no more than pictures of one person."""
        return self.within / self.between if self.between else float("nan")


def versions(photo: Photo, face: Face) -> Iterator[tuple[str, Photo]]:
    """The photo, its mirror image, and copies of it cropped, darker and brighter."""
    yield "", photo
    yield MIRROR_IMAGE, replace(photo, rgb=np.ascontiguousarray(photo.rgb[:, ::-1]))
    for air in CROP_MARGINS:
        yield f"crop {air:g}", replace(photo, rgb=_cropped(photo, face, air))
    for gain in EXPOSURES:
        yield f"light {gain:g}", replace(photo, rgb=np.minimum(gain * photo.rgb, 1).astype(np.float32))


def _cropped(photo: Photo, face: Face, air: float) -> Float32[np.ndarray, "rows columns 3"]:
    left, top, right, bottom = face.box
    margin = air * max(right - left, bottom - top)
    rows = slice(max(int(top - margin), 0), int(bottom + margin))
    return np.ascontiguousarray(photo.rgb[rows, max(int(left - margin), 0) : int(right + margin)])


def frames(path: Path, count: int = FRAMES) -> Iterator[Photo]:
    """Frames of a clip, evenly spread; a file that is no clip is a PhotoError."""
    clip = cv2.VideoCapture(str(path))
    length = int(clip.get(cv2.CAP_PROP_FRAME_COUNT))
    if length <= 0:
        raise PhotoError(f"{path.name}: cannot be opened as a video")
    for number in np.linspace(0, length - 1, count + 2)[1:-1].astype(int).tolist():
        clip.set(cv2.CAP_PROP_POS_FRAMES, number)
        read, picture = clip.read()
        if read:
            rgb = decode_srgb(np.ascontiguousarray(picture[..., ::-1]).astype(np.float32) / 255)
            yield Photo(rgb, f"{path.name} frame {number}")
    clip.release()


def shape_of(person: str, version: str, fit: Fit) -> Shape:
    """The neutral head of a fit; that of a mirror image is mirrored back."""
    own = offsets(fit.model, fit.neutral)
    if version == MIRROR_IMAGE:
        own = own[mirror(fit.model)] * [-1, 1, 1]
    return Shape(person, own[face_vertices(fit.model)])


def mirror(model: MorphableModel) -> Int[np.ndarray, "vertices"]:
    """Of each vertex, the one on the other side of the face."""
    from scipy.spatial import cKDTree

    return np.asarray(cKDTree(model.mean).query(model.mean * np.array([-1, 1, 1], np.float32))[1])


def agreement(shapes: Sequence[Shape]) -> Agreement:
    """Of all pairs."""
    pairs: dict[bool, list[float]] = {True: [], False: []}
    for one, other in combinations(shapes, 2):
        pairs[one.person == other.person].append(_mean_square(one.offsets - other.offsets))
    size = [_mean_square(shape.offsets) for shape in shapes]
    within, between, whole = (1000 * float(np.sqrt(np.mean(each))) if each else 0.0 for each in (*pairs.values(), size))
    return Agreement(within, between, whole)


def _mean_square(moved: Float64[np.ndarray, "face 3"]) -> float:
    return float((moved**2).sum(1).mean())
