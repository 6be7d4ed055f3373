"""`facetex run` with the toy stages, and what it says."""

from pathlib import Path

import pytest
from facetex_cli.main import main
from facetex_cli.recipe_options import SHORT
from toy_stages import write_toy_bank

TOYS = [word for short in SHORT for word in (f"--{short}", "toy")]


@pytest.fixture
def toys(toy: Path, tmp_path: Path) -> list[str]:
    """What turns `facetex run` into a run of toys."""
    return [*TOYS, "--bank", str(write_toy_bank(tmp_path / "toy.bank")), "--size", "256", "--device", "cpu"]


def run(*words: object) -> int:
    return main(["run", *map(str, words)])


def one_error(capsys: pytest.CaptureFixture[str]) -> str:
    """The only line of stderr that is an error; stdout must be silent."""
    captured = capsys.readouterr()
    errors = [line for line in captured.err.splitlines() if not line.startswith("warning: ")]
    assert captured.out == ""
    assert len(errors) == 1, captured.err
    assert errors[0].startswith("error: ")
    return errors[0]
