"""`facetex eval`: what it measures is right on heads whose error is known, and what it says is one line where it cannot."""

import csv
import json
from dataclasses import asdict, replace
from types import SimpleNamespace

import numpy as np
import pytest
from facetex_cli.eval_run import score
from facetex_cli.main import main
from numpy.testing import assert_allclose
from sampled import all_skin, tiny_fit, tiny_model
from suite_cases import case_of
from toy_stages import ToySegmenter

from facetex_core import ConfigError, Photo, PhotoError
from facetex_core.geometry.mesh import vertex_normals
from facetex_core.observe import Observer
from facetex_core.workbench.evaluation.evaluate import SURFACE_METRICS, Score, attempts, measured, summary
from facetex_core.workbench.evaluation.suite import Case, Truth, write_case
from facetex_core.workbench.evaluation.suite_mesh import obj_of, read_mesh
from facetex_core.workbench.evaluation.surface_error import Skin, align, fitted_skin, pose_error
from facetex_core.workbench.evaluation.synthetic import rotation

TURN, SCALE, SHIFT = rotation("y", 30) @ rotation("x", -20), 1.3, np.array([0.4, -0.2, 1.0])

SKIN = np.unique(tiny_model().mesh.triangles[tiny_model().mesh.parts["skin"]])


def bumpy(vertices):
    """Without bumps an ellipsoid of three radii can lie on itself in only a few ways, but nearly in many."""
    return (vertices * (1 + 0.04 * np.sin(60 * vertices[:, :1]) * np.cos(50 * vertices[:, 1:2]))).astype(np.float32)


def test_a_fit_that_is_the_truth_has_no_error():
    fit = tiny_fit()
    score = measured(case_of(fit), "tiny", fit, 1.0).score
    assert score.surface_mm == pytest.approx(0, abs=1e-3)
    assert score.pose_deg == pytest.approx(0, abs=0.05)
    assert score.landmarks_percent == pytest.approx(0, abs=1e-3)
    assert score.yaw == pytest.approx(-10, abs=0.1)


@pytest.mark.parametrize("start", ["landmarks", "nose"])
def test_turn_scale_and_shift_are_taken_out(start):
    skin = fitted_skin(tiny_fit())
    vertices = bumpy(skin.vertices)
    nearly = rotation("y", 4) if start == "nose" else TURN
    fitted = Skin(moved(vertices, nearly), skin.triangles, moved(skin.landmarks, nearly))
    laid, distances = align(vertices[SKIN], skin.landmarks if start == "landmarks" else None, fitted)
    assert np.quantile(distances, 0.9) < 2e-5
    assert_allclose(laid.rotation, nearly.T, atol=5e-3)
    assert laid.scale == pytest.approx(1 / SCALE if start == "landmarks" else 1, rel=5e-3)


def moved(points, turn):
    scale, shift = (SCALE, SHIFT) if turn is TURN else (1.0, np.zeros(3))
    return (scale * points @ turn.T + shift).astype(np.float32)


def test_a_known_dent_is_found_in_true_millimetres():
    """One point in ten is pushed in by 3 mm: the alignment cannot hide it, the median is 0 and the mean 0.3."""
    skin = fitted_skin(tiny_fit())
    vertices = bumpy(skin.vertices)
    normals = vertex_normals(vertices, skin.triangles)
    points = vertices[SKIN].copy()
    points[::10] -= 0.003 * normals[SKIN][::10]
    fitted = Skin(moved(vertices, TURN), skin.triangles, moved(skin.landmarks, TURN))
    _, distances = align(points, skin.landmarks, fitted)
    assert np.median(distances) < 4e-4
    assert distances[::10].mean() == pytest.approx(0.003, rel=0.2)


def test_a_camera_turned_by_five_degrees_is_five_degrees_off():
    fit = tiny_fit()
    pose = fit.camera.world_to_camera.copy()
    pose[:3, :3] = rotation("x", 5) @ pose[:3, :3]
    turned = replace(fit, camera=replace(fit.camera, world_to_camera=pose.astype(np.float32)))
    assert measured(case_of(fit), "tiny", turned, 1.0).score.pose_deg == pytest.approx(5, abs=0.05)


