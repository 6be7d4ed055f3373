"""Focal lengths: what a photo's file tells, and from the millimetres of 35 mm film to pixels."""

import math
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from PIL.Image import Image

EXIF, FOCAL_35MM, NOTED_SIZE = 0x8769, 0xA405, (0xA002, 0xA003)
"""Tags of Exif 2.32 (CIPA DC-008): its own directory, FocalLengthIn35mmFilm, PixelXDimension and PixelYDimension."""
FILM_DIAGONAL = 43.27
"""Millimetres of a frame of 35 mm film, 36 by 24."""
USUAL = (8.0, 2000.0)
"""Millimetres that lenses have."""
ALIKE = 0.02
"""How far the shape of the picture may be from the one that the camera noted: a photo that was cut has another focal length."""


def focal_pixels(millimetres: float, size: tuple[int, int]) -> float:
    """A focal length of 35 mm film in pixels of a picture of this size: both have the same angle across the diagonal."""
    return millimetres / FILM_DIAGONAL * math.hypot(*size)


def exif_focal(image: "Image") -> float | None:
    """Millimetres for 35 mm film; none where the file does not tell, or tells of a picture of another shape."""
    tags = image.getexif().get_ifd(EXIF)
    millimetres = float(tags.get(FOCAL_35MM, 0))
    noted = [float(tags.get(tag, 0)) for tag in NOTED_SIZE]
    if min(noted) > 0 and abs(max(noted) / min(noted) / (max(image.size) / min(image.size)) - 1) > ALIKE:
        return None
    return millimetres if USUAL[0] <= millimetres <= USUAL[1] else None
