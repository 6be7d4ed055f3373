"""The joint energy: every derivative against differences, and what it finds of a head that its own model made."""

from dataclasses import replace

import numpy as np
import pytest
from facetex_plugins.fit.energy import colour_term
from facetex_plugins.fit.energy.colour_term import Look, colour_differences, joint_values, radiance, skin_of, visible
from facetex_plugins.fit.energy.fit_person import LANDMARKS
from facetex_plugins.fit.energy.gauss_newton import moved, values_of
from facetex_plugins.fit.energy.joint_energy import fit_jointly
from facetex_plugins.fit.energy.landmark_term import camera_of, fit_landmarks, observe_landmarks
from facetex_plugins.fit.energy.shading_term import sample
from facetex_plugins.fit.energy.surface_points import observe
from lit_heads import SIZE, camera_at, render_flat, seen
from sampled import tiny_model

from facetex_core import Fit, Lighting, Photo
from facetex_core.lighting.estimate_lighting import PHOTO, albedo_model
from facetex_core.lighting.harmonics import harmonics, harmonics_slopes, shade
from facetex_core.lighting.thresholds import SKIN_TONE

TOLERANCE = 1e-3
"""Of the largest entry in a column of the Jacobian: what central differences and single precision leave."""
PROPORTIONS = np.array([0.04, -0.03])
"""Width over height by the tiny model's modes: how large a head is, one photo does not tell."""
WAVES = np.array([[3.0, 2.0], [4.0, -1.0], [-2.0, 3.0]]) / SIZE[0]


def analytic(_, pixels):
    """A picture that is known between its pixels, too: each channel a wave."""
    phase = pixels @ WAVES.T
    return 0.4 + 0.2 * np.sin(phase), np.moveaxis(0.2 * np.cos(phase)[..., None] * WAVES, -1, 1)


def at_work():
    """A fitted head with some light on it."""
    model, generator = tiny_model(), np.random.default_rng(0)
    sight = observe_landmarks(model, seen(model, [0.3, -0.4], [0.4, 0.3], camera_at(15)), SIZE)
    state = fit_landmarks(model, [sight])
    skin, _ = visible(model, camera_of(sight, state.poses[0]), state, state.poses[0])
    light = np.eye(9)[:, :1] + generator.normal(0, 0.3, (9, 3))
    return model, sight, state, skin, Look(generator.normal(0, 0.5, skin.modes.shape[-1]), light)


def hold(jacobian, function, values, steps):
    """Columns of a Jacobian (last axis) against differences of the function."""
    for column, step in enumerate(steps):
        move = np.zeros(len(values))
        move[column] = step
        difference = (function(values + move) - function(values - move)) / (2 * step)
        np.testing.assert_allclose(jacobian[..., column], difference, atol=TOLERANCE * np.abs(jacobian[..., column]).max())


def test_derivatives_of_harmonics_are_their_slopes():
    normals = np.random.default_rng(0).normal(size=(20, 3)).astype(np.float32)
    for axis in range(3):
        move = 0.1 * np.eye(3, dtype=np.float32)[axis]
        difference = (harmonics(normals + move) - harmonics(normals - move)) / 0.2
        np.testing.assert_allclose(harmonics_slopes(normals)[:, axis], difference, atol=TOLERANCE)


def test_slopes_of_a_picture_are_its_derivatives():
    y, x = np.mgrid[: SIZE[1], : SIZE[0]] + 0.5
    places = np.stack([x, y], -1).reshape(-1, 2)
    picture = analytic(None, places)[0].reshape(*SIZE[::-1], 3).astype(np.float32)
    pixels = np.random.default_rng(0).uniform(10, 630, (50, 2))
    values, slopes = sample(picture, pixels)
    wanted, derivatives = analytic(None, pixels)
    np.testing.assert_allclose(values, wanted, atol=TOLERANCE)
    largest = np.abs(derivatives).max()
    np.testing.assert_allclose(slopes, derivatives, atol=10 * TOLERANCE * largest)  # OpenCV reads at 1/32 of a pixel


def test_derivatives_of_what_is_seen_are_right():
    _, sight, state, _, _ = at_work()
    values = values_of(state, state.poses[0])

    def pixels(changed):
        other = moved(state, changed[None])
        return observe(sight.surface_points, other, other.poses[0], sight.intrinsics)[0]

    hold(observe(sight.surface_points, state, state.poses[0], sight.intrinsics)[1], pixels, values, [1e-4] * 6 + [1e-2] * 4)


