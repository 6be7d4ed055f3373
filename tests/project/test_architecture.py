"""The house stands as it was drawn: one list of stages, imports downwards only, every model with its papers."""

import ast
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from importlib.metadata import entry_points
from inspect import signature
from pathlib import Path

import facetex_model_zoo as zoo
import numpy as np
import pytest
from facetex_cli.main import COMMANDS, facetex
from facetex_cli.progress_bars import STEPS
from facetex_cli.recipe_options import SHORT
from jaxtyping import TypeCheckError
from places import ROOT

import facetex_core
from facetex_core import STAGES, HookSpecs, Pipeline, load_preset, preset_names
from facetex_core.config import FITTER
from facetex_core.extensions import KINDS
from facetex_core.stages import verb_of

CODE = ("facetex_core", "plugins", "model_zoo", "cli", "tests", "docs", ".ci")
PACKAGES = ("facetex_core", "plugins/facetex_plugins", "model_zoo/facetex_model_zoo", "cli/facetex_cli")
LONGEST_FILE, LONGEST_FUNCTION = 300, 60
FRAMEWORK = 6155
"""Lines of the core without what is built on it, the contracts, and the pages of reports.

155 came with mouth, occlusion and correctives.
"""
BESIDE = ("workbench/", "testing/", "delivery/report", "delivery/pictures", "delivery/viewer")
SHIPPED = [name for name in zoo.model_names() if zoo.row(name).ships]


def sources(*folders: str) -> Iterator[Path]:
    for folder in folders:
        yield from sorted((ROOT / folder).rglob("*.py"))


def trees(*folders: str) -> Iterator[tuple[Path, ast.Module]]:
    for path in sources(*folders):
        yield path.relative_to(ROOT), ast.parse(path.read_text("utf-8"))


def test_every_stage_and_every_extension_has_a_hook_of_its_plural_in_order():
    hooks = [name for name in vars(HookSpecs) if not name.startswith("_")]
    assert hooks == [f"{name}s" for name in (*STAGES, *KINDS)]


def test_the_embedded_preset_names_every_stage_in_running_order():
    text = (ROOT / "facetex_core" / "presets" / "embedded.toml").read_text("utf-8")
    assert list(tomllib.loads(text)["stages"]) == list(STAGES)


def test_the_command_line_has_an_option_for_every_stage():
    assert list(SHORT.values()) == list(STAGES)
    command = facetex.get_command(None, "run")
    options = {parameter.name: parameter.opts for parameter in command.params}
    assert {role: options[role] for role in STAGES} == {role: [f"--{short}"] for short, role in SHORT.items()}


def test_the_pipeline_takes_stages_in_running_order():
    taken = [name for name in signature(Pipeline).parameters if name in STAGES]
    assert taken == [role for role in STAGES if role not in ("renderer", "exporter")]


def test_every_protocol_has_one_verb():
    verbs = {role: [name for name in vars(protocol) if not name.startswith("_")] for role, protocol in STAGES.items()}
    assert all(len(names) == 1 for names in verbs.values()), verbs


def test_the_bar_knows_every_step_in_running_order():
    """The verbs of the stages, and what is done between them."""
    verbs = [verb_of(role) for role in STAGES]
    assert [step for step in STEPS if step in verbs] == verbs
    named = set()
    for name in ("observe", "pipeline", "delivery/deliver"):
        text = (ROOT / "facetex_core" / f"{name}.py").read_text("utf-8")
        named |= set(re.findall(r"\bstep\(\"(\w+)\"", text))
    assert named == set(STEPS) - set(verbs)


def test_every_plugin_of_every_preset_is_offered():
    known = facetex_core.Registry()
    for preset in preset_names():
        for role, choice in load_preset(preset).stages.items():
            lights = role == "light_estimator" and choice.name == FITTER  # which is the fitter's own
            for name in () if lights else choice.name.split("+"):
                offered = {option.name for option in known.find(role, name).options}
                assert set(choice.options) <= offered, (preset, role)


def test_every_plugin_module_is_an_entry_point_and_loads():
    declared = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["entry-points"]["facetex"]
    plugins = ROOT / "plugins"
    modules = [path for path in (plugins / "facetex_plugins").rglob("*.py") if "@hookimpl" in path.read_text("utf-8")]
    named = {".".join(path.relative_to(plugins).with_suffix("").parts) for path in modules}
    assert set(declared.values()) == named
    ours = [entry for entry in entry_points(group="facetex") if entry.dist and entry.dist.name == "facetex"]
    installed = {entry.name: entry.value for entry in ours}
    assert installed == declared, "the install is older than pyproject.toml: pip install -e ."
    assert facetex_core.Registry().broken == {}


def test_public_names_are_sorted_and_complete():
    tree = ast.parse((ROOT / "facetex_core" / "__init__.py").read_text("utf-8"))
    imported = {alias.name for node in tree.body if isinstance(node, ast.ImportFrom) for alias in node.names}
    assert set(facetex_core.__all__) == imported
    order = sorted(facetex_core.__all__, key=lambda name: (not name.isupper(), name[0].islower(), name))
    assert list(facetex_core.__all__) == order


def test_every_noun_and_every_error_is_public():
    for module in ("structures", "errors"):
        tree = ast.parse((ROOT / "facetex_core" / f"{module}.py").read_text("utf-8"))
        classes = {node.name for node in tree.body if isinstance(node, ast.ClassDef)}
        assert classes <= set(facetex_core.__all__)


