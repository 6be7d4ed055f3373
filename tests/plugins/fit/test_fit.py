"""The fit: landmarks, light and albedo from what the model itself would look like."""

from dataclasses import replace

import numpy as np
import pytest
from facetex_plugins.fit.energy.fit_person import LANDMARKS, OUTLINE, fit_person
from facetex_plugins.fit.energy.gauss_newton import RIGID, FrameParameters, State
from facetex_plugins.fit.energy.landmark_term import (
    camera_of,
    fit_landmarks,
    inner_error,
    misses,
    observe_landmarks,
)
from facetex_plugins.fit.energy.outline_term import find_outline, outline_term
from facetex_plugins.fit.energy.residual_flow import residual_flow
from facetex_plugins.fit.energy.shading_term import blurred, by_shape, plain_vertices, shading_term
from lit_heads import SIZE, camera_at, render_flat, seen
from sampled import tiny_model

from facetex_core import Appearance, Lighting, Photo
from facetex_core.geometry.camera import project, yaw_degrees
from facetex_core.geometry.landmarks import JAW
from facetex_core.geometry.mesh import vertex_normals
from facetex_core.lighting.estimate_lighting import PHOTO, estimate_appearance, normal_map
from facetex_core.lighting.harmonics import harmonics, shade
from facetex_core.lighting.thresholds import SKIN_TONE
from facetex_core.structures import Fit
from facetex_core.texture.unwrap import unwrap


def fitted(model, *faces):
    """Sights, state, and each photo's residual in percent of the eye distance."""
    sights = [observe_landmarks(model, face, SIZE) for face in faces]
    state = fit_landmarks(model, sights)
    return sights, state, [inner_error(sight, state, pose) for sight, pose in zip(sights, state.poses, strict=True)]


@pytest.mark.parametrize("yaw", [-35, 0, 20])
def test_refits_its_own_landmarks(yaw):
    model = tiny_model()
    sights, state, (left,) = fitted(model, seen(model, [0.8, -0.6], [0.5, 0.0], camera_at(yaw)))
    assert left < 0.15  # percent of the eye distance: the focal length differs and takes a little
    np.testing.assert_allclose(yaw_degrees(camera_of(sights[0], state.poses[0])), -yaw, atol=1.0)
    np.testing.assert_allclose(state.poses[0].expression, [0.5, 0.0], atol=0.05)


def test_expressions_stay_within_what_a_blend_shape_can_do():
    model = tiny_model()
    _, state, _ = fitted(model, seen(model, [0, 0], [1.6, -0.5], camera_at(0)))
    assert state.poses[0].expression.min() >= 0
    assert state.poses[0].expression.max() <= 1


def test_the_68_landmarks_do_where_there_are_no_dense_ones():
    model = tiny_model()
    face = replace(seen(model, [0.5, 0.5], [0.3, 0], camera_at(10)), dense=np.zeros((0, 2), np.float32))
    assert fitted(model, face)[2][0] < 0.3


def test_photos_of_one_person_share_the_identity_and_nothing_else():
    """Over many draws of noise, two photos together tell width against height, all that a photo can tell, better than one."""
    model, truth = tiny_model(), np.array([0.9, -0.7])
    ratio = np.array([1, -1])
    faces = [seen(model, truth, expression, camera_at(yaw)) for expression, yaw in (([0.4, 0], -20), ([0, 0.6], 25))]
    together, alone = [], []
    for seed in range(6):
        generator = np.random.default_rng(seed)
        noisy = [replace(face, dense=face.dense + np.float32(generator.normal(0, 6, face.dense.shape))) for face in faces]
        _, state, _ = fitted(model, *noisy)
        together.append(abs((state.identity - truth) @ ratio))
        alone += [abs((fitted(model, face)[1].identity - truth) @ ratio) for face in noisy]
    assert np.linalg.norm(together) / np.sqrt(6) < 0.9 * np.linalg.norm(alone) / np.sqrt(12)
    _, state, _ = fitted(model, *faces)
    np.testing.assert_allclose([pose.expression for pose in state.poses], [[0.4, 0], [0, 0.6]], atol=0.06)


def test_faces_that_are_unlike_are_told(said):
    model = tiny_model()
    photos = [Photo(np.full((640, 640, 3), 0.3, np.float32), f"{name}.jpg") for name in "ab"]
    unlike = [seen(model, identity, [0, 0], camera_at(0)) for identity in ([2.5, -2.5], [-2.5, 2.5])]
    fit_person(model, photos, unlike)
    assert any("a.jpg and b.jpg may show different people" in line for line in said)


