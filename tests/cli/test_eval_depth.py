"""`facetex eval depth`: a suite of one head, fitters beside each other, and what cannot be compared."""

import json

import numpy as np
import pytest
from facetex_cli.eval_depth_run import DepthScore, summary
from facetex_cli.main import main
from facetex_model_zoo import model_path
from skimage.data import astronaut
from suite_cases import case_of

from facetex_core.geometry.camera import orbit_camera
from facetex_core.geometry.model_file import load_morphable_model
from facetex_core.structures import Fit, Photo
from facetex_core.workbench.evaluation.suite import Case, Truth, write_case


@pytest.fixture
def suite(tmp_path):
    """A portrait with the mean head behind its face, and one without truth."""
    model = load_morphable_model(model_path("face_basis"))
    zero = np.zeros(len(model.identity), np.float32), np.zeros(len(model.expression), np.float32)
    camera = orbit_camera(model.mean.mean(0), yaw=0.0, distance=0.9, width_seen=0.35, size=(256, 256))
    truth = case_of(Fit(model, *zero, camera), at_rest=True, about={}).truth
    portrait = Photo((astronaut()[:256, 96:352] / 255).astype(np.float32) ** 2.2)
    write_case(tmp_path / "heads", Case("0001", portrait, truth))
    write_case(tmp_path / "heads", Case("0002", portrait, Truth()))
    return tmp_path / "heads"


def test_a_row_for_the_mean_head_and_each_fitter(suite, tmp_path, capsys):
    assert main(["eval", "depth", str(suite), "--fitter", "landmarks", "-o", str(tmp_path / "out"), "--quiet"]) == 0
    told = capsys.readouterr()
    assert "mean head" in told.out
    assert "3.61 / std 2.99 / median 2.72 / 90 % 6.82" in told.out
    assert "0002: landmarks: no mesh or no camera is known" in told.err
    record = json.loads((tmp_path / "out/depth.json").read_text("utf-8"))
    mean, found = record["summary"]
    assert (mean["fitter"], found["fitter"]) == ("mean head", "landmarks")
    assert 0 < mean["median"] <= mean["p90"]
    assert mean["expression"] == "all"
    assert record["cases"][0]["expression"] == "neutral"
    assert (tmp_path / "out/depth.csv").exists()


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["nowhere"], "no such suite"),
        (["nowhere", "--seed", "3"], "--seed works only with"),
        (["nowhere", "--fitter", "nobody"], "nobody"),
        (["nowhere", "--fitter", "basis+nothing"], "nothing"),
        (["nowhere", "--fitter", "a+b+c"], "one fitter and one detailer"),
    ],
)
def test_what_cannot_be_compared_is_one_line(arguments, said, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert main(["eval", "depth", *arguments]) == 2
    error = capsys.readouterr().err
    assert said in error
    assert error.strip().count("\n") == 0


def test_expressions_have_rows_of_their_own_where_there_are_several():
    ones = np.ones(4, np.float32)
    found = [DepthScore("1", "basis", "smile", ones, 1.0), DepthScore("2", "basis", "neutral", 3 * ones, 1.0)]
    found.append(DepthScore("3", "basis", "not told", failed="no face found"))
    rows = [(row["expression"], row["heads"], row["fitted"], row["mean"]) for row in summary(found)]
    assert rows == [("all", 3, 2, 2.0), ("neutral", 1, 1, 3.0), ("smile", 1, 1, 1.0)]


def test_what_is_said_about_a_case_must_be_a_table(suite, capsys):
    (suite / "0002/truth.json").write_text('{"about": [1, 2]}', "utf-8")
    assert main(["eval", "depth", str(suite), "--fitter", "landmarks", "--quiet"]) == 2
    assert "`about` is no table" in capsys.readouterr().err
