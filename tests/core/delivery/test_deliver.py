"""What a user gets: every file whole, the same bytes every time, nothing after a failure, no trace of the machine."""

import errno
import json
import os
import re
from dataclasses import replace
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from facetex_plugins.export import glb, obj
from facetex_plugins.render import raster
from numpy.testing import assert_allclose, assert_array_equal
from PIL import Image
from sampled import tiny_head
from tiny_run import tiny_run

from facetex_core import Choice, ConfigError, Recipe, Registry, hookimpl, load_preset
from facetex_core.config import recipe_from
from facetex_core.delivery.deliver import deliver
from facetex_core.delivery.pictures import colour_of, shares_picture
from facetex_core.imaging.colour import to_bytes
from facetex_core.structures import Merged, Photo

FILES = {
    "albedo.png", "cavity.png", "displacement.json", "displacement.png", "environment.hdr", "facetex.json", "head.glb",
    "head.mtl", "head.obj", "highlights.png", "lit.png", "normal.png", "occlusion.png", "renders/front.png",
    "renders/photo.png", "renders/side.png", "renders/three_quarter.png", "report.html", "roughness.png", "specular.png",
    "visibility.png",
}  # fmt: skip
PICTURES = 9 + 4 + 6 + 1
"""Of the report: stages, renders, shapes, and what stands where the head will turn."""
TIMED = {"facetex.json", "report.html"}
MODELS = {
    "skin": {"sha256": "0a" * 32, "licence": "MIT", "commercial": True, "makes": "mask"},
    "bfm": {"sha256": "0b" * 32, "licence": "non-commercial", "commercial": False, "makes": "shape"},
    "mine.bank": {"sha256": "0d" * 32, "licence": "not stated", "commercial": None},
}
TOLD = {"side": 96, "models": MODELS, "exemplars": ("a", "b", "c", "d"), "warnings": ("dim light",)}


class Broken:
    """An exporter that writes half a file and then fails."""

    error: BaseException = ValueError("broken")

    def export(self, head, folder):  # noqa: ARG002  # of the stage
        (folder / "head.half").write_bytes(b"half")
        raise self.error


class BrokenPlugin:
    api_version = 2

    @hookimpl
    def exporters(self):
        return {"broken": Broken}


@pytest.fixture(scope="module")
def registry():
    return Registry(raster, glb, obj, BrokenPlugin(), installed=False)


@pytest.fixture(scope="module")
def recipe():
    return replace(load_preset("embedded"), size=64, seed=7).setting("renderer", "samples", 1)


def pair_run():
    """The same with a second photo, which shows the other half of the map."""
    run = tiny_run("main.jpg")
    (main,) = run.views
    right = replace(main.lit, visibility=np.ascontiguousarray(main.lit.visibility[:, ::-1]))
    observation = replace(main.observation, photo=Photo(main.photo.rgb, "other.jpg"))
    other = replace(main, observation=observation, lit=right, albedo=right)
    shares = np.stack([main.lit.visibility, right.visibility])
    return replace(run, views=(main, other), merged=Merged(main.albedo, shares))


@pytest.fixture(scope="module")
def delivered(registry, recipe, tmp_path_factory):
    folder = tmp_path_factory.mktemp("user") / "result"
    deliver(tiny_run(), recipe, registry, folder, **TOLD)
    return folder


@pytest.fixture(scope="module")
def record(delivered):
    return json.loads((delivered / "facetex.json").read_text("utf-8"))


def found(folder):
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}


def test_every_file_is_there_and_nothing_else(delivered):
    assert found(delivered) == FILES
    assert [path.name for path in delivered.parent.iterdir()] == ["result"]


def test_the_paths_told_are_the_files_written(registry, recipe, tmp_path):
    told = deliver(tiny_run(), recipe, registry, tmp_path / "out", side=96)
    assert {path.relative_to(tmp_path / "out").as_posix() for path in told} == FILES


def test_the_same_run_gives_the_same_bytes_but_for_the_seconds(delivered, registry, recipe, tmp_path, record):
    later = replace(tiny_run(), seconds={"detect": 9.0, "fit": 8.0})
    deliver(later, recipe, registry, tmp_path / "result", **TOLD)
    for name in FILES - TIMED:
        assert (tmp_path / "result" / name).read_bytes() == (delivered / name).read_bytes(), name
    again = json.loads((tmp_path / "result" / "facetex.json").read_text("utf-8"))
    assert {**again, "seconds": 0} == {**record, "seconds": 0}


def test_the_record_repeats_the_recipe(record, recipe):
    assert recipe_from(record["recipe"], "facetex.json") == recipe


