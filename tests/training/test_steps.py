"""The command by which a model is made."""

import msgspec
import pytest
from click.testing import CliRunner
from training.common import steps
from training.common.steps import Model, command


class Settings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    count: int = 3


@pytest.fixture
def make(tmp_path, monkeypatch):
    """Runs the command of a model of two steps; gives the click result and the steps that were taken."""
    monkeypatch.setattr(steps, "DATA", tmp_path)
    taken = []
    settings = tmp_path / "settings.toml"
    settings.write_text("count = 4\n", "utf-8")
    model = Model(
        "made.onnx", Settings, {name: lambda run, name=name: taken.append((name, run.settings.count)) for name in "ab"}
    )

    def run(*words):
        taken.clear()
        result = CliRunner().invoke(command(tmp_path, model), [*words, "--work", str(tmp_path / "work")])
        return result, list(taken)

    run.settings = settings
    return run


def test_all_takes_every_step_once(make):
    assert make("all")[1] == [("a", 4), ("b", 4)]
    assert make("all")[1] == []


def test_all_goes_on_where_it_was_stopped(make):
    make("a")
    assert make("all")[1] == [("b", 4)]


def test_a_step_asked_for_is_taken_again(make):
    make("all")
    assert make("b")[1] == [("b", 4)]


def test_other_settings_take_every_step_again(make):
    make("all")
    make.settings.write_text("count = 5\n", "utf-8")
    assert make("all")[1] == [("a", 5), ("b", 5)]


@pytest.mark.parametrize("text", ["count = 'many'", "amount = 3", "count ="])
def test_wrong_settings_are_one_line(make, text):
    make.settings.write_text(text, "utf-8")
    result, taken = make("all")
    assert (result.exit_code, taken) == (2, [])
    assert str(make.settings) in result.output


def test_without_the_data_it_says_so(make, tmp_path, monkeypatch):
    monkeypatch.setattr(steps, "DATA", tmp_path / "none")
    result, _ = make("all")
    assert result.exit_code == 2
    assert "FACETEX_SHARED" in result.output
