"""Heads made up: the same for the same seed, their truth agrees with their photo, and light is what it says."""

from dataclasses import replace

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sampled import tiny_model

from facetex_core import ConfigError, Mesh
from facetex_core.geometry.camera import orbit_camera, project, yaw_degrees
from facetex_core.geometry.mesh import vertex_normals
from facetex_core.geometry.raycast import Scene
from facetex_core.lighting.harmonics import shade
from facetex_core.lighting.panorama import panorama_directions, read_panorama
from facetex_core.workbench.evaluation import synthetic
from facetex_core.workbench.evaluation.environment import Environment, studio_panorama
from facetex_core.workbench.evaluation.suite import case_folders, read_case, write_case
from facetex_core.workbench.evaluation.synthetic import (
    BANDS,
    face_vertices,
    outside_span,
    portrait,
    rotation,
    sample_case,
    sample_expression,
)
from facetex_core.workbench.evaluation.synthetic_render import photograph, unit_rays

EYE = np.eye(3, dtype=np.float32)
ROWS = 24
FACE = (150.0, 225.0)


def panorama(of):
    """Radiance as a function of direction."""
    ways = panorama_directions(ROWS, 2 * ROWS)
    return np.repeat(of(ways).reshape(ROWS, 2 * ROWS, 1), 3, 2).astype(np.float32)


@pytest.fixture(scope="module", autouse=True)
def small():
    """Half the size of a portrait: what holds there holds for all, and is quicker."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(synthetic, "TEXTURE", 256)
        patch.setattr(synthetic, "SIDE", (320, 384))
        patch.setattr(synthetic, "FACE", FACE)
        yield


@pytest.fixture(scope="module")
def case(small):
    return sample_case(tiny_model(), 3, band=BANDS[1], name="0003")


def test_the_same_seed_gives_the_same_case(case):
    again = sample_case(tiny_model(), 3, band=BANDS[1], name="0003")
    assert_array_equal(again.photo.rgb, case.photo.rgb)
    assert_array_equal(again.truth.mesh.vertices, case.truth.mesh.vertices)
    assert again.truth.about == case.truth.about
    assert not np.array_equal(sample_case(tiny_model(), 4).truth.mesh.vertices, case.truth.mesh.vertices)


def test_the_truth_agrees_with_itself_and_with_the_photo(case):
    truth = case.truth
    assert_allclose(project(truth.camera, truth.points), truth.landmarks, atol=1e-3)
    assert_allclose(yaw_degrees(truth.camera), truth.about["yaw"], atol=15)  # the head is tilted too
    rays = unit_rays(truth.camera, slice(0, truth.camera.size[1]), 1)
    scene = Scene(truth.mesh.vertices, truth.mesh.triangles)
    hit = scene.first_hits(np.broadcast_to(truth.camera.position, rays.shape), rays)[0] >= 0
    inside = hit.reshape(case.photo.rgb.shape[:2])
    redder = case.photo.rgb[..., 0] - case.photo.rgb[..., 2] > 0.02
    assert redder[inside].mean() > 0.7  # skin
    assert case.photo.size == truth.camera.size


def test_photos_are_exposed_for_the_face(case):
    rgb = case.photo.rgb
    assert 0.01 < np.median(rgb) < 0.9
    assert (rgb >= 1).mean() < 0.2
    coded = np.unique(np.round(rgb[..., 1].astype(np.float64), 6))
    assert len(coded) <= 256  # eight bits of sRGB


@pytest.mark.parametrize("band", BANDS)
def test_cameras_are_a_portrait_photographers(band):
    face = tiny_model().mean[tiny_model().regions["face"] > 0.5]
    for seed in range(20):
        camera, pose = portrait(face, band, np.random.default_rng(seed))
        assert band[0] <= abs(pose["yaw"]) <= band[1]
        assert np.linalg.det(camera.world_to_camera[:3, :3]) == pytest.approx(1)
        assert camera.position[2] > 0  # it sees the face
        high = np.ptp(project(camera, face)[:, 1])
        assert 0.7 * FACE[0] < high < 1.5 * FACE[1]


def test_level_heads_have_the_yaw_that_is_written(monkeypatch):
    monkeypatch.setattr(synthetic, "TILT", 0.0)
    for seed in range(5):
        camera, pose = portrait(tiny_model().mean, BANDS[1], np.random.default_rng(seed))
        assert yaw_degrees(camera) == pytest.approx(pose["yaw"], abs=1e-3)


def test_the_added_shape_lies_outside_the_models_span():
    model = tiny_model()
    moved, face = outside_span(model, np.random.default_rng(0)), face_vertices(model)
    modes = model.identity[:, face].reshape(len(model.identity), -1)
    assert_allclose(modes @ moved[face].ravel(), 0, atol=1e-4 * np.linalg.norm(modes) * np.linalg.norm(moved[face]))
    normals = vertex_normals(model.mean, model.mesh.triangles[model.mesh.parts["skin"]])
    along = np.einsum("vi,vi->v", moved[face], normals[face])
    assert np.sqrt((along**2).mean()) == pytest.approx(1, rel=1e-3)


def test_expressions_stay_within_what_the_model_has():
    for seed in range(30):
        drawn = sample_expression(tiny_model(), np.random.default_rng(seed))
        assert 0 <= drawn.min() <= drawn.max() <= 0.4
    statistical = replace(tiny_model(), expression_names=("first", "second"))
    assert sample_expression(statistical, np.random.default_rng(1)).any()


def test_even_light_is_white_everywhere():
    light = Environment(panorama(lambda ways: np.ones(len(ways))), EYE).lighting
    assert_allclose(light.coefficients[0], 1, atol=0.01)
    assert_allclose(light.coefficients[1:], 0, atol=0.01)


def test_light_that_grows_sideways_is_dimmed_by_two_thirds():
    """Radiance 1 + x: the cosine's first band keeps two thirds (Ramamoorthi and Hanrahan 2001)."""
    environment = Environment(panorama(lambda ways: 1 + ways[:, 0]), EYE)
    wanted = np.zeros((9, 3))
    wanted[0], wanted[1] = 1, 2 / 3
    assert_allclose(environment.lighting.coefficients, wanted, atol=0.01)
    sideways = np.float32([[1, 0, 0], [-1, 0, 0]])
    assert_allclose(environment.irradiance(sideways), shade(environment.lighting, sideways), atol=0.01)


