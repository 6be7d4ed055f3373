"""`facetex eval benchmark`: predictions are written where the makers look for them, figures printed beside published ones."""

import json

import numpy as np
import pytest
from facetex_cli.main import main
from facetex_model_zoo import model_path
from PIL import Image
from skimage.data import astronaut

from facetex_core.geometry.model_file import load_morphable_model
from facetex_core.workbench.evaluation.suite_mesh import obj_of


@pytest.fixture
def folder(tmp_path):
    """Two pictures of subject S, on one of which there is nobody; its scan is the mean head."""
    root = tmp_path / "now"
    for place in ("scans/S", "scans_lmks_onlypp/S", "iphone_pictures/S/selfie", "iphone_pictures/S/multiview_neutral"):
        (root / place).mkdir(parents=True)
    Image.fromarray(astronaut()[:256, 96:352]).save(root / "iphone_pictures/S/selfie/a.jpg")
    Image.fromarray(np.full((64, 64, 3), 90, np.uint8)).save(root / "iphone_pictures/S/multiview_neutral/b.jpg")
    (root / "imagepathsvalidation.txt").write_text("S/selfie/a.jpg\nS/multiview_neutral/b.jpg\n", "utf-8")
    model = load_morphable_model(model_path("face_basis"))
    e, mesh = model.embedding, model.mesh
    points = np.einsum("pk,pki->pi", e.landmark_barycentric, model.mean[mesh.triangles[e.landmark_triangles]])
    lines = [f'<point x="{x:.3f}" y="{y:.3f}" z="{z:.3f}"/>' for x, y, z in 1000 * points[[36, 39, 42, 45, 33, 48, 54]]]
    (root / "scans_lmks_onlypp/S/scan.pp").write_text("\n".join(lines), "utf-8")
    vertices = [f"v {x:.4f} {y:.4f} {z:.4f}" for x, y, z in 1000 * mesh.vertices]
    others = [line for line in obj_of(mesh).splitlines() if not line.startswith("v ")]
    (root / "scans/S/scan.obj").write_text("\n".join([*vertices, *others]), "utf-8")
    return root


def test_now_from_pictures_to_figures(folder, tmp_path, capsys):
    out = tmp_path / "out"
    assert main(["eval", "benchmark", "now", str(folder), "-o", str(out), "--fitter", "landmarks", "--quiet"]) == 0
    told = capsys.readouterr()
    assert "landmarks, all" in told.out
    assert "published: MICA" in told.out
    assert "1 of 2 pictures predicted, 1 measured. Published rows are of the test set" in told.out
    assert "S/multiview_neutral/b: " in told.err
    assert (out / "predicted/S/selfie/a.obj").is_file()
    assert np.load(out / "predicted/S/selfie/a.npy").shape == (7, 3)
    record = json.loads((out / "benchmark.json").read_text("utf-8"))
    median, mean, _ = record["rows"]["all"]
    assert 0 < median <= mean < 5
    assert record["published"]["MICA"] == [0.9, 1.11, 0.92]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["now", "nowhere"], "no such folder"),
        (["now", "."], "imagepathsvalidation.txt"),
        (["realy", "."], "--images says where they are"),
        (["facescape", "."], "--images says where they are"),
        (["realy", ".", "--images", "nowhere"], "no such folder"),
        (["realy", ".", "--fitter", "a,b"], "--fitter takes one name"),
    ],
)
def test_what_cannot_be_run_is_one_line(arguments, said, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert main(["eval", "benchmark", *arguments, "-o", "out"]) == 2
    error = capsys.readouterr().err
    assert said in error
    assert error.strip().count("\n") == 0
