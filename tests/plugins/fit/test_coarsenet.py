"""CoarseNet's loop and what becomes of its answers; answers made here stand in for the network."""

from dataclasses import replace

import numpy as np
import pytest
from facetex_plugins.fit import coarsenet
from facetex_plugins.fit.coarsenet import CoarseNetFitter
from facetex_plugins.fit.energy.fit_person import LANDMARKS
from facetex_plugins.fit.feedback.channels import PLANES, feedback, thinned
from facetex_plugins.fit.feedback.estimate import (
    FRONT,
    POSE,
    REACH,
    SEEN_SIDE,
    START,
    Estimate,
    answered,
    crop_camera,
    photo_camera,
    principal_of,
    seen_as,
    start,
)
from lit_heads import SIZE, camera_at, seen
from sampled import tiny_model

from facetex_core import Observation, Photo, PhotoError, Segmentation
from facetex_core.geometry.camera import project
from facetex_core.geometry.geometry_images import geometry_images
from facetex_core.imaging.face_square import WIDER, cropped, grey, square_of, wide_square_of

MODEL = tiny_model()
MODES, EXPRESSIONS = len(MODEL.identity), len(MODEL.expression)


class Network:
    """Answers each look in turn and keeps what it was shown."""

    def __init__(self, *answers):
        self.answers, self.shown = list(answers), []

    def run(self, names, given):
        self.shown.append(given["picture"])
        told = self.answers[(len(self.shown) - 1) % len(self.answers)]
        return [np.float32(told[name])[None] for name in names]


def answer(identity=0.0, deviation=1.0, **pose):
    steps = np.zeros(POSE)
    for name, value in pose.items():
        steps[int(name[1:])] = value
    return {
        "pose": steps,
        "identity": np.full(MODES, identity),
        "expression": np.full(EXPRESSIONS, 0.25),
        "deviation": np.full(MODES, deviation),
    }


@pytest.fixture
def fitter(monkeypatch):
    """On the tiny model, whose network is set by each test."""
    monkeypatch.setattr(coarsenet, "model_path", lambda name: name)
    monkeypatch.setattr(CoarseNetFitter, "model", MODEL)

    def made(network, **options):
        monkeypatch.setattr(coarsenet, "open_session", lambda *_: network)
        return CoarseNetFitter(**options)

    return made


def observed(yaw=0.0, camera=None, name="a.jpg"):
    camera = camera or camera_at(yaw)
    width, height = camera.size
    photo = Photo(np.full((height, width, 3), 0.3, np.float32), name)
    face = seen(MODEL, np.zeros(MODES), np.zeros(EXPRESSIONS), camera)
    return Observation(photo, face, Segmentation({"skin": np.ones((height, width), np.float32)}))


def test_it_looks_as_often_as_it_is_told_and_sees_its_own_head(fitter):
    network = Network(answer(p1=0.4))
    fitter(network, passes=3).fit([observed()])
    assert [each.shape for each in network.shown] == [(1, PLANES, SEEN_SIDE, SEEN_SIDE)] * 3
    first, second, third = (each[0] for each in network.shown)
    np.testing.assert_array_equal(first[0], second[0])
    assert np.abs(first[1:] - second[1:]).max() > 0.1
    np.testing.assert_allclose(first[0], 0.5838, atol=0.01)  # 0.3 in sRGB's code
    np.testing.assert_array_equal(second[1:], third[1:])


def test_the_last_answer_counts(fitter):
    (fit,) = fitter(Network(answer(0.5, p3=1.0), answer(0.8, p3=0.5)), passes=2).fit([observed()])
    np.testing.assert_allclose(fit.identity, 0.8, rtol=1e-6)
    np.testing.assert_allclose(fit.expression, 0.25)
    (still,) = fitter(Network(answer()), passes=2).fit([observed()])
    depths = [each.camera.world_to_camera[2, 3] / each.camera.intrinsics[0, 0] for each in (fit, still)]
    np.testing.assert_allclose(depths[0] / depths[1], np.exp(-0.5 * REACH[3]), rtol=0.02)


def test_what_the_network_misses_of_the_landmarks_is_told_and_the_texture_follows_them(fitter):
    (fit,) = fitter(Network(answer(p1=0.3)), passes=1).fit([observed()])
    assert fit.residuals[LANDMARKS] > 1
    assert np.abs(fit.residual_flow).max() > 1


