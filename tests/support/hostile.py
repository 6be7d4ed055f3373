"""Files that try something."""

import facetex_model_zoo as zoo
import pytest
from facetex_cli.main import main

from facetex_core.io import declared

BOMB = bytes(2**24)
"""More than the files here may hold, once what does no harm is a mebibyte."""


def refused(capsys, name, path, *said):
    """`facetex zoo add` says one line, and keeps nothing."""
    assert main(["zoo", "add", name, str(path)]) == 2
    error = capsys.readouterr().err
    assert error.startswith("error: ")
    assert error.count("\n") == 1
    for words in said:
        assert words in error
    assert not zoo.is_installed(name)


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("FACETEX_HOME", str(tmp_path / "home"))
    monkeypatch.setattr(declared, "FREE", 2**20)
