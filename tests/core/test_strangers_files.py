"""Presets, grids and facetex.json may come from strangers: they run no program and open nothing but the files they may name."""

import json
import os
from pathlib import Path

import pytest
from facetex_cli.main import main
from facetex_cli.recipe_options import repeat

from facetex_core import ConfigError, Registry, hookimpl, load_preset
from facetex_core.config import recipe_from
from facetex_core.delivery.record import recipe_table
from facetex_core.options import Program, options_of
from facetex_core.workbench.comparison.grid import read_grid

KINDS = ("preset", "grid", "facetex.json")


class Lamp:
    """A renderer that reads a file, runs a program, and tells which."""

    def __init__(self, light: Path | None = None, tool: Program | None = None, tools: list[Program] | None = None) -> None:
        self.given = light, tool, tools

    def render(self, head: object, camera: object, lighting: object) -> None:
        """Nothing."""


class Lamps:
    @hookimpl
    def renderers(self) -> dict[str, type]:
        return {"lamp": Lamp}


LAMPS = Registry(Lamps(), installed=False)


def write(kind: str, folder: Path, renderer: dict[str, object], **plain: object) -> Path:
    """A file of this kind that asks for a renderer with these options."""
    folder.mkdir(exist_ok=True)
    if kind == "facetex.json":
        path = folder / "facetex.json"
        path.write_text(json.dumps({"recipe": {**plain, "stages": {"renderer": renderer}}}), "utf-8")
        return path
    path = folder / "mine.toml"
    more = '\nfitter = ["basis", "landmarks"]' if kind == "grid" else ""
    lines = [*(f"{key} = {json.dumps(value)}" for key, value in plain.items()), "[stages]"]
    pairs = ", ".join(f"{key} = {json.dumps(value)}" for key, value in renderer.items())
    path.write_text("\n".join([*lines, f"renderer = {{ {pairs} }}{more}"]), "utf-8")
    return path


def read(kind: str, path: Path):
    """The recipe of the file."""
    if kind == "grid":
        return read_grid(path).variants()[0].recipe
    return load_preset(str(path)) if kind == "preset" else repeat(path)


def words_for(kind: str, path: Path, out: Path) -> list[str]:
    ways = {"preset": ["run", "--preset"], "facetex.json": ["run", "--from"], "grid": ["compare", "--grid"]}
    return [*ways[kind], str(path), "no-photo.jpg", "-o", str(out)]


def made(kind: str, folder: Path, **renderer: object) -> tuple[object, ...]:
    recipe = read(kind, write(kind, folder, {"use": "lamp", **renderer}))
    return recipe.make("renderer", LAMPS)._stage.given


@pytest.mark.parametrize("kind", KINDS)
def test_no_file_runs_a_program(kind, tmp_path, capsys):
    script = tmp_path / "x.sh"
    script.write_text(f"#!/bin/sh\ntouch {tmp_path / 'ran'}\n", "utf-8")
    script.chmod(0o755)
    path = write(kind, tmp_path / "strange", {"use": "cycles", "python": str(script)})
    assert main(words_for(kind, path, tmp_path / "out")) == 2
    said = capsys.readouterr().err.splitlines()
    told = f"error: {path.name}: option 'python' names a program that would be run, which no file may choose: "
    assert said == [told + "give it by --set STAGE.python=PATH if you trust it"]
    assert not (tmp_path / "ran").exists()


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("value", [{"tool": "sh"}, {"tools": ["sh"]}, {"tools": [["sh"]]}])
def test_a_program_is_refused_wherever_it_stands_in_an_option(kind, value, tmp_path):
    if kind == "grid":
        value = {"tool": ["sh"]} if "tool" in value else {"tools": [["sh"]]}
    with pytest.raises(ConfigError, match="names a program that would be run"):
        made(kind, tmp_path, **value)


def test_the_command_line_may_name_a_program(tmp_path):
    recipe = load_preset(str(write("preset", tmp_path, {"use": "lamp", "tool": "sh"}))).setting("renderer", "tool", "mine/sh")
    assert recipe.make("renderer", LAMPS)._stage.given[1] == Path("mine/sh")


def test_the_environment_may_name_a_program(tmp_path, monkeypatch):
    from facetex_plugins.render.cycles import CyclesRenderer

    monkeypatch.setenv("FACETEX_BLENDER_PYTHON", str(tmp_path / "python"))
    with pytest.raises(ConfigError, match=f"{tmp_path}/python is no Python that has bpy"):
        CyclesRenderer()


def test_an_option_says_whether_it_names_a_program():
    assert {option.name: option.is_program for option in options_of(Lamp)} == {"light": False, "tool": True, "tools": True}


def test_a_record_holds_no_program():
    recipe = load_preset("embedded").choosing("renderer", "lamp").setting("renderer", "tool", "bin/sh")
    recipe = recipe.setting("renderer", "light", "lights/day.hdr")
    assert recipe_table(recipe.without_programs(LAMPS))["stages"]["renderer"] == {"use": "lamp", "light": "day.hdr"}


