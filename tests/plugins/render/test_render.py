"""The renderer against scenes whose picture is known, and the cameras and lights of the portraits."""

from dataclasses import replace

import numpy as np
import pytest
from facetex_plugins.render import raster
from facetex_plugins.render.raster import RasterRenderer
from numpy.testing import assert_allclose, assert_array_equal
from sampled import EYES, ellipsoid, tiny_head, tiny_model

from facetex_core import Camera, Lighting, Texture
from facetex_core.geometry.ambient_occlusion import occlusion
from facetex_core.geometry.camera import orbit_camera, photo_view, portrait_cameras, project
from facetex_core.geometry.raycast import Scene
from facetex_core.lighting.harmonics import ambient, shade
from facetex_core.lighting.studio import distant_light, studio
from facetex_core.structures import Photo

FRONT = orbit_camera(np.zeros(3, np.float32), yaw=0.0, distance=1.0, width_seen=0.3, size=(96, 96))


def painted(colour, head=None):
    """A convex head of one colour."""
    head = head or tiny_head()
    rgb = np.full_like(head.albedo.rgb, colour)
    neutral = replace(head.fit, expression=np.zeros_like(head.fit.expression))
    return replace(head, fit=neutral, albedo=Texture(rgb, head.albedo.visibility))


def lit_from(*towards):
    return Lighting(np.repeat(distant_light(towards, 0.9)[:, None], 3, 1))


@pytest.fixture(scope="module")
def covered():
    """Pixels that show nothing but the head: a black head has no other black."""
    return RasterRenderer().render(painted(0), FRONT, ambient(0.0)).rgb.max(-1) == 0


def test_white_albedo_under_ambient_light_is_exactly_white(covered):
    assert covered.sum() > 1500
    assert_array_equal(RasterRenderer().render(painted(1), FRONT, ambient()).rgb[covered], 1)


def test_the_albedo_comes_through_under_ambient_light(covered):
    rgb = RasterRenderer().render(painted((0.5, 0.3, 0.2)), FRONT, ambient(0.8)).rgb[covered]
    # 4e-4: the fit of light bouncing in hollows (Jimenez et al. 2016) gives 0.9996 in the open, before it is held at 1.
    assert_allclose(rgb, np.broadcast_to(np.float32([0.4, 0.24, 0.16]), rgb.shape), rtol=5e-4)


def test_moving_the_camera_is_moving_the_mesh_the_other_way():
    head, step = tiny_head(), np.array([0.03, -0.02, 0.05], np.float32)
    model = replace(head.fit.model, mean=head.fit.model.mean + step)
    moved = replace(head, fit=replace(head.fit, model=model))
    pose = FRONT.world_to_camera.copy()
    pose[:3, 3] -= pose[:3, :3] @ step
    one = RasterRenderer().render(head, FRONT, studio()).rgb
    other = RasterRenderer().render(moved, Camera(FRONT.intrinsics, pose, FRONT.size), studio()).rgb
    # Single precision lets a ray at an outline go the other way now and then: a pixel in a thousand may differ.
    assert (np.abs(one - other).max(-1) > 2e-3).mean() < 1e-3


def test_a_mirrored_light_gives_a_mirrored_picture():
    left, right = (RasterRenderer().render(painted(0.5), FRONT, lit_from(x, 0.2, 0.8)).rgb for x in (0.6, -0.6))
    assert_allclose(left, right[:, ::-1], atol=0.02)  # the mesh itself is not quite mirrored: its diagonals run one way
    assert left[:, 48:].mean() > right[:, 48:].mean() + 0.02


