"""A licensed model in the Basel Face Model's form: read, laid over our basis, fitted, and carried through a whole run."""

import json
from dataclasses import replace

import numpy as np
import pygltflib
import pytest
from facetex_cli.main import facetex as command
from facetex_cli.main import main
from facetex_plugins.export.glb import GlbExporter
from facetex_plugins.fit.bfm import BfmFitter
from facetex_plugins.fit.closest_point import closest_weights
from facetex_plugins.fit.correspondence import transfer_layout
from facetex_plugins.fit.energy.landmark_term import fit_landmarks, inner_error, observe_landmarks
from facetex_plugins.fit.licensed import UNREADABLE
from facetex_plugins.fit.readers.matlab import read_mat
from facetex_plugins.paint.parts import EyePainter
from foreign import basis, flipped, points_of, skin_of, stand_in, write_bfm, write_bfm_2009
from lit_heads import camera_at, seen
from numpy.testing import assert_allclose, assert_array_equal
from PIL import Image
from sampled import view_of
from scipy.io import savemat
from skimage import data

from facetex_core import ModelError, Photo
from facetex_core.geometry.raycast import Scene
from facetex_core.geometry.similarity import similarity
from facetex_core.lighting.harmonics import ambient
from facetex_core.structures import Appearance, Detail, Fit, Head, Texture

KEEP = 30, 12


@pytest.fixture(scope="module")
def stand():
    return stand_in()


@pytest.fixture(scope="module")
def file(stand, tmp_path_factory):
    return write_bfm(tmp_path_factory.mktemp("bfm") / "model2019_bfm.h5", stand)


@pytest.fixture(scope="module")
def model(file):
    return transfer_layout(BfmFitter.read(file), basis())


