"""`facetex run` from outside: what it writes, what it prints, how it ends. The stages are toys, all else is real."""

import errno
import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from facetex_cli.folders import folders_for
from PIL import Image
from toy_cli import one_error, run, toys  # noqa: F401  # fixtures are used by their names


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    """96 x 96 of skin colour with a gradient."""
    y, x = np.mgrid[0:96, 0:96]
    path = tmp_path / "me.png"
    Image.fromarray(np.stack([150 + x // 2, 110 + y // 2, 90 + x // 3], -1).astype(np.uint8)).save(path)
    return path


def test_one_photo_fills_the_folder_itself(toys, photo, tmp_path, capsys):
    out = tmp_path / "new" / "out"
    assert run(photo, "-o", out, *toys) == 0
    names = {path.name for path in out.iterdir()}
    assert names >= {"albedo.png", "lit.png", "visibility.png", "normal.png", "report.html", "facetex.json", "renders"}
    assert (out / "toy.txt").read_text("utf-8") == "whole"
    assert f"me.png: {sum(p.is_file() for p in out.rglob('*'))} files in {out}" in capsys.readouterr().out


def test_several_photos_get_a_folder_each_and_one_that_fails_stops_no_other(toys, photo, tmp_path, capsys):
    other = tmp_path / "deeper" / "ME.png"
    other.parent.mkdir()
    other.write_bytes(photo.read_bytes())
    out = tmp_path / "out"
    assert run(photo, tmp_path / "nobody.jpg", other, "-o", out, *toys) == 2
    assert sorted(path.name for path in out.iterdir()) == ["ME-2", "me"]
    captured = capsys.readouterr()
    assert captured.err.splitlines()[-1].endswith("nobody.jpg: no such file")
    assert [line.split(":")[0] for line in captured.out.splitlines()] == ["me.png", "ME.png"]


def test_folders_differ_on_disks_that_do_not_tell_cases_apart(tmp_path):
    photos = [Path(name) for name in ("ME.jpg", "me.png", "you.png", "Me-2.gif", "..", "x/me.jpg")]
    names = [str(folder.relative_to(tmp_path)) for folder in folders_for(photos, tmp_path)]
    assert names == ["ME", "me-2", "you", "Me-2-2", "photo", "me-3"]
    assert folders_for(photos[:1], tmp_path) == [tmp_path]


def test_json_is_one_object_a_photo_and_nothing_else(toys, photo, tmp_path, capsys):
    assert run(photo, tmp_path / "nobody.jpg", "-o", tmp_path / "out", "--json", "--set", "detector.faces=2", *toys) == 2
    good, bad = map(json.loads, capsys.readouterr().out.splitlines())
    assert good["photo"] == "me.png"
    assert all(Path(file).is_file() for file in good["files"])
    assert any("2 faces found; the largest is used" in line for line in good["warnings"])
    assert bad["error"].endswith("no such file")


def test_quiet_prints_nothing(toys, photo, tmp_path, capsys):
    assert run(photo, "-o", tmp_path / "out", "--quiet", *toys) == 0
    assert capsys.readouterr().out == ""


def test_the_record_repeats_the_run_to_the_byte(toys, photo, tmp_path):
    first, again, other = (tmp_path / name for name in ("first", "again", "other"))
    assert run(photo, "-o", first, "--seed", 7, "--set", "fitter.yaw=60", *toys) == 0
    record = json.loads((first / "facetex.json").read_text("utf-8"))
    assert record["recipe"]["seed"] == 7
    assert record["recipe"]["stages"]["fitter"] == {"use": "toy", "yaw": "60"}
    assert record["models"]["toy.bank"]["licence"] == "not stated"
    assert len(record["models"]["toy.bank"]["sha256"]) == 64
    bank = tmp_path / "toy.bank"
    assert run(photo, "-o", again, "--from", first / "facetex.json", "--bank", bank) == 0
    assert run(photo, "-o", other, "--from", first / "facetex.json", "--bank", bank, "--seed", 8) == 0
    assert (again / "albedo.png").read_bytes() == (first / "albedo.png").read_bytes()
    assert (other / "albedo.png").read_bytes() != (first / "albedo.png").read_bytes()


def test_the_example_needs_no_photo(toys, tmp_path, capsys):
    assert run("--example", "-o", tmp_path / "out", *toys) == 0
    assert capsys.readouterr().out.startswith("astronaut.png: ")


def test_a_preset_may_be_a_file(toys, photo, tmp_path):
    preset = tmp_path / "mine.toml"
    preset.write_text('size = 256\n[stages]\nfitter = { use = "toy", yaw = 20 }\n', "utf-8")
    pairs = [pair for pair in zip(toys[::2], toys[1::2], strict=True) if pair[0] not in ("--fitter", "--size")]
    others = [word for pair in pairs for word in pair]
    assert run(photo, "-o", tmp_path / "out", "--preset", preset, *others) == 0
    record = json.loads((tmp_path / "out" / "facetex.json").read_text("utf-8"))
    assert record["recipe"]["size"] == 256
    assert record["recipe"]["stages"]["fitter"]["yaw"] == 20


REFUSALS = {
    "no photo": ([], "no photo given: facetex run PHOTO"),
    "stage plugin": (["--fitter", "toi"], r"no fitter 'toi'; did you mean 'toy'\? there are: "),
    "exporter": (["--exporter", "toy+glbb"], "no exporter 'glbb'; "),
    "option": (["--set", "fitter.yow=3"], r"no option of fitter 'toy' named 'yow'; did you mean 'yaw'\? there are: yaw"),
    "option of a short name": (["--set", "blend.x=3"], "no option of blend_solver 'toy' named 'x'; there are: none"),
    "value": (["--set", "fitter.yaw=left"], "option 'yaw' takes a number, not 'left'"),
    "choice": (["--set", "synthesizer.kind=loud"], "option 'kind' takes one of normal, none, not 'loud'"),
    "setting": (["--set", "yaw=3"], "--set takes stage.option=value"),
    "stage": (["--set", "fiter.yaw=3"], r"no stage 'fiter'; did you mean 'fitter'\? there are: detector, restorer"),
    "preset": (
        ["--preset", "draught"],
        r"no preset 'draught'; did you mean 'draft'\? there are: draft, embedded, paper, richardson",
    ),
    "flag": (["--fiter", "x"], "No such option"),
    "size": (["--size", "300"], "size 300 is none of 256, 512, 1024, 2048, 4096"),
    "seed": (["--seed", "-1"], "the seed must be a whole number from 0"),
    "face": (["--face", "0"], "'--face': 0 is not in the range"),
    "bank": (["--bank", "nowhere.bank"], "no bank at nowhere.bank"),
    "saved": (["--from", "nowhere.json"], r"nowhere\.json: no such file"),
    "both": (["--from", "a.json", "--preset", "draft"], "--preset and --from exclude each other"),
}


@pytest.mark.parametrize("case", REFUSALS)
def test_a_wrong_order_is_answered_in_one_line_before_any_work(toys, photo, tmp_path, capsys, case):
    words, pattern = REFUSALS[case]
    photos = [] if case == "no photo" else [photo]
    assert run(*photos, "-o", tmp_path / "out", *toys, *words) == 2
    assert re.search(pattern, one_error(capsys))
    assert not (tmp_path / "out").exists()


FACES = {
    "none": (["--set", "detector.faces=0"], "me.png: no face found"),
    "small": (["--set", "detector.share=0.3"], "me.png: the face is 29 pixels large; at least 32 are needed"),
    "third of two": (["--set", "detector.faces=2", "--face", "3"], "there is no face 3; faces found: 2"),
    "profile": (["--set", "fitter.yaw=80"], "the face is turned by 80 degrees; up to 70 can be used"),
}


@pytest.mark.parametrize("case", FACES)
def test_a_face_that_cannot_be_used_is_named(toys, photo, tmp_path, capsys, case):
    words, expected = FACES[case]
    assert run(photo, "-o", tmp_path / "out", *toys, *words) == 2
    assert expected in one_error(capsys)
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(("level", "word"), [(0, "dark"), (255, "bright")])
def test_a_black_or_white_photo_is_named(toys, tmp_path, capsys, level, word):
    path = tmp_path / "flat.png"
    Image.new("RGB", (96, 96), (level, level, level)).save(path)
    assert run(path, "-o", tmp_path / "out", *toys) == 2
    assert f"the face is too {word}" in one_error(capsys)


def test_a_model_that_is_missing_says_how_to_get_it(toys, photo, tmp_path, capsys, monkeypatch):
    monkeypatch.setenv("FACETEX_HOME", str(tmp_path / "home"))
    assert run(photo, "-o", tmp_path / "out", *toys, "--descriptor", "vgg19") == 2
    line = one_error(capsys)
    assert "model 'vgg19'" in line
    assert "facetex zoo add vgg19 FILE" in line
    assert "facetex zoo pull vgg19" in line
    assert "licence: BSD-3-Clause" in line


def test_cuda_where_there_is_none_is_refused(toys, photo, tmp_path, capsys, monkeypatch):
    monkeypatch.setattr("facetex_cli.device.DRIVER", "libnowhere.so.1")
    assert run(photo, "-o", tmp_path / "out", *toys, "--device", "cuda") == 2
    assert "no CUDA here: the NVIDIA driver" in one_error(capsys)


@pytest.mark.parametrize("below", ["", "deeper/still"])
def test_a_file_in_the_folders_place_is_found_before_any_work(toys, photo, tmp_path, capsys, below):
    (tmp_path / "taken").write_text("mine", "utf-8")
    assert run(photo, "-o", tmp_path / "taken" / below, *toys, "--set", "detector.faces=0") == 2
    assert "taken is a file" in one_error(capsys)


@pytest.mark.skipif(not Path("/proc/self").is_dir(), reason="needs a folder that nobody can write, such as Linux's /proc")
def test_a_folder_that_cannot_be_written_is_found_before_any_work(toys, photo, capsys):
    assert run(photo, "-o", "/proc/facetex-out", *toys, "--set", "detector.faces=0") == 2
    assert "/proc/facetex-out: cannot be written" in one_error(capsys)


def test_a_file_that_is_no_bank_is_one_line(toys, photo, tmp_path, capsys):
    (tmp_path / "cut.bank").write_bytes((tmp_path / "toy.bank").read_bytes()[:200])
    for bank in (tmp_path / "cut.bank", photo):
        assert run(photo, "-o", tmp_path / "out", *toys, "--bank", bank) == 2
        assert f"error: {bank.name}" in one_error(capsys)


def test_a_full_disk_is_one_line_and_leaves_nothing(toys, photo, tmp_path, capsys):
    before = sorted(tmp_path.iterdir())
    assert run(photo, "-o", tmp_path / "out", *toys, "--set", "exporter.full=yes") == 2
    assert os.strerror(errno.ENOSPC) in one_error(capsys)
    assert sorted(tmp_path.iterdir()) == before


def test_a_bug_keeps_its_traceback(toys, photo, tmp_path, capsys):
    bad = photo.with_name("bug.png")
    bad.write_bytes(photo.read_bytes())
    assert run(bad, photo, "-o", tmp_path / "out", *toys) == 1
    captured = capsys.readouterr()
    assert "Traceback" in captured.err
    assert "ZeroDivisionError: a bug of the toy" in captured.err
    assert captured.out.startswith("me.png: ")


@pytest.fixture
def mark(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Appears when a slow toy begins."""
    path = tmp_path_factory.mktemp("mark") / "begun"
    monkeypatch.setenv("FACETEX_TOY_MARK", str(path))
    return path


@pytest.mark.parametrize(("number", "code", "words"), [(signal.SIGINT, 130, "interrupted"), (signal.SIGTERM, 143, "")])
@pytest.mark.parametrize("stage", ["synthesizer", "exporter"])
def test_an_interrupted_run_leaves_nothing(toys, photo, tmp_path, mark, number, code, words, stage):  # noqa: PLR0917
    before = sorted(tmp_path.iterdir())
    # What was started in the background ignores SIGINT, and its children inherit that.
    heed = "import signal, sys; signal.signal(signal.SIGINT, signal.default_int_handler); "
    command = [sys.executable, "-c", heed + "from facetex_cli.main import console; sys.exit(console())", "run", str(photo)]
    command += ["-o", str(tmp_path / "new" / "out"), *toys, "--set", f"{stage}.seconds=60"]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
    deadline = time.monotonic() + 60
    while not mark.exists() and time.monotonic() < deadline:
        time.sleep(0.05)
    process.send_signal(number)
    _, err = process.communicate(timeout=60)
    assert (process.returncode, err.strip()) == (code, words)
    assert sorted(tmp_path.iterdir()) == before
