"""The fitter of the posterior: what a network sees and expects, and what becomes of it. The network is made up here."""

from dataclasses import replace

import numpy as np
import pytest
from facetex_plugins.fit import posterior
from facetex_plugins.fit.energy.surface_points import surface_points_at
from facetex_plugins.fit.points.surface_net import CROP, SurfaceNet, SurfacePrediction
from facetex_plugins.fit.posterior import PosteriorFitter, together
from lit_heads import SIZE, camera_at, seen
from sampled import all_skin, tiny_model

from facetex_core import Photo, PhotoError
from facetex_core.geometry.camera import project

MODEL = tiny_model()
TRUE = np.array([0.8, -0.6])
EYES_68 = slice(36, 48)


class Eyes:
    """A network that sees every landmark and dense point where it is, as surely as it is told."""

    def __init__(self, deviation=1.0, expected=(0.0, 0.0), sure=1.0, distance=None):
        self.deviation, self.expected, self.sure, self.distance = deviation, np.array(expected), sure, distance

    def predict(self, each):
        camera = CAMERAS[each.photo.name]
        points = np.concatenate([each.face.dense, each.face.landmarks])
        points = np.concatenate([points[:468], points[-68:]])
        far = depth_of_face(camera) if self.distance is None else self.distance
        deviations = np.full(len(points), self.deviation)
        return SurfacePrediction(
            points.astype(float), deviations, self.expected, np.full(2, self.sure), (float(np.log(far)), 0.05)
        )

    def places(self, model):
        e = MODEL.embedding
        triangles = np.concatenate([e.dense_triangles, e.landmark_triangles])
        weights = np.concatenate([e.dense_barycentric, e.landmark_barycentric]).astype(float)
        return surface_points_at(model, model.mesh.triangles[triangles], weights)


def depth_of_face(camera) -> float:
    """Of the middle of the mean head's landmarks."""
    e = MODEL.embedding
    middle = np.einsum("pk,pki->i", e.landmark_barycentric, MODEL.mean[MODEL.mesh.triangles[e.landmark_triangles]]) / 68
    return float((camera.world_to_camera[:3, :3] @ middle + camera.world_to_camera[:3, 3])[2])


CAMERAS = {f"{yaw}.jpg": camera_at(yaw) for yaw in (-20, 0, 20)}


def observed(yaw=0, identity=TRUE, focal=None):
    camera = CAMERAS[f"{yaw}.jpg"]
    face = seen(MODEL, identity, [0.3, 0.0], camera)
    photo = Photo(np.full((SIZE[1], SIZE[0], 3), 0.4, np.float32), f"{yaw}.jpg", focal)
    return replace(all_skin(photo, face.landmarks), face=face)


@pytest.fixture
def fitter(monkeypatch):
    def made(eyes):
        monkeypatch.setattr(PosteriorFitter, "model", MODEL)
        monkeypatch.setattr(posterior, "LANDMARKS_SHARE", 1e-9)
        one = PosteriorFitter()
        one.network = eyes
        return one

    return made


def test_what_is_seen_surely_is_found(fitter):
    (fit,) = fitter(Eyes(deviation=0.3)).fit([observed()])
    np.testing.assert_allclose(fit.identity, TRUE, atol=0.12)
    np.testing.assert_allclose(fit.expression, [0.3, 0.0], atol=0.1)


def test_what_is_hardly_seen_stays_as_it_was_expected(fitter):
    """And in between it goes part of the way."""
    told = {d: fitter(Eyes(deviation=d, expected=(0.5, 0.5))).fit([observed()])[0].identity for d in (0.3, 30.0, 3000.0)}
    np.testing.assert_allclose(told[3000.0], [0.5, 0.5], atol=0.02)
    away = [np.linalg.norm(told[d] - TRUE) for d in (0.3, 30.0, 3000.0)]
    assert away[0] < away[1] < away[2]


