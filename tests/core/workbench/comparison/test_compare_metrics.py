"""Each figure of a comparison on a head for which it is known beforehand."""

from dataclasses import replace

import numpy as np
import pytest
from numpy.testing import assert_allclose
from sampled import all_skin, tiny_fit, tiny_head

from facetex_core import Face, Photo, Texture, View
from facetex_core.geometry.camera import project
from facetex_core.workbench.comparison.cache import measured
from facetex_core.workbench.comparison.metrics import (
    face_pixels,
    figures_against,
    reprojection,
    seam,
    shading_left,
    skin_of,
    tone_of,
)
from facetex_core.workbench.comparison.pictures import PAGE_SIDE, crops_of, photo_cut
from facetex_core.workbench.evaluation.hidden_error import psnr
from facetex_core.workbench.evaluation.suite import Truth
from facetex_core.workbench.evaluation.surface_error import fitted_skin

SIZE = 256


def view(shift=0.0):
    """The tiny head in its photo, with landmarks so many pixels to the right of where the model has them."""
    fit = tiny_fit()
    landmarks = project(fit.camera, fitted_skin(fit).landmarks) + np.float32([shift, 0])
    low, high = landmarks.min(0), landmarks.max(0)
    face = Face(np.concatenate([low, high]), landmarks, np.zeros((0, 2), np.float32), 1.0)
    photo = Photo(np.full((200, 160, 3), 0.4, np.float32))
    texture = Texture(np.zeros((8, 8, 3), np.float32), np.zeros((8, 8), np.float32))
    return View(replace(all_skin(photo), face=face), fit, texture)


def head(rgb, visibility=None):
    known = tiny_head(SIZE)
    albedo = Texture(np.asarray(rgb, np.float32), np.ones((SIZE, SIZE), np.float32) if visibility is None else visibility)
    return replace(known, albedo=albedo)


def even(value=0.3):
    return np.full((SIZE, SIZE, 3), value, np.float32)


def test_landmarks_that_lie_where_the_model_has_them_are_0_off():
    assert reprojection(view()) == pytest.approx(0, abs=1e-4)


def test_landmarks_one_eye_distance_away_are_100_percent_off():
    found = view().observation.face.landmarks
    eyes = float(np.linalg.norm(found[36] - found[45]))
    assert reprojection(view(shift=eyes)) == pytest.approx(100, rel=1e-4)


def test_psnr_is_of_coded_values_where_it_is_asked():
    one, other = even(0.0), even(0.0)
    other[:10] = 1
    top = np.zeros((SIZE, SIZE), bool)
    top[:10] = True
    assert psnr(one[top], other[top]) == pytest.approx(0, abs=1e-4)
    assert psnr(one[~top], other[~top]) == pytest.approx(100)
    assert np.isnan(psnr(one[top & ~top], other[top & ~top]))


def test_the_pixels_of_the_face_are_in_front_of_it():
    fit = tiny_fit()
    shown = face_pixels(fit, fit.camera)
    assert shown.shape == (200, 160)
    nose = np.round(project(fit.camera, fitted_skin(fit).landmarks[30:31])[0]).astype(int)
    assert shown[nose[1], nose[0]] == 1
    assert shown[0, 0] == 0


@pytest.mark.parametrize("stops", [0.0, 0.05, 0.2])
def test_light_from_one_side_is_found_to_its_size(stops):
    side = np.interp(np.arange(SIZE), [0.45 * SIZE, 0.55 * SIZE], [stops, -stops])
    assert shading_left(head(even() * np.exp(side)[None, :, None])) == pytest.approx(100 * stops, rel=0.25, abs=0.01)


def test_what_both_halves_share_is_no_light_left():
    rows = np.exp(np.linspace(-0.5, 0.5, SIZE))[:, None, None]
    assert shading_left(head(even() * rows)) < 0.05


