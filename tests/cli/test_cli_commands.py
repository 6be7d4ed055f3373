"""`facetex doctor`, `facetex zoo`, help, and what a terminal sees."""

import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import facetex_model_zoo as zoo
import numpy as np
import pytest
from facetex_cli import doctor_run
from facetex_cli.jobs import Job
from facetex_cli.main import main
from PIL import Image
from terminal import on_a_terminal
from toy_distribution import install_module

from facetex_core.progress import listening, report_progress


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder for models."""
    monkeypatch.setenv("FACETEX_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


def test_help_is_what_one_gets_without_a_word(capsys):
    assert main([]) == 0
    bare = capsys.readouterr().out
    assert main(["--help"]) == 0
    assert capsys.readouterr().out == bare
    assert "doctor" in bare


def test_an_unknown_command_is_answered_with_those_that_exist(capsys):
    assert main(["docter"]) == 2
    known = "run, compare, cache, render, eval, study, bank, plugins, install, doctor, zoo"
    assert capsys.readouterr().err == f"error: no command 'docter'; did you mean 'doctor'? there are: {known}\n"


def test_a_model_comes_in_by_add_and_is_found(home, tmp_path, capsys, monkeypatch):
    row = replace(zoo.row("hair"), sha256="")
    monkeypatch.setattr("facetex_model_zoo.store._rows", lambda: {"hair": row})
    file = tmp_path / "somewhere.tflite"
    file.write_bytes(b"not really")
    assert main(["zoo", "path", "hair"]) == 2
    assert "facetex zoo add hair FILE" in capsys.readouterr().err
    assert main(["zoo", "add", "hair", str(file)]) == 0
    assert main(["zoo", "path", "hair"]) == 0
    assert capsys.readouterr().out.splitlines()[-1] == str(home / "models" / "hair.tflite")
    assert (home / "models" / "hair.tflite").read_bytes() == b"not really"


@pytest.mark.parametrize(
    ("words", "answer"),
    [
        (["show", "bfn"], "no model 'bfn'; did you mean 'bfm'?"),
        (["add", "faces", "x"], "model 'faces' ships with facetex; there is nothing to add"),
        (["add", "bfm", "nowhere.h5"], "nowhere.h5 is no file"),
    ],
)
def test_a_wrong_word_to_the_zoo_is_one_line(home, capsys, words, answer):
    assert main(["zoo", *words]) == 2
    captured = capsys.readouterr()
    assert answer in captured.err
    assert captured.err.count("\n") == 1


def test_the_zoo_lists_every_model_with_its_licence(home, capsys):
    assert main(["zoo", "list", "--json"]) == 0
    rows = {row["name"]: row for row in json.loads(capsys.readouterr().out)}
    assert set(rows) == set(zoo.model_names())
    assert rows["bfm"]["installed"] is False
    assert all(row["licence"] for row in rows.values())


@pytest.mark.parametrize("known", [True, False])
def test_verify_finds_a_changed_byte(home, tmp_path, capsys, monkeypatch, known):
    """By the table's hash, or by the one noted when the model was added."""
    file = tmp_path / "hair.tflite"
    file.write_bytes(b"right")
    row = replace(zoo.row("hair"), sha256=zoo.sha256_of(file) if known else "")
    monkeypatch.setattr("facetex_model_zoo.store._rows", lambda: {"hair": row})
    assert main(["zoo", "add", "hair", str(file)]) == 0
    assert main(["zoo", "verify"]) == 0
    (home / "models" / "hair.tflite").write_bytes(b"wrong")
    assert main(["zoo", "verify"]) == 2
    captured = capsys.readouterr()
    assert "damaged: sha256" in captured.out
    assert captured.err == "error: damaged or changed: hair\n"


def test_what_a_run_rests_on_is_recorded(home, tmp_path):
    file = tmp_path / "bfm.h5"
    file.write_bytes(b"right")
    zoo.add_model("bfm", file)
    with zoo.recording() as asked:
        zoo.model_path("bfm")
    zoo.model_path("bfm")
    found = zoo.provenance(asked)
    assert list(found) == ["bfm"]
    assert found["bfm"]["sha256"] == zoo.sha256_of(file)
    assert found["bfm"]["commercial"] is False


