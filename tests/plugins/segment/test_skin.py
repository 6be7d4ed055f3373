"""Segmenters: probabilities over the whole photo, and what each pixel of a portrait shows."""

from dataclasses import replace
from hashlib import sha256

import numpy as np
import pytest
from facetex_model_zoo import model_path
from facetex_plugins.segment.skin import (
    GeometrySegmenter,
    SkinSegmenter,
    crop_matrix,
    cut_crop,
    fill_polygon,
    surroundings,
    warp,
)
from numpy.testing import assert_allclose
from skimage import data

from facetex_core import Face, Photo, Registry, load_preset
from facetex_core.imaging.colour import decode_srgb
from facetex_core.structures import CLASSES

CHEEKS = (50, 280, 187, 411, 205, 425)
"""MediaPipe's points in the middle of the cheeks."""
BETWEEN_BROWS, FRINGE, NOSE = 9, 10, 5


@pytest.fixture(scope="module")
def photo() -> Photo:
    """The astronaut: no glasses, hair down to the shoulders, teeth to be seen."""
    return Photo(decode_srgb((data.astronaut() / 255).astype(np.float32)), "astronaut")


@pytest.fixture(scope="module")
def face(photo) -> Face:
    detector = load_preset("embedded").make("detector", Registry())
    return max(detector.detect(photo), key=lambda found: found.score)


@pytest.fixture(scope="module", params=[SkinSegmenter, GeometrySegmenter])
def segmenter(request):
    return request.param()


@pytest.fixture(scope="module")
def mask(segmenter, photo, face):
    return segmenter.segment(photo, face).skin


@pytest.fixture(scope="module")
def classes(photo, face):
    return SkinSegmenter().segment(photo, face).probabilities


@pytest.fixture(scope="module")
def by_network(classes):
    return classes["skin"]


def around(mask, point, radius=2):
    """The mean over a few pixels."""
    x, y = np.floor(point).astype(int)
    return float(mask[y - radius : y + radius + 1, x - radius : x + radius + 1].mean())


def test_a_mask_is_a_probability_for_every_pixel(mask, photo):
    assert mask.shape == photo.rgb.shape[:2]
    assert mask.dtype == np.float32
    assert mask.min() >= 0
    assert mask.max() <= 1
    assert np.isfinite(mask).all()


def test_far_from_the_face_there_is_no_skin(mask, face):
    eyes = np.linalg.norm(face.landmarks[36] - face.landmarks[45])
    y, x = np.mgrid[: mask.shape[0], : mask.shape[1]] + 0.5
    middle = face.landmarks.mean(0)
    away = np.hypot(x - middle[0], y - middle[1]) > 4 * eyes
    assert away.mean() > 0.2
    assert_allclose(mask[away], 0, atol=0)


def test_cheeks_nose_and_brow_are_skin(mask, face):
    for point in (*CHEEKS, NOSE, BETWEEN_BROWS):
        assert around(mask, face.dense[point]) > 0.9


def test_eyes_and_the_open_mouth_are_not(mask, face):
    inner_mouth = face.landmarks[[61, 62, 63, 65, 66, 67]].mean(0)
    assert around(mask, inner_mouth, radius=1) < 0.3
    for eye in (range(36, 42), range(42, 48)):
        assert around(mask, face.landmarks[list(eye)].mean(0), radius=1) < 0.3


def test_no_tooth_is_skin(mask, face):
    """The whole of the open mouth, a pixel inside of the lips' edge."""
    import cv2

    mouth = fill_polygon(face.landmarks[60:68], mask.shape[1], mask.shape[0])
    inner = cv2.erode((mouth > 0.5).astype(np.uint8), np.ones((3, 3))) > 0
    assert inner.sum() > 100
    assert mask[inner].max() < 0.02


def test_the_network_is_sure_of_the_lower_face(by_network, face):
    """Three pixels inside of the jaw, the mouth left out."""
    import cv2

    size = by_network.shape[::-1]
    jaw = fill_polygon(np.concatenate([face.landmarks[2:15], face.landmarks[[35, 31]]]), *size) > 0.5
    lower = cv2.erode(jaw.astype(np.uint8), np.ones((7, 7))) > 0
    mouth = fill_polygon(face.landmarks[48:60], *size) > 0.01
    assert by_network[lower & ~mouth].mean() > 0.975


def test_the_network_sees_hair_and_background_beside_the_face(by_network, face):
    eyes = float(np.linalg.norm(face.landmarks[36] - face.landmarks[45]))
    crown = face.dense[10] - [0, 0.45 * eyes]
    beside = [face.landmarks[0] - [0.35 * eyes, 0.3 * eyes], face.landmarks[16] + [0.35 * eyes, -0.3 * eyes]]
    for point in (crown, face.dense[FRINGE], *beside):
        assert around(by_network, point) < 0.3


def test_the_network_tells_all_classes_and_a_pixel_shows_one_thing(classes, photo):
    assert set(classes) == set(CLASSES)
    for mask in classes.values():
        assert mask.shape == photo.rgb.shape[:2]
        assert mask.dtype == np.float32
        assert 0 <= mask.min() <= mask.max() <= 1
    assert sum(classes.values()).max() <= 1 + 1e-5


def test_hair_is_above_the_forehead_and_beside_the_face(classes, face):
    eyes = float(np.linalg.norm(face.landmarks[36] - face.landmarks[45]))
    crown = face.dense[10] - [0, 0.45 * eyes]
    beside = [face.landmarks[0] - [0.2 * eyes, 0.3 * eyes], face.landmarks[16] + [0.2 * eyes, -0.3 * eyes]]
    for point in (crown, *beside):
        assert around(classes["hair"], point) > 0.7
    for point in (NOSE, BETWEEN_BROWS, *CHEEKS):
        assert around(classes["hair"], face.dense[point]) < 0.05


