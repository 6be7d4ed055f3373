"""Scripts that no test runs whole, trainings and benchmarks: what they import is there."""

import ast
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path

import pytest
from places import ROOT

FOLDERS = ("tests/benchmarks", "docs")
TRAINING = ROOT / "model_zoo/training"
SCRIPTS = sorted(path for folder in FOLDERS for path in (ROOT / folder).glob("*.py"))


def missing(path: Path) -> list[str]:
    """Names that the script takes from facetex, or from a script beside it, and that are not there."""
    beside = {each.stem: each for each in path.parent.glob("*.py")}
    found = []
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module:
            names = [alias.name for alias in node.names]
            if node.module in beside:
                found += [name for name in names if name not in top_names(beside[node.module])]
            elif node.module.startswith("facetex_"):
                module = import_module(node.module)
                found += [name for name in names if not hasattr(module, name) and not find_spec(f"{node.module}.{name}")]
    return found


def top_names(path: Path) -> set[str]:
    """What a script defines or imports."""
    names = set()
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            names.add(node.name)
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            names.add(node.id)
        elif isinstance(node, ast.ImportFrom | ast.Import):
            names |= {alias.asname or alias.name for alias in node.names}
    return names


@pytest.mark.parametrize("path", sorted(TRAINING.rglob("*.py")), ids=lambda path: path.relative_to(TRAINING).as_posix())
def test_a_module_of_the_trainings_is_imported(path):
    import_module("training." + ".".join(path.relative_to(TRAINING).with_suffix("").parts))


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_what_a_script_imports_is_there(path):
    assert missing(path) == []


def test_the_look_sees_what_is_gone(tmp_path):
    (tmp_path / "net.py").write_text("def made(): pass\n", "utf-8")
    (tmp_path / "train.py").write_text("from net import made, gone\nfrom facetex_core import Fit, Nothing\n", "utf-8")
    assert missing(tmp_path / "train.py") == ["gone", "Nothing"]