@pytest.mark.parametrize("kind", ["preset", "grid"])
def test_paths_are_relative_to_the_file_that_names_them(kind, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "strange").mkdir()
    (tmp_path / "day.hdr").write_bytes(b"day")
    assert made(kind, tmp_path / "strange", light="../day.hdr")[0].read_bytes() == b"day"
    with pytest.raises(ConfigError, match=r"mine\.toml: option 'light': strange/day.hdr: no such file"):
        made(kind, Path("strange"), light="day.hdr")


def test_a_record_names_files_without_a_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "day.hdr").write_bytes(b"day")
    assert made("facetex.json", tmp_path / "strange", light="day.hdr")[0] == Path("day.hdr")
    for wrong in ("../day.hdr", "/etc/hostname", "strange\\day.hdr", "..", ""):
        with pytest.raises(
            ConfigError, match=r"facetex\.json: option 'light': a file's name without a folder was expected, not"
        ):
            made("facetex.json", tmp_path / "strange", light=wrong)


@pytest.mark.parametrize("kind", KINDS)
def test_only_regular_files_are_opened(kind, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "empty").touch()
    (tmp_path / "device").symlink_to("/dev/zero")
    for name, words in {"pipe": "is no regular file", "device": "is no regular file", "empty": "the file is empty"}.items():
        with pytest.raises(ConfigError, match=f"option 'light': .*{name}: {words}"):
            made(kind, tmp_path, light=name)


@pytest.mark.parametrize("kind", KINDS)
def test_none_is_no_file(kind, tmp_path):
    assert made(kind, tmp_path, light="none")[0] is None


@pytest.mark.parametrize("kind", KINDS)
def test_a_bank_is_looked_for_as_any_other_file(kind, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    os.mkfifo(tmp_path / "pipe")
    path = write(kind, tmp_path / "strange", {"use": "raster"}, bank="../pipe")
    assert main(words_for(kind, path, tmp_path / "out")) == 2
    told = "a file's name without a folder was expected" if kind == "facetex.json" else "is no regular file"
    assert told in capsys.readouterr().err


def test_the_zoo_s_banks_go_by_name_in_any_file(tmp_path):
    from facetex_model_zoo import open_bank

    for kind in KINDS:
        recipe = read(kind, write(kind, tmp_path, {"use": "raster"}, bank="bank"))
        assert open_bank(recipe.bank).names


def test_a_grid_names_its_preset_relative_to_itself(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "strange").mkdir()
    (tmp_path / "strange" / "small.toml").write_text("size = 256", "utf-8")
    (tmp_path / "strange" / "grid.toml").write_text('preset = "small.toml"', "utf-8")
    assert read_grid(tmp_path / "strange" / "grid.toml").base.size == 256


@pytest.mark.parametrize("kind", KINDS)
def test_the_file_itself_is_a_regular_one(kind, tmp_path, capsys):
    os.mkfifo(tmp_path / "pipe.toml")
    (tmp_path / "vast.toml").write_bytes(b"# " + b"x" * 2_000_000)
    (tmp_path / "deep.toml").write_text(("a = " if kind != "facetex.json" else "") + "[" * 100_000, "utf-8")
    expected = {"pipe": "is no regular file", "vast": "has 2.0 MB", "deep": "is no ", "nowhere": "no such file"}
    for name, told in expected.items():
        assert main(words_for(kind, tmp_path / f"{name}.toml", tmp_path / "out")) == 2
        assert told in capsys.readouterr().err


def test_a_mark_of_byte_order_is_no_part_of_a_preset(tmp_path):
    (tmp_path / "bom.toml").write_bytes(b"\xef\xbb\xbfsize = 256")
    assert load_preset(str(tmp_path / "bom.toml")).size == 256


@pytest.mark.parametrize("text", ['bank = "C:\\Users\\me\\my.bank"', 'bank = "C:\\my.bank"'])
def test_a_path_with_backslashes_gets_a_hint(text, tmp_path):
    (tmp_path / "windows.toml").write_text(f"size = 256\n{text}", "utf-8")
    with pytest.raises(ConfigError, match=r"is no TOML: .*; a path with backslashes goes in single quotes: 'C:\\folder\\file'"):
        load_preset(str(tmp_path / "windows.toml"))
    with pytest.raises(ConfigError, match="single quotes"):
        read_grid(tmp_path / "windows.toml")


def test_a_recipe_of_a_program_of_one_s_own_may_hold_any_path(tmp_path):
    recipe = load_preset("embedded").choosing("renderer", "lamp").setting("renderer", "light", tmp_path / "x.hdr")
    assert recipe.make("renderer", LAMPS)._stage.given[0] == tmp_path / "x.hdr"
    assert recipe_from({"bank": "mine.bank"}, "mine.toml").bank == "mine.bank"
