import numpy as np
from facetex_core import Face, Photo
from facetex_likeness import PLACES, chip, similarity_to


def test_a_face_is_cut_out_where_the_network_expects_it() -> None:
    turn = np.array([[1.8, -0.9], [0.9, 1.8]])
    points = PLACES @ turn.T + [200, 90]
    matrix = similarity_to(PLACES, points)
    np.testing.assert_allclose(points @ matrix[:, :2].T + matrix[:, 2], PLACES, atol=1e-6)


def test_the_picture_is_in_the_network_s_units() -> None:
    landmarks = np.random.default_rng(0).uniform(100, 300, (68, 2)).astype(np.float32)
    face = Face(np.array([100, 100, 300, 300], np.float32), landmarks, np.zeros((0, 2), np.float32), 1.0)
    found = chip(Photo(np.full((400, 400, 3), 0.5, np.float32)), face)
    np.testing.assert_allclose(found, np.full((1, 3, 150, 150), 187.5), atol=0.5)