def test_another_frame_of_the_model_is_no_pose_error():
    """The same head in a frame of its own, with a camera that knows it."""
    fit = tiny_fit()
    skin = fitted_skin(fit)
    vertices = bumpy(skin.vertices)
    laid, _ = align(vertices[SKIN], skin.landmarks, Skin(moved(vertices, TURN), skin.triangles, moved(skin.landmarks, TURN)))
    turn = fit.camera.world_to_camera[:3, :3] @ TURN.T
    assert pose_error(fit.camera, turn.astype(np.float32), laid) < 0.3


def test_what_the_case_does_not_know_is_left_out():
    fit = tiny_fit()
    score = measured(Case("photo", Photo(np.zeros((200, 160, 3), np.float32)), Truth()), "tiny", fit, 2.0).score
    assert (score.surface_mm, score.pose_deg, score.landmarks_percent, score.yaw) == (None, None, None, None)
    assert score.seconds == 2.0
    assert measured(case_of(fit, camera=None), "tiny", fit, 1.0).score.surface_mm is not None


def refuse(*_):
    raise PhotoError("too dark")


def blind(_):
    return ()


def test_a_face_that_is_not_found_or_not_fitted_is_counted():
    case, fits_all = case_of(tiny_fit()), SimpleNamespace(fit=lambda *_: (tiny_fit(),))
    fitters = {"fits": fits_all, "refuses": SimpleNamespace(fit=refuse)}
    observer = Observer(detector=SimpleNamespace(detect=blind), restorer=(), segmenter=ToySegmenter())
    lost, _ = score(iter([case]), 1, observer, fitters, {}, None, quiet=True)
    assert [(each.fitter, each.failed.split(";")[0]) for each in lost] == [
        ("fits", "case.png: no face found"), ("refuses", "case.png: no face found")
    ]  # fmt: skip
    fits, refuses = (each.score for each in attempts(case, all_skin(case.photo), fitters))
    assert (fits.failed, refuses.failed) == ("", "too dark")
    row = summary([fits, replace(refuses, fitter="fits")])[-1]
    assert (row["heads"], row["fitted"]) == (2, 1)


def test_the_table_has_median_mean_and_ninety_percent_by_band():
    scores = [
        Score(str(k), "a", yaw=yaw, surface_mm=value) for k, (yaw, value) in enumerate([(-5, 1), (20, 2), (29, 6), (-45, 8)])
    ]
    near, far, every = summary(scores)
    assert (near["yaw"], near["heads"], far["yaw"], far["heads"], every["heads"]) == ("0-30", 3, "30-60", 1, 4)
    assert near["surface_mm"] == pytest.approx({"median": 2, "mean": 3, "p90": 5.2})
    assert near["pose_deg"] is None


def test_obj_files_of_others_are_read(tmp_path):
    file = tmp_path / "scan.obj"
    file.write_text("v 0 0 0 1 0 0\nv 1 0 0\nv 1 1 0\nv 0 1 0\nvt 0 0\nvt 1 1 0.5\nf 1/1/1 2/2/1 3/2/1 4/1/1\nf -4 -3 -2\n")
    mesh = read_mesh(file)
    assert mesh.triangles.tolist() == [[0, 1, 2], [0, 2, 3], [0, 1, 2]]
    assert_allclose(mesh.uvs, [[0, 1], [1, 0]])
    assert_allclose(mesh.vertices[0], 0)
    again = tmp_path / "again.obj"
    again.write_text(obj_of(tiny_model().mesh))
    assert read_mesh(again).parts == dict(tiny_model().mesh.parts)