def test_faces_that_are_alike_are_not(said):
    model = tiny_model()
    photos = [Photo(np.full((640, 640, 3), 0.3, np.float32), f"{name}.jpg") for name in "ab"]
    fits = fit_person(model, photos, [seen(model, [1, 0.5], [0, 0], camera_at(yaw)) for yaw in (0, 15)])
    assert not said
    np.testing.assert_array_equal(fits[0].identity, fits[1].identity)


def test_a_face_that_is_no_head_is_told(said):
    model = tiny_model()
    face = seen(model, [0, 0], [0, 0], camera_at(0))
    generator = np.random.default_rng(0)
    wild = (face.dense + generator.normal(0, 30, face.dense.shape)).astype(np.float32)
    photo = Photo(np.full((640, 640, 3), 0.3, np.float32), "wild.jpg")
    fit_person(model, [photo], [replace(face, dense=wild)])
    assert any(line.startswith("wild.jpg: the head fits poorly") for line in said)


def test_the_outline_is_where_the_skin_turns_away():
    """On the outline of a convex head no triangle's projection lies outside."""
    model = tiny_model()
    _, state, _ = fitted(model, seen(model, [0, 0], [0, 0], camera_at(30)))
    pose = state.poses[0]
    edges, share, normals = find_outline(model, state, pose)
    vertices = model.vertices(np.float32(state.identity), np.float32(pose.expression))
    points = vertices[edges[:, 0]] * (1 - share)[:, None] + vertices[edges[:, 1]] * share[:, None]
    towards = -pose.rotation.T @ pose.translation - points
    cosine = (normals * towards).sum(1) / np.linalg.norm(towards, axis=1) / np.linalg.norm(normals, axis=1)
    assert len(edges) > 20
    assert np.abs(cosine).max() < 0.05


def test_the_outline_pulls_a_head_that_is_too_narrow():
    """Jaw landmarks put outside of the model's outline: a step's wish is to widen it, and only across it."""
    model = tiny_model()
    face = seen(model, [0, 0], [0, 0], camera_at(0))
    sights, state, _ = fitted(model, face)
    pose = state.poses[0]
    edges, share, _ = find_outline(model, state, pose)
    ends = model.vertices(np.float32(state.identity), np.float32(pose.expression))[edges]
    around = project(camera_of(sights[0], pose), (ends * np.stack([1 - share, share], 1)[..., None]).sum(1).astype(np.float32))
    middle = around.mean(0)
    outside = np.array(sights[0].seen)
    picked = around[np.linspace(0, len(around) - 1, len(JAW)).astype(int)]
    outside[list(JAW)] = picked + 0.02 * (picked - middle)
    term = outline_term(model, replace(sights[0], seen=outside), state, pose)
    assert term is not None
    shift = 5  # towards the camera: the head grows in the picture
    assert term.right[shift] < 0


def test_the_fit_tells_what_each_term_left_over():
    model = tiny_model()
    photo = Photo(np.full((640, 640, 3), 0.3, np.float32), "a.jpg")
    (fit,) = fit_person(model, [photo], [seen(model, [0.5, -0.5], [0, 0], camera_at(20))])
    assert set(fit.residuals) == {LANDMARKS, OUTLINE}
    assert 0 < fit.residuals[LANDMARKS] < 0.5
    assert 0 < fit.residuals[OUTLINE] < 8


def test_what_the_model_cannot_follow_is_taken_up_by_the_drift():
    """Landmarks moved where no coefficient moves them: the drift carries the skin nearly there, and fades away from them."""
    model = tiny_model()
    face = seen(model, [0, 0], [0, 0], camera_at(0))
    points = np.einsum(
        "pk,pki->pi", model.embedding.dense_barycentric, model.mean[model.mesh.triangles[model.embedding.dense_triangles]]
    )
    moved = np.where((np.abs(points[:, :2] - [0, -0.02]) < 0.012).all(1)[:, None], [0, 3.0], 0).astype(np.float32)
    sights, state, _ = fitted(model, replace(face, dense=face.dense + moved))
    vertices = model.vertices(np.float32(state.identity), np.float32(state.poses[0].expression))
    drift = residual_flow(vertices, sights[0], state, state.poses[0])
    middle = np.linalg.norm(vertices - [0, -0.02, vertices[:, 2].max()], axis=1).argmin()
    missed = misses(sights[0], state, state.poses[0])[moved[:, 1] > 0].mean(0)
    assert missed[1] > 1
    np.testing.assert_allclose(drift[middle], missed, atol=0.8)
    assert np.abs(drift[vertices[:, 2] < 0]).max() < 0.05


