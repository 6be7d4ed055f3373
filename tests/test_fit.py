"""The fit: landmarks, light and albedo from what the model itself would look like."""

from dataclasses import replace

import numpy as np
import pytest
from sampled import tiny_model

from facetex_core import Face, Lighting, Photo
from facetex_core.camera import orbit_camera, project, yaw_degrees
from facetex_core.fit import fit_photo
from facetex_core.harmonics import ambient, harmonics, shade
from facetex_core.landmark_fit import fit_landmarks
from facetex_core.photometry import SKIN_TONE, explain_light, normal_map
from facetex_core.structures import Fit
from facetex_core.unwrap import unwrap

SIZE = (640, 640)


def seen(model, identity, expression, camera):
    vertices = model.vertices(np.float32(identity), np.float32(expression))

    def at(triangles, weights):
        return project(camera, np.einsum("pk,pki->pi", weights, vertices[model.mesh.triangles[triangles]]))

    e = model.embedding
    landmarks, dense = at(e.landmark_triangles, e.landmark_barycentric), at(e.dense_triangles, e.dense_barycentric)
    box = np.concatenate([dense.min(0), dense.max(0)]).astype(np.float32)
    return Face(box, landmarks, dense, 1.0)


def camera_at(yaw):
    return orbit_camera(np.zeros(3, np.float32), yaw=float(yaw), distance=0.6, width_seen=0.25, size=SIZE)


@pytest.mark.parametrize("yaw", [-35, 0, 20])
def test_refits_its_own_landmarks(yaw):
    model = tiny_model()
    face = seen(model, [0.8, -0.6], [0.5, 0.0], camera_at(yaw))
    camera, _, expression, left = fit_landmarks(model, face, SIZE)
    assert left < 0.1  # percent of the eye distance: the focal length differs and takes a little
    np.testing.assert_allclose(yaw_degrees(camera), -yaw, atol=1.0)
    np.testing.assert_allclose(expression, [0.5, 0.0], atol=0.05)


def test_expressions_stay_within_what_a_blend_shape_can_do():
    model = tiny_model()
    _, _, expression, _ = fit_landmarks(model, seen(model, [0, 0], [1.6, -0.5], camera_at(0)), SIZE)
    assert expression.min() >= 0
    assert expression.max() <= 1


def test_the_68_landmarks_do_where_there_are_no_dense_ones():
    model = tiny_model()
    face = replace(seen(model, [0.5, 0.5], [0.3, 0], camera_at(10)), dense=np.zeros((0, 2), np.float32))
    assert fit_landmarks(model, face, SIZE)[3] < 0.2


def test_a_face_that_is_no_head_is_told():
    model = tiny_model()
    face = seen(model, [0, 0], [0, 0], camera_at(0))
    generator = np.random.default_rng(0)
    wild = (face.dense + generator.normal(0, 30, face.dense.shape)).astype(np.float32)
    photo = Photo(np.full((640, 640, 3), 0.3, np.float32), "wild.jpg")
    with pytest.warns(UserWarning, match="wild.jpg: the head fits poorly"):
        fit_photo(model, photo, replace(face, dense=wild))


def test_light_and_skin_are_told_apart_up_to_their_level():
    """A photo rendered from known light: the shape of the light comes back, and albedo times light is the photo."""
    model, camera = tiny_model(), camera_at(0)
    light = Lighting(np.outer([1.0, 0.3, 0.2, 0.3, 0, 0, 0, 0, 0], [1, 1, 1]).astype(np.float32))
    grey = np.ones((128, 128, 3), np.float32)
    fit = Fit(model, np.zeros(2, np.float32), np.zeros(2, np.float32), camera, ambient(), grey)
    photo = render_flat(fit, light, np.exp(SKIN_TONE))
    found, albedo, left = explain_light(unwrap(photo, fit, np.ones(SIZE, np.float32), 128), fit)
    assert left < 0.05
    normals = normal_map(fit, 128)
    seen = unwrap(photo, fit, np.ones(SIZE, np.float32), 128).visibility > 0
    np.testing.assert_allclose(
        shade(found, normals)[seen], shade(light, normals)[seen] * level(found, light, normals[seen]), rtol=0.08
    )
    np.testing.assert_allclose(albedo[64, 64] * level(found, light, normals[seen]), np.exp(SKIN_TONE), rtol=0.05)


def level(found, light, normals):
    """How much brighter one light is than the other, by channel: what a photo cannot tell from darker skin."""
    return shade(found, normals).mean(0) / shade(light, normals).mean(0)


def render_flat(fit, light, tone):
    """The fitted mesh under a light, by one ray a pixel."""
    from facetex_core.mesh import vertex_normals
    from facetex_core.raycast import scene_of

    width, height = fit.camera.size
    x, y = np.meshgrid(np.arange(width) + 0.5, np.arange(height) + 0.5)
    rays = np.stack([x.ravel(), y.ravel(), np.ones(x.size)], 1) @ np.linalg.inv(fit.camera.intrinsics).T
    rays = (rays @ fit.camera.world_to_camera[:3, :3]).astype(np.float32)
    origins = np.broadcast_to(fit.camera.position, rays.shape)
    triangle, weights, _ = scene_of(fit.model.mesh, fit.vertices).first_hits(origins, rays)
    normals = vertex_normals(fit.vertices, fit.model.mesh.triangles)
    n = np.einsum("pk,pki->pi", weights, normals[fit.model.mesh.triangles[triangle]])
    n /= np.maximum(np.linalg.norm(n, axis=1, keepdims=True), 1e-9)
    rgb = np.where(triangle[:, None] >= 0, shade(light, n.astype(np.float32)) * tone, 0)
    return Photo(rgb.reshape(height, width, 3).astype(np.float32), "rendered")


def test_harmonics_are_orthogonal_over_the_sphere():
    generator = np.random.default_rng(0)
    directions = generator.normal(size=(200_000, 3)).astype(np.float32)
    directions /= np.linalg.norm(directions, axis=1, keepdims=True)
    basis = harmonics(directions).astype(np.float64)
    gram = basis.T @ basis / len(basis)
    np.testing.assert_allclose(gram - np.diag(np.diag(gram)), 0, atol=0.01)  # 200,000 random directions
