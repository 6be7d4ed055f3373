"""The tables of landmarks agree with the face of the model that ships: each is its own mirror image."""

import numpy as np
import pytest
from facetex_model_zoo import model_path

from facetex_core.geometry import landmarks
from facetex_core.geometry.model_file import load_morphable_model

# fmt: off
MIRROR_68 = (
    *range(16, -1, -1), *range(26, 16, -1), 27, 28, 29, 30, *range(35, 30, -1), 45, 44, 43, 42, 47, 46, 39, 38, 37, 36, 41, 40,
    *range(54, 47, -1), *range(59, 54, -1), *range(64, 59, -1), *range(67, 64, -1),
)
# fmt: on


@pytest.fixture(scope="module")
def mirrored():
    """Of each of the 468, which lies nearest to its mirror image."""
    model = load_morphable_model(model_path("face_basis"))
    e = model.embedding
    places = np.einsum("pk,pki->pi", e.dense_barycentric, model.mean[model.mesh.triangles[e.dense_triangles]])
    away = np.linalg.norm(places[:, None] * [-1, 1, 1] - places[None], axis=-1)
    assert away.min(1).max() < 0.003
    return away.argmin(1)


@pytest.mark.parametrize("name", ["OVAL", "JAW", "INNER_LIPS", "UPPER_LIP"])
def test_what_runs_across_the_face_is_its_own_mirror_image(mirrored, name):
    table = getattr(landmarks, name)
    assert sorted(mirrored[list(table)]) == sorted(table)


def test_each_eye_is_the_other_one_mirrored_point_by_point(mirrored):
    assert mirrored[list(landmarks.EYES["right_eye"])].tolist() == list(landmarks.EYES["left_eye"])


def test_the_outer_corners_of_the_eyes_are_each_others_mirror_image(mirrored):
    assert mirrored[landmarks.RIGHT_EYE_CORNER] == landmarks.LEFT_EYE_CORNER


@pytest.mark.parametrize("name", ["FOREHEAD", "CHIN"])
def test_forehead_and_chin_lie_in_the_middle(mirrored, name):
    point = getattr(landmarks, name)
    assert mirrored[point] == point


def test_the_68_are_mirrored_as_those_of_ibug_are(mirrored):
    assert mirrored[list(landmarks.IBUG)].tolist() == [landmarks.IBUG[other] for other in MIRROR_68]
