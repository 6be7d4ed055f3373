"""`facetex run --same-person`: one head from all photos that can be used. The stages are toys, all else is real."""

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from toy_cli import one_error, run, toys

__all__ = ["toys"]


def shot(folder: Path, name: str, side: int = 96, light: float = 1.0) -> Path:
    """Skin colour with a gradient, as wide as high."""
    y, x = np.mgrid[0:side, 0:side] * 96 / side
    path = folder / f"{name}.png"
    pixels = np.stack([150 + x / 2, 110 + y / 2, 90 + x / 3], -1)
    Image.fromarray(np.rint(light * pixels).astype(np.uint8)).save(path)
    return path


@pytest.fixture
def pair(tmp_path: Path) -> list[Path]:
    """Two photos, the second one twice as large."""
    return [shot(tmp_path, "small"), shot(tmp_path, "large", side=192, light=0.8)]


def record_of(out: Path) -> dict:
    return json.loads((out / "facetex.json").read_text("utf-8"))


def together(record: dict) -> list[float]:
    """How many photos each was fitted with."""
    return [photo["residuals"]["photos"] for photo in record["photos"]]


def test_all_photos_make_one_head_in_one_folder(toys, pair, tmp_path, capsys):
    out = tmp_path / "out"
    assert run(*pair, "--same-person", "-o", out, *toys) == 0
    assert (out / "toy.txt").exists()
    assert [path.name for path in out.iterdir() if path.is_dir()] == ["renders"]
    assert capsys.readouterr().out.startswith("small.png, large.png: ")


@pytest.mark.parametrize("turn", [1, -1])
def test_the_main_photo_shows_most_of_the_face_whichever_comes_first(toys, pair, tmp_path, turn):
    assert run(*pair[::turn], "--same-person", "-o", tmp_path / "out", *toys) == 0
    record = record_of(tmp_path / "out")
    assert record["photo"] == "large.png"
    assert [photo["photo"] for photo in record["photos"]] == ["large.png", "small.png"]
    assert sum(photo["share"] for photo in record["photos"]) == pytest.approx(1, abs=1e-3)
    assert together(record) == [2, 2]
    page = (tmp_path / "out" / "report.html").read_text("utf-8")
    assert "<h1>large.png</h1>" in page
    assert "the main one of 2 photos" in page


def test_json_names_all_photos_in_one_object(toys, pair, tmp_path, capsys):
    assert run(*pair, "--same-person", "-o", tmp_path / "out", "--json", *toys) == 0
    (line,) = capsys.readouterr().out.splitlines()
    told = json.loads(line)
    assert told["photos"] == ["small.png", "large.png"]
    assert all(Path(file).is_file() for file in told["files"])


def test_the_same_photos_give_the_same_bytes(toys, pair, tmp_path):
    for name in ("first", "again"):
        assert run(*pair, "--same-person", "-o", tmp_path / name, *toys) == 0
    for name in ("albedo.png", "visibility.png", "renders/photo.png"):
        assert (tmp_path / "first" / name).read_bytes() == (tmp_path / "again" / name).read_bytes()


UNUSABLE = {
    "landscape": "no face found",
    "profile": "the face is turned by 80 degrees",
    "night": "the face is too dark",
    "missing": "no such file",
}


@pytest.mark.parametrize("name", UNUSABLE)
def test_a_photo_that_cannot_be_used_is_left_out_with_a_warning(toys, pair, tmp_path, capsys, name):
    bad = tmp_path / "missing.png" if name == "missing" else shot(tmp_path, name, light=0.0 if name == "night" else 1.0)
    assert run(bad, *pair, "--same-person", "-o", tmp_path / "out", "--json", *toys) == 0
    (warning,) = json.loads(capsys.readouterr().out)["warnings"]
    assert warning.startswith("left out: ")
    assert f"{name}.png: {UNUSABLE[name]}" in warning
    record = record_of(tmp_path / "out")
    assert [photo["photo"] for photo in record["photos"]] == ["large.png", "small.png"]
    assert record["warnings"] == [warning.replace(f"{tmp_path}/", "")], "no result tells where it was made"
    assert together(record) == [2, 2], "the photo that is left out still bends the fit"


def test_one_photo_that_remains_is_enough(toys, pair, tmp_path, capsys):
    assert run(pair[0], shot(tmp_path, "landscape"), "--same-person", "-o", tmp_path / "out", *toys) == 0
    assert run(pair[0], "-o", tmp_path / "alone", *toys) == 0
    for name in ("albedo.png", "lit.png", "visibility.png"):
        assert (tmp_path / "out" / name).read_bytes() == (tmp_path / "alone" / name).read_bytes()


def test_if_no_photo_can_be_used_one_line_names_them_all(toys, tmp_path, capsys):
    photos = [shot(tmp_path, "landscape"), shot(tmp_path, "landscape-2")]
    assert run(*photos, "--same-person", "-o", tmp_path / "out", *toys) == 2
    line = one_error(capsys)
    assert "landscape.png: no face found" in line
    assert "landscape-2.png: no face found" in line
    assert not (tmp_path / "out").exists()


def test_a_bug_at_one_photo_keeps_its_traceback(toys, pair, tmp_path, capsys):
    assert run(*pair, shot(tmp_path, "bug"), "--same-person", "-o", tmp_path / "out", *toys) == 1
    assert "ZeroDivisionError: a bug of the toy" in capsys.readouterr().err


REFUSALS = {
    "one photo": (1, [], "--same-person makes one head from several photos; one was given"),
    "a face by number": (2, ["--face", "2"], "--face and --same-person exclude each other: crop the photos"),
}


@pytest.mark.parametrize("case", REFUSALS)
def test_a_wrong_order_is_answered_before_any_work(toys, pair, tmp_path, capsys, case):
    count, words, expected = REFUSALS[case]
    assert run(*pair[:count], "--same-person", "-o", tmp_path / "out", *toys, *words) == 2
    assert expected in one_error(capsys)
    assert not (tmp_path / "out").exists()
