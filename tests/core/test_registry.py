"""Plugins through the front door: found, named, made by name; strangers' mistakes harm nobody else."""

# ruff: noqa: ARG002  # a toy looks at less than a stage is given

import inspect
from pathlib import Path
from typing import Literal

import pytest
from facetex_cli.main import main
from toy_distribution import install_module

from facetex_core import ConfigError, Photo, PluginError, Registry, hookimpl
from facetex_core.config import Choice, Recipe, load_preset, read_recipe, recipe_from
from facetex_core.options import options_of
from facetex_core.stages import STAGES


class Centre:
    """A face in the middle."""

    def __init__(self, share: float, corners: int = 4, mode: Literal["box", "disc"] = "box", most: int | None = 3) -> None:
        self.given = (share, corners, mode, most)

    def detect(self, photo: Photo) -> tuple[object, ...]:
        return ()


class Offering:
    """A plugin in the process."""

    api_version = 2

    def __init__(self, **offers: object) -> None:
        self.offers = offers

    @hookimpl
    def detectors(self) -> dict[str, object]:
        return self.offers


def registry(*plugins: object) -> Registry:
    return Registry(*plugins, installed=False)


def make(**options: object) -> tuple[object, ...]:
    return registry(Offering(centre=Centre)).bare("detector", "centre", options).given


def test_a_stage_is_made_with_its_options():
    assert make(share=0.5, corners=8) == (0.5, 8, "box", 3)


def test_text_is_read_by_the_options_type():
    assert make(share="0.5", corners="8", mode="disc", most="none") == (0.5, 8, "disc", None)


def test_what_a_record_holds_is_read_back():
    assert make(share=1, most=None) == (1.0, 4, "box", None)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"shore": 1}, r"no option of detector 'centre' named 'shore'; did you mean 'share'\? there are: share, corners"),
        ({}, "detector 'centre' needs its option 'share': --set detector.share=VALUE"),
        ({"share": "half"}, "option 'share' takes a number, not 'half'"),
        ({"share": 1.0, "corners": 2.5}, "option 'corners' takes a whole number, not 2.5"),
        ({"share": 1.0, "corners": True}, "option 'corners' takes a whole number, not True"),
        ({"share": 1.0, "mode": "ring"}, "option 'mode' takes one of box, disc, not 'ring'"),
    ],
)
def test_a_wrong_option_is_answered_with_what_exists(options, words):
    with pytest.raises(ConfigError, match=words):
        make(**options)


def test_an_unknown_name_is_answered_with_what_exists():
    with pytest.raises(ConfigError, match=r"no detector 'center'; did you mean 'centre'\? there are: centre"):
        registry(Offering(centre=Centre)).find("detector", "center")
    with pytest.raises(ConfigError, match=r"no stage 'detectors'; did you mean 'detector'\? there are: detector, restorer"):
        registry().find("detectors", "centre")
    with pytest.raises(ConfigError, match=r"no fitter 'any'; there are: none"):
        registry().find("fitter", "any")


def test_options_are_the_signature():
    found = {option.name: (option.type, option.default) for option in options_of(Centre)}
    assert list(found) == ["share", "corners", "mode", "most"]
    assert found["corners"] == (int, 4)
    assert found["share"] == (float, inspect.Parameter.empty)


def test_an_option_without_an_annotation_takes_what_its_default_is():
    class Plain:
        def __init__(self, corners=4, share=0.5, soft=True, mode=None):
            self.given = corners, share, soft, mode

        def detect(self, photo):
            return ()

    given = {"corners": "8", "share": "1", "soft": "no", "mode": "disc"}
    assert registry(Offering(plain=Plain)).bare("detector", "plain", given).given == (8, 1.0, False, "disc")


def test_the_same_name_twice_is_refused():
    with pytest.raises(PluginError, match="detector 'centre' is offered by 'Offering' already"):
        registry(Offering(centre=Centre), Offering(centre=Centre))


def test_a_stage_without_its_verb_is_refused():
    class Mute:
        pass

    with pytest.raises(PluginError, match="detector 'mute' of plugin 'Offering' lacks the verb of Detector"):
        registry(Offering(mute=Mute)).make("detector", "mute", {})


def test_a_misspelt_hook_is_refused():
    class Misspelt:
        api_version = 2

        @hookimpl
        def detector(self) -> dict[str, object]:
            return {}

    with pytest.raises(
        PluginError, match=r"unknown hook 'detector'; did you mean 'detectors'\? there are: detectors, restorers"
    ):
        registry(Misspelt())


def test_an_exporter_made_for_the_api_before_still_works_and_is_told(said):
    class Old:
        @hookimpl
        def exporters(self) -> dict[str, object]:
            return {"plain": Centre}

    told = "'Old' was made for api_version 1, this facetex has 2; it still works in this release: write `api_version = 2`"
    assert registry(Old()).find("exporter", "plain").factory is Centre
    assert [told in line for line in said] == [True]


def test_of_a_plugin_made_for_the_api_before_nothing_stays_that_has_changed():
    class Old:
        @hookimpl
        def exporters(self) -> dict[str, object]:
            return {"plain": Centre}

        @hookimpl
        def fitters(self) -> dict[str, object]:
            return {"plain": Centre}

    told = r"'Old' was made for api_version 1, this facetex has 2: fit\(\) take other values now; docs/how-to/move-a-plugin"
    with pytest.raises(PluginError, match=told):
        registry(Old())


def test_a_hook_that_returns_no_mapping_is_refused():
    class Wrong:
        api_version = 2

        @hookimpl
        def fitters(self) -> list[object]:
            return [Centre]

    with pytest.raises(PluginError, match=r"hook fitters of 'Wrong' must return \{name: factory\}, not list"):
        registry(Wrong())


