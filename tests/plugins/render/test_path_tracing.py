"""What renderers that trace paths are given, and what becomes of their pictures; no renderer is needed for it."""

import numpy as np
from facetex_plugins.render.path_tracing import LEAST_COSINE, over_ground, shapes_of
from numpy.testing import assert_allclose
from sampled import tiny_head

from facetex_core.geometry.camera import orbit_camera
from facetex_core.geometry.mesh import triangle_normals
from facetex_core.geometry.unweld import part_normals, split_part
from facetex_core.lighting.studio import ground

ASIDE = orbit_camera(np.zeros(3, np.float32), yaw=40.0, distance=1.0, width_seen=0.3, size=(64, 64))


def skin():
    """The skin's shape, how far its smooth normals and its new ones face the camera, and which corners are seen."""
    head = tiny_head()
    shape = next(shape for shape in shapes_of(head, ASIDE) if shape.name == "skin")
    smooth = part_normals(head.fit.model.mesh, head.fit.vertices, "skin")[split_part(head.fit.model.mesh, "skin").vertex]
    view = ASIDE.position - shape.places
    view /= np.linalg.norm(view, axis=1, keepdims=True)
    front = np.einsum("ti,ti->t", triangle_normals(shape.places, shape.triangles), view[shape.triangles[:, 0]]) > 0
    seen = np.zeros(len(view), bool)
    seen[shape.triangles[front]] = True
    return shape, smooth, np.einsum("ci,ci->c", smooth, view), np.einsum("ci,ci->c", shape.normals, view), seen


def test_no_corner_that_is_seen_turns_its_back_on_the_camera():
    shape, _, before, after, seen = skin()
    assert (before[seen] < 0).any()
    assert after[seen].min() > 0.9 * LEAST_COSINE
    assert_allclose(np.linalg.norm(shape.normals, axis=1), 1, atol=1e-5)


def test_normals_that_face_the_camera_and_those_that_it_does_not_see_stay():
    shape, smooth, before, _, seen = skin()
    stays = ~seen | (before > LEAST_COSINE)
    assert 0 < stays.sum() < len(stays)
    assert_allclose(shape.normals[stays], smooth[stays], atol=1e-5)


def test_every_part_of_the_head_is_handed_over_with_its_place_in_the_map():
    head = tiny_head()
    mesh, shapes = head.fit.model.mesh, shapes_of(head, ASIDE)
    assert [shape.name for shape in shapes] == list(mesh.parts)
    for shape in shapes:
        part = mesh.parts[shape.name]
        assert_allclose(shape.places[shape.triangles], head.fit.vertices[mesh.triangles[part]])
        assert_allclose(shape.uvs[shape.triangles], mesh.uvs[mesh.uv_triangles[part]])


def test_the_ground_shows_as_far_as_the_picture_is_clear():
    rgba = np.zeros((8, 6, 4), np.float32)
    rgba[0] = (0.1, 0.2, 0.3, 1)
    rgba[1] = (0.1, 0.2, 0.3, 0.5)
    rgba[2] = (1.5, 0.5, 0.5, 1)
    photo, grey = over_ground(rgba, "me"), ground(6, 8)
    assert photo.name == "me"
    assert_allclose(photo.rgb[0], np.tile(np.float32([0.1, 0.2, 0.3]), (6, 1)))
    assert_allclose(photo.rgb[1], grey[1] / 2 + np.float32([0.1, 0.2, 0.3]), rtol=1e-5)
    assert_allclose(photo.rgb[2], np.tile(np.float32([1, 0.5, 0.5]), (6, 1)))
    assert_allclose(photo.rgb[3:], grey[3:])
