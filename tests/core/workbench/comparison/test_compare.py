"""`facetex compare` from outside: what is done once, what it writes, how it ends. The stages are toys, all else is real."""

import csv
import json
import os
import random
import re
import signal
import subprocess
import sys
import time
from collections import Counter
from dataclasses import replace
from io import StringIO
from itertools import count
from types import SimpleNamespace

import numpy as np
import pytest
import trimesh
from facetex_cli.compare_run import Eta, fresh_steps
from facetex_cli.main import main
from PIL import Image
from places import SUPPORT
from terminal import on_a_terminal
from toy_distribution import install_module
from toy_stages import write_toy_bank
from unmeasured import unmeasured
from validated_glb import validated

from facetex_core.config import Choice, load_preset
from facetex_core.descriptors.bank_file import load_bank, save_bank
from facetex_core.workbench.comparison.grid import Grid
from facetex_core.workbench.comparison.pictures import PICTURES

GRID = ["--fitter", "a,b,c", "--descriptor", "d,e,f", "--synthesizer", "x,y"]
SMALL = ["--fitter", "a,b", "--descriptor", "d", "--synthesizer", "x,y"]


@pytest.fixture
def counts(toy, tmp_path, monkeypatch):
    """Installs the counting toys; what they have noted so far by a call, which forgets it."""
    install_module(toy, "counting_stages", (SUPPORT / "counting_stages.py").read_text("utf-8"))
    file = tmp_path / "counts.txt"
    file.touch()
    monkeypatch.setenv("FACETEX_COUNTS", str(file))

    def read() -> Counter[str]:
        noted = Counter(file.read_text("utf-8").splitlines())
        file.write_text("", "utf-8")
        return noted

    return read


@pytest.fixture
def photo(tmp_path):
    return picture(tmp_path / "me.png", 0)


@pytest.fixture
def base(tmp_path):
    ours = ("detector", "segmenter", "delighter", "blend", "detailer", "renderer")
    words = [word for short in ours for word in (f"--{short}", "counted")]
    return [*words, "--bank", str(write_toy_bank(tmp_path / "toy.bank")), "--size", "256", "--device", "cpu"]


