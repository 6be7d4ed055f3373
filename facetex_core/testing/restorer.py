"""What every restorer promises."""

import numpy as np
from jaxtyping import Float32

from facetex_core.imaging.colour import encode_srgb, luminance
from facetex_core.lazy import cv2
from facetex_core.structures import Face, Photo
from facetex_core.testing.contract import Contract, demand
from facetex_core.testing.samples import portrait, portrait_face

SHIFT = 0.5
"""Pixels that the face may seem to move by."""
ALIKE = 0.05
"""Mean difference of sRGB-coded light on the face of a photo that has nothing to mend."""


class RestorerContract(Contract):
    """A photo of the same size whose face stays where it is; a clean photo hardly changes."""

    role = "restorer"

    def given(self) -> tuple[Photo, Face]:
        """A clean portrait and its face."""
        return portrait(), portrait_face()

    def test_the_face_stays_where_it_is(self) -> None:
        """Landmarks were found before; by phase correlation of the face's box."""
        before, after = (luminance(_face(photo)) for photo in (portrait(), self.result))
        (right, down), _ = cv2.phaseCorrelate(before.astype(np.float64), after.astype(np.float64))
        far = float(np.hypot(right, down))
        told = f"restore(): the face has moved by {far:.2f} pixels; at most {SHIFT}"
        demand(far <= SHIFT, f"{told}: landmarks were found in the photo that came in")

    def test_a_clean_photo_hardly_changes(self) -> None:
        """It is the same person in the same light."""
        off = float(np.abs(encode_srgb(_face(portrait())) - encode_srgb(_face(self.result))).mean())
        told = f"restore(): a clean face changes by {off:.3f} on average; at most {ALIKE}"
        demand(off <= ALIKE, f"{told}: photos are linear light, colour.encode_srgb makes what networks want")


def _face(photo: Photo) -> Float32[np.ndarray, "height width 3"]:
    left, top, right, bottom = portrait_face().box.astype(int).tolist()
    return np.ascontiguousarray(photo.rgb[top:bottom, left:right])
