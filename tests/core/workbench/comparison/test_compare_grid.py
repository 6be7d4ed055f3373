"""Grids: every combination once, what is early varies slowest, and wrong files are answered in one line."""

import re

import pytest

from facetex_core import ConfigError
from facetex_core.config import Choice, load_preset
from facetex_core.metrics import METRICS
from facetex_core.workbench.comparison.grid import Grid, read_grid

FILE = """
preset = "draft"
size = 256
bank = ["bank", "mine.bank"]

[stages]
synthesizer = [{ use = "complete", match_iterations = [0, 4], sharpness = 1 }, "mirror"]
fitter = ["basis", "landmarks"]
delighter = "none"
"""


def written(tmp_path, text):
    path = tmp_path / "grid.toml"
    path.write_text(text, "utf-8")
    return path


def test_a_file_names_plugins_and_lists_of_options(tmp_path):
    grid = read_grid(written(tmp_path, FILE))
    variants = grid.variants()
    assert [each.name for each in variants] == [
        f"{fitter} · {synthesizer}"
        for fitter in ("basis", "landmarks")
        for synthesizer in ("complete match_iterations=0", "complete match_iterations=4", "mirror")
    ]
    assert grid.banks == ("bank", "mine.bank")
    assert {each.recipe.size for each in variants} == {256}
    assert variants[1].recipe.stages["synthesizer"] == Choice("complete", {"match_iterations": 4, "sharpness": 1})
    assert {each.recipe.stages["delighter"].name for each in variants} == {"none"}
    assert variants[0].chosen == {"fitter": "basis", "synthesizer": "complete match_iterations=0"}


def test_settings_go_over_every_choice_of_a_stage():
    grid = Grid(load_preset("embedded"), {}).offering("fitter", [Choice("a"), Choice("b")]).setting("fitter", "yaw", ["1", "2"])
    assert [each.name for each in grid.variants()] == ["a yaw=1", "a yaw=2", "b yaw=1", "b yaw=2"]


def test_the_same_choice_twice_is_one():
    grid = Grid(load_preset("embedded"), {}).offering("fitter", [Choice("a"), Choice("b"), Choice("a")])
    assert [each.name for each in grid.variants()] == ["a", "b"]


FIVE = "[1, 2, 3, 4, 5]"
MANY = "[stages]\n" + "\n".join(
    f'{role} = ["a", "b", "c", "d", "e"]' for role in ("detector", "fitter", "segmenter", "delighter", "renderer")
)
VAST = f"[stages]\nfitter = {{ use = 'a', {', '.join(f'x{number} = {FIVE}' for number in range(40))} }}"
WRONG = {
    "many": (MANY, "the grid: 3,125 variants, and a comparison takes at most 1,000: leave out some choices"),
    "vast": (VAST, "grid.toml: stage fitter: 9,094,947,017,729,282,379,150,390,625 variants, and a comparison takes"),
    "no TOML": ("stages = [", "grid.toml is no TOML: "),
    "key": ("sise = 512", "grid.toml: unknown key 'sise'; did you mean 'size'?"),
    "preset": ('preset = "draught"', "no preset 'draught'; did you mean 'draft'?"),
    "preset's type": ("preset = 3", "grid.toml: preset must be a text, not 3"),
    "stages": ("stages = 3", "grid.toml: stages must be a table"),
    "stage": ('[stages]\nfiter = ["a", "b"]', "no stage 'fiter' to compare; did you mean 'fitter'?"),
    "exporter": ('[stages]\nexporter = ["glb", "obj"]', "no stage 'exporter' to compare"),
    "entry": ("[stages]\nfitter = [3]", 'grid.toml: stage fitter: a name or a table with `use = "NAME"` was expected, not 3'),
    "use": ("[stages]\nfitter = [{ yaw = 3 }]", "a table with `use = "),
    "empty list": ("[stages]\nfitter = []", "grid.toml: stage fitter: the list is empty"),
    "empty option": ('[stages]\nfitter = { use = "a", yaw = [] }', "grid.toml: stage fitter: yaw: the list is empty"),
    "empty bank": ("bank = []", "grid.toml: bank: the list is empty"),
    "bank": ("bank = [3]", "grid.toml: bank must be a text, not 3"),
    "nothing": ("", "nothing to compare: name several plugins for a stage"),
    "one": ('[stages]\nfitter = ["basis"]', "nothing to compare"),
}


@pytest.mark.parametrize("case", WRONG)
def test_a_wrong_file_is_one_line(tmp_path, case):
    text, expected = WRONG[case]
    with pytest.raises(ConfigError) as caught:
        read_grid(written(tmp_path, text)).variants()
    assert expected in str(caught.value)
    assert "\n" not in str(caught.value).rstrip()


def test_bytes_that_are_no_text_are_one_line(tmp_path):
    (tmp_path / "grid.toml").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(ConfigError, match="is no TOML"):
        read_grid(tmp_path / "grid.toml")


def test_the_grid_of_the_docs_is_what_they_say(root, tmp_path):
    page = (root / "docs" / "reference" / "comparisons.md").read_text("utf-8")
    grid = read_grid(written(tmp_path, re.findall(r"```toml\n(.*?)```", page, re.DOTALL)[0]))
    assert len(grid.variants()) == 6
    assert grid.banks == ("bank", "pyramid.bank")


def test_every_figure_stands_in_the_docs(root):
    page = (root / "docs" / "reference" / "comparisons.md").read_text("utf-8")
    assert [name for name in METRICS if f"`{name}`" not in page] == []
