"""Renders against photos: distances and ranks of vectors that are known."""

import numpy as np
import pytest

from facetex_core import Face, ModelError, Photo, PluginError
from facetex_core.workbench.evaluation.likeness import Seen, distance, likeness, vector_of

PHOTO = Photo(np.zeros((8, 8, 3), np.float32))
FACE = Face(np.array([0, 0, 8, 8], np.float32), np.zeros((68, 2), np.float32), np.zeros((0, 2), np.float32), 1.0)


def at(degrees) -> np.ndarray:
    return np.array([np.cos(np.radians(degrees)), np.sin(np.radians(degrees))])


def seen(photo, yaw, degrees) -> Seen:
    return Seen(f"{photo}.jpg", photo.split("-")[0], yaw, None if degrees is None else at(degrees))


def test_the_nearest_photo_is_of_its_own_person_or_not():
    photos = [seen("anna-1", None, 0), seen("anna-2", None, 60), seen("ben", None, 90)]
    renders = [seen("anna-1", 0, 10), seen("ben", 0, 70), seen("ben", 30, None)]
    front, turned = likeness([*photos, *renders])
    assert (front.yaw, front.renders, front.found, front.rank1) == (0, 2, 2, 0.5)  # ben is nearer to anna-2
    assert front.own == pytest.approx((2 * np.sin(np.radians(5)) + 2 * np.sin(np.radians(10))) / 2)
    assert front.other == pytest.approx((2 * np.sin(np.radians(40)) + 2 * np.sin(np.radians(5))) / 2)
    assert (turned.found, turned.rank1, turned.own, turned.other) == (0, None, None, None)


def test_one_person_alone_has_no_rank():
    (row,) = likeness([seen("anna", None, 0), seen("anna", 0, 10)])
    assert row.rank1 is None
    assert row.own == pytest.approx(2 * np.sin(np.radians(5)))
    with pytest.raises(ValueError, match="without a face"):
        distance(seen("anna", None, None), seen("anna", 0, 1))


@pytest.mark.parametrize(
    ("answer", "told"),
    [
        (lambda: np.ones((2, 2)), r"unit vector was expected, not one of shape \(2, 2\)"),
        (lambda: np.full(4, 3.0), "not one of length 6"),
        (lambda: 1 / 0, "ZeroDivisionError: division by zero"),
        (lambda: "words", "ValueError"),
    ],
)
def test_what_is_no_unit_vector_is_the_plugin_s_fault(answer, told):
    with pytest.raises(PluginError, match=f"face embedding 'toy': .*{told}"):
        vector_of("toy", lambda _photo, _face: answer(), PHOTO, FACE)


def test_a_model_that_is_missing_is_told_as_it_is():
    def missing(_photo, _face):
        raise ModelError("model 'x' is not installed")

    with pytest.raises(ModelError, match="not installed"):
        vector_of("toy", missing, PHOTO, FACE)