def test_the_record_tells_versions_models_weights_and_time(record):
    assert {"python", "facetex", "numpy", "torch", "open3d"} <= set(record["versions"])
    assert record["models"] == MODELS
    assert record["commercial_use"] == {"free": ["mask"], "not_free": ["shape"], "not_stated": ["mine.bank"]}
    assert [entry["exemplar"] for entry in record["blend"]] == ["b", "d", "a"]
    assert record["blend"][0]["weight"] == pytest.approx(0.7)
    assert record["correlation_distance"] == {"fine": pytest.approx(1 / 2, abs=1e-4), "coarse": pytest.approx(1 / 2, abs=1e-4)}
    assert [photo["residuals"] for photo in record["photos"]] == [{"landmarks_px": 0.5}]
    assert record["seconds"]["fit"] == 1.5
    assert {"render", "export", "report"} <= set(record["seconds"])
    assert record["warnings"] == ["dim light"]


def test_the_maps_are_the_run_s_own(delivered):
    head = tiny_head()
    assert_array_equal(read(delivered / "albedo.png"), to_bytes(head.albedo.rgb))
    assert_array_equal(read(delivered / "lit.png"), to_bytes(head.lit.rgb))
    assert_array_equal(read(delivered / "visibility.png"), np.rint(head.lit.visibility * 255))


def test_the_photo_stands_beside_the_head(delivered):
    picture = read(delivered / "renders" / "photo.png")
    half = picture.shape[1] // 2
    assert picture[:, :half].std() > picture[:, half:].std() / 10
    assert picture.shape[1] == 2 * half


def read(path):
    return np.asarray(Image.open(path))


def test_the_folder_gets_the_rights_of_any_new_folder(delivered, tmp_path):
    (tmp_path / "plain").mkdir()
    assert delivered.stat().st_mode == (tmp_path / "plain").stat().st_mode


def test_no_output_tells_where_it_was_made(registry, recipe, tmp_path):
    told = replace(recipe, bank=str(tmp_path / "my.bank"))
    told = replace(told, stages={**told.stages, "fitter": Choice("basis", {"file": str(tmp_path / "my.npz")})})
    deliver(tiny_run(), told, registry, tmp_path / "out", side=96)
    for name in FILES:
        assert str(tmp_path).encode() not in (tmp_path / "out" / name).read_bytes(), name
    written = json.loads((tmp_path / "out" / "facetex.json").read_text("utf-8"))["recipe"]
    assert written["bank"] == "my.bank"
    assert written["stages"]["fitter"] == {"use": "basis", "file": "my.npz"}


@pytest.mark.parametrize("error", [ValueError("broken"), KeyboardInterrupt("stopped"), MemoryError("too large")], ids=repr)
def test_after_a_failure_nothing_is_left(registry, recipe, tmp_path, monkeypatch, error):
    monkeypatch.setattr(Broken, "error", error)
    with pytest.raises(type(error), match=str(error)):
        deliver(tiny_run(), recipe.choosing("exporter", "glb+broken"), registry, tmp_path / "new" / "deep" / "out", side=96)
    assert list(tmp_path.iterdir()) == []


def test_a_failure_leaves_the_results_of_an_earlier_run_as_they_were(registry, recipe, tmp_path):
    deliver(tiny_run(), recipe, registry, tmp_path / "out", side=96)
    before = {name: (tmp_path / "out" / name).read_bytes() for name in FILES}
    with pytest.raises(ValueError, match="broken"):
        deliver(tiny_run("other.jpg"), recipe.choosing("exporter", "broken"), registry, tmp_path / "out", side=96)
    assert {name: (tmp_path / "out" / name).read_bytes() for name in found(tmp_path / "out")} == before
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


def test_a_later_run_replaces_its_own_files_and_no_others(registry, recipe, tmp_path):
    deliver(tiny_run(), recipe, registry, tmp_path / "out", side=96)
    (tmp_path / "out" / "mine.txt").write_text("mine")
    deliver(tiny_run("other.jpg"), recipe, registry, tmp_path / "out", side=96)
    assert found(tmp_path / "out") == FILES | {"mine.txt"}
    assert json.loads((tmp_path / "out" / "facetex.json").read_text("utf-8"))["photo"] == "other.jpg"


def test_a_folder_that_is_a_disk_of_its_own_is_filled(registry, recipe, tmp_path, monkeypatch):
    disk, move = tmp_path / "disk", os.replace
    disk.mkdir()

    def move_within_one_disk(source, target):
        if disk not in Path(source).parents:
            raise OSError(errno.EXDEV, os.strerror(errno.EXDEV))
        move(source, target)

    monkeypatch.setattr(os, "replace", move_within_one_disk)
    deliver(tiny_run(), recipe, registry, disk, side=96)
    assert found(disk) == FILES


