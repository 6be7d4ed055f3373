"""The fuzz of tests/fuzz.py: a short run, and that its watch sees what it should see."""

import subprocess
import sys

import numpy as np
import pytest
from fuzzing.kinds import KINDS, TOYS
from fuzzing.originals import write_originals
from fuzzing.watch import attempt, fresh
from places import TESTS

FUZZ = TESTS / "fuzz.py"


@pytest.fixture(scope="module")
def originals(tmp_path_factory):
    return write_originals(tmp_path_factory.mktemp("fuzz") / "originals")


def test_a_short_run_finds_nothing():
    done = subprocess.run(
        [sys.executable, FUZZ, "--count", "30", "--seed", "11", "--jobs", "1"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "30 cases of seed 11" in done.stdout


@pytest.mark.parametrize("kind", KINDS)
def test_the_same_seed_spoils_the_same_way(originals, tmp_path, kind):
    made = []
    for name in ("one", "two"):
        work = fresh(tmp_path / name)
        words = KINDS[kind][0](np.random.default_rng(5), originals, work)
        content = {path.relative_to(work): path.read_bytes() for path in sorted(work.rglob("*")) if path.is_file()}
        made.append(([word.replace(str(work), "") for word in words], content))
    assert made[0] == made[1]


def watched(originals, tmp_path, name, *more):
    work = fresh(tmp_path / "work")
    (work / "in" / name).write_bytes((originals / "photos" / "a.png").read_bytes())
    words = [
        "run",
        str(work / "in" / name),
        "-o",
        str(work / "out"),
        *TOYS,
        "--bank",
        str(originals / "toy.bank"),
        "--size",
        "256",
    ]
    return attempt([*words, *more], work)


def test_the_watch_lets_pass_what_is_right(originals, tmp_path):
    assert watched(originals, tmp_path, "me.png").wrong == ""
    assert watched(originals, tmp_path, "landscape.png").wrong == ""


def test_the_watch_sees_a_traceback(originals, tmp_path):
    assert watched(originals, tmp_path, "bug.png").wrong == "exit code 1"


def test_the_watch_sees_a_call_that_hangs(originals, tmp_path, monkeypatch):
    monkeypatch.setattr("fuzzing.watch.SECONDS", 1)
    assert watched(originals, tmp_path, "me.png", "--set", "synthesizer.seconds=30").wrong.startswith("hangs: ")


PLANTS = {
    "writes beside": ("Path('stray').touch()", "changes here/stray"),
    "leaves temporary files": ("os.close(__import__('tempfile').mkstemp()[0])", "changes tmp/"),
    "writes into the home folder": ("Path.home().joinpath('x').touch(); raise ConfigError('no')", "changes home/x"),
    "fails and leaves": (
        "Path('../out').mkdir(); Path('../out/half').touch(); raise ConfigError('no')",
        "fails and leaves out",
    ),
    "leaves a half": ("Path('../out').mkdir(); Path('../out/x.part').touch()", "leaves out/x.part"),
    "speaks natively": ("os.write(2, b'libpng error\\n')", "says on stderr: libpng error"),
    "says two lines": ("print('error: one', file=sys.stderr); raise ConfigError('two')", "exit code 2 with 2 lines of error"),
    "fails silently": ("sys.exit(3)", "SystemExit"),
    "has a bug": ("{}['x']", "KeyError"),
    "calls home": ("with __import__('socket').socket() as s: s.connect(('127.0.0.1', 9))", "the network is asked"),
    "runs out of memory": ("raise MemoryError", "is out of memory"),
}


@pytest.mark.parametrize("plant", PLANTS)
def test_the_watch_sees_what_is_planted(tmp_path, monkeypatch, plant):
    import click

    source, wrong = PLANTS[plant]
    heads = "import os, sys\nfrom pathlib import Path\nfrom facetex_core.errors import ConfigError\n"
    command = click.Command("run", callback=lambda: exec(heads + source, {}))  # noqa: S102  # the lines above
    monkeypatch.setattr("facetex_cli.main.LazyGroup.get_command", lambda *_: command)
    assert wrong in attempt(["run"], fresh(tmp_path / "work")).wrong
