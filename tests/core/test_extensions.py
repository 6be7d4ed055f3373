"""What plugins bring beside stages: models, presets, metrics and commands; a wrong one is named and harms nobody else."""

import json
import os
import re
from pathlib import Path
from types import SimpleNamespace

import facetex_model_zoo as zoo
import numpy as np
import pytest
from facetex_cli import others
from facetex_cli.main import main
from start_probe import loaded
from toy_distribution import declare, install_module

from facetex_core import ConfigError, Metric, PluginError, Registry, Row, hookimpl, hookspecs, load_preset, model_rows
from facetex_core.config import Choice
from facetex_core.metrics import METRICS
from facetex_core.workbench.comparison.compare import Outcome
from facetex_core.workbench.comparison.grid import Grid
from facetex_core.workbench.comparison.metrics import figures_of_plugins
from facetex_core.workbench.comparison.record import Comparison, comparison_csv, comparison_json, page_data

MODEL = Row("mynet", "a toy", "mynet.bin", "MIT", "here", True, get="write it yourself")
METRIC = Metric("red %", "mean red of the albedo", 1, 0, lambda run: 100 * float(run.head.albedo.rgb[..., 0].mean()))

PLUGIN = """
from pathlib import Path
from facetex_core import Metric, ModelError, Row, hookimpl, load_preset

api_version = 2

def double(source, target):
    if not source.read_bytes():
        raise ModelError("nothing in it")
    target.write_bytes(2 * source.read_bytes())

@hookimpl
def models():
    return {"mynet": Row("mynet", "a toy", "mynet.bin", "MIT", "here", True, get="write it yourself")}

@hookimpl
def model_importers():
    return {"mynet": double}

@hookimpl
def presets():
    return {"mine": Path(__file__).with_name("mine.toml")}

@hookimpl
def metrics():
    return {"red": Metric("red %", "mean red of the albedo", 1, 0, lambda run: 1.5)}
"""
COMMAND = '''
import scipy, click

@click.command("measure")
@click.argument("head")
def command(head):
    """Measures a head."""
    click.echo(f"measured {head}")

number = 3
'''


@pytest.fixture(autouse=True)
def own_rows(monkeypatch, tmp_path):
    """Rows that a test brings go with it."""
    monkeypatch.setattr(model_rows, "BROUGHT", {})
    monkeypatch.setattr("facetex_core.extensions.BROUGHT", model_rows.BROUGHT)
    monkeypatch.setattr("facetex_model_zoo.store.BROUGHT", model_rows.BROUGHT)
    monkeypatch.setenv("FACETEX_HOME", str(tmp_path / "home"))


@pytest.fixture
def brought(toy):
    """A distribution with one of each."""
    install_module(toy, "bringer", PLUGIN)
    (toy / "mine.toml").write_text("size = 512", "utf-8")
    return toy


def registry(**hooks):
    """Of one plugin with these hooks."""
    made = {name: hookimpl(staticmethod(lambda value=value: value).__func__) for name, value in hooks.items()}
    return Registry(type("Plugin", (), {name: staticmethod(each) for name, each in made.items()})(), installed=False)


def test_a_model_of_a_plugin_stands_in_the_zoo_and_is_taken_in_as_the_plugin_says(brought, tmp_path, capsys):
    (tmp_path / "weights").write_bytes(b"ab")
    (tmp_path / "nothing").touch()
    assert main(["zoo", "show", "mynet"]) == 0
    assert "not installed" in capsys.readouterr().out
    assert main(["zoo", "add", "mynet", str(tmp_path / "nothing")]) == 2
    assert capsys.readouterr().err == "error: nothing in it\n"
    assert main(["zoo", "add", "mynet", str(tmp_path / "weights")]) == 0
    with zoo.recording() as asked:
        assert zoo.model_path("mynet").read_bytes() == b"abab"
    assert zoo.provenance(asked)["mynet"]["licence"] == "MIT"


def test_a_preset_of_a_plugin_goes_by_name(brought, capsys):
    assert load_preset("mine").size == 512
    wanted = r"no preset 'myne'; did you mean 'mine'\? there are: draft, embedded, paper, richardson, mine"
    with pytest.raises(ConfigError, match=wanted):
        load_preset("myne")
    assert main(["run", "--preset", "mine", "nowhere.jpg", "-o", "out"]) == 2
    assert "no such file" in capsys.readouterr().err