def test_a_full_disk_is_told_in_one_line(registry, recipe, tmp_path, monkeypatch):
    monkeypatch.setattr(Broken, "error", OSError(errno.ENOSPC, "No space left on device"))
    with pytest.raises(ConfigError, match=r"out: cannot be written \(No space left on device\)"):
        deliver(tiny_run(), recipe.choosing("exporter", "broken"), registry, tmp_path / "out", side=96)
    assert list(tmp_path.iterdir()) == []


def test_a_file_in_the_way_is_told_in_one_line(registry, recipe, tmp_path):
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(ConfigError, match="cannot be written"):
        deliver(tiny_run(), recipe, registry, tmp_path / "file" / "out", side=96)
    with pytest.raises(ConfigError, match="cannot be written"):
        deliver(tiny_run(), recipe, registry, tmp_path / "file", side=96)
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def test_the_report_needs_nothing_but_itself(delivered):
    page = (delivered / "report.html").read_text("utf-8")
    markup = re.sub(r"(<script[^>]*>).*?</script>", r"\1", page, flags=re.DOTALL)
    sources = re.findall(r'(?:src|href)="([^"]{0,30})', markup)
    assert len(sources) == PICTURES
    assert all(source.startswith("data:image/jpeg;base64,") for source in sources)
    assert not re.search(r"url\(|<link|@import", markup)


def test_the_report_shows_what_was_found(delivered):
    page = (delivered / "report.html").read_text("utf-8")
    figures = ("70.0%", "0.500", "0.25 s", "landmarks px")
    use = ("Free for commercial use:</b> mask.", "Not free for commercial use:</b> shape.", "not stated:</b> mine.bank.")
    for words in (*use, "tiny.jpg", "dim light", "Solver least-squares", "non-commercial", "not allowed", *figures):
        assert words in page, words


def test_several_photos_of_a_person_are_each_told_and_shown(registry, recipe, tmp_path):
    deliver(pair_run(), recipe, registry, tmp_path / "out", side=96)
    record = json.loads((tmp_path / "out" / "facetex.json").read_text("utf-8"))
    assert record["photo"] == "main.jpg"
    assert [(photo["photo"], photo["share"], photo["visible"]) for photo in record["photos"]] == [
        ("main.jpg", 0.5, 0.5), ("other.jpg", 0.5, 0.5)
    ]  # fmt: skip
    assert record["visible"] == 1
    assert_array_equal(read(tmp_path / "out" / "visibility.png"), 255)
    page = (tmp_path / "out" / "report.html").read_text("utf-8")
    assert page.count("data:image/jpeg") == PICTURES + 3
    for words in ("the main one of 2 photos", "Fit over main.jpg", "Fit over other.jpg", "Gave 50%", "What each photo gave"):
        assert words in page, words


def test_the_shares_are_painted_in_the_photos_colours():
    run = pair_run()
    picture = shares_picture(run).astype(int)
    for number, half in enumerate((picture[:, : picture.shape[1] // 2], picture[:, picture.shape[1] // 2 :])):
        tint = np.array(colour_of(number))
        assert_allclose(half.mean((0, 1)) / half.mean((0, 1)).max(), tint / tint.max(), atol=0.02)


def test_a_photo_s_name_cannot_break_the_report(registry, recipe, tmp_path):
    deliver(tiny_run("<script>alert(1)</script>.jpg"), recipe, registry, tmp_path / "out", side=96)
    page = (tmp_path / "out" / "report.html").read_text("utf-8")
    assert "<script>alert" not in page
    assert "&lt;script&gt;" in page


def test_the_report_s_pictures_are_pictures(delivered):
    from base64 import b64decode

    page = (delivered / "report.html").read_text("utf-8")
    for text in re.findall(r'base64,([^"]+)"', page):
        with Image.open(BytesIO(b64decode(text))) as picture:
            picture.load()
            assert max(picture.size) <= 700
            assert not picture.getexif()


def test_a_recipe_s_other_exporter_is_respected(registry, recipe, tmp_path):
    deliver(tiny_run(), recipe.choosing("exporter", "glb"), registry, tmp_path / "out", side=96)
    assert found(tmp_path / "out") == FILES - {"head.obj", "head.mtl", "specular.png", "cavity.png"}
    assert isinstance(recipe, Recipe)


def test_a_report_without_a_glb_has_pictures_only(registry, recipe, tmp_path):
    deliver(tiny_run(), recipe.choosing("exporter", "obj"), registry, tmp_path / "out", side=96)
    page = (tmp_path / "out" / "report.html").read_text("utf-8")
    assert "<script" not in page
    assert page.count("data:image/jpeg") == PICTURES - 1