@pytest.fixture
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("FACETEX_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


@pytest.fixture
def astronaut(tmp_path):
    path = tmp_path / "astronaut.png"
    Image.fromarray(data.astronaut()).save(path)
    return path


def test_the_model_lies_on_the_basis_in_our_frame(model):
    away = np.linalg.norm(Scene(basis().mean, skin_of(basis())).closest_points(model.mean) - model.mean, axis=1)
    assert np.median(away) < 0.0015  # metres; the file's mean is another person than the basis'
    assert np.quantile(away, 0.95) < 0.006


def test_landmarks_lie_where_they_lie_on_the_person(model, stand):
    true = np.einsum("vk,vki->vi", stand.weights, stand.person[stand.corners])
    turn, scale, shift = similarity(true.astype(np.float64), model.mean.astype(np.float64))
    assert_allclose(scale * true @ turn.T + shift, model.mean, atol=1e-5)  # turned and scaled, not bent
    for kind in ("landmark", "dense"):
        wanted = scale * points_of(basis(), kind, stand.person) @ turn.T + shift
        away = np.linalg.norm(points_of(model, kind) - wanted, axis=1)
        assert np.median(away) < 0.0015
        assert np.quantile(away, 0.95) < 0.007  # the jaw's outline may slide along itself
        assert np.median(np.linalg.norm(points_of(model, kind) - points_of(basis(), kind), axis=1)) < 0.0025


def test_the_map_is_inside_and_hardly_folded(model):
    mesh = model.mesh
    assert mesh.uvs.min() >= 0
    assert mesh.uvs.max() <= 1
    assert flipped(model) < 0.02


def test_the_map_shows_each_place_where_the_basis_shows_it(model, stand):
    points = np.einsum("vk,vki->vi", stand.weights, basis().mean[stand.corners]).astype(np.float32)
    triangle, weights = Scene(basis().mean, skin_of(basis())).nearest(points)
    wanted = np.einsum("vk,vki->vi", weights, basis().mesh.uvs[basis().mesh.uv_triangles[triangle]])
    away = np.linalg.norm(model.mesh.uvs[: len(wanted)] - wanted, axis=1) * 1024  # those of torn triangles follow
    assert np.median(away) < 8  # texels: two millimetres, as far as skin without features slides
    assert np.quantile(away, 0.95) < 30
    for name in ("lips", "nose", "eyes"):
        there = np.einsum("vk,vk->v", stand.weights, basis().regions[name][stand.corners]) > 0.5
        assert np.median(away[there]) < 8
        assert model.regions[name][there].mean() > 0.75
        assert model.regions[name][~there].mean() < 0.1


def test_mean_and_modes_are_the_file_s_own_turned_and_scaled(model, stand):
    """Modes come as columns of a decomposition: their covariance is what must agree."""
    mean = stand.shape_mean + stand.expression_mean
    turn, scale, shift = similarity(mean, model.mean.astype(np.float64))
    assert_allclose(scale * mean @ turn.T + shift, model.mean, atol=1e-5)
    assert scale == pytest.approx(0.001, rel=0.1)  # millimetres to metres, and the person's size to the basis'
    some = slice(None, None, 60)
    for found, given, count in ((model.identity, stand.shape, KEEP[0]), (model.expression, stand.expression, KEEP[1])):
        assert found.shape == (count, len(stand.corners), 3)
        ours, theirs = (part[:, some].reshape(count, -1) for part in (found.astype(np.float64), scale * given @ turn.T))
        assert_allclose(ours.T @ ours, theirs.T @ theirs, rtol=0, atol=1e-4 * (theirs**2).sum(0).max())
    assert model.expression_range == (-3.0, 3.0)


@pytest.mark.parametrize("variant", ["cells by row", "wound inwards"])
def test_other_ways_to_write_the_triangles_are_understood(stand, model, tmp_path, variant):
    if variant == "cells by row":
        path = write_bfm(tmp_path / "x.h5", stand, turned_cells=True)
    else:
        path = write_bfm(tmp_path / "x.h5", replace(stand, triangles=stand.triangles[:, ::-1]))
    assert_array_equal(transfer_layout(BfmFitter.read(path), basis()).mesh.triangles, model.mesh.triangles)


def test_the_fit_finds_its_own_projection_again(model):
    generator = np.random.default_rng(1)
    identity, expression = generator.normal(0, 1, KEEP[0]), generator.normal(0, 0.7, KEEP[1])
    face = seen(model, identity, expression, camera_at(15))
    sight = observe_landmarks(model, face, (640, 640))
    state = fit_landmarks(model, [sight])
    (pose,) = state.poses
    assert inner_error(sight, state, pose) < 0.5  # percent of the eye distance: priors draw to the mean
    true = model.vertices(np.float32(identity), np.float32(expression))
    found = model.vertices(np.float32(state.identity), np.float32(pose.expression))
    turn, scale, shift = similarity(found.astype(np.float64), true.astype(np.float64))
    away = np.linalg.norm(scale * found @ turn.T + shift - true, axis=1)
    mean = np.linalg.norm(model.mean - true, axis=1)
    assert np.median(away) < 0.5 * np.median(mean)


@pytest.fixture(scope="module")
def head(model):
    generator = np.random.default_rng(1)
    grey, flat = np.full((64, 64, 3), 0.3, np.float32), np.zeros((64, 64, 3), np.float32)
    flat[..., 2] = 1
    expression = generator.normal(0, 0.7, KEEP[1]).astype(np.float32)
    fit = Fit(model, np.zeros(KEEP[0], np.float32), expression, camera_at(0))
    texture = Texture(grey, np.ones((64, 64), np.float32))
    appearance = Appearance(ambient(0.8), grey)
    return Head("x.jpg", fit, appearance, texture, texture, Detail(np.zeros((64, 64), np.float32), flat))


def test_statistical_expressions_are_morph_targets_too(head, tmp_path):
    document = pygltflib.GLTF2().load(str(GlbExporter().export(head, tmp_path)[0]))
    mesh = document.meshes[0]
    assert mesh.extras["targetNames"] == [f"expression{index:03d}" for index in range(KEEP[1])]
    assert_allclose(mesh.weights, head.fit.expression, atol=1e-6)
    (skin,) = mesh.primitives
    assert len(skin.targets) == KEEP[1]
    moves = [document.accessors[target["POSITION"]].max for target in skin.targets]
    assert np.max(moves) > 0.001


def test_a_head_without_eyeballs_is_painted_without_complaint(head):
    photo = Photo(np.full((640, 640, 3), 0.3, np.float32))
    painted = EyePainter().paint(view_of(head.albedo, head.fit, head.appearance, photo))
    assert_allclose(painted.rgb, head.albedo.rgb, atol=1e-6)


def test_a_run_with_it_delivers_a_head(home, file, astronaut, tmp_path, capsys):
    assert main(["zoo", "add", "bfm", str(file)]) == 0
    out = tmp_path / "out"
    words = ["run", str(astronaut), "-o", str(out), "--fitter", "bfm", "--preset", "draft", "--size", "256"]
    assert command.main(words, standalone_mode=False) in (None, 0)
    names = pygltflib.GLTF2().load(str(out / "head.glb")).meshes[0].extras["targetNames"]
    assert names[0] == "expression000"
    said = json.loads((out / "facetex.json").read_text("utf-8"))
    assert "non-commercial, University of Basel" in json.dumps(said)
    assert "poorly" not in capsys.readouterr().err
    albedo = np.asarray(Image.open(out / "albedo.png")).astype(float)
    assert albedo.shape == (256, 256, 3)
    assert 60 < albedo[100:170, 100:156].mean() < 230  # skin, neither black nor burnt out


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"<!DOCTYPE html><html>please register</html>",
        b"MATLAB 5.0 MAT-file, Platform: PCWIN64" + bytes(90),
        b"\x89HDF\r\n\x1a\n",
    ],
)
def test_what_is_no_such_file_is_refused_in_one_line_and_not_kept(home, tmp_path, capsys, content):
    (tmp_path / "download").write_bytes(content)
    assert main(["zoo", "add", "bfm", str(tmp_path / "download")]) == 2
    error = capsys.readouterr().err
    known = "an HTML page; " if b"html" in content else "no Basel Face Model 2009 (.mat), 2017 or 2019 (.h5): "
    assert error.startswith(f"error: download is {known}")
    assert "https://faces.dmi.unibas.ch/bfm/" in error
    assert error.count("\n") == 1
    assert [path for path in home.rglob("*") if path.is_file()] == []


