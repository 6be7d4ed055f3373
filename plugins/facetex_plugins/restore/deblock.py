"""Restorer for strongly compressed photographs: squares of JPEG's cosine transform are taken for neither skin nor shape.

Squares show as jumps at every eighth pixel, stronger than between (Wang, Bovik and Evans 2000). What is no larger than
those jumps is smoothed by a guided filter (He, Sun and Tang 2010).
"""

from dataclasses import replace

import numpy as np
from jaxtyping import Float, Float32

from facetex_core import Face, Photo, hookimpl
from facetex_core.imaging.colour import decode_srgb, encode_srgb
from facetex_core.imaging.guided_filter import guided_filter
from facetex_core.lazy import cv2

SQUARE = 8
VISIBLE = 9e-4
"""Mean square of the jumps in sRGB-coded light, beyond those elsewhere, from which squares are smoothed: about quality 20.

34 portraits have 6e-4 at most; qualities 20, 10 and 5 have 9 to 14, 15 to 26 and 26 to 42e-4."""
LARGEST = 0.02
"""Squares of differences above it are outlines."""
AROUND = 0.5
"""How far around a face the photo is smoothed, as a share of its box."""


api_version = 2


@hookimpl
def restorers() -> dict[str, type]:
    """The default, and the photo as it is."""
    return {"deblock": DeblockRestorer, "none": NoRestorer}


class DeblockRestorer:
    """Smooths visible JPEG blocking on and around the face, at qualities below about 20; leaves other photos unchanged."""

    def restore(self, photo: Photo, face: Face) -> Photo:
        """The photo, smoothed where it has to be."""
        return deblock(photo, face.box)


class NoRestorer:
    """Leaves the photo unchanged: the baseline for restorers."""

    def restore(self, photo: Photo, face: Face) -> Photo:  # noqa: ARG002  # of the stage
        """The same photo."""
        return photo


def deblock(photo: Photo, box: Float32[np.ndarray, "4"]) -> Photo:
    """The photo with the face in the box (left, top, right, bottom) and what is around it smoothed, where squares show."""
    inner, outer = _part(photo, box, 0), _part(photo, box, AROUND)
    face = encode_srgb(photo.rgb[inner]).mean(-1)
    jumps = blockiness(face) if min(face.shape) > 2 * SQUARE else 0.0
    if jumps < VISIBLE:
        return photo
    coded = cv2.cvtColor(encode_srgb(photo.rgb[outer]), cv2.COLOR_RGB2YCrCb)
    ways = ((SQUARE, 2 * jumps), (2 * SQUARE, jumps), (2 * SQUARE, jumps))  # colours are kept at half the resolution
    channels = [guided_filter(coded[..., number], *way) for number, way in enumerate(ways)]
    rgb = photo.rgb.copy()
    smooth = cv2.cvtColor(np.stack(channels, -1), cv2.COLOR_YCrCb2RGB)
    rgb[outer] = decode_srgb(np.clip(smooth, 0, 1))
    return replace(photo, rgb=rgb)


def blockiness(light: Float32[np.ndarray, "height width"]) -> float:
    """By how much the mean square of differences at every eighth pixel exceeds that of the others; the weaker of both ways."""
    found = []
    for axis in (0, 1):
        steps = np.minimum(np.diff(light, axis=axis) ** 2, LARGEST).mean(1 - axis)
        steps = steps[: len(steps) // SQUARE * SQUARE].reshape(-1, SQUARE)
        places = np.sort(steps.mean(0))
        found.append(float(places[-1] - np.median(places[:-1])))
    return min(found)


def _part(photo: Photo, box: Float[np.ndarray, "4"], around: float) -> tuple[slice, slice]:
    width, height = photo.size
    more = around * float(max(box[2] - box[0], box[3] - box[1]))
    left, right = np.clip((box[0] - more, box[2] + more), 0, width).astype(int).tolist()
    top, bottom = np.clip((box[1] - more, box[3] + more), 0, height).astype(int).tolist()
    return slice(top, bottom), slice(left, right)
