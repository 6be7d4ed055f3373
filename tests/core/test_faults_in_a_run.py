"""Every fault of every role goes through `facetex run`: the plugin is named, the photo never blamed, nothing is written."""

import json
import os
import subprocess
import sys

import numpy as np
import pytest
from facetex_cli.recipe_options import SHORT
from faulty_stages import FAULTS, applies
from PIL import Image
from places import SUPPORT
from toy_distribution import declare, install
from toy_stages import write_toy_bank

from facetex_core.stages import STAGES, verb_of

MATRIX = [(role, fault) for role in STAGES for fault in (*FAULTS, "paints") if applies(fault, role)]
shorts = {role: short for short, role in SHORT.items()}
WORDS = {
    "nothing": "found None",
    "double": "found float64",
    "not-a-number": "not finite, the first at",
    "deeper": "1 axis too many",
    "to-255": "expected [0, 1]; found",
    "paints": "copy first",
}


RUN_ALL = """
import io, json, sys
from contextlib import redirect_stderr
from facetex_cli.main import main
answers = []
for words in json.load(sys.stdin):
    with redirect_stderr(io.StringIO()) as said:
        code = main(words)
    answers.append([code, said.getvalue()])
print(json.dumps(answers))
"""
"""In a process without the tests' own checks of types, which would be quicker than the door."""


@pytest.fixture(scope="module")
def answers(tmp_path_factory):
    """By role and fault: exit code, what was said on stderr, and the folder for the head; and of the toys alone."""
    folder = tmp_path_factory.mktemp("faulty")
    site = declare(install(folder / "site"), "facetex-faulty", {"faulty": "faulty_stages"})
    pixels = np.linspace(90, 170, 96 * 96 * 3).reshape(96, 96, 3).astype(np.uint8)
    Image.fromarray(pixels).save(folder / "me.png")
    toys = [word for short in SHORT for word in (f"--{short}", "toy")]
    bank = str(write_toy_bank(folder / "toy.bank"))
    plain = ["run", str(folder / "me.png"), *toys, "--bank", bank, "--size", "256", "--device", "cpu", "-q"]
    outs = {case: folder / "-".join(case) for case in [("no", "fault"), *MATRIX]}
    calls = [[*plain, "-o", str(outs["no", "fault"])]]
    calls += [[*plain, f"--{shorts[role]}", fault, "-o", str(outs[role, fault])] for role, fault in MATRIX]
    path = os.pathsep.join([str(site), str(SUPPORT), os.environ.get("PYTHONPATH", "")])
    environment = {**os.environ, "PYTHONPATH": path}
    command = [sys.executable, "-c", RUN_ALL]
    done = subprocess.run(command, input=json.dumps(calls), env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return {case: (*told, out) for (case, out), told in zip(outs.items(), json.loads(done.stdout), strict=True)}


def test_the_toys_without_a_fault_make_a_head(answers):
    code, said, out = answers["no", "fault"]
    assert code == 0, said
    assert (out / "facetex.json").is_file()


@pytest.mark.parametrize(("role", "fault"), MATRIX, ids=[f"{role}-{fault}" for role, fault in MATRIX])
def test_the_plugin_is_named_with_what_is_wrong_and_what_to_do(answers, role, fault):
    code, said, out = answers[role, fault]
    errors = [line for line in said.splitlines() if line.startswith("error: ")]
    assert len(errors) == 1, said
    assert code == 1, said
    for word in (role.replace("_", " "), repr(fault), "'faulty'", f"{verb_of(role)}()", WORDS[fault]):
        assert word in errors[0]
    assert not out.exists()