def test_the_surest_photo_tells_most_of_the_identity(fitter):
    fits = fitter(Network(answer(1.0, 0.5), answer(0.0, 1.0)), passes=1).fit([observed(), observed(10.0, name="b.jpg")])
    np.testing.assert_allclose(fits[0].identity, 0.8, rtol=1e-6)
    np.testing.assert_array_equal(fits[0].identity, fits[1].identity)


def test_a_face_of_too_few_pixels_is_one_line(fitter):
    small = observed()
    face = replace(small.face, landmarks=small.face.landmarks / 40)
    with pytest.raises(PhotoError, match=r"^a\.jpg: the face is too small for coarsenet \(\d+ pixels about it; it needs 30\)$"):
        fitter(Network(answer())).fit([replace(small, face=face)])


@pytest.mark.parametrize("roll", [0.0, 0.3])
def test_a_true_estimate_gives_the_photo_s_camera_back(roll):
    """Whatever the focal length, wherever the face is in the photo."""
    true = camera_at(25.0)
    turn = np.eye(4, dtype=np.float32)
    turn[:2, :2] = [[np.cos(roll), -np.sin(roll)], [np.sin(roll), np.cos(roll)]]
    true = replace(true, world_to_camera=turn @ true.world_to_camera)
    moved = true.world_to_camera.copy()
    moved[0, 3] += 0.05
    true = replace(true, world_to_camera=moved)
    square, pivot = wide_square_of(observed(camera=true).face.landmarks), thinned(MODEL).pivot
    matrix, plane = square.matrix(SEEN_SIDE), np.eye(3)
    plane[:2, :2] = matrix[:2, :2] * square.side / SEEN_SIDE
    intrinsics = matrix @ true.intrinsics @ plane.T
    rotation = plane @ true.world_to_camera[:3, :3].astype(np.float64)
    middle = rotation @ pivot + plane @ true.world_to_camera[:3, 3]
    seen_rotation, rest = seen_as(rotation, middle, intrinsics)
    found = photo_camera(Estimate(seen_rotation, rest, *(np.zeros(1, np.float32),) * 2), pivot, square, SIZE)
    np.testing.assert_allclose(found.intrinsics, true.intrinsics, rtol=1e-4)
    np.testing.assert_allclose(found.world_to_camera, true.world_to_camera, atol=1e-5)
    crop = crop_camera(Estimate(seen_rotation, rest, *(np.zeros(1, np.float32),) * 2), pivot, principal_of(square, SIZE))
    points = project(true, MODEL.mean) @ matrix[:2, :2].T + matrix[:2, 2]
    np.testing.assert_allclose(project(crop, MODEL.mean), points, atol=0.02)


def test_what_is_fed_back_is_facetex_s_own_geometry_images():
    thin, present = thinned(MODEL), start(MODES, EXPRESSIONS)
    principal = np.array([0.4, 0.6])
    found = feedback(thin, present, principal)
    wanted = geometry_images(crop_camera(present, thin.pivot, principal), thin.vertices(present), thin.mesh, thin.code)
    np.testing.assert_allclose(found[:3], wanted.pncc.transpose(2, 0, 1), atol=1e-5)
    np.testing.assert_allclose(found[3:], wanted.normals.transpose(2, 0, 1), atol=1e-5)


def test_poses_stay_where_heads_can_be():
    present = answered(np.full(POSE, 90, np.float32), *(np.zeros(1, np.float32),) * 2)
    assert np.abs(present.rest - START).max() < 3
    np.testing.assert_allclose(present.rotation @ present.rotation.T, FRONT @ FRONT, atol=1e-9)


def test_the_crop_is_upright_and_as_wide_as_the_square():
    rng = np.random.default_rng(0)
    landmarks = observed(15.0).face.landmarks
    square = square_of(landmarks)
    angle = 0.4
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]], np.float32)
    turned = square_of(landmarks @ turn.T)
    assert turned.side == pytest.approx(square.side, rel=1e-4)
    assert wide_square_of(landmarks).side == pytest.approx(WIDER * square.side)
    assert turned.roll - square.roll == pytest.approx(angle, abs=1e-4)
    matrix = square.matrix(SEEN_SIDE)
    placed = landmarks @ matrix[:2, :2].T + matrix[:2, 2]
    assert 0 < placed.min() < placed.max() < SEEN_SIDE
    picture = rng.random((640, 640, 3)).astype(np.float32)
    assert grey(cropped(picture, square, SEEN_SIDE)).shape == (SEEN_SIDE, SEEN_SIDE)