def test_the_tone_of_grey_skin_is_grey():
    lightness, a, b = tone_of(head(even(0.184)))
    assert_allclose([lightness, a, b], [50, 0, 0], atol=0.1)


def test_a_step_at_the_border_is_a_seam_and_grain_alone_is_none():
    noise = np.random.default_rng(0).normal(0, 0.02, (SIZE, SIZE, 1))
    grain = even() * np.exp(noise)
    visibility = np.zeros((SIZE, SIZE), np.float32)
    visibility[:, : SIZE // 2] = 1
    step = np.where(visibility[..., None] > 0, grain * 1.3, grain)
    assert seam(head(grain, visibility)) == pytest.approx(1, abs=0.35)
    assert seam(head(step, visibility)) > 10
    assert np.isnan(seam(head(grain)))


def test_crops_are_texels_of_plain_skin():
    albedo = even()
    albedo[~skin_of(head(albedo))] = 0
    for crop in crops_of(head(albedo)).values():
        assert crop.shape == (SIZE // 6, SIZE // 6, 3)
    noise = np.random.default_rng(0).random((SIZE, SIZE, 3))
    assert len({crop.tobytes() for crop in crops_of(head(noise)).values()}) == 3


def test_the_photo_is_cut_round_the_face_and_seen_by_its_own_camera():
    seen = view()
    cut, camera = photo_cut(seen)
    assert cut.rgb.shape == (PAGE_SIDE, PAGE_SIDE, 3)
    nose = project(camera, fitted_skin(seen.fit).landmarks[30:31])[0]
    assert 0.2 * PAGE_SIDE < nose.min() < nose.max() < 0.8 * PAGE_SIDE
    assert cut.visibility[int(nose[1]), int(nose[0])] == 1
    assert cut.visibility[0, 0] == 0


def truth_of(fit, albedo):
    model = fit.model
    mesh = replace(model.mesh, vertices=fit.vertices)
    skin = np.unique(mesh.triangles[mesh.parts["skin"]])
    face = skin[model.regions["face"][skin] > 0.5].astype(np.int32)
    return Truth(mesh=mesh, face=face, points=fitted_skin(fit).landmarks, camera=fit.camera, albedo=albedo)


def test_the_truth_itself_has_no_error():
    albedo = np.random.default_rng(0).uniform(0.2, 0.4, (SIZE, SIZE, 3)).astype(np.float32)
    found = figures_against(truth_of(tiny_fit(), albedo), head(albedo), None)
    assert found["surface_mm"] < 0.01
    assert found["normals_deg"] < 0.5
    assert found["albedo_psnr"] > 45
    assert found["albedo_ssim"] > 0.99


def test_a_head_that_is_moved_and_grown_has_the_same_surface_and_one_with_another_identity_has_not():
    fit = tiny_fit()
    truth = truth_of(fit, even())
    moved = replace(truth.mesh, vertices=np.asarray(truth.mesh.vertices * 1.1 + 0.05, np.float32))
    points = np.asarray(truth.points * 1.1 + 0.05, np.float32)
    same = figures_against(replace(truth, mesh=moved, points=points), head(even()), None)
    other = figures_against(truth, replace(head(even()), fit=replace(fit, identity=np.float32([3, -3]))), None)
    assert same["surface_mm"] < 0.05
    assert other["surface_mm"] > 1
    assert other["normals_deg"] > 1


def test_what_the_truth_lacks_is_not_measured():
    assert figures_against(Truth(), head(even()), None) == {}
    assert set(figures_against(replace(truth_of(tiny_fit(), None)), head(even()), None)) == {"surface_mm", "normals_deg"}


def test_memory_is_what_the_work_itself_takes():
    with measured() as small:
        pass
    with measured() as large:
        block = np.ones(10_000_000, np.float64)
        del block
    if large.grown_mb is None:
        pytest.skip("this system does not tell the peak of a process")
    assert large.grown_mb == pytest.approx(80, rel=0.2)
    assert small.grown_mb < 5
    assert large.seconds > 0
