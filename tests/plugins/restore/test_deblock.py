"""Strong compression: its squares are smoothed away, outlines and lightly compressed photos stay."""

from io import BytesIO

import numpy as np
from facetex_plugins.restore.deblock import blockiness, deblock
from facetex_plugins.restore.thresholds import BLOCKY
from PIL import Image

from facetex_core.imaging.colour import decode_srgb, encode_srgb
from facetex_core.structures import Photo

SIZE = 192
BOX = np.float32([16, 16, 176, 176])


def scene():
    """A shaded disc with grain before a blue ground, in sRGB."""
    y, x = np.mgrid[:SIZE, :SIZE] / SIZE - 0.5
    disc = (x**2 + y**2 < 0.16)[..., None]
    skin = np.array([0.8, 0.55, 0.45]) * (0.8 + 0.5 * x + 0.2 * y)[..., None]
    grain = 0.05 * np.random.default_rng(0).standard_normal((SIZE, SIZE, 1))
    return np.clip(np.where(disc, skin + grain, [0.25, 0.3, 0.45]), 0, 1)


def photo_of(coded):
    return Photo(decode_srgb(coded), "tiny.jpg")


def compressed(quality):
    file = BytesIO()
    Image.fromarray(np.rint(255 * scene()).astype(np.uint8)).save(file, "JPEG", quality=quality)
    return photo_of(np.asarray(Image.open(file), np.float32) / 255)


def jumps(photo):
    return blockiness(encode_srgb(photo.rgb[16:176, 16:176]).mean(-1))


def colour_error(photo):
    """Of what is no grey, inside of the disc."""
    true, found = scene()[60:130, 60:130], encode_srgb(photo.rgb)[60:130, 60:130]
    apart = (found - found.mean(-1, keepdims=True)) - (true - true.mean(-1, keepdims=True))
    return float(np.abs(apart).mean())


def test_squares_of_strong_compression_are_smoothed():
    photo = compressed(8)
    smooth = deblock(photo, BOX)
    assert jumps(photo) > BLOCKY
    assert jumps(smooth) < 0.5 * jumps(photo)
    assert colour_error(smooth) < 0.8 * colour_error(photo)


def test_outlines_stay():
    smooth = encode_srgb(deblock(compressed(8), BOX).rgb)
    assert (smooth[96, 40:60, 0] - smooth[96, 8:18, 0].mean()).min() > 0.15
    assert smooth[96, :12, 0].max() < 0.35


def test_a_lightly_compressed_photo_stays_as_it_is():
    photo = compressed(90)
    assert deblock(photo, BOX) is photo


def test_a_face_too_small_for_squares_stays_as_it_is():
    photo = compressed(8)
    assert deblock(photo, np.float32([0, 0, 10, 10])) is photo