def test_a_turned_panorama_turns_its_light():
    ahead = panorama(lambda ways: np.maximum(ways[:, 2], 0))
    turned = Environment(ahead, rotation("y", 90).astype(np.float32))  # what is +x of the panorama's was +z of the head's
    seen = turned.irradiance(np.float32([[0, 0, 1], [-1, 0, 0], [1, 0, 0]]))[:, 0]
    assert seen[1] == pytest.approx(2 / 3, abs=0.02)
    assert seen[2] == pytest.approx(0, abs=0.01)
    assert_allclose(turned.towards(np.float32([[0, 0, 1], [-1, 0, 0]]), "diffuse")[:, 0], seen[:2], atol=0.02)


def test_sampled_directions_stand_for_the_whole_light():
    environment = Environment(studio_panorama(np.random.default_rng(2)), EYE)
    ways, strength = environment.sample(4000, np.random.default_rng(0))
    normals = np.float32([[0, 0, 1], [0.6, 0, 0.8], [0, 1, 0], [-1, 0, 0]])
    found = np.maximum(normals @ ways.T, 0) @ strength / np.pi
    assert_allclose(found, environment.irradiance(normals) @ [0.2126, 0.7152, 0.0722], rtol=0.05)


def test_what_stands_in_the_light_casts_a_shadow():
    """A floor, wound to look up, in light from above; over its left half hangs a plate, which the camera looks under."""
    floor, shade_free = plate(0.0, -1, 1), plate(0.3, -1.5, 0)
    cloth = plate(-5.0, 4, 5)
    mesh = joined(floor, shade_free, cloth)
    skin = np.concatenate([np.full((8, 8, 3), 0.5), np.zeros((8, 8, 1))], -1).astype(np.float32)
    from_above = Environment(panorama(lambda ways: 50.0 * (ways[:, 1] > 0.98)), EYE)
    camera = orbit_camera(np.zeros(3, np.float32), yaw=0, distance=3, width_seen=2, size=(64, 64))
    picture = photograph(mesh, skin, np.zeros(3, np.float32), from_above, lowered(camera), np.random.default_rng(0))
    row = picture[48, :, 1]
    assert row[12:28].mean() < 0.2 * row[38:52].mean()
    lit = from_above.irradiance(np.float32([[0, 1, 0]]))[0, 1]
    assert row[38:52].mean() == pytest.approx(0.5 * lit, rel=0.1)


