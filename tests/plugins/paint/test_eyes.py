"""Eyes and mouth: painted on their islands, the iris in the photo's own colour, the skin left alone."""

from dataclasses import replace

import numpy as np
import pytest
from facetex_plugins.paint.iris import BROWN, iris_colour, of_one_person
from facetex_plugins.paint.parts import EyePainter
from facetex_plugins.paint.thresholds import DARKEST_IRIS
from numpy.testing import assert_allclose, assert_array_equal
from sampled import EYE_RADIUS, EYES, ISLANDS, tiny_fit, tiny_model, tiny_texture, view_of

from facetex_core.geometry.camera import project
from facetex_core.geometry.uv_raster import all_texels
from facetex_core.imaging.colour import luminance
from facetex_core.parts.eyes import IRIS_RADIUS, eye_frame
from facetex_core.structures import Photo

SIZE = 128
BLUE = np.float32([0.08, 0.14, 0.24])
SIDES = ("left_eye", "right_eye")


def portrait(iris, times=4):
    """Skin with white eyes and an iris in each, in the light of the fit (0.8), seen `times` as large as tiny_fit's photo."""
    fit = enlarged(times)
    rgb = np.full((200 * times, 160 * times, 3), (0.4, 0.25, 0.2), np.float32)
    y, x = np.mgrid[: rgb.shape[0], : rgb.shape[1]] + 0.5
    for side in SIDES:
        contour, embedding = slice(36, 42) if side == "right_eye" else slice(42, 48), fit.model.embedding
        triangles, weights = embedding.landmark_triangles[contour], embedding.landmark_barycentric[contour]
        points = np.einsum("pkc,pk->pc", fit.vertices[fit.model.mesh.triangles[triangles]], weights).astype(np.float32)
        centre = project(fit.camera, points).mean(0)
        metre = fit.camera.intrinsics[0, 0] / np.linalg.norm(fit.camera.position - points.mean(0))
        away = np.hypot(x - centre[0], y - centre[1]) / metre
        rgb[away < 0.016] = 0.6
        rgb[away < IRIS_RADIUS] = 0.8 * np.asarray(iris)
        rgb[away < 0.35 * IRIS_RADIUS] = 0.005
    return Photo(rgb, "tiny.jpg"), fit


def seen(photo, fit, albedo=None):
    return view_of(albedo or tiny_texture(SIZE), fit, photo=photo)


def enlarged(times):
    fit = tiny_fit()
    camera = fit.camera
    intrinsics = (np.diag([times, times, 1]) @ camera.intrinsics).astype(np.float32)
    return replace(fit, camera=replace(camera, intrinsics=intrinsics, size=(160 * times, 200 * times)))


def rows_of(part, size=SIZE):
    left, top, width, height = ISLANDS[part]
    spans = ((top + 0.02, top + height - 0.02), (left + 0.02, left + width - 0.02))
    return tuple(slice(round(start * size), round(stop * size)) for start, stop in spans)


@pytest.mark.parametrize("side", SIDES)
def test_the_iris_has_the_photo_s_colour(side):
    photo, fit = portrait(BLUE)
    assert_allclose(iris_colour(seen(photo, fit), side), BLUE, rtol=0.1)


@pytest.mark.parametrize("side", SIDES)
def test_an_iris_in_the_dark_is_brown_whatever_is_left_of_its_colour(side):
    photo, fit = portrait([0.012, 0.0003, 0.0003])
    colour = iris_colour(seen(photo, fit), side)
    assert luminance(colour) >= 0.99 * DARKEST_IRIS
    assert_allclose(colour / luminance(colour), BROWN / luminance(np.float32(BROWN)), rtol=0.25)


@pytest.mark.parametrize("side", SIDES)
def test_no_colour_is_made_up_where_no_iris_is_seen(side):
    photo, fit = portrait(BLUE)
    plain = Photo(np.full_like(photo.rgb, 0.3), photo.name)
    assert iris_colour(seen(plain, fit), side) is None
    small, far = portrait(BLUE, times=1)
    assert far.camera.intrinsics[0, 0] * IRIS_RADIUS / 0.9 < 5
    assert iris_colour(seen(Photo(small.rgb[:60], small.name), far), side) is None