def test_a_sure_expectation_holds_more(fitter):
    loose, firm = (fitter(Eyes(deviation=30.0, sure=sure)).fit([observed()])[0].identity for sure in (1.0, 0.2))
    assert np.linalg.norm(firm) < np.linalg.norm(loose)


def test_photos_of_one_person_count_by_how_sure_they_are():
    told = [
        SurfacePrediction(np.zeros((1, 2)), np.ones(1), np.array(m), np.array(d), (0.0, 1.0))
        for m, d in (([1.0], [0.5]), ([3.0], [1.0]))
    ]
    mean, deviations = together(told)
    assert mean == pytest.approx([1.4])
    assert deviations == pytest.approx([np.sqrt(2 / 5)])


def test_several_photos_share_one_identity_and_tell_more(fitter):
    one, three = (fitter(Eyes(deviation=30.0)).fit([observed(yaw) for yaw in yaws]) for yaws in ((0,), (-20, 0, 20)))
    assert all(np.array_equal(fit.identity, three[0].identity) for fit in three)
    assert np.linalg.norm(three[0].identity - TRUE) < np.linalg.norm(one[0].identity - TRUE)


@pytest.mark.parametrize("times", [0.7, 1.4])
def test_the_focal_length_follows_the_distance_that_is_told(fitter, times):
    """As large a face farther away is a longer lens: the prior takes a little."""
    true = CAMERAS["0.jpg"]
    far = times * depth_of_face(true)
    (fit,) = fitter(Eyes(deviation=0.3, distance=far)).fit([observed()])
    ratio = fit.camera.intrinsics[0, 0] / true.intrinsics[0, 0]
    assert ratio == pytest.approx(times, rel=0.15)


def test_a_known_focal_length_is_kept(fitter):
    (fit,) = fitter(Eyes(distance=9.0)).fit([observed(focal=777.0)])
    assert fit.camera.intrinsics[0, 0] == pytest.approx(777)


def test_landmarks_lie_on_the_photo(fitter):
    given = observed(20)
    (fit,) = fitter(Eyes(deviation=0.3)).fit([given])
    e = MODEL.embedding
    points = np.einsum("pk,pki->pi", e.landmark_barycentric, fit.vertices[MODEL.mesh.triangles[e.landmark_triangles]])
    off = np.linalg.norm(project(fit.camera, points.astype(np.float32)) - given.face.landmarks, axis=1)
    assert np.median(off) < 1.0


def test_different_people_are_told(fitter, said):
    fitter(Eyes()).fit([observed(0, [2.5, -2.5]), observed(20, [-2.5, 2.5])])
    assert any("may show different people" in line for line in said)


def test_a_face_of_too_few_pixels_is_one_line():
    tiny = observed()
    small = replace(tiny.face, landmarks=(tiny.face.landmarks * 0.02).astype(np.float32))
    with pytest.raises(
        PhotoError, match=r"^0\.jpg: the face is too small for its points \(\d+ pixels about it; 30 are needed\)$"
    ):
        SurfaceNet("cpu").predict(replace(tiny, face=small))


def test_the_shipped_network_sees_a_face_where_the_detector_does():
    """Of the astronaut: within 4 % of the eye distance in the middle of the inner landmarks; the iris lies in the eye."""
    from facetex_core.testing.samples import observation, portrait, portrait_face

    given = observation(portrait(), portrait_face())
    prediction = SurfaceNet("cpu").predict(given)
    eyes = np.linalg.norm(given.face.landmarks[36] - given.face.landmarks[45])
    off = np.linalg.norm(prediction.points[468:536] - given.face.landmarks, axis=1)[17:]
    assert np.median(off) < 0.04 * eyes
    assert (prediction.deviations > 0).all()
    iris = prediction.points[-10::2].mean(0)
    contour = given.face.landmarks[[42, 43, 44, 45, 46, 47]]
    assert np.linalg.norm(iris - contour.mean(0)) < 0.1 * eyes
    assert CROP == 112
