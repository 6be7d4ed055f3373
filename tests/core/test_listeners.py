"""What facetex says reaches who listens in the same context, and nothing of the process is changed for it."""

import json
import os
import signal
import subprocess
import sys
import threading
import warnings
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import numpy as np
import pytest
import toy_stages
from facetex_cli.main import main
from facetex_cli.recipe_options import SHORT
from PIL import Image
from toy_distribution import install_module
from toy_stages import ToySynthesizer, write_toy_bank

from facetex_core import STAGES, Photo, Registry, hookimpl, listeners, load_preset, progress, warn
from facetex_core.descriptors.bank_file import load_bank


class Chatty(ToySynthesizer):
    """Warns and reports under its number, in step with another one."""

    together = threading.Barrier(2)

    def __init__(self, number: int = 0) -> None:
        super().__init__()
        self.number = number

    def synthesize(self, view, target, rng):
        for step in range(5):
            self.together.wait(60)
            warn(f"step {step} of {self.number}")
            progress.report_progress(step, 100 + self.number)
        return super().synthesize(view, target, rng)


class ChattyPlugin:
    api_version = 2

    @hookimpl
    def synthesizers(self):
        return {"chatty": Chatty}


def test_two_pipelines_in_two_threads_mix_neither_warnings_nor_progress(tmp_path):
    registry = Registry(toy_stages, ChattyPlugin(), installed=False)
    recipe, bank = replace(load_preset("embedded"), size=256), load_bank(write_toy_bank(tmp_path / "toy.bank"))
    for role in STAGES:
        recipe = recipe.choosing(role, "toy")
    recipe = recipe.choosing("synthesizer", "chatty")

    def run(number):
        pipeline = recipe.setting("synthesizer", "number", number).build(registry, bank)
        said, done = [], []
        with listeners.listening(said.append), progress.listening(lambda *step: done.append(step)):
            pipeline.run(Photo(np.full((96, 96, 3), 0.4, np.float32), f"{number}.png"))
        return said, [step for step in done if step[1] > 10]

    before = os.fstat(2), warnings.showwarning, warnings.filters
    with ThreadPoolExecutor(2) as threads:
        heard = list(threads.map(run, (1, 2)))
    assert (os.fstat(2), warnings.showwarning, warnings.filters) == before
    for number, (said, done) in zip((1, 2), heard, strict=True):
        assert said == [f"step {step} of {number}" for step in range(5)]
        assert done == [(step, 100 + number) for step in range(5)]


def test_the_command_line_works_outside_the_main_thread_and_leaves_the_process_alone(capsys):
    def state():
        return signal.getsignal(signal.SIGTERM), warnings.showwarning, warnings.formatwarning, warnings.filters, os.fstat(2)

    before = state()
    with ThreadPoolExecutor(1) as thread:
        assert thread.submit(main, ["plugins"]).result(60) == 0
    assert state() == before
    assert "delighter" in capsys.readouterr().out


def test_collected_words_are_heard_outside_too(said):
    with listeners.collecting() as inner:
        warn("two\n lines")
    warn("after")
    assert (inner, said) == (["two lines"], ["two lines", "after"])


@pytest.mark.parametrize(
    ("before", "expected"),
    [("pass", "bright\n"), ("logging.basicConfig(format='log: %(message)s')", "log: bright\n")],
    ids=["no logging", "logging"],
)
def test_a_warning_is_printed_once_where_nobody_listens(before, expected):
    assert printed(f"import logging; {before}; from facetex_core import warn; warn('bright')") == expected


def test_what_a_listener_shows_the_log_does_not_print_again():
    source = "import sys; from facetex_core import listeners, warn\nwith listeners.listening(sys.stderr.write): warn('bright')"
    assert printed(source) == "bright"


def printed(source):
    return subprocess.run([sys.executable, "-c", source], check=True, capture_output=True, text=True).stderr


OLD = """
import warnings
from facetex_core import hookimpl
api_version = 2
class Old:
    "Says it as Python does."
    def delight(self, view):
        warnings.warn("an old friend", stacklevel=2)
        return view.lit
@hookimpl
def delighters(): return {"old": Old}
"""


def test_a_plugin_that_warns_as_python_does_is_heard_in_the_command_line(toy, tmp_path):
    install_module(toy, "old_plugin", OLD)
    photo, out = tmp_path / "me.png", tmp_path / "out"
    Image.fromarray(np.full((96, 96, 3), 150, np.uint8)).save(photo)
    toys = [word for short in SHORT for word in (f"--{short}", "toy")]
    words = ["run", photo, "-o", out, "--size", "256", "--bank", write_toy_bank(tmp_path / "toy.bank"), "--device", "cpu"]
    command = [sys.executable, "-m", "facetex_cli", *words, *toys, "--delighter", "old"]
    ended = subprocess.run(command, check=True, capture_output=True, text=True)
    assert ended.stderr == "warning: an old friend\n"
    assert json.loads((out / "facetex.json").read_text("utf-8"))["warnings"] == ["an old friend"]