@pytest.mark.parametrize("text", ["", "v 0 0 0\nf 1 2 3\n", "v a b c\n", "v 0 0 nan\nv 0 0 1\nv 1 0 0\nf 1 2 3\n"])
def test_a_damaged_mesh_is_named(tmp_path, text):
    for name in ("mesh.obj", "mesh.ply"):
        (tmp_path / name).write_text(text)
        with pytest.raises(ConfigError, match=name):
            read_mesh(tmp_path / name)


def test_ply_files_are_read(tmp_path):
    head = "ply\nformat ascii 1.0\nelement vertex 3\nproperty float x\nproperty float y\nproperty float z\n"
    text = head + "element face 1\nproperty list uchar int vertex_indices\nend_header\n0 0 0\n1 0 0\n0 1 0\n3 0 1 2\n"
    (tmp_path / "mesh.ply").write_text(text)
    assert read_mesh(tmp_path / "mesh.ply").vertices.tolist() == [[0, 0, 0], [1, 0, 0], [0, 1, 0]]


def test_a_suite_made_is_a_suite_read(tmp_path, capsys):
    """The built-in suite, kept, gives from its folder the figures that it gave when made."""
    heads, out = tmp_path / "heads", tmp_path / "out"
    assert main(["eval", "synthetic", "--cases", "1", "--save", str(heads), "-o", str(out), "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    (made,), albedos = told["cases"], told["albedo"]["cases"]
    names = [f"{table}.{ending}" for table in ("albedo", "eval") for ending in ("csv", "jpg", "json")]
    assert sorted(file.name for file in out.iterdir()) == names
    assert [(each["delighter"], each["light"], each["failed"]) for each in albedos] == [
        ("network", "made up", ""), ("none", "made up", "")
    ]  # fmt: skip
    assert albedos[0]["even_db"] > albedos[1]["even_db"] + 1
    assert json.loads((out / "eval.json").read_text())["cases"] == [made]
    with (out / "eval.csv").open() as file:
        assert [float(row["surface_mm"]) for row in csv.DictReader(file)] == [made["surface_mm"]]
    assert main(["eval", str(heads), "--delighter", ""]) == 0
    table = capsys.readouterr().out
    assert "delighter" not in table
    assert table.split()[:2] == ["fitter", "yaw"]
    assert f"{made['surface_mm']:.2f} / {made['surface_mm']:.2f}" in table
    assert 0 < made["surface_mm"] < 5
    assert made["failed"] == ""


@pytest.mark.parametrize(
    ("words", "answer"),
    [
        (["nowhere"], "nowhere: no such suite"),
        (["."], "is no suite; its cases are folders with a photo.png each"),
        (["synthetic", "--fitter", "bases"], "no fitter 'bases'; did you mean 'basis'?"),
        (["synthetic", "--delighter", "harmonic"], "no delighter 'harmonic'; did you mean 'harmonics'?"),
        (["synthetic", "--model", "bases"], "no fitter 'bases'; did you mean 'basis'?"),
        (["synthetic", "--hdri", "none.hdr"], "none.hdr: no such file"),
        (["synthetic", "--cases", "0"], "--cases"),
        (["HEADS", "--seed", "3"], "--seed works only with the suite `synthetic`"),
        (["synthetic", "-o", "HEADS/case/truth.json"], "cannot be written"),
    ],
)
def test_what_cannot_be_evaluated_is_one_line(tmp_path, monkeypatch, capsys, words, answer):
    monkeypatch.chdir(tmp_path)
    write_case(tmp_path / "HEADS", case_of(tiny_fit()))
    assert main(["eval", *words]) == 2
    lines = capsys.readouterr().err.strip().splitlines()
    assert len(lines) == 1
    assert answer in lines[0]


def test_a_suite_without_a_face_is_told(tmp_path, capsys):
    write_case(tmp_path, case_of(tiny_fit()))
    assert main(["eval", str(tmp_path)]) == 2
    said = capsys.readouterr()
    assert "case: posterior: case/photo.png: no face found" in said.err
    assert "0 of 1" in said.out


def test_every_metric_is_a_field_of_a_score():
    assert set(SURFACE_METRICS) <= set(asdict(Score("case", "fitter")))