def test_help_says_of_each_command_what_the_command_says():
    for name, text in COMMANDS.items():
        assert facetex.get_command(None, name).get_short_help_str(100) == text


def test_files_and_functions_are_short():
    for path, tree in trees("facetex_core", "plugins", "model_zoo", "cli", "tests"):
        assert len((ROOT / path).read_text("utf-8").splitlines()) <= LONGEST_FILE, path
        for node in ast.walk(tree):
            if isinstance(node, ast.FunctionDef):
                first = node.body[1].lineno if ast.get_docstring(node) and len(node.body) > 1 else node.body[0].lineno
                assert (node.end_lineno or 0) - first < LONGEST_FUNCTION, (path, node.name)


def test_the_framework_stays_small():
    core = ROOT / "facetex_core"
    files = [path for ending in ("py", "jinja") for path in core.rglob(f"*.{ending}")]
    counted = [path for path in files if not path.relative_to(core).as_posix().startswith(BESIDE)]
    lines = sum(len(path.read_text("utf-8").splitlines()) for path in counted)
    assert lines <= FRAMEWORK, "what one role uses belongs to the role, what only the workbench uses to the workbench"


def test_no_file_is_called_utils_and_none_postpones_annotations():
    for path, tree in trees(*CODE):
        assert path.name != "utils.py"
        futures = [node for node in tree.body if isinstance(node, ast.ImportFrom) and node.module == "__future__"]
        assert not futures, path


def test_the_framework_neither_prints_nor_exits():
    for path, tree in trees("facetex_core", "plugins", "model_zoo/facetex_model_zoo"):
        called = {node.func.id for node in ast.walk(tree) if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)}
        assert not called & {"print", "exit", "quit", "breakpoint"}, path


def test_stages_are_made_and_called_behind_the_door_only():
    """A bare stage is handed to its contract, and to a fitter's model; everybody else gets a guarded one."""
    bare = {"facetex_core/registry.py", "cli/facetex_cli/plugins_check.py", "cli/facetex_cli/cases.py"}
    for path, tree in trees("facetex_core", "cli/facetex_cli", "model_zoo"):
        called = {
            node.func.attr for node in ast.walk(tree) if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)
        }
        assert "bare" not in called or str(path) in bare, path
        assert "factory" not in called or str(path) == "facetex_core/registry.py", path


def test_imports_go_downwards_only():
    source = "import sys; from importlinter.cli import lint_imports; sys.exit(lint_imports(no_cache=True))"
    result = subprocess.run([sys.executable, "-c", source], cwd=ROOT, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stdout + result.stderr


def written() -> Iterator[tuple[Path, str]]:
    """Every text that people read or machines run, but this file, which names what it looks for."""
    endings = {".py", ".md", ".toml", ".txt", ".yml", ".yaml", ".sh", ".js", ".html", ""}
    for folder in CODE:
        for path in sorted(path for path in (ROOT / folder).rglob("*") if "node_modules" not in path.parts):
            machine = "__pycache__" in path.parts or path == Path(__file__).resolve()
            if path.is_file() and path.suffix in endings and not machine:
                yield path.relative_to(ROOT), path.read_text("utf-8")
    for path in (*ROOT.glob("*.md"), *ROOT.glob("*.toml"), *ROOT.glob("*.txt")):
        yield path.relative_to(ROOT), path.read_text("utf-8")


def test_no_path_of_anybodys_machine_is_written_down():
    wrong = re.compile(r"(?<![\w.~<])/(?:work|root|home/\w+|Users/\w+|tmp)/(?!\{)")
    found = [(str(path), line.strip()) for path, text in written() for line in text.splitlines() if wrong.search(line)]
    assert not found


def test_things_are_called_by_their_names():
    wrong = re.compile(r"\b(alpha_shp|alpha_exp|codedict|opdict|visdict|lms|kpts|tex_code|uv_gt|bbox|TODO|FIXME|XXX)\b")
    found = [(str(path), line.strip()) for path, text in written() for line in text.splitlines() if wrong.search(line)]
    assert not found


@pytest.mark.parametrize("name", SHIPPED)
def test_a_model_that_ships_has_its_file_its_hash_and_its_card(name):
    path, row = zoo.place_of(name), zoo.row(name)
    assert path.is_file()
    assert zoo.sha256_of(path) == row.sha256
    card = (ROOT / "model_zoo" / "cards" / f"{name}.md").read_text("utf-8")
    assert f"python -m training.{name} " in card, "the card lacks the command that makes the model"


def test_no_model_file_lies_about_without_a_row():
    folder = ROOT / "model_zoo" / "facetex_model_zoo" / "files"
    known = {zoo.row(name).file for name in SHIPPED}
    assert {path.name for path in folder.iterdir()} - {"__init__.py"} <= known


@pytest.mark.parametrize("name", [name for name in zoo.model_names() if not zoo.row(name).ships])
def test_a_model_that_the_user_brings_says_where_to_get_it(name):
    row = zoo.row(name)
    assert row.get
    assert row.licence


def test_shapes_and_types_are_checked_in_tests():
    with pytest.raises(TypeCheckError, match="height width 3"):
        facetex_core.Photo(np.zeros((2, 2), np.float32))
