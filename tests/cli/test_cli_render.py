"""`facetex render`: the files it promises, under the light asked for; bad input is one line and code 2."""

import json
from dataclasses import replace

import numpy as np
import pytest
from facetex_cli.main import main
from facetex_plugins.export import glb, obj
from facetex_plugins.render import raster
from PIL import Image
from tiny_run import tiny_run

from facetex_core import Registry, load_preset
from facetex_core.delivery.deliver import deliver
from facetex_core.lighting.environment import hdr_bytes


@pytest.fixture(scope="module")
def head(tmp_path_factory):
    recipe = replace(load_preset("embedded"), size=64).setting("renderer", "samples", 1)
    out = tmp_path_factory.mktemp("head") / "out"
    deliver(tiny_run(), recipe, Registry(raster, glb, obj, installed=False), out, side=64)
    return out


@pytest.fixture
def lamp(tmp_path):
    """Light from the subject's left, three quarters across the panorama."""
    panorama = np.full((32, 64, 3), 0.05, np.float32)
    panorama[10:20, 42:54] = 5
    (tmp_path / "lamp.hdr").write_bytes(hdr_bytes(panorama))
    return tmp_path / "lamp.hdr"


def made(folder):
    return sorted(path.name for path in folder.iterdir())


def rendered(*words):
    return main(["render", *map(str, words), "--size", "64", "--set", "renderer.samples=1"])


def brighter_on_the_right(file):
    """By how much of 255 in the middle of the picture; the right is the subject's left."""
    with Image.open(file) as picture:
        middle = np.asarray(picture, float)[24:40, 24:40].mean(-1)
    return middle[:, 8:].mean() - middle[:, :8].mean()


def test_three_views_come_of_themselves_and_twice_the_same(head, tmp_path, capsys):
    for name in ("one", "two"):
        assert rendered(head, "-o", tmp_path / name) == 0
    assert made(tmp_path / "one") == ["front.png", "side.png", "three_quarter.png"]
    assert all((tmp_path / "one" / n).read_bytes() == (tmp_path / "two" / n).read_bytes() for n in made(tmp_path / "one"))
    with Image.open(tmp_path / "one" / "front.png") as picture:
        assert picture.size == (64, 64)
    said = capsys.readouterr()
    assert "3 files" in said.out
    assert said.err == ""  # no bar where stderr is no terminal


def test_views_are_named_and_told_as_json(head, tmp_path, capsys):
    assert rendered(head / "head.glb", "-o", tmp_path / "out", "--view", "side,front", "--json") == 0
    told = json.loads(capsys.readouterr().out)
    assert told["files"] == [str(tmp_path / "out" / "side.png"), str(tmp_path / "out" / "front.png")]
    assert told["head"] == "tiny.jpg"
    assert made(tmp_path / "out") == ["front.png", "side.png"]


def test_a_turntable_goes_round_in_frames_and_as_a_film(head, tmp_path):
    assert rendered(head, "-o", tmp_path / "out", "--turntable", 4, "-q") == 0
    assert made(tmp_path / "out") == [*(f"turn-{k:03d}.png" for k in range(4)), "turntable.webp"]
    with Image.open(tmp_path / "out" / "turntable.webp") as film:
        assert film.n_frames == 4
    assert rendered(head, "-o", tmp_path / "front", "--view", "front") == 0
    assert (tmp_path / "front" / "front.png").read_bytes() == (tmp_path / "out" / "turn-000.png").read_bytes()


def test_panoramas_give_a_picture_each_lit_from_their_side(head, lamp, tmp_path):
    words = ("--hdri", lamp, "--hdri", head / "environment.hdr", "--view", "front")
    assert rendered(head, "-o", tmp_path / "out", *words) == 0
    assert made(tmp_path / "out") == ["environment-front.png", "lamp-front.png"]
    assert brighter_on_the_right(tmp_path / "out" / "lamp-front.png") > 20


def test_mitsuba_sees_the_whole_panorama(head, lamp, tmp_path):
    pytest.importorskip("mitsuba", reason="needs mitsuba: pip install mitsuba")
    assert rendered(head, "-o", tmp_path / "out", "--renderer", "mitsuba", "--hdri", lamp, "--view", "front") == 0
    assert brighter_on_the_right(tmp_path / "out" / "lamp-front.png") > 20


@pytest.mark.parametrize(
    ("words", "answer"),
    [
        (["nowhere"], "nowhere: no such folder"),
        (["{empty}"], "there is no head.glb in it"),
        (["{head}/albedo.png"], "is not a head made by facetex"),
        (["{head}", "--hdri", "{head}/albedo.png"], "albedo.png: is no Radiance .hdr picture"),
        (["{head}", "--hdri", "none.hdr"], "none.hdr: no such file"),
        (["{head}", "--hdri", "a/x.hdr", "--hdri", "b/x.hdr"], "two panoramas have the same name"),
        (["{head}", "--renderer", "mitsuva"], "did you mean 'mitsuba'"),
        (["{head}", "--renderer", "cycles", "--set", "renderer.python={empty}"], "is no Python that has bpy"),
        (["{head}", "--view", "sied"], "did you mean 'side'"),
        (["{head}", "--set", "fitter.iterations=3"], "no other stage runs"),
        (["{head}", "--turntable", "1"], "--turntable"),
        (["{head}", "-o", "{head}/head.glb"], "head.glb is a file"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_a_wrong_word_is_one_line_and_leaves_nothing(head, tmp_path, capsys, words, answer):
    (tmp_path / "empty").mkdir()
    words = [word.format(head=head, empty=tmp_path / "empty") for word in words]
    out = [] if "-o" in words else ["-o", str(tmp_path / "out")]
    assert main(["render", *words, *out]) == 2
    told = capsys.readouterr().err
    assert answer in told
    assert told.count("\n") == 1
    assert not (tmp_path / "out").exists()