def doctor(capsys: pytest.CaptureFixture[str]) -> tuple[int, dict[str, dict[str, str]]]:
    code = main(["doctor", "--json"])
    return code, {check["name"]: check for check in json.loads(capsys.readouterr().out)}


def test_doctor_names_what_is_broken_with_its_mend(toy, home, capsys, monkeypatch):
    install_module(toy, "broken_plugin", "raise RuntimeError('out of order')")
    monkeypatch.setenv("FACETEX_HOME", "/proc/nowhere")
    code, found = doctor(capsys)
    assert code == 1
    assert found["broken_plugin"]["state"] == "fails"
    assert found["models' folder"]["state"] == "fails"
    assert "FACETEX_HOME" in found["models' folder"]["mend"]
    assert all(check["mend"] for check in found.values() if check["state"] == "fails")


def test_a_broken_plugin_is_one_line_wherever_it_is_met(toy, tmp_path):
    install_module(toy, "broken_plugin", "raise RuntimeError('out of order')")
    command = [sys.executable, "-m", "facetex_cli", "eval", "suite", str(tmp_path / "nowhere")]
    paths = os.pathsep.join(filter(None, [str(toy), os.environ.get("PYTHONPATH")]))
    done = subprocess.run(command, capture_output=True, text=True, check=False, env={**os.environ, "PYTHONPATH": paths})
    assert done.returncode == 2
    left_out, error = done.stderr.splitlines()
    assert left_out.startswith("warning: plugin 'broken_plugin' is left out: ")
    assert error.startswith("error: ")


def test_doctor_looks_at_everything(home, capsys):
    _, found = doctor(capsys)
    wanted = {"facetex", "python", "torch", "cv2", "open3d", "libGL.so.1", "ONNX Runtime", "CUDA", "faces", "bfm", "disk here"}
    assert wanted <= set(found)
    assert found["bfm"]["state"] == "note"


def test_a_missing_library_fails_only_if_somebody_misses_it():
    assert doctor_run._library("libnowhere.so.9", "nowhere", missed=False).state == "note"
    lacking = doctor_run._library("libnowhere.so.9", "nowhere", missed=True)
    assert (lacking.state, lacking.mend) == ("fails", "apt-get install nowhere")


def test_little_room_fails_with_its_mend():
    assert doctor_run._room("memory", 3.9, 4.0, "close other programs").state == "fails"
    assert doctor_run._room("memory", 4.1, 4.0, "close other programs").mend == ""


def test_progress_is_heard_inside_only():
    heard = []
    report_progress(1, 3)
    with listening(lambda done, total: heard.append((done, total))):
        report_progress(2, 3)
    report_progress(3, 3)
    assert heard == [(2, 3)]


@pytest.mark.skipif(sys.platform == "win32", reason="needs a pseudo-terminal")
def test_a_terminal_sees_a_bar_with_the_step_and_one_inside_it(toy, tmp_path):
    seen = on_a_terminal(run_words(toy, tmp_path))
    assert "astronaut.png: synthesize" in seen
    assert "  synthesize:" in seen


@pytest.mark.skipif(sys.platform == "win32", reason="needs a pseudo-terminal")
def test_quiet_shows_no_bar_on_a_terminal(toy, tmp_path):
    assert "synthesize" not in on_a_terminal([*run_words(toy, tmp_path), "--quiet"])


def run_words(toy: Path, tmp_path: Path) -> list[str]:
    from facetex_cli.recipe_options import SHORT
    from toy_stages import write_toy_bank

    toys = [word for short in SHORT for word in (f"--{short}", "toy")]
    bank = str(write_toy_bank(tmp_path / "toy.bank"))
    plain = ["--bank", bank, "--size", "256", "--device", "cpu", "--set", "synthesizer.seconds=1"]
    return ["run", "--example", "-o", str(tmp_path / "out"), *toys, *plain]


def test_a_focal_length_that_is_given_is_the_photos_own(tmp_path):
    """For 35 mm film, over what the file tells."""
    path = tmp_path / "a.png"
    Image.fromarray(np.full((120, 160, 3), 90, np.uint8)).save(path)
    (told,) = Job((path,), tmp_path).load(50.0)
    assert told.focal == pytest.approx(50 / 43.27 * 200)
    (silent,) = Job((path,), tmp_path).load()
    assert silent.focal is None