def test_a_plugin_without_hooks_is_refused():
    with pytest.raises(PluginError, match=r"plugin 'object' offers nothing: hooks are: detectors, restorers"):
        registry(object())


BROKEN = {
    "raises": ("raise RuntimeError('out of order\\nsecond line')", "RuntimeError: out of order"),
    "exits": ("raise SystemExit(3)", "SystemExit: 3"),
    "no_module": ("import a_package_nobody_has", "ModuleNotFoundError: No module named 'a_package_nobody_has'"),
    "no_syntax": ("def (", "SyntaxError: "),
    "half": (
        """
from facetex_core import hookimpl

api_version = 2

@hookimpl
def detectors():
    return {"fine": object}

@hookimpl
def fitters():
    return {"broken": 3}
""",
        "fitter 'broken' of 'broken_half': a factory was expected, not int: offer the class or a function",
    ),
}


@pytest.mark.parametrize("kind", BROKEN)
def test_a_broken_plugin_is_named_and_harms_nobody(toy, kind, said):
    source, error = BROKEN[kind]
    install_module(toy, f"broken_{kind}", source)
    found = Registry()
    assert said == [f"plugin 'broken_{kind}' is left out: {found.broken[f'broken_{kind}']}"]
    assert found.broken[f"broken_{kind}"].startswith(error)
    assert "\n" not in found.broken[f"broken_{kind}"]
    assert all("toy" in offers for offers in found.offers.values())
    assert "fine" not in found.offers["detector"]


def test_plugins_lists_what_works_and_what_is_broken(toy, capsys):
    install_module(toy, "broken_plugin", "raise RuntimeError('out of order')")
    assert main(["plugins"]) == 0
    captured = capsys.readouterr()
    lines = captured.out.splitlines()
    assert lines[0].split() == ["stage", "name", "plugin", "origin", "state"]
    assert ["blend_solver", "toy", "toy", "facetex-toy", "1.0", "ok"] in [line.split() for line in lines]
    assert any("broken_plugin" in line and "broken: RuntimeError: out of order" in line for line in lines)
    assert captured.err == ""


def test_plugins_as_json(toy, capsys):
    import json

    assert main(["plugins", "--json"]) == 0
    rows = json.loads(capsys.readouterr().out)
    assert {"stage": "fitter", "name": "toy", "plugin": "toy", "origin": "facetex-toy 1.0", "state": "ok"} in rows


def test_show_tells_the_options_of_every_stage_of_that_name(toy, capsys):
    assert main(["plugins", "show", "toy"]) == 0
    out = capsys.readouterr().out
    assert out.count("from plugin toy, facetex-toy 1.0") == len(STAGES)
    assert "fitter toy: The sheet, seen from `yaw` degrees" in out
    assert ["kind", "one", "of", "normal,", "none", "normal"] in [line.split() for line in out.splitlines()]
    assert main(["plugins", "show", "toi"]) == 2
    assert "error: no plugin 'toi'; did you mean 'toy'? there are: " in capsys.readouterr().err


def test_show_of_a_broken_plugin_says_why(toy, capsys):
    install_module(toy, "broken_plugin", "raise RuntimeError('out of order')")
    assert main(["plugins", "show", "broken_plugin"]) == 2
    told = "error: plugin 'broken_plugin' is broken: RuntimeError: out of order; `FACETEX_STRICT_PLUGINS=1"
    assert capsys.readouterr().err.startswith(told)


def test_an_option_goes_to_the_exporter_that_knows_it(toy, tmp_path):
    class Plain:
        def export(self, head: object, folder: Path) -> tuple[Path, ...]:
            return ()

    class Plugin:
        api_version = 2

        @hookimpl
        def exporters(self) -> dict[str, object]:
            return {"plain": Plain}

    known = Registry(Plugin())
    recipe = load_preset("embedded").choosing("exporter", "toy+plain")
    slow, _ = recipe.setting("exporter", "seconds", "2").make("exporter", known)
    assert slow._stage.seconds == 2.0
    with pytest.raises(ConfigError, match="no option of exporter 'toy' named 'secunds'"):
        recipe.setting("exporter", "secunds", "2").make("exporter", known)


def test_a_device_is_told_to_the_stages_that_ask():
    class Asks:
        def __init__(self, device: str = "cpu") -> None:
            self.device = device

        def detect(self, photo: Photo) -> tuple[object, ...]:
            return ()

    recipe = Recipe({"detector": Choice("asks")}, device="cuda")
    assert recipe.make("detector", registry(Offering(asks=Asks)))._stage.device == "cuda"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("size = ", "preset 'mine' is no TOML"),
        ("sise = 512", r"mine: unknown key 'sise'; did you mean 'size'\? there are: size, seed, device, bank, stages"),
        ("stages = 3", "mine: stages must be a table"),
        ('[stages]\nfiter = { use = "x" }', r"mine: no stage 'fiter'; did you mean 'fitter'\?"),
        ('[stages]\nfitter = "basis"', 'mine: stage fitter: a table with `use = "NAME"` was expected'),
        ("[stages]\nfitter = { yaw = 3 }", "mine: stage fitter: a table with"),
    ],
)
def test_a_wrong_preset_says_where(text, words):
    with pytest.raises(ConfigError, match=words):
        read_recipe(text, "mine")


def test_a_preset_stands_on_the_embedded_one():
    mine = recipe_from({"size": 256, "stages": {"fitter": {"use": "bfm", "modes": 40}}}, "mine")
    assert mine.stages["fitter"] == Choice("bfm", {"modes": 40})
    assert mine.stages["detector"] == load_preset("embedded").stages["detector"]
    assert (mine.size, mine.seed) == (256, 0)
