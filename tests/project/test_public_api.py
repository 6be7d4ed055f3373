"""What plugins import of the core is what the docs list: no more is needed to write one that is as good as those that ship."""

import ast
from collections.abc import Iterator
from importlib import import_module
from inspect import getdoc
from pathlib import Path

import pytest
from places import ROOT

from facetex_core.api import PUBLIC, public_names

FOLDERS = ("cli/facetex_cli/templates", "docs/examples", "plugins/facetex_plugins")
FILES = sorted(path for folder in FOLDERS for path in (ROOT / folder).rglob("*.py"))


def imported(path: Path) -> Iterator[tuple[str, str]]:
    """Module and name of every import from the core, and from the shipped plugins if the file is none of them.

    Of a module that is imported whole, the package and the module.
    """
    ours = ("facetex_core",) if "facetex_plugins" in path.parts else ("facetex_core", "facetex_plugins")
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] in ours:
            yield from ((node.module or "", alias.name) for alias in node.names)
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names if alias.name.split(".")[0] in ours]
            yield from ((name.rpartition(".")[0], name.rpartition(".")[2]) for name in names)


def wanted_beyond(path: Path) -> list[tuple[str, str]]:
    known = public_names()
    return [(module, name) for module, name in imported(path) if name not in known.get(module, ())]


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_templates_examples_and_plugins_import_only_what_the_docs_list(path):
    assert wanted_beyond(path) == [], "public from now on? then it belongs into facetex_core/api.py"


def test_the_look_sees_what_is_not_listed(tmp_path):
    text = "import facetex_core.eyes\ndef f():\n    from facetex_core.imaging.colour import LIMIT, to_bytes\n"
    (tmp_path / "plugin.py").write_text(text, "utf-8")
    assert wanted_beyond(tmp_path / "plugin.py") == [("facetex_core", "eyes"), ("facetex_core.imaging.colour", "LIMIT")]


def test_what_is_listed_exists_is_described_and_is_in_use():
    used = {pair for path in FILES for pair in imported(path)}
    for module, names in PUBLIC.items():
        for name in names.split():
            value = getattr(import_module(module), name)
            assert getdoc(value) or name.isupper(), (module, name)
            assert (module, name) in used, (module, name)