def test_background_is_in_the_upper_corners_and_not_on_the_person(classes, face):
    background = classes["background"]
    for corner in (background[:20, :20], background[:20, -20:]):
        assert corner.mean() > 0.8
    eyes = float(np.linalg.norm(face.landmarks[36] - face.landmarks[45]))
    suit = face.landmarks[8] + [0, 0.9 * eyes]
    for point in (suit, face.dense[NOSE], face.dense[10] - [0, 0.45 * eyes]):
        assert around(background, point) < 0.1


def test_hair_and_background_get_what_is_left_and_background_goes_on_beyond_the_crop():
    told = np.stack([np.full((4, 4), 0.6, np.float32), np.full((4, 4), 0.3, np.float32)])
    taken = np.zeros((4, 12), np.float32)
    taken[:, 1], taken[:, 2] = 0.55, 1
    hair, background = surroundings(told, np.eye(2, 3), taken)
    assert_allclose(hair[0, :4], [0.6, 0.3, 0, 0.6], atol=1e-6)
    assert_allclose(background[0, :4], [0.3, 0.15, 0, 0.3], atol=1e-6)
    assert_allclose(hair[:, 5:], 0)
    assert_allclose(background[:, 5:], 0.3)


def test_hair_and_background_leave_the_skin_s_part_of_the_network_as_it_was():
    """Every weight that leads to the skin, and skin is the same to the bit whether the others are asked for."""
    import onnx

    whole = onnx.shape_inference.infer_shapes(onnx.load(model_path("skin")))
    part = onnx.utils.Extractor(whole).extract_model(["image"], ["skin"])
    weights = sorted((weight.name, weight.raw_data) for weight in part.graph.initializer)
    assert sha256(repr(weights).encode()).hexdigest() == "d73579fc8c669c8c9bafd3d88ab7df6a179df66322e51b04c1535668354b6f01"
    picture = {"image": np.random.default_rng(0).random((1, 3, 256, 256), np.float32)}
    both, alone = (model.run(["skin"], picture)[0] for model in map(open_bytes, (whole, part)))
    np.testing.assert_array_equal(both, alone)


def open_bytes(model):
    import onnxruntime

    return onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])


def test_a_hand_s_breadth_of_cloth_over_the_mouth_is_no_skin_for_the_network(photo, face):
    rgb, (top, bottom) = photo.rgb.copy(), face.landmarks[[33, 8], 1].astype(int)
    left, right = face.landmarks[[3, 13], 0].astype(int)
    rgb[top:bottom, left:right] = np.array([0.05, 0.12, 0.3], np.float32)
    covered = SkinSegmenter().segment(replace(photo, rgb=rgb), face).skin
    assert covered[top + 6 : bottom - 6, left + 10 : right - 10].mean() < 0.3
    assert around(covered, face.dense[BETWEEN_BROWS]) > 0.9


@pytest.mark.parametrize("turn", [-25.0, 40.0])
def test_the_mask_turns_with_the_photo(segmenter, mask, photo, face, turn):
    import cv2

    matrix = cv2.getRotationMatrix2D(tuple(map(float, face.landmarks.mean(0))), turn, 1.0)

    def moved(points):
        return (points @ matrix[:, :2].T + matrix[:, 2]).astype(np.float32)

    height, width = photo.rgb.shape[:2]
    turned = replace(photo, rgb=np.clip(warp(photo.rgb, matrix, width, height, cv2.BORDER_REPLICATE), 0, 1))
    found = segmenter.segment(turned, replace(face, landmarks=moved(face.landmarks), dense=moved(face.dense))).skin
    expected = warp(mask, matrix, width, height, cv2.BORDER_CONSTANT) > 0.5
    shared = ((found > 0.5) & expected).sum() / ((found > 0.5) | expected).sum()
    assert shared > 0.93


def test_the_68_landmarks_do_where_there_are_no_dense_ones(segmenter, mask, photo, face):
    sparse = segmenter.segment(photo, replace(face, dense=np.zeros((0, 2), np.float32))).skin
    shared = ((sparse > 0.5) & (mask > 0.5)).sum() / ((sparse > 0.5) | (mask > 0.5)).sum()
    assert shared > 0.85


def test_a_crop_and_back_is_where_it_was(face):
    height, width = 512, 512
    y, x = np.mgrid[:height, :width]
    picture = np.stack([x / 512, y / 512, 0 * x], -1).astype(np.float32)
    matrix = crop_matrix(face.landmarks, 256)
    import cv2

    crop = cut_crop(picture, matrix, 256)
    back = warp(crop, cv2.invertAffineTransform(matrix), width, height, cv2.BORDER_CONSTANT)
    x, y = face.dense[NOSE].astype(int)
    assert_allclose(back[y - 20 : y + 20, x - 20 : x + 20], picture[y - 20 : y + 20, x - 20 : x + 20], atol=0.3 / 512)


def test_a_polygon_covers_its_area():
    square = np.array([[10, 20], [30, 20], [30, 50], [10, 50]], np.float32)
    mask = fill_polygon(square, 64, 64)
    assert_allclose(mask[22:48, 12:28], 1)
    assert_allclose(mask[:18], 0)
    assert abs(mask.sum() - 20 * 30) < 100  # the soft edge adds less than a pixel all round
