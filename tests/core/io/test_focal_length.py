"""The focal length that files tell."""

import numpy as np
import pytest
from PIL import Image

from facetex_core.io.focal_length import EXIF, FOCAL_35MM, NOTED_SIZE
from facetex_core.io.photo_file import load_photo

WIDE = 160, 120
DIAGONAL = 200.0


def written(path, size=WIDE, **tags):
    image = Image.fromarray(np.full((size[1], size[0], 3), 90, np.uint8))
    exif = image.getexif()
    exif.get_ifd(EXIF).update({int(name[1:]): value for name, value in tags.items()})
    if "orientation" in tags:
        exif[0x0112] = tags["orientation"]
    image.save(path, exif=exif)
    return path


def tag(number, value):
    return {f"t{number}": value}


@pytest.mark.parametrize("name", ["a.jpg", "a.webp"])
def test_a_lens_s_angle_is_that_of_the_picture(tmp_path, name):
    """28 mm sees 75 degrees across the diagonal."""
    photo = load_photo(written(tmp_path / name, **tag(FOCAL_35MM, 28)))
    angle = 2 * np.degrees(np.arctan(DIAGONAL / 2 / photo.focal))
    assert angle == pytest.approx(75.4, abs=0.1)


def test_a_turned_or_reduced_photo_has_the_same_angle(tmp_path):
    noted = {**tag(FOCAL_35MM, 50), **tag(NOTED_SIZE[0], 3200), **tag(NOTED_SIZE[1], 2400)}
    photo = load_photo(written(tmp_path / "a.jpg", WIDE[::-1], **noted))
    assert photo.focal == pytest.approx(50 / 43.27 * DIAGONAL)


@pytest.mark.parametrize(
    "tags",
    [
        {},
        tag(FOCAL_35MM, 0),
        tag(FOCAL_35MM, 5),
        tag(FOCAL_35MM, 60000),
        {**tag(FOCAL_35MM, 50), **tag(NOTED_SIZE[0], 3200), **tag(NOTED_SIZE[1], 3200)},
    ],
)
def test_what_is_not_told_or_of_another_picture_is_not_known(tmp_path, tags):
    """None, none that lenses have, or noted of a picture that was cut since."""
    assert load_photo(written(tmp_path / "a.jpg", **tags)).focal is None


def test_damaged_metadata_tell_nothing(tmp_path):
    path = written(tmp_path / "a.jpg", **tag(FOCAL_35MM, 50))
    whole = path.read_bytes()
    start = whole.index(b"Exif\0\0") + 6
    for place in range(start, start + 40):
        path.write_bytes(whole[:place] + b"\xff" + whole[place + 1 :])
        focal = load_photo(path).focal
        assert focal is None or focal > 0
