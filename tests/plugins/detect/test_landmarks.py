"""The shipped detector: its points stay on a turned, small, grey, dark or compressed face; where no face is, none is found."""

from pathlib import Path

import cv2
import numpy as np
import pytest
import skimage
from facetex_model_zoo import model_path
from facetex_plugins.detect.alignment import face_square, non_max_suppression
from facetex_plugins.detect.landmarks import LandmarkDetector

from facetex_core import Face, Photo
from facetex_core.geometry.landmarks import LEFT_EYE_CORNER, RIGHT_EYE_CORNER
from facetex_core.imaging.colour import decode_srgb, encode_srgb
from facetex_core.io.photo_file import example_photo, load_photo

FACELESS = ("chelsea.png", "coffee.png", "rocket.jpg")


@pytest.fixture(scope="module")
def detector():
    return LandmarkDetector()


@pytest.fixture(scope="module")
def astronaut(detector):
    """The photo and its points."""
    photo = example_photo()
    return photo, detector.detect(photo)[0].dense


def apart(found, points):
    """Mean distance in percent of the distance of the outer eye corners."""
    return (
        100 * np.linalg.norm(found - points, axis=1).mean() / np.linalg.norm(points[RIGHT_EYE_CORNER] - points[LEFT_EYE_CORNER])
    )


@pytest.mark.parametrize("degrees", [-45, -30, 30, 45])
def test_the_points_turn_with_the_photo(detector, astronaut, degrees):
    photo, points = astronaut
    centre = face_square(points).centre
    matrix = cv2.getRotationMatrix2D(centre - 0.5, degrees, 1.0)
    turned = cv2.warpAffine(photo.rgb, matrix, photo.size, borderMode=cv2.BORDER_REFLECT)
    expected = (points - 0.5) @ matrix[:, :2].T + matrix[:, 2] + 0.5
    assert apart(detector.detect(Photo(turned))[0].dense, expected) < 2.0


@pytest.mark.parametrize("pixels", [64, 48, 32])
def test_the_points_stay_on_a_small_face(detector, astronaut, pixels):
    photo, points = astronaut
    scale = pixels / face_square(points).side
    size = round(photo.size[0] * scale), round(photo.size[1] * scale)
    small = cv2.resize(photo.rgb, size, interpolation=cv2.INTER_AREA)
    assert apart(detector.detect(Photo(small))[0].dense, points * np.array(size) / photo.size) < 2.5


@pytest.mark.parametrize("change", ["grey", "dark", "jpeg"])
def test_the_points_stay_in_a_poor_photo(detector, astronaut, change):
    photo, points = astronaut
    coded = (encode_srgb(photo.rgb) * 255).astype(np.uint8)
    if change == "grey":
        coded = np.repeat(cv2.cvtColor(coded, cv2.COLOR_RGB2GRAY)[..., None], 3, 2)
    elif change == "dark":
        coded = (coded * 0.25).astype(np.uint8)
    else:
        coded = cv2.imdecode(cv2.imencode(".jpg", coded, [cv2.IMWRITE_JPEG_QUALITY, 20])[1], cv2.IMREAD_COLOR)
    assert apart(detector.detect(Photo(decode_srgb(coded.astype(np.float32) / 255)))[0].dense, points) < 2.0


@pytest.mark.parametrize("name", FACELESS)
def test_a_picture_without_a_face_shows_none(detector, name):
    assert detector.detect(load_photo(Path(skimage.__file__).parent / "data" / name)) == ()


def test_noise_shows_no_face(detector):
    noise = np.random.default_rng(0).random((300, 400, 3), np.float32)
    assert detector.detect(Photo(noise)) == ()


def face(box, score):
    return Face(np.array(box, np.float32), np.zeros((68, 2), np.float32), np.zeros((468, 2), np.float32), score)


def test_an_earring_is_no_second_face():
    head, earring = face((100, 100, 300, 300), 0.9), face((80, 250, 110, 280), 0.6)
    assert non_max_suppression([earring, head]) == [head]


def test_a_small_face_apart_from_a_large_one_is_kept():
    head, child = face((100, 100, 300, 300), 0.9), face((400, 250, 440, 290), 0.6)
    assert non_max_suppression([child, head]) == [head, child]


def test_the_nets_together_are_small():
    assert sum(model_path(name).stat().st_size for name in ("faces", "landmarks")) < 6e6