def test_derivatives_of_what_skin_sends_are_right():
    skin, look = at_work()[3:]
    normals = np.random.default_rng(1).normal(size=(len(skin.vertices), 3)).astype(np.float32)
    sent, by_normal, by_look = radiance(skin, normals, look)
    for axis in range(3):
        move = 0.1 * np.eye(3, dtype=np.float32)[axis]
        difference = (radiance(skin, normals + move, look)[0] - radiance(skin, normals - move, look)[0]) / 0.2
        np.testing.assert_allclose(by_normal[..., axis], difference, atol=TOLERANCE * np.abs(by_normal).max())

    def colours(changed):
        modes = len(look.albedo)
        return radiance(skin, normals, Look(changed[:modes], changed[modes:].reshape(9, 3)))[0]

    values = np.concatenate([look.albedo, look.light.ravel()])
    hold(by_look, colours, values, [1e-2] * len(values))
    assert sent.shape == skin.mean.shape


def test_derivatives_of_the_photo_consistency_by_all_unknowns_are_right(monkeypatch):
    monkeypatch.setattr(colour_term, "sample", analytic)
    model, sight, state, skin, look = at_work()
    picture, shape = np.zeros((*SIZE, 3), np.float32), len(values_of(state, state.poses[0]))

    def residuals(changed):
        other = moved(state, changed[None, :shape])
        colours = Look(changed[shape:-27], changed[-27:].reshape(9, 3))
        return colour_differences(model, picture, skin, sight.intrinsics, other, other.poses[0], colours)[1]

    values = joint_values(state, state.poses[0], look)
    jacobian = colour_differences(model, picture, skin, sight.intrinsics, state, state.poses[0], look)[2]
    hold(jacobian, residuals, values, [1e-4] * 6 + [0.02] * 4 + [1e-2] * (len(values) - shape))


LIGHT = Lighting(np.outer([0.8, 0.5, 0.2, 0.3, 0, 0, 0, 0, 0], [1, 0.95, 0.9]).astype(np.float32))


@pytest.fixture
def lit():
    """A head that is wider than the mean, in light from one side, and a photo of it."""
    model = tiny_model()
    identity, expression = np.array([1.0, -0.5], np.float32), np.array([0.3, 0], np.float32)
    truth = Fit(model, identity, expression, camera_at(10))
    return truth, render_flat(truth, LIGHT, np.exp(SKIN_TONE)), seen(model, identity, expression, camera_at(10))


def test_light_shape_and_skin_come_back_together(lit):
    truth, photo, face = lit
    (found,) = fit_jointly(truth.model, [photo], [face])
    np.testing.assert_allclose(found.identity @ PROPORTIONS, truth.identity @ PROPORTIONS, atol=0.002)
    np.testing.assert_allclose(found.expression, truth.expression, atol=0.05)
    assert found.residuals[LANDMARKS] < 0.2
    assert found.residuals[PHOTO] < 0.05
    normals = np.random.default_rng(0).normal(size=(200, 3)).astype(np.float32) * [1, 1, 0.5] + [0, 0, 1]
    normals = (normals / np.linalg.norm(normals, axis=1, keepdims=True)).astype(np.float32)
    colours = albedo_model(truth.model)
    skin = np.exp(colours.mean[0, 0] + found.albedo @ colours.modes[:, 0, 0])
    sent = shade(Lighting(found.lighting), normals) * skin
    facing = normals[:, 2] > 0.5
    np.testing.assert_allclose(sent[facing], (shade(LIGHT, normals) * np.exp(SKIN_TONE))[facing], atol=0.03)


def test_photos_share_identity_and_albedo_and_have_their_own_light(lit):
    truth, photo, face = lit
    dark = Photo(photo.rgb / 2, "dark")
    first, second = fit_jointly(truth.model, [photo, dark], [face, face])
    np.testing.assert_array_equal(first.identity, second.identity)
    np.testing.assert_array_equal(first.albedo, second.albedo)
    np.testing.assert_allclose(second.lighting[:4], first.lighting[:4] / 2, atol=0.01)


def test_colours_alone_tell_the_heads_proportions(lit, monkeypatch):
    """Landmarks of a head three percent too wide, and a photo that all but outweighs them."""
    truth, photo, face = lit
    middle = face.dense.mean(0)
    wide = replace(face, dense=((face.dense - middle) * np.float32([1.03, 1]) + middle).astype(np.float32))
    alone = fit_landmarks(truth.model, [observe_landmarks(truth.model, wide, SIZE)]).identity
    assert alone @ PROPORTIONS > truth.identity @ PROPORTIONS + 0.025
    monkeypatch.setattr(colour_term, "COLOUR_WEIGHT", 1e7)
    (found,) = fit_jointly(truth.model, [photo], [wide])
    np.testing.assert_allclose(found.identity @ PROPORTIONS, truth.identity @ PROPORTIONS, atol=0.004)


def test_the_skin_leaves_out_the_eyes():
    model = tiny_model()
    assert model.regions["eyes"][skin_of(model).vertices].max() < 0.5