def test_the_subject_s_left_is_on_the_right_of_a_front_view(covered):
    head = painted(0.0)
    rgb = head.albedo.rgb.copy()
    rgb[:, rgb.shape[1] // 2 :] = (1, 0, 0)  # the tiny model's u grows towards the subject's left
    picture = RasterRenderer().render(replace(head, albedo=Texture(rgb, head.albedo.visibility)), FRONT, ambient()).rgb
    assert picture[48, 60, 0] == 1
    assert picture[48, 36, 0] == 0


def test_normals_bent_to_the_light_brighten_the_skin(covered):
    head = painted(0.5)
    bent = head.detail.normals.copy()
    bent[...] = np.array([0.5, 0, np.sqrt(0.75)])  # towards u, the subject's left
    tilted = replace(head, detail=replace(head.detail, normals=bent))
    light = lit_from(0.9, 0.0, 0.3)
    flat, rough = (RasterRenderer().render(each, FRONT, light).rgb[covered] for each in (head, tilted))
    assert rough.mean() > flat.mean() + 0.03
    # Red light leaves the skin far from where it went in.
    assert (rough - flat)[:, 0].mean() < 0.8 * (rough - flat)[:, 1].mean()


def test_y_of_the_normal_map_points_up_in_the_texture(covered):
    head = painted(0.5)
    bent = np.broadcast_to(np.float32([0, 0.5, np.sqrt(0.75)]), head.detail.normals.shape)
    tilted = replace(head, detail=replace(head.detail, normals=bent))
    flat, rough = (RasterRenderer().render(each, FRONT, lit_from(0.0, 0.9, 0.3)).rgb[covered] for each in (head, tilted))
    assert rough.mean() > flat.mean() + 0.03


def test_a_highlight_only_adds_light(covered):
    light = lit_from(-0.3, 0.3, 0.9)
    picture = RasterRenderer().render(painted(0.2), FRONT, light).rgb[covered]
    black = RasterRenderer().render(painted(0), FRONT, light).rgb[covered]
    assert black.max() > 0.03
    assert (picture >= black - 1e-6).all()


def test_a_highlight_fades_as_the_microfacet_formula_says():
    turn = np.linspace(-0.7, 0.7, 15)
    normals = np.stack([np.sin(turn), 0 * turn, np.cos(turn)], 1).astype(np.float32)
    ahead = np.tile(np.float32([0, 0, 1]), (15, 1))
    rough, skin = np.full(15, 0.5, np.float32), np.full(15, 1.4, np.float32)
    found = raster._highlight(normals, ahead, rough, skin, lit_from(0.0, 0.0, 1.0))[:, 0]
    # GGX and Schlick's shadowing where light and eye are in one place (Walter et al. 2007, equation 33; Karis 2013).
    cosine, alpha = np.cos(turn), 0.5**2 + raster.LIGHT
    lobe = alpha**2 / ((cosine**2 * (alpha**2 - 1) + 1) ** 2)
    wanted = lobe * cosine / (cosine * (1 - alpha / 2) + alpha / 2) ** 2
    assert_allclose(found / found[7], wanted / wanted[7], rtol=1e-4)


def test_the_picture_keeps_the_rules_of_a_photo():
    head = tiny_head()
    for array in (head.albedo.rgb, head.detail.normals, head.fit.model.mean):
        array.flags.writeable = False
    wide = orbit_camera(np.zeros(3, np.float32), yaw=30.0, distance=0.8, width_seen=0.5, size=(70, 50))
    photo = RasterRenderer(samples=1).render(head, wide, studio())
    assert photo.size == (70, 50)
    assert photo.rgb.dtype == np.float32
    assert photo.rgb.min() >= 0
    assert photo.rgb.max() <= 1
    assert_array_equal(photo.rgb, RasterRenderer(samples=1).render(head, wide, studio()).rgb)


def test_a_camera_inside_the_head_still_gives_a_picture():
    inside = orbit_camera(np.zeros(3, np.float32), yaw=0.0, distance=0.01, width_seen=0.02, size=(16, 16))
    assert np.isfinite(RasterRenderer().render(tiny_head(), inside, studio()).rgb).all()


def test_hollows_are_dark_and_open_ground_is_not():
    vertices, triangles, _, _ = ellipsoid(np.full(3, 0.01), np.zeros(3), 16, 24)
    scene = Scene(vertices.astype(np.float32), triangles.astype(np.int32))
    normals = (vertices / 0.01).astype(np.float32)
    assert_array_equal(occlusion(scene, vertices.astype(np.float32), normals), 1)
    inside = occlusion(scene, np.zeros((1, 3), np.float32), np.array([[0, 0, 1]], np.float32))
    assert_allclose(inside, 1 / 3, atol=0.03)  # every ray ends after a third of the reach of 30 mm


def test_the_studio_s_key_comes_from_the_viewer_s_upper_left_and_never_burns_out():
    normals = np.random.default_rng(0).normal(size=(5000, 3))
    normals = (normals / np.linalg.norm(normals, axis=1, keepdims=True)).astype(np.float32)
    light = shade(studio(), normals)
    brightest = normals[light[:, 1].argmax()]
    assert light.max() <= 1
    assert light.min() > 0.05
    assert brightest[0] < -0.1
    assert brightest[1] > 0.1
    assert_array_equal(light[:, 0], light[:, 2])


def test_a_distant_light_in_harmonics_is_its_cosine():
    normals = np.array([[0, 0, 1], [1, 0, 0], [0, 0, -1], [0, 0.6, 0.8]], np.float32)
    light = shade(Lighting(np.repeat(distant_light((0.0, 0.0, 1.0), 1.0)[:, None], 3, 1)), normals)[:, 0]
    # The second order is off by 1/16 at the pole and by 3/32 at the equator (Ramamoorthi and Hanrahan 2001, figure 2).
    assert_allclose(light, [1, 0, 0, 0.8], atol=0.1)


def test_a_slanting_light_is_the_formula_s():
    rng = np.random.default_rng(0)
    towards, normals = rng.normal(size=3), rng.normal(size=(200, 3))
    towards, normals = towards / np.linalg.norm(towards), normals / np.linalg.norm(normals, axis=1, keepdims=True)
    cosine = normals @ towards
    wanted = np.maximum(0.25 + cosine / 2 + 5 / 32 * (3 * cosine**2 - 1), 0)
    coefficients = distant_light(tuple(towards.tolist()), 1.0)
    light = shade(Lighting(np.repeat(coefficients[:, None], 3, 1)), normals.astype(np.float32))
    assert_allclose(light[:, 0], wanted, atol=1e-6)


def test_portraits_hold_the_whole_head():
    fit = tiny_head().fit
    for camera in portrait_cameras(fit, 64).values():
        places = project(camera, fit.vertices)
        assert places.min() > 0
        assert places.max() < 64


def test_the_photo_s_own_view_is_the_photo_s_camera_cut_and_scaled():
    fit = tiny_head().fit
    gradient = np.zeros((200, 160, 3), np.float32)
    gradient[..., 0] = (np.arange(160, dtype=np.float32) + 0.5)[None] / 160
    gradient[..., 1] = (np.arange(200, dtype=np.float32) + 0.5)[:, None] / 200
    camera, cut = photo_view(fit, Photo(gradient, "tiny.jpg"), height=300)
    assert cut.size == camera.size
    before, after = project(fit.camera, fit.vertices), project(camera, fit.vertices)
    column, row = np.clip(after.astype(int), 0, np.array(cut.size) - 1).T
    shown = cut.rgb[row, column, :2] * (160, 200)
    assert_allclose(shown, before, atol=1.0)  # half a pixel of each picture


def test_eyes_lie_where_the_model_says():
    fit = tiny_head().fit
    places = project(FRONT, np.stack([EYES["left_eye"], EYES["right_eye"]]).astype(np.float32))
    assert places[0, 0] > 48 > places[1, 0]
    assert tiny_model() is fit.model