def plate(height, left, right, cells=24):
    x, z = np.meshgrid(np.linspace(left, right, cells), np.linspace(-1, 1, cells))
    vertices = np.stack([x, np.full_like(x, height), z], -1).reshape(-1, 3)
    index = np.arange(cells * cells).reshape(cells, cells)
    a, b, c, d = index[:-1, :-1].ravel(), index[:-1, 1:].ravel(), index[1:, :-1].ravel(), index[1:, 1:].ravel()
    return vertices, np.concatenate([np.stack([a, c, b], 1), np.stack([b, c, d], 1)]).astype(np.int32)


def joined(floor, roof, cloth):
    starts = np.cumsum([0, len(floor[0]), len(roof[0])])
    triangles = [part[1] + start for part, start in zip((floor, roof, cloth), starts, strict=True)]
    ends = np.cumsum([0, *map(len, triangles)])
    parts = {name: slice(int(ends[k]), int(ends[k + 1])) for k, name in enumerate(("skin", "teeth", "cloth"))}
    every = np.concatenate(triangles).astype(np.int32)
    return Mesh(
        np.concatenate([part[0] for part in (floor, roof, cloth)]).astype(np.float32),
        every,
        np.full((1, 2), 0.5, np.float32),
        np.zeros_like(every),
        parts,
    )


def lowered(camera):
    """The camera tilted to look down onto the floor by 5 degrees, from under the plate."""
    pose = camera.world_to_camera.copy()
    pose[:3, :3] = rotation("x", -5) @ pose[:3, :3]
    pose[:3, 3] = -pose[:3, :3] @ np.array([0, 0.2, 2.2])
    return replace(camera, world_to_camera=pose.astype(np.float32))


def test_a_case_comes_back_from_disk(case, tmp_path):
    write_case(tmp_path, case)
    (folder,) = case_folders(tmp_path)
    back = read_case(folder)
    assert back.name == case.name
    assert_allclose(back.photo.rgb, case.photo.rgb, atol=1e-6)
    assert_allclose(back.truth.mesh.vertices, case.truth.mesh.vertices, atol=1e-6)
    assert_array_equal(back.truth.mesh.triangles, case.truth.mesh.triangles)
    corners = (truth.mesh.uvs[truth.mesh.uv_triangles] for truth in (back.truth, case.truth))
    assert_allclose(*corners, atol=1e-5)
    assert_array_equal(back.truth.face, case.truth.face)
    for name in ("points", "landmarks", "dense"):
        assert_allclose(getattr(back.truth, name), getattr(case.truth, name), atol=1e-4)
    assert_allclose(back.truth.camera.world_to_camera, case.truth.camera.world_to_camera, atol=1e-6)
    assert_allclose(back.truth.lighting.coefficients, case.truth.lighting.coefficients, atol=1e-6)
    assert_allclose(back.truth.albedo, case.truth.albedo, atol=0.005)
    assert back.truth.about == case.truth.about


def test_a_photo_alone_is_a_case(case, tmp_path):
    write_case(tmp_path, replace(case, truth=type(case.truth)()))
    (tmp_path / case.name / "truth.json").unlink()
    truth = read_case(tmp_path / case.name).truth
    assert (truth.mesh, truth.camera, truth.points, truth.albedo) == (None, None, None, None)


BROKEN = {
    "{": "cannot be used",
    "[]": "cannot be used",
    '{"points": [[1, 2, 3]]}': "`points` has the shape",
    '{"landmarks": "none"}': "cannot be used",
    '{"camera": {"size": [1, 2]}}': "intrinsics",
    '{"light": [[0, 0, NaN]]}': "`light`",
    '{"face": [0, 1]}': "vertices that the mesh does not have",
}


@pytest.mark.parametrize("text", BROKEN)
def test_a_wrong_truth_is_named(case, tmp_path, text):
    write_case(tmp_path, replace(case, truth=type(case.truth)()))
    (tmp_path / case.name / "truth.json").write_text(text)
    with pytest.raises(ConfigError, match=BROKEN[text]):
        read_case(tmp_path / case.name)


@pytest.mark.parametrize(("name", "text"), [("none.hdr", None), ("junk.hdr", b"#?RADIANCE\njunk")])
def test_a_panorama_that_is_none_is_named(tmp_path, name, text):
    if text:
        (tmp_path / name).write_bytes(text)
    with pytest.raises(ConfigError, match=name):
        read_panorama(tmp_path / name)


def test_a_real_panorama_keeps_its_light(shared):
    import cv2

    path = shared / "data" / "hdri" / "venice_sunset_1k.hdr"
    whole = cv2.imread(str(path), cv2.IMREAD_UNCHANGED)[..., ::-1]
    assert_allclose(read_panorama(path).mean((0, 1)), whole.mean((0, 1)), rtol=0.02)
