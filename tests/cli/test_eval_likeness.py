"""`facetex eval likeness`: a sheet of pictures, and distances by an embedding that a plugin offers."""

import json
import shutil
from importlib import import_module

import numpy as np
import pytest
from facetex_cli.main import main
from PIL import Image
from skimage.data import astronaut

TOY = """
import numpy as np
from facetex_core import hookimpl

api_version = 2

@hookimpl
def face_embeddings():
    return {"toy": embed}

def embed(photo, face):
    left, top, right, bottom = face.box.clip(0).astype(int)
    mean = photo.rgb[top:bottom, left:right].mean((0, 1)).astype(float)
    return mean / np.linalg.norm(mean)
"""


@pytest.fixture
def people(tmp_path):
    """One person twice, a picture without a face, and a note."""
    folder = tmp_path / "people"
    folder.mkdir()
    portrait = astronaut()[:256, 96:352]
    Image.fromarray(portrait).save(folder / "anna-1.png")
    Image.fromarray(np.full((64, 64, 3), 90, np.uint8)).save(folder / "wall.png")
    (folder / "notes.txt").write_text("not a photo", "utf-8")
    return folder


def test_renders_stand_beside_the_photo_and_are_compared_with_it(people, tmp_path, capsys):
    (tmp_path / "toy.py").write_text(TOY, "utf-8")
    out = tmp_path / "out"
    plugin = ["--plugin", str(tmp_path / "toy.py")]
    assert main(["eval", "likeness", str(people), *plugin, "-o", str(out), "--fitter", "landmarks", "--quiet"]) == 0
    told = capsys.readouterr()
    assert told.out.splitlines()[0].split("  ")[0] == "embedding"
    assert [line.split()[:2] for line in told.out.splitlines()[1:]] == [["toy", "0"], ["toy", "30"], ["toy", "60"]]
    assert "wall.png: no face found" in told.err
    record = json.loads((out / "likeness.json").read_text("utf-8"))
    front = record["likeness"]["toy"][0]
    assert (front["renders"], front["rank1"], front["other"]) == (1, None, None)
    assert 0 < front["own"] < 0.5
    assert record["distances"]["toy"][0] == {"photo": "anna-1.png", "yaw": None, "to": {"anna-1.png": 0.0}}
    assert [each["photo"] for each in record["photos"] if each["failed"]] == ["wall.png"]
    with Image.open(out / "likeness.jpg") as picture:
        assert picture.size == (2 * 4 * 300, 300)  # rows stand two by two


@pytest.mark.parametrize(("folder", "said"), [("nowhere", "no such folder"), ("empty", "no photos in it")])
def test_what_cannot_be_looked_at_is_one_line(folder, said, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "empty").mkdir()
    assert main(["eval", "likeness", folder]) == 2
    error = capsys.readouterr().err
    assert said in error
    assert error.strip().count("\n") == 0


def test_a_folder_of_walls_is_exit_code_2(people, capsys):
    (people / "anna-1.png").unlink()
    assert main(["eval", "likeness", str(people), "--quiet"]) == 2
    assert "no plugin offers a face embedding" in capsys.readouterr().out


def test_the_example_plugin_tells_people_apart(shared, root, tmp_path, monkeypatch, capsys):
    """Heads of two people, measured by dlib's embedding: each is nearest to its own photo."""
    monkeypatch.setenv("FACETEX_HOME", str(tmp_path / "home"))
    network = shared / "data/models/recognition/dlib_face_resnet_u8.onnx"
    if not network.is_file():
        pytest.skip("needs the face embedding of the shared models")
    (tmp_path / "people").mkdir()
    for photo in sorted((shared / "data/photos/dev").glob("*.jpg"))[:2]:
        shutil.copy(photo, tmp_path / "people")
    plugin = str(root / "docs/examples/facetex-likeness/facetex_likeness.py")
    assert main(["eval", "likeness", str(tmp_path / "people"), "--cases", "1", "--plugin", plugin, "--quiet"]) == 2
    assert "face_embedding" in capsys.readouterr().err  # not installed
    assert main(["zoo", "add", "face_embedding", str(network)]) == 0
    capsys.readouterr()
    assert main(["eval", "likeness", str(tmp_path / "people"), "--plugin", plugin, "--json", "--quiet"]) == 0
    front = json.loads(capsys.readouterr().out)["likeness"]["dlib"][0]
    assert (front["found"], front["rank1"]) == (2, 1.0)
    assert front["own"] < front["other"]


def test_the_example_s_own_tests_pass(root, monkeypatch):
    monkeypatch.syspath_prepend(str(root / "docs/examples/facetex-likeness"))
    module = import_module("test_facetex_likeness")
    found = [value for name, value in vars(module).items() if name.startswith("test_")]
    assert len(found) == 2
    for test in found:
        test()
