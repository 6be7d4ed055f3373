"""models.toml as rows: a model is a row, never a class."""

import tomllib
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from facetex_core.errors import ModelError
from facetex_core.suggest import there_are


@dataclass(frozen=True, slots=True)
class Row:
    """What is known of one model."""

    name: str
    what: str
    """In a few words."""
    file: str
    licence: str
    source: str
    """Who made it, and where it comes from."""
    commercial: bool
    """Whether its licence leaves commercial use free."""
    sha256: str = ""
    """Of the file; empty where several versions of a licensed file are accepted."""
    ships: bool = False
    """Part of the install."""
    get: str = ""
    """How to get it, in one line."""


@cache
def _rows() -> dict[str, Row]:
    table = tomllib.loads(files("facetex_model_zoo").joinpath("models.toml").read_text("utf-8"))
    return {name: Row(name, **entry) for name, entry in table.items()}


def model_names() -> tuple[str, ...]:
    """Every model that facetex knows of, installed or not."""
    return tuple(_rows())


def row(name: str) -> Row:
    """The row of a model; an unknown name is answered with those that exist."""
    if name not in _rows():
        raise ModelError(f"no model {name!r}; {there_are(name, _rows())}")
    return _rows()[name]
