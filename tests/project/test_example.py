"""The whole way on the astronaut with the models that ship, types and shapes checked at every step."""

import json
from pathlib import Path

import facetex_model_zoo as zoo
import numpy as np
import pytest
from facetex_cli.main import main
from PIL import Image

TELLS_THE_TIME = ("facetex.json", "report.html")
"""Files that hold seconds."""


@pytest.fixture(scope="module")
def result(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What `facetex run --example --preset draft` writes."""
    out = tmp_path_factory.mktemp("example") / "out"
    assert main(["run", "--example", "--preset", "draft", "-o", str(out), "--quiet"]) == 0
    return out


def test_everything_that_is_promised_is_there(result):
    names = {str(path.relative_to(result)) for path in result.rglob("*") if path.is_file()}
    promised = {"head.glb", "head.obj", "head.mtl", "albedo.png", "lit.png", "visibility.png", "normal.png"}
    promised |= {"report.html", "facetex.json"} | {
        f"renders/{name}.png" for name in ("front", "three_quarter", "side", "photo")
    }
    assert promised <= names


def test_every_model_that_was_used_is_on_record(result):
    record = json.loads((result / "facetex.json").read_text("utf-8"))
    models = record["models"]
    wanted = {"faces", "landmarks", "surface_points", "face_basis", "skin_albedo", "skin", "delighter", "descriptor", "bank"}
    wanted |= {"feedforward"}
    assert set(models) == wanted
    for name in wanted:
        assert models[name]["sha256"] == zoo.sha256_of(zoo.model_path(name))
    assert set(record["commercial_use"]["free"]) == {zoo.row(name).makes for name in wanted}
    assert record["commercial_use"]["not_free"] == record["commercial_use"]["not_stated"] == []


def test_the_albedo_is_whole_and_of_skin(result):
    albedo = np.asarray(Image.open(result / "albedo.png"), np.float32)
    visibility = np.asarray(Image.open(result / "visibility.png"))
    assert albedo.shape == (512, 512, 3)
    seen = albedo[visibility > 128].mean(0)
    assert seen[0] > seen[1] > seen[2]  # skin of any colour is redder than green, and greener than blue
    assert 0.05 < (visibility > 0).mean() < 0.6


def test_same_photo_and_seed_give_the_same_bytes(result, tmp_path):
    out = tmp_path / "again"
    assert main(["run", "--example", "--from", str(result / "facetex.json"), "-o", str(out), "--quiet"]) == 0
    for path in sorted(path for path in result.rglob("*") if path.is_file() and path.name not in TELLS_THE_TIME):
        assert (out / path.relative_to(result)).read_bytes() == path.read_bytes(), path.name


def test_no_path_of_the_machine_is_in_a_result(result):
    for path in result.rglob("*"):
        if path.is_file():
            assert str(result.parent).encode() not in path.read_bytes(), path.name
