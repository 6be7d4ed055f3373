"""Heads that no training sees: those of the basis made up whole here, those of MakeHuman from the shared files."""

from dataclasses import replace
from functools import cache

import msgspec
import numpy as np
import pytest
from training.common.portraits import basis
from training.world.degrade import photographed
from training.world.figure import Maker, Wardrobe
from training.world.human_figure import refined
from training.world.pieces import bound
from training.world.recipe import draw
from training.world.render_raster import Raster
from training.world.settings import Settings, Tested
from training.world.suite import look_at
from training.world.suite_cases import basis_case, hidden, human_case
from training.world.targets import HELD_OUT, is_for_training, skin_is_for_training
from training.world.unseen import SEEDS, panoramas, recipe_of, unseen
from trainings import shipped_settings

from facetex_core.geometry.camera import project
from facetex_core.geometry.raycast import Scene
from facetex_core.workbench.evaluation.suite import read_case, write_case
from facetex_core.workbench.evaluation.synthetic import TILT


@cache
def settings() -> Settings:
    shipped = shipped_settings("world", Settings)
    return msgspec.structs.replace(shipped, suite=Tested(side=96, texels=128))


@cache
def maker() -> Maker:
    return Maker(basis(with_colour=True), Wardrobe.empty(), 128)


@cache
def human_heads():
    from training.common.data import DATA
    from training.world.human import HumanHeads
    from training.world.makehuman import MakeHuman

    return HumanHeads(MakeHuman(DATA, basis(with_colour=True)))


def recipes(kind: str, count: int = 8):
    return [recipe_of(number, maker().model, unseen(settings(), kind)) for number in range(count)]


def test_no_head_of_a_suite_is_one_of_training():
    trained = [draw(number, maker().model, settings()) for number in range(8)]
    heads = [recipe.person.identity for recipe in trained + [each for kind in SEEDS for each in recipes(kind)]]
    assert len(np.unique(np.stack(heads), axis=0)) == len(heads)


def test_heads_turn_little_and_much_by_turns_and_can_be_seen():
    for number, recipe in enumerate(recipes("raster")):
        assert (abs(recipe.pose.yaw) > 30) == (number % 2 == 1)
        assert abs(recipe.pose.yaw) <= 60
        assert max(abs(recipe.pose.pitch), abs(recipe.pose.roll)) <= TILT
        assert recipe.skin is not None
        assert recipe.cloth is not None
        assert recipe.glasses is None or recipe.glasses.lens < 0.2


def test_a_case_of_the_basis_is_read_as_it_was_made(tmp_path):
    case = basis_case(0, "raster", maker(), settings())
    write_case(tmp_path, case)
    read = read_case(tmp_path / "0001")
    assert read.photo.size == (96, 96)
    assert read.truth.about["renderer"] == "raster"
    assert read.truth.about["seed"] == settings().seed + SEEDS["raster"]
    assert not read.truth.at_rest
    assert read.truth.neutral.model == maker().model.name
    np.testing.assert_array_equal(read.truth.neutral.vertices, case.truth.neutral.vertices)
    np.testing.assert_allclose(read.truth.mesh.vertices, case.truth.mesh.vertices, atol=1e-6)
    np.testing.assert_allclose(project(read.truth.camera, read.truth.points), read.truth.landmarks, atol=0.02)
    moved = np.tensordot(np.float32(read.truth.about["expression"]), maker().model.expression, 1)
    np.testing.assert_allclose(read.truth.neutral.vertices + moved, read.truth.mesh.vertices, atol=1e-5)


def test_a_face_under_hair_is_hidden():
    model = maker().model
    recipe = replace(recipes("raster")[0], glasses=None)
    straight = replace(recipe, pose=replace(recipe.pose, yaw=0.0, pitch=0.0))
    raster = Raster(maker().figure(straight, 96))
    points = np.einsum(
        "pk,pkc->pc",
        model.embedding.landmark_barycentric,
        raster.figure.vertices[model.mesh.triangles[model.embedding.landmark_triangles]],
    ).astype(np.float32)
    assert not hidden(raster, raster.render(), points)
    curtain = np.float32([[-0.2, -0.2, 0.2], [0.2, -0.2, 0.2], [0, 0.3, 0.2]])
    solid = np.full((4, 4, 4), 255, np.uint8)
    piece = bound("hair", curtain, np.int32([[0, 1, 2]]), np.full((1, 3, 2), 0.5, np.float32), solid, model)
    wearing = Maker(model, replace(Wardrobe.empty(), pieces={"hair": [piece]}), 128)
    raster = Raster(wearing.figure(replace(straight, hair=0.0), 96))
    assert hidden(raster, raster.render(), points)