@pytest.mark.parametrize("broken", ["missing", "shape", "cells", "cut", "not finite"])
def test_a_damaged_file_is_named(file, tmp_path, broken):
    import h5py

    path = tmp_path / "bfm.h5"
    path.write_bytes(file.read_bytes()[: 40_000 if broken == "cut" else None])
    if broken != "cut":
        with h5py.File(path, "a") as h5:
            name = {"missing": "expression/model/pcaVariance", "cells": "shape/representer/cells"}.get(
                broken, "shape/model/mean"
            )
            old = h5[name][()]
            del h5[name]
            if broken == "shape":
                h5[name] = old[:-2]
            if broken == "cells":
                h5[name] = old + len(old) * 10_000
            if broken == "not finite":
                h5[name] = np.full_like(old, np.nan)
    with pytest.raises(ModelError, match=r"bfm\.h5 is no Basel Face Model 2009 \(\.mat\), 2017 or 2019 \(\.h5\): "):
        BfmFitter.take_in(path, tmp_path / "bfm.npz")


@pytest.mark.parametrize("compressed", [False, True])
def test_arrays_of_a_mat_file_are_read(tmp_path, compressed):
    random = np.random.default_rng(0)
    given = {"a": random.normal(size=(3, 4)), "longer_name": random.normal(size=(2, 3, 5)).astype(np.float32)}
    given |= {"tl": random.integers(0, 200, (7, 3)).astype(np.float64), "small": np.int16([[3]]), "big": np.uint32([[70000]])}
    savemat(tmp_path / "x.mat", given | {"text": "no number", "cell": np.array([1, "x"], object)}, do_compression=compressed)
    found = read_mat((tmp_path / "x.mat").read_bytes())
    assert {name: found[name].tolist() for name in given} == {name: values.tolist() for name, values in given.items()}
    assert found["longer_name"].dtype == np.float32
    assert "text" not in found


def test_a_damaged_mat_file_is_an_error_and_no_crash(stand, tmp_path):
    """scipy's reader ends the process over some of these."""
    content = write_bfm_2009(tmp_path / "x.mat", stand).read_bytes()
    random = np.random.default_rng(0)
    for _ in range(300):
        damaged = bytearray(content[: random.integers(1, 1000)] if random.random() < 0.3 else content[:2000])
        damaged[random.integers(0, len(damaged))] = random.integers(0, 256)
        with pytest.raises(UNREADABLE):
            BfmFitter.read(written(tmp_path / "x.mat", damaged))


def written(path, content):
    path.write_bytes(content)
    return path


def test_the_file_of_2009_gives_the_same_head_without_expressions(stand, file, tmp_path):
    old, new = BfmFitter.read(write_bfm_2009(tmp_path / "01_MorphableModel.mat", stand)), BfmFitter.read(file)
    assert_allclose(old.mean, new.mean, atol=1e-6)
    assert_array_equal(old.triangles["skin"], new.triangles["skin"])
    signs = np.sign((old.identity * new.identity).sum((1, 2)))[:, None, None]  # of a column: the file's own affair
    assert_allclose(signs * old.identity, new.identity, atol=2e-6)
    assert old.expression.shape == (0, *old.mean.shape)


def test_a_missing_model_is_one_line_that_says_what_to_get(home, astronaut, tmp_path, capsys):
    assert main(["run", str(astronaut), "-o", str(tmp_path / "out"), "--fitter", "bfm"]) == 2
    error = capsys.readouterr().err
    assert error.count("\n") == 1
    for word in ("model 'bfm'", "https://faces.dmi.unibas.ch/bfm/", "non-commercial", "facetex zoo add bfm FILE"):
        assert word in error
    with pytest.raises(ModelError, match="is not installed"):
        BfmFitter()


def test_the_nearest_point_of_a_triangle_is_found_wherever_the_point_is():
    corners = np.array([[0, 0, 0], [2, 0, 0], [0, 1, 0]], np.float64)
    points = np.array([[0.5, 0.25, 3], [-1, -1, 0], [5, -1, 1], [1, 5, 0], [1, -2, 0], [2, 2, 0.5]], np.float64)
    found = closest_weights(points, np.broadcast_to(corners, (6, 3, 3)))
    assert_allclose(found.sum(1), 1)
    expected = Scene(corners.astype(np.float32), np.array([[0, 1, 2]], np.int32)).closest_points(points.astype(np.float32))
    assert_allclose(found @ corners, expected, atol=1e-6)
