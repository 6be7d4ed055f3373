"""Every fault that a stranger's plugin may have is caught, and the message says what to do."""

import json
import os
import subprocess
import sys
import tomllib
from importlib.metadata import version
from inspect import signature
from textwrap import indent

import pytest
from facetex_cli.main import main
from places import SUPPORT
from toy_distribution import declare, install_module

from facetex_core.stages import STAGES, verb_of

FAULTS = tomllib.loads((SUPPORT / "faults.toml").read_text("utf-8"))

CHECK_ALL = """
import io, json, sys
from contextlib import redirect_stdout
from facetex_cli.main import main
answers = {}
for name in sys.argv[1:]:
    with redirect_stdout(io.StringIO()) as said:
        code = main(["plugins", "check", name])
    answers[name] = code, said.getvalue()
print(json.dumps(answers))
"""
"""In a process without the tests' own checks of types; the first registry sees how long modules take to load."""


def module_of(name: str, fault: dict[str, str]) -> str:
    """The plugin's source."""
    if "module" in fault:
        return f"from facetex_core import hookimpl\napi_version = 2\n{fault['module']}\n"
    role = fault["role"]
    verb = verb_of(role)
    arguments = ", ".join(signature(getattr(STAGES[role], verb)).parameters)
    passed = arguments.removeprefix("self, ")
    changed = f"def {verb}({arguments}):\n    found = super().{verb}({passed})\n{indent(fault.get('change', ''), '    ')}"
    return f"""\
from dataclasses import replace
import numpy as np
from facetex_core import Segmentation, hookimpl
api_version = 2
from facetex_cli.templates.{role} import Example
class Faulty(Example):
{indent(fault.get("body", changed), "    ")}
@hookimpl
def {role}s():
    return {{"{name}": Faulty}}
"""


@pytest.fixture(scope="module")
def answers(tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[int, str]]:
    """What `facetex plugins check` says of each, and its exit code."""
    site = tmp_path_factory.mktemp("site")
    modules = {f"fault_{name.replace('-', '_')}": module_of(name, fault) for name, fault in FAULTS.items()}
    for module, source in modules.items():
        install_module(site, module, source)
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(site), os.environ.get("PYTHONPATH", "")])}
    environment.pop("FACETEX_STRICT_PLUGINS", None)
    command = [sys.executable, "-W", "ignore", "-c", CHECK_ALL, *modules]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return dict(zip(FAULTS, json.loads(done.stdout).values(), strict=True))


@pytest.mark.parametrize("name", FAULTS)
def test_a_fault_is_caught_and_told_what_to_do(answers, name):
    code, said = answers[name]
    assert code == 1, said
    assert FAULTS[name]["words"] in said
    assert "Traceback" not in said


def test_there_are_thirty_faults_and_more():
    assert len(FAULTS) >= 30


def test_a_plugin_that_keeps_its_contract_passes(capsys):
    assert main(["plugins", "check", "convex"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "blend_solver convex"
    assert lines[1:3] == ["  passed  loads quickly", "  passed  is made with its default options"]
    assert lines[-1] == "  13 passed"


def test_a_check_as_json(capsys):
    assert main(["plugins", "check", "uniform", "--json"]) == 0
    rows = json.loads(capsys.readouterr().out)
    assert {row["state"] for row in rows} == {"passed", "exempt"}
    assert rows[0] == {"stage": "blend_solver", "name": "uniform", "check": "loads quickly", "state": "passed", "message": ""}


def test_a_plugin_is_checked_by_its_entry_point_too(capsys):
    assert main(["plugins", "check", "solve_convex"]) == 0
    titles = [line for line in capsys.readouterr().out.splitlines() if not line.startswith(" ")]
    assert titles == ["blend_solver convex", "blend_solver nearest", "blend_solver uniform"]


def test_a_model_that_is_not_there_is_no_fault_of_the_plugin(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("FACETEX_HOME", str(tmp_path))
    assert main(["plugins", "check", "sfm", "--json"]) == 1
    rows = json.loads(capsys.readouterr().out)
    assert {row["state"] for row in rows[1:]} == {"not run"}
    assert "facetex zoo" in rows[1]["message"]


def test_an_unknown_plugin_is_answered_with_what_exists(capsys):
    assert main(["plugins", "check", "convx"]) == 2
    assert capsys.readouterr().err.startswith("error: no plugin 'convx'; did you mean 'convex'? there are: affine, ")


@pytest.mark.parametrize("value", ["1", "0"])
def test_strict_plugins_raise(tmp_path, monkeypatch, value):
    install_module(tmp_path, "broken_plugin", "raise RuntimeError('out of order')")
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setenv("FACETEX_STRICT_PLUGINS", value)
    if value == "1":
        with pytest.raises(RuntimeError, match="out of order"):
            main(["plugins"])
    else:
        assert main(["plugins"]) == 0


def test_whoever_takes_a_name_of_facetex_is_left_out_and_facetex_stays(tmp_path, monkeypatch, capsys):
    source = "from facetex_core import hookimpl\napi_version = 2\n@hookimpl\ndef detectors(): return {'landmarks': object}\n"
    (tmp_path / "a_thief.py").write_text(source, "utf-8")
    declare(tmp_path, "aaa-thief", {"a_thief": "a_thief"})
    monkeypatch.syspath_prepend(str(tmp_path))
    assert main(["plugins"]) == 0
    lines = [line.split() for line in capsys.readouterr().out.splitlines()]
    assert ["detector", "landmarks", "detect_landmarks", "facetex", version("facetex"), "ok"] in lines
    assert ["-", "-", "a_thief", "broken:"] in [line[:4] for line in lines]