def test_a_metric_measures_a_run_and_one_that_fails_is_told(said):
    run = SimpleNamespace(head=SimpleNamespace(albedo=SimpleNamespace(rgb=np.full((2, 2, 3), 0.25))))
    broken = Metric("broken", "divides by zero", 1, 0, lambda _: 1 / 0)
    blind = Metric("blind", "has no figure", 1, 0, lambda _: float("nan"))
    assert figures_of_plugins.__wrapped__(run, {"broken": broken, "blind": blind, "red": METRIC}) == {"red": 25.0}
    assert said == ["metric 'broken' is left out: ZeroDivisionError: division by zero"]


def test_a_metric_of_a_plugin_is_a_column_like_any_other():
    variants = Grid(load_preset("draft"), {}).offering("fitter", [Choice("a"), Choice("b")]).variants()
    outcomes = [Outcome("me.png", each, {"seam": 1.0, "red": 2.0 + number}) for number, each in enumerate(variants)]
    comparison = Comparison(variants, outcomes, {}, {**METRICS, "red": METRIC})
    assert json.loads(comparison_json(comparison))["cases"][1]["differences"] == {"seam": 0.0, "red": 1.0}
    assert comparison_csv(comparison).splitlines()[0] == "photo,variant,fitter,seam,red,error"
    told = {"name": "red", "title": "red %", "about": "mean red of the albedo", "digits": 1, "better": 0}
    assert json.loads(json.dumps(page_data(comparison)[0]))["metrics"][1] == told


def test_plugins_lists_what_stands_beside_the_stages(brought, capsys):
    assert main(["plugins", "--json"]) == 0
    rows = json.loads(capsys.readouterr().out)
    found = {(row["stage"], row["name"]) for row in rows if row["origin"] == "bringer 1.0"}
    assert found == {
        ("model", "mynet"),
        ("model importer", "mynet"),
        ("preset", "mine"),
        ("metric", "red"),
    }


def with_a_wrong_field():
    row = Row("mynet", "a toy", "m", "MIT", "here", True)
    object.__setattr__(row, "commercial", "yes")  # a plugin's author runs without the tests' checks of types
    return row


def test_the_example_of_the_docs_brings_what_it_says(root, tmp_path, monkeypatch, capsys):
    page = (root / "docs" / "how-to" / "write-a-plugin.md").read_text("utf-8")
    text = next(each for each in re.findall(r"```python\n(.*?)```", page, re.DOTALL) if "def metrics" in each)
    (tmp_path / "mine.py").write_text(text, "utf-8")
    (tmp_path / "ournet").write_bytes(b"no network")
    assert main(["zoo", "--plugin", str(tmp_path / "mine.py"), "add", "ournet", str(tmp_path / "ournet")]) == 2
    assert capsys.readouterr().err == "error: ournet is no network in ONNX; ask us\n"
    monkeypatch.setenv("FACETEX_PLUGIN_FILES", str(tmp_path / "mine.py"))
    (tmp_path / "bare.toml").write_text('[stages]\ndelighter = { use = "none" }\n', "utf-8")
    assert load_preset("bare").stages["delighter"].name == "none"
    run = SimpleNamespace(head=SimpleNamespace(albedo=SimpleNamespace(rgb=np.full((2, 2, 3), 0.2))))
    assert round(Registry().extensions.metrics["red"].measure(run), 3) == 33.333


WRONG = {
    "no mapping": ({"models": [MODEL]}, "hook models of 'Plugin' must return a mapping by name, not list"),
    "no row": ({"models": {"mynet": 3}}, "model 'mynet' of 'Plugin': a Row was expected, not int"),
    "name": ({"metrics": {"My Net": METRIC}}, "metric 'My Net' of 'Plugin': a name is lower-case letters"),
    "two names": ({"models": {"other": MODEL}}, "model 'other' of 'Plugin': its row is called 'mynet': give both one name"),
    "a wrong field": ({"models": {"mynet": with_a_wrong_field()}}, "its commercial must be bool, not 'yes'"),
    "a folder": (
        {"models": {"mynet": Row("mynet", "a toy", "../m", "MIT", "here", True)}},
        r"its file must be a name without a folder, not '../m'",
    ),
    "ships": ({"models": {"mynet": Row("mynet", "a toy", "m", "MIT", "here", True, ships=True)}}, "its row says `ships`"),
    "no function": ({"model_importers": {"mynet": "copy"}}, "model importer 'mynet' of 'Plugin': a function of source and"),
    "no recipe": ({"presets": {"mine": "size = 3"}}, "preset 'mine' of 'Plugin': the Path of a .toml file was"),
    "no embedding": ({"face_embeddings": {"own": 3}}, "face embedding 'own' of 'Plugin': a function of photo and face was"),
    "no measure": ({"metrics": {"red": Metric("red", "", 1, 0)}}, "metric 'red' of 'Plugin': a Metric with a function"),
    "a preset's name": (
        {"presets": {"draft": Path("x.toml")}},
        "preset 'draft' is offered by 'facetex' already: offer",
    ),
    "a metric's name": ({"metrics": {"tone": METRIC}}, "metric 'tone' is offered by 'facetex' already"),
}