def test_brightness_tells_of_the_shape():
    """A head rendered by its own model: beside a narrower one the photo asks for width, beside the true one for nothing."""
    model, camera = tiny_model(), camera_at(0)
    light = Lighting(np.outer([0.8, 0.5, 0.2, 0.3, 0, 0, 0, 0, 0], [1, 1, 1]).astype(np.float32))
    skin = Appearance(light, np.ones((128, 128, 3), np.float32) * np.exp(SKIN_TONE))
    truth = Fit(model, np.float32([1.0, 0.0]), np.zeros(2, np.float32), camera)
    picture = blurred(render_flat(truth, light, np.exp(SKIN_TONE)), 3.0)
    matrix = camera.world_to_camera.astype(np.float64)
    pose = FrameParameters(matrix[:3, :3], matrix[:3, 3], np.zeros(2))
    pulls = []
    for width in (0.0, 1.0):
        state = State(np.array([width, 0.0]), (pose,))
        term = shading_term(picture, replace(truth, identity=np.float32([width, 0.0])), skin, state, pose)
        values = np.concatenate([np.zeros(RIGID), state.identity, pose.expression])
        pulls.append((term.right - term.matrix @ values)[RIGID])
    assert pulls[0] > 0.3
    assert abs(pulls[1]) < 0.2 * pulls[0]


def test_a_jacobian_of_shading_is_the_slope_of_the_brightness():
    """Against differences of the normals themselves."""
    model = tiny_model()
    fit = Fit(model, np.float32([0.3, -0.4]), np.float32([0.2, 0.1]), camera_at(0))
    picked = plain_vertices(model)
    slopes = np.random.default_rng(0).normal(size=(len(picked), 3))
    found = by_shape(model, fit.vertices, picked, slopes)
    for column in range(4):
        values = []
        for sign in (1, -1):
            both = np.concatenate([fit.identity, fit.expression]) + sign * 1e-3 * np.eye(4, dtype=np.float32)[column]
            vertices = model.vertices(both[:2], both[2:])
            normals = vertex_normals(vertices, model.mesh.triangles[model.mesh.parts["skin"]])
            values.append((normals[picked] * slopes).sum(1))
        np.testing.assert_allclose(found[:, column], (values[0] - values[1]) / 2e-3, atol=5e-3)


def test_light_and_skin_are_told_apart_up_to_their_level():
    """A photo rendered from known light: the shape of the light comes back, and albedo times light is the photo."""
    model, camera = tiny_model(), camera_at(0)
    light = Lighting(np.outer([1.0, 0.3, 0.2, 0.3, 0, 0, 0, 0, 0], [1, 1, 1]).astype(np.float32))
    fit = Fit(model, np.zeros(2, np.float32), np.zeros(2, np.float32), camera)
    photo = render_flat(fit, light, np.exp(SKIN_TONE))
    told = estimate_appearance(unwrap(photo, fit, np.ones(SIZE, np.float32), 128), fit)
    found, albedo = told.lighting, told.albedo
    assert told.residuals[PHOTO] < 0.05
    normals = normal_map(fit, 128)
    seen = unwrap(photo, fit, np.ones(SIZE, np.float32), 128).visibility > 0
    np.testing.assert_allclose(
        shade(found, normals)[seen], shade(light, normals)[seen] * level(found, light, normals[seen]), rtol=0.08
    )
    np.testing.assert_allclose(albedo[64, 64] * level(found, light, normals[seen]), np.exp(SKIN_TONE), rtol=0.05)


def level(found, light, normals):
    """How much brighter one light is than the other, by channel: what a photo cannot tell from darker skin."""
    return shade(found, normals).mean(0) / shade(light, normals).mean(0)


def test_harmonics_are_orthogonal_over_the_sphere():
    generator = np.random.default_rng(0)
    directions = generator.normal(size=(200_000, 3)).astype(np.float32)
    directions /= np.linalg.norm(directions, axis=1, keepdims=True)
    basis = harmonics(directions).astype(np.float64)
    gram = basis.T @ basis / len(basis)
    np.testing.assert_allclose(gram - np.diag(np.diag(gram)), 0, atol=0.01)  # 200,000 random directions