def test_a_good_camera_changes_little():
    picture = np.full((64, 64, 3), 120, np.uint8)
    for seed in range(5):
        taken = photographed(picture, np.random.default_rng(seed))
        off = np.abs(taken.astype(float) - picture)
        assert 0 < off.mean() < 4


def test_a_finer_mesh_is_the_same_surface():
    mesh = basis(with_colour=True).mesh
    finer, grown = refined(mesh)
    assert len(finer.triangles) == 4 * len(mesh.triangles)
    assert finer.parts["teeth"].stop == 4 * mesh.parts["teeth"].stop
    a, b, c = (finer.vertices[finer.triangles[:, k]] for k in range(3))
    p, q, r = (mesh.vertices[mesh.triangles[:, k]] for k in range(3))
    fine, whole = (0.5 * np.linalg.norm(np.cross(y - x, z - x), axis=1) for x, y, z in ((a, b, c), (p, q, r)))
    np.testing.assert_allclose(fine.reshape(-1, 4).sum(1), whole, atol=1e-8)
    np.testing.assert_allclose(grown(mesh.vertices), finer.vertices)
    np.testing.assert_allclose(finer.uvs[finer.uv_triangles[::4, 0]], mesh.uvs[mesh.uv_triangles[:, 0]])


def test_a_sheet_says_in_how_many_pictures_no_face_is_found(tmp_path, capsys):
    case = basis_case(0, "raster", maker(), settings())
    write_case(tmp_path, replace(case, photo=replace(case.photo, rgb=np.zeros_like(case.photo.rgb))))
    look_at([tmp_path / "0001"], tmp_path / "raster.png")
    assert "raster: 0 of 1 faces found; not 0001" in capsys.readouterr().out
    assert (tmp_path / "raster.png").exists()


def test_no_panorama_or_skin_of_training_is_used(shared):
    assert panoramas()
    trained = {path.name for path in (shared / "data/hdri/train").glob("*.hdr")}
    assert not trained & {path.name for path in panoramas()}
    names = {path.stem for path in (shared / "data/textures/makehuman_skins").glob("*.png")}
    assert names > set(HELD_OUT)
    assert {name for name in names if skin_is_for_training(name)} == names - set(HELD_OUT)
    assert any("dark" in name for name in names - set(HELD_OUT))


def test_no_target_of_training_shapes_a_head_of_makehuman(shared):
    shape = human_heads().drawn(np.random.default_rng(1))
    assert shape.sliders
    assert not any(is_for_training(name) for name in (*shape.sliders, *shape.mixture))
    assert sum(shape.mixture.values()) == pytest.approx(1)
    assert shared.is_dir()


def test_a_case_of_makehuman_agrees_with_itself(shared, tmp_path):
    heads, made = human_heads(), human_case(0, maker(), human_heads(), settings())
    write_case(tmp_path, made)
    truth = read_case(tmp_path / "0001").truth
    assert truth.at_rest
    assert list(truth.mesh.parts) == ["skin", "mouth", "left_eye", "right_eye"]
    face = truth.neutral.vertices[heads.face]
    skin = Scene(truth.mesh.vertices, truth.mesh.triangles[truth.mesh.parts["skin"]])
    assert np.linalg.norm(skin.closest_points(face) - face, axis=1).max() < 1e-4
    near = Scene(truth.neutral.vertices, maker().model.mesh.triangles)
    compared = truth.mesh.vertices[truth.face]
    assert np.quantile(np.linalg.norm(near.closest_points(compared) - compared, axis=1), 0.9) < 1e-3
    np.testing.assert_allclose(project(truth.camera, truth.points), truth.landmarks, atol=0.02)
    eyes = [
        truth.mesh.vertices[np.unique(truth.mesh.triangles[truth.mesh.parts[f"{side}_eye"]])].mean(0)
        for side in ("left", "right")
    ]
    assert eyes[0][0] > 0.02
    assert eyes[1][0] < -0.02
    np.testing.assert_allclose(truth.points[36:42].mean(0)[:2], eyes[1][:2], atol=0.005)
    assert shared.is_dir()