@pytest.mark.parametrize("case", WRONG)
def test_what_is_no_extension_is_one_line(case):
    hooks, told = WRONG[case]
    with pytest.raises(PluginError) as caught:
        registry(**hooks)
    assert told in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("row", "told"),
    [
        ('Row("skin", "a toy", "m", "MIT", "here", True)', "model 'skin' is offered by 'list_models' already"),
        ('Row("mine", "a toy", "skin.onnx", "MIT", "here", True)', "its file 'skin.onnx' is that of model 'skin' already"),
    ],
)
def test_a_model_that_is_there_is_not_replaced_and_the_others_stay(toy, said, row, told):
    name = row.split('"')[1]
    source = f"from facetex_core import Row, hookimpl\napi_version = 2\n@hookimpl\ndef models(): return {{{name!r}: {row}}}\n"
    plugin = f"thief_{name}"
    install_module(toy, plugin, source + "@hookimpl\ndef detectors(): return {'thief': object}\n")
    found = Registry()
    assert said[0].startswith(f"plugin '{plugin}' is left out")
    assert told in found.broken[plugin]
    assert "thief" not in found.offers["detector"]
    assert found.extensions.models["skin"].ships
    assert "mine" not in zoo.model_names()


def test_a_command_of_a_plugin_is_listed_without_being_imported_and_runs(toy, capsys):
    (toy / "facetex_measure.py").write_text(COMMAND, "utf-8")
    declare(toy, "facetex-measure", {}, {"measure": "facetex_measure:command"})
    assert loaded("--help") == []
    assert main(["--help"]) == 0
    assert ["measure", "What", "facetex-measure", "does."] in [line.split() for line in capsys.readouterr().out.splitlines()]
    assert main(["measure", "me"]) == 0
    assert capsys.readouterr().out == "measured me\n"
    assert main(["plugins"]) == 0
    words = ["command", "measure", "facetex_measure:command", "facetex-measure", "1.0", "ok"]
    assert words in [line.split() for line in capsys.readouterr().out.splitlines()]
    assert main(["mesure"]) == 2
    assert "no command 'mesure'; did you mean 'measure'?" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("place", "told"),
    [
        ("facetex_nowhere:command", "cannot be loaded: ModuleNotFoundError: No module named 'facetex_nowhere'"),
        ("facetex_measure:number", "cannot be used: facetex_measure:number is no click command but int"),
    ],
)
def test_a_broken_command_is_one_line_and_the_others_run(toy, place, told, capsys):
    (toy / "facetex_measure.py").write_text(COMMAND, "utf-8")
    declare(toy, "facetex-measure", {}, {"measure": place})
    assert main(["--help"]) == 0
    capsys.readouterr()
    assert main(["measure", "me"]) == 2
    mend = "`pip uninstall facetex-measure` removes it"
    assert capsys.readouterr().err == f"error: command 'measure' of facetex-measure 1.0 {told}; {mend}\n"


def test_a_command_s_name_that_is_taken_is_left_out(toy, capsys):
    for name in ("facetex-one", "facetex-two"):
        declare(toy, name, {}, {"run": "facetex_nowhere:command", "same": "facetex_nowhere:command"})
    assert main(["--help"]) == 0
    said = capsys.readouterr()
    assert "Make a 3D head from each photo" in said.out
    assert "What facetex-one does." in said.out
    assert "What facetex-two does." not in said.out
    assert main(["plugins", "--json"]) == 0
    rows = [row for row in json.loads(capsys.readouterr().out) if row["stage"] == "command"]
    assert {(row["name"], row["origin"], row["state"]) for row in rows} == {
        ("run", "facetex-one 1.0", "left out: facetex has one of this name"),
        ("run", "facetex-two 1.0", "left out: facetex has one of this name"),
        ("same", "facetex-one 1.0", "ok"),
        ("same", "facetex-two 1.0", "left out: facetex-one 1.0 has one of this name"),
    }


def test_the_command_line_and_the_map_of_hooks_name_one_group():
    assert others.COMMANDS_GROUP == hookspecs.COMMANDS_GROUP


def test_no_metric_that_ships_measures_alone():
    assert {metric.measure for metric in METRICS.values()} == {None}
    assert os.environ.get("FACETEX_PLUGIN_FILES") is None