def test_both_irises_are_alike_however_the_light_falls():
    light, dark = (of_one_person([times * BLUE for times in pair]) for pair in ((1.0, 1.0), (1.5, 0.5)))
    assert_allclose(light[0], BLUE, rtol=1e-5)
    assert_allclose(dark[0], dark[1])
    assert_allclose(dark[0], np.sqrt(0.75) * BLUE, rtol=1e-5)


def test_odd_eyes_stay_odd_and_an_eye_that_is_hidden_has_the_other_s():
    brown = np.float32(BROWN)
    assert_array_equal(of_one_person([brown, BLUE]), [brown, BLUE])
    assert_allclose(of_one_person([None, BLUE]), [BLUE, BLUE], rtol=1e-5)
    assert_allclose(of_one_person([None, None]), [brown, brown], rtol=1e-5)
    assert of_one_person([]) == []


def test_a_plain_photo_gives_brown_eyes():
    photo, fit = portrait(BLUE)
    plain = Photo(np.full_like(photo.rgb, 0.3), photo.name)
    eye = EyePainter().paint(seen(plain, fit)).rgb[rows_of("left_eye")]
    blue_eye = EyePainter().paint(seen(photo, fit)).rgb[rows_of("left_eye")]
    saturated = eye.reshape(-1, 3)[(eye[..., 0] > 2 * eye[..., 2]).ravel() & (eye.max(-1) < 0.3).ravel()]
    assert len(saturated) > 10
    assert_allclose(np.median(saturated, 0) / np.median(saturated, 0)[0], np.array(BROWN) / BROWN[0], atol=0.1)
    assert (blue_eye[..., 2] > 1.3 * blue_eye[..., 0]).sum() > 10


def test_texels_of_the_skin_stay_as_they_were():
    photo, fit = portrait(BLUE)
    albedo = tiny_texture(SIZE)
    painted = EyePainter().paint(seen(photo, fit, albedo))
    skin = all_texels(fit.model, SIZE)
    which = fit.model.mesh.parts["skin"]
    mine = (skin.triangle >= which.start) & (skin.triangle < which.stop)
    assert_array_equal(painted.rgb[mine], albedo.rgb[mine])
    assert_array_equal(painted.visibility, albedo.visibility)


def test_eyes_are_white_with_a_dark_pupil_and_the_mouth_is_dark_red():
    photo, fit = portrait(BLUE)
    painted = EyePainter().paint(seen(photo, fit)).rgb
    for side in SIDES:
        eye = painted[rows_of(side)]
        assert eye.min() < 0.02
        assert np.quantile(eye.mean(-1), 0.9) > 0.4
    mouth = painted[rows_of("mouth")].reshape(-1, 3)
    assert (mouth[:, 0] > 2 * mouth[:, 1]).mean() > 0.9
    assert mouth.mean() < 0.15


def test_every_texel_is_filled_and_nothing_is_random():
    photo, fit = portrait(BLUE)
    albedo = tiny_texture(SIZE)
    painted = EyePainter().paint(seen(photo, fit, albedo))
    assert painted.rgb.dtype == np.float32
    assert painted.rgb.min() >= 0
    assert painted.rgb.max() <= 1
    assert (painted.rgb.max(-1) > 0).all()
    assert_array_equal(painted.rgb, EyePainter().paint(seen(photo, fit, albedo)).rgb)


def test_the_eyeball_s_frame_is_found_from_its_vertices():
    centre, radius, axis = eye_frame(tiny_model(), "left_eye")
    assert_allclose(centre, EYES["left_eye"], atol=1e-6)
    assert radius == pytest.approx(EYE_RADIUS, rel=1e-5)
    assert_allclose(axis, [0, 0, 1])
