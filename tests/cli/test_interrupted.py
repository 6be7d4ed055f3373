"""Ctrl-C while a texture is synthesised: the first writes what there is, the second ends the run."""

import json
import os
import signal

import numpy as np
import pytest
from facetex_cli import run_jobs
from facetex_cli.main import main
from facetex_plugins.synthesize import gram
from PIL import Image
from skimage import data


def astronaut(folder):
    path = folder / "astronaut.png"
    Image.fromarray(data.astronaut()).save(path)
    return str(path)


@pytest.fixture
def heeded():
    """What is started in the background ignores Ctrl-C."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


def interrupt_at(step):
    """Sends Ctrl-C when so many steps are done."""

    def report(done, _):
        if done == step:
            os.kill(os.getpid(), signal.SIGINT)

    return report


WORDS = ("--synthesizer", "gram", "--size", "256", "--set", "synthesizer.enough=0", "--set", "synthesizer.iterations=40")


def test_ctrl_c_in_the_synthesis_writes_the_partial_head(tmp_path, monkeypatch, heeded, capsys):
    monkeypatch.setattr(gram, "report_progress", interrupt_at(3))
    out = tmp_path / "out"
    assert main(["run", astronaut(tmp_path), "-o", str(out), *WORDS]) == 0
    line = "synthesis interrupted after 3 of 40 iterations: the texture is partial"
    assert f"warning: {line}" in capsys.readouterr().err
    assert line in json.loads((out / "facetex.json").read_text("utf-8"))["warnings"]
    assert (out / "head.glb").stat().st_size > 100_000
    albedo = np.asarray(Image.open(out / "albedo.png")).astype(float)
    assert 60 < albedo[100:170, 100:156].mean() < 230


def test_a_second_ctrl_c_ends_the_run_and_leaves_nothing(tmp_path, monkeypatch, heeded, capsys):
    monkeypatch.setattr(gram, "report_progress", interrupt_at(3))
    before = run_jobs.deliver

    def deliver(*given, **named):
        os.kill(os.getpid(), signal.SIGINT)
        return before(*given, **named)

    monkeypatch.setattr(run_jobs, "deliver", deliver)
    out = tmp_path / "out"
    assert main(["run", astronaut(tmp_path), "-o", str(out), *WORDS]) == 130
    assert capsys.readouterr().err.splitlines()[-1] == "interrupted"
    assert not out.exists()
