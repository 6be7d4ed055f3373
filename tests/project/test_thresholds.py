"""What was set on photographs stands in thresholds.py with the commands that measure it; no name means two things."""

import ast
import re
from collections import defaultdict
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest
from facetex_cli.main import COMMANDS
from places import ROOT

PACKAGES = ("facetex_core", "plugins/facetex_plugins", "model_zoo/facetex_model_zoo", "cli/facetex_cli")
FILES = sorted(path for package in PACKAGES for path in (ROOT / package).rglob("thresholds.py"))
APART = {ROOT / "facetex_core" / "testing": "bounds of checks: each contract has its own"}
"""Folders whose names count for themselves, and why."""
CONSTANT = re.compile(r"[A-Z][A-Z0-9_]*")
"""A name that begins with _ is its module's own."""


def shipped() -> Iterator[Path]:
    for package in PACKAGES:
        yield from (path for path in (ROOT / package).rglob("*.py") if not any(path.is_relative_to(each) for each in APART))


def defined(tree: ast.Module) -> Iterator[tuple[str, str, int]]:
    """Name, value and place in the module of each constant."""
    for place, node in enumerate(tree.body):
        if not isinstance(node, ast.Assign | ast.AnnAssign) or node.value is None:
            continue
        for target in node.targets if isinstance(node, ast.Assign) else [node.target]:
            pairs = [(target, node.value)]
            if isinstance(target, ast.Tuple):
                values = node.value.elts if isinstance(node.value, ast.Tuple) else [node.value] * len(target.elts)
                pairs = list(zip(target.elts, values, strict=True))
            for name, value in pairs:
                if isinstance(name, ast.Name) and CONSTANT.fullmatch(name.id):
                    yield name.id, ast.unparse(value), place


@cache
def parsed(path: Path) -> ast.Module:
    return ast.parse(path.read_text("utf-8"))


def relative(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


@pytest.mark.parametrize("path", FILES, ids=relative)
def test_every_threshold_says_what_it_is(path):
    tree = parsed(path)
    after = {name: tree.body[place + 1] for name, _, place in defined(tree)}
    assert [
        name for name, node in after.items() if not (isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant))
    ] == []


@pytest.mark.parametrize("path", FILES, ids=relative)
def test_commands_that_measure_thresholds_are_there(path):
    text = path.read_text("utf-8")
    scripts = re.findall(r"python (\S+\.py)", text)
    scripts += [f"model_zoo/training/{name}/__main__.py" for name in re.findall(r"python -m training\.(\w+)", text)]
    assert scripts or "facetex " in text
    assert [script for script in scripts if not (ROOT / script).is_file()] == []
    named = re.findall(r"`(\w+\.py)", text)
    assert [name for name in named if not (ROOT / "tests" / "benchmarks" / name).is_file()] == []
    assert set(re.findall(r"(?:^ +|`)facetex ([a-z]+)", text, re.MULTILINE)) <= set(COMMANDS)


@pytest.mark.parametrize("path", FILES, ids=relative)
def test_no_threshold_is_unused(path):
    module = ".".join(path.relative_to(ROOT).with_suffix("").parts).removeprefix("plugins.")
    package, taken = module.rpartition(".")[0], set()
    for each in shipped():
        imports = [node for node in ast.walk(parsed(each)) if isinstance(node, ast.ImportFrom)]
        taken |= {alias.name for node in imports if node.module == module for alias in node.names}
        if any(node.module == package and alias.name == "thresholds" for node in imports for alias in node.names):
            taken |= set(re.findall(r"\bthresholds\.([A-Z]\w*)", each.read_text("utf-8")))
    assert {name for name, _, _ in defined(parsed(path))} - taken == set()


def test_no_two_constants_share_a_name():
    found = defaultdict(lambda: defaultdict(list))
    for path in shipped():
        for name, value, _ in defined(parsed(path)):
            found[name][value].append(relative(path))
    assert {name: dict(values) for name, values in found.items() if len(values) > 1} == {}


def test_the_page_lists_every_file():
    page = (ROOT / "docs" / "reference" / "thresholds.md").read_text("utf-8")
    assert re.findall(r"\| `(\S+/thresholds\.py)` \|", page) == sorted(map(relative, FILES), key=page.index)
