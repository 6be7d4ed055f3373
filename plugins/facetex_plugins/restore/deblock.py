"""Restorer for strongly compressed photographs: squares of JPEG's cosine transform are taken for neither skin nor shape.

Squares show as jumps at every eighth pixel, stronger than between (Wang, Bovik and Evans 2000). What is no larger than
those jumps is smoothed by a guided filter (He, Sun and Tang 2010).
"""

from dataclasses import replace

import numpy as np
from jaxtyping import Float32

from facetex_core import Face, Photo, hookimpl
from facetex_core.imaging.colour import decode_srgb, encode_srgb
from facetex_core.lazy import cv2
from facetex_plugins.restore.guided_filter import guided_filter, part_around
from facetex_plugins.restore.thresholds import AROUND, BLOCKY, LARGEST_JUMP

SQUARE = 8

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
    inner, outer = part_around(photo, box, 0), part_around(photo, box, AROUND)
    face = encode_srgb(photo.rgb[inner]).mean(-1)
    jumps = blockiness(face) if min(face.shape) > 2 * SQUARE else 0.0
    if jumps < BLOCKY:
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
        steps = np.minimum(np.diff(light, axis=axis) ** 2, LARGEST_JUMP).mean(1 - axis)
        steps = steps[: len(steps) // SQUARE * SQUARE].reshape(-1, SQUARE)
        places = np.sort(steps.mean(0))
        found.append(float(places[-1] - np.median(places[:-1])))
    return min(found)