def picture(path, shift):
    y, x = np.mgrid[0:96, 0:96]
    Image.fromarray(np.stack([150 + x // 2 - shift, 110 + y // 2, 90 + x // 3], -1).astype(np.uint8)).save(path)
    return path


def table(out):
    return list(csv.DictReader(StringIO((out / "compare.csv").read_text("utf-8"))))


def compare(*words: object) -> int:
    return main(["compare", *map(str, words)])


def test_what_variants_share_is_done_once(counts, photo, base, tmp_path):
    other = picture(tmp_path / "you.png", 20)
    assert compare(photo, other, "-o", tmp_path / "out", *base, *GRID) == 0
    noted = counts()
    photos, fits, described, variants = 2, 3, 9, 18
    assert {name: noted[name] for name in ("detect", "segment", "delight", "solve", "add_detail", "render")} == {
        "detect": photos,
        "segment": photos,
        "delight": photos * fits,
        "solve": photos * described,
        "add_detail": photos * variants,
        "render": photos * variants * 3,
    }
    assert [noted[f"fit {name}"] for name in "abc"] == [photos] * 3
    assert [noted[f"synthesize {name}"] for name in "xy"] == [photos * described] * 2
    # What is seen for each fit, its mirror, and what became of it; of the toys' face nothing is hidden: x and y leave it alike.
    assert [noted[f"describe {name}"] for name in "def"] == [photos * 3 * fits] * 3


def test_a_second_time_nothing_is_done_and_a_new_variant_is_all_that_is(counts, photo, base, tmp_path):
    out = tmp_path / "out"
    assert compare(photo, "-o", out, *base, *SMALL) == 0
    first, before = unmeasured(out), (out / "compare.csv").read_bytes()
    counts()
    assert compare(photo, "-o", out, *base, *SMALL) == 0
    assert counts() == Counter()
    assert unmeasured(out) == first
    assert (out / "compare.csv").read_bytes() == before, "efforts are those of the one real run"
    assert compare(photo, "-o", out, *base, *SMALL, "--fitter", "a,b,c") == 0
    noted = counts()
    assert noted["fit c"] == 1
    assert not {"detect", "segment", "fit a", "fit b"} & set(noted)


def test_the_files_tell_of_every_variant_of_every_photo(counts, photo, base, tmp_path, capsys):
    out, other = tmp_path / "out", picture(tmp_path / "you.png", 20)
    assert compare(photo, other, "-o", out, *base, *SMALL) == 0
    told = "compare.json, compare.csv, table.md, table.tex, variants.glb, compare.html and pictures/ in"
    assert told in capsys.readouterr().out
    rows = table(out)
    cases = [(name, f"{fitter} · {synthesizer}") for name in ("me.png", "you.png") for fitter in "ab" for synthesizer in "xy"]
    assert [(row["photo"], row["variant"]) for row in rows] == cases
    assert [row["fitter"] + row["synthesizer"] for row in rows] == ["ax", "ay", "bx", "by"] * 2
    assert all(float(row["seconds"]) > 0 for row in rows)
    record = json.loads((out / "compare.json").read_text("utf-8"))
    assert [case["differences"]["tone"] for case in record["cases"] if case["variant"] == "a · x"] == [0, 0]
    assert record["models"]["toy.bank"]["licence"] == "not stated"
    assert str(tmp_path) not in (out / "compare.json").read_text("utf-8") + (out / "compare.html").read_text("utf-8")
    assert sorted(path.name for path in out.iterdir()) == [
        ".facetex-compare", "cache", "compare.csv", "compare.html", "compare.json", "pictures",
        "table.md", "table.tex", "variants.glb",
    ]  # fmt: skip
    pictures = out / "pictures"
    assert {path.relative_to(pictures).as_posix() for path in pictures.rglob("grid*")} == {
        "me.png/grid.png",
        "you.png/grid.png",
    }
    assert len(list(pictures.glob("you.png/b__y/*.png"))) == len(PICTURES)
    assert (out / "table.md").read_text("utf-8").count("\n| ") == 2 + 4


def test_the_glb_has_a_mesh_for_each_shape_and_a_material_for_each_variant(counts, photo, base, tmp_path):
    out, other = tmp_path / "out", picture(tmp_path / "you.png", 20)
    assert compare(photo, other, "-o", out, *base, *SMALL) == 0
    document = glb_json(out / "variants.glb")
    names = [each["name"] for each in document["extensions"]["KHR_materials_variants"]["variants"]]
    assert names == ["a · x", "a · y", "b · x", "b · y"]
    assert len(document["nodes"]) == 2, "all toy fitters make the same sheet; a head a photo"
    for mesh in document["meshes"]:
        (primitive,) = mesh["primitives"]
        mappings = primitive["extensions"]["KHR_materials_variants"]["mappings"]
        assert sorted(number for each in mappings for number in each["variants"]) == [0, 1, 2, 3]
        assert len({each["material"] for each in mappings}) == 4
    assert len(trimesh.load(out / "variants.glb").geometry) == 2
    assert validated(out / "variants.glb") in (None, [])


def glb_json(path):
    content = path.read_bytes()
    return json.loads(content[20 : 20 + int.from_bytes(content[12:16], "little")])


def test_each_variant_takes_the_bank_of_its_descriptors_network(counts, photo, base, tmp_path, capsys):
    words = ["--fitter", "a", "--descriptor", "d,foreign", "--synthesizer", "x"]
    assert compare(photo, "-o", tmp_path / "alone", *base, *words) == 2
    assert "error: me.png: foreign: the bank holds correlations of 'toy'" in capsys.readouterr().err
    bank = tmp_path / "other.bank"
    save_bank(replace(load_bank(tmp_path / "toy.bank"), network="other"), bank)
    assert compare(photo, "-o", tmp_path / "both", *base, *words, "--bank", bank) == 0
    models = json.loads((tmp_path / "both" / "compare.json").read_text("utf-8"))["models"]
    assert {"toy.bank", "other.bank"} <= set(models)


def test_options_given_twice_are_variants(counts, photo, base, tmp_path):
    words = ["--fitter", "toy", "--descriptor", "d", "--synthesizer", "x", "--set", "fitter.yaw=0", "--set", "fitter.yaw=15"]
    assert compare(photo, "-o", tmp_path / "out", *base, *words) == 0
    assert [row["variant"] for row in table(tmp_path / "out")] == ["toy yaw=0", "toy yaw=15"]


FAILURES = {
    "refusing": (2, "error: me.png: refusing: me.png: no photo for this fitter"),
    "broken": (1, "error: me.png: broken: ZeroDivisionError('a bug of the fitter')"),
}


@pytest.mark.parametrize("fitter", FAILURES)
def test_a_variant_that_fails_has_its_line_and_stops_no_other(counts, photo, base, tmp_path, capsys, fitter):
    code, line = FAILURES[fitter]
    words = ["--fitter", f"a,{fitter},b", "--descriptor", "d", "--synthesizer", "x"]
    assert compare(photo, "-o", tmp_path / "out", *base, *words) == code
    captured = capsys.readouterr()
    assert captured.err.splitlines()[-1] == line
    assert ("Traceback" in captured.err) == (code == 1)
    rows = table(tmp_path / "out")
    assert [bool(row["error"]) for row in rows] == [False, True, False]
    assert [bool(row["seconds"]) for row in rows] == [True, False, True]


def test_a_photo_that_fails_is_told_once_and_stops_no_other(counts, photo, base, tmp_path, capsys):
    landscape = picture(tmp_path / "landscape.png", 10)
    assert compare(landscape, tmp_path / "nobody.jpg", photo, "-o", tmp_path / "out", *base, *SMALL) == 2
    errors = [line for line in capsys.readouterr().err.splitlines() if line.startswith("error: ")]
    assert len(errors) == 2
    assert errors[0].endswith("nobody.jpg: no such file")
    assert errors[1].startswith("error: landscape.png: no face found")
    rows = table(tmp_path / "out")
    assert [bool(row["error"]) for row in rows] == [True] * 4 + [False] * 4


def test_where_nothing_can_be_made_nothing_is_written(counts, photo, base, tmp_path):
    landscape = picture(tmp_path / "landscape.png", 10)
    assert compare(landscape, "-o", tmp_path / "out", *base, *SMALL) == 2
    assert not list((tmp_path / "out").glob("compare.*"))


REFUSALS = {
    "no photo": ([], "no photo given: facetex compare PHOTO"),
    "plugin": (["--fitter", "a,toi"], "no fitter 'toi'; did you mean 'toy'? there are: "),
    "empty name": (["--fitter", "a,,b"], "--fitter takes names by commas, such as NAME,NAME, not 'a,,b'"),
    "one variant": (["--fitter", "a", "--synthesizer", "x"], "nothing to compare: name several plugins for a stage"),
    "the same twice": (["--fitter", "a,a", "--synthesizer", "x"], "nothing to compare: "),
    "option": (["--set", "detailer.soft=3"], "no option of detailer 'counted' named 'soft'; there are: none"),
    "stage": (
        ["--set", "exporter.normals=no"],
        "no stage 'exporter' to compare; did you mean 'restorer'? there are: detector, restorer",
    ),
    "choice": (["--fitter", "a,unmade"], "fitter 'unmade' wants what nobody has"),
    "size": (["--size", "300"], "size 300 is none of 256, 512, 1024, 2048, 4096"),
    "bank": (["--bank", "nowhere.bank"], "no bank at nowhere.bank"),
    "grid": (["--grid", "nowhere.toml"], "nowhere.toml: no such file"),
    "grid and preset": (["--grid", "a.toml", "--preset", "draft"], "--grid and --preset exclude each other"),
}


@pytest.mark.parametrize("case", REFUSALS)
def test_a_wrong_order_is_answered_in_one_line_before_any_work(counts, photo, base, tmp_path, capsys, case):
    words, expected = REFUSALS[case]
    assert compare(*([photo] if case != "no photo" else []), "-o", tmp_path / "out", *base, *SMALL, *words) == 2
    errors = [line for line in capsys.readouterr().err.splitlines() if not line.startswith("warning: ")]
    assert len(errors) == 1
    assert expected in errors[0]
    assert not (tmp_path / "out").exists()
    assert counts() == Counter()


def test_a_folder_with_other_things_is_left_alone(counts, photo, base, tmp_path, capsys):
    out = tmp_path / "out"
    out.mkdir()
    (out / "facetex.json").write_text("mine", "utf-8")
    assert compare(photo, "-o", out, *base, *SMALL) == 2
    assert capsys.readouterr().err == f"error: {out}: contains other files than a comparison's; choose a new folder by -o\n"
    assert [path.name for path in out.iterdir()] == ["facetex.json"]


def test_killed_at_random_moments_it_ends_as_if_undisturbed(counts, photo, base, tmp_path):
    begun = time.monotonic()
    assert started(photo, tmp_path / "whole", base).wait() == 0
    took = time.monotonic() - begun
    whole = unmeasured(tmp_path / "whole")
    moments = random.Random(5)  # noqa: S311  # no secret
    for number in range(3):
        out = tmp_path / f"killed-{number}"
        process = started(photo, out, base)
        time.sleep(moments.uniform(0.3, 1) * took)
        process.send_signal(signal.SIGKILL)
        process.wait()
        assert started(photo, out, base).wait() == 0
        assert unmeasured(out) == whole


def started(photo, out, base):
    command = [sys.executable, "-m", "facetex_cli", "compare", str(photo), "-o", str(out), *base, *GRID]
    return subprocess.Popen(command, stdout=subprocess.DEVNULL, env=os.environ)


def test_the_forecast_counts_shared_steps_once_and_learns_from_real_ones_only(monkeypatch):
    ticks, made = count(), count()  # each step takes a second
    monkeypatch.setattr("facetex_cli.compare_run.time", SimpleNamespace(perf_counter=lambda: next(ticks)))
    grid = Grid(load_preset("embedded"), {}).offering("fitter", [Choice("a"), Choice("b"), Choice("c")])
    variants = grid.offering("synthesizer", [Choice("x"), Choice("y")]).variants()
    fresh = Counter(step for steps in fresh_steps(variants) for step in steps)
    assert (fresh["detect"], fresh["fit"], fresh["describe"], fresh["synthesize"], fresh["render"]) == (1, 3, 3, 6, 6)
    forecast, still = Eta(2, variants, lambda: next(made)), Eta(1, variants, lambda: 7)
    forecast.begin()
    still.begin()
    for step in fresh:
        assert forecast.left() == ""
        for each in (forecast, still):
            with each.step(step):
                pass
    assert forecast.left() == f"{2 * fresh.total() - len(fresh)} s left"
    assert still.left() == "", "what came from the cache tells nothing"


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no pseudo-terminals")
def test_a_terminal_sees_what_is_at_work_and_how_long_it_will_take_yet(counts, photo, base, tmp_path):
    seen = on_a_terminal(["compare", str(photo), "-o", str(tmp_path / "out"), *base, *SMALL])
    assert "me.png: a · x: synthesize" in seen
    assert re.search(r"3/4 \d\d:\d\d, \d+ s left", seen)
