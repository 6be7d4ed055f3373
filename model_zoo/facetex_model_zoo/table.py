"""models.toml as rows, and beside them those that plugins bring."""

import tomllib
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Any

from facetex_core.errors import ModelError, did_you_mean
from facetex_core.model_rows import BROUGHT, Part, Row

__all__ = ["Part", "Row", "model_names", "own_rows", "row"]


def _row(name: str, entry: Mapping[str, Any]) -> Row:
    """A part without a hash is the model's file itself."""
    parts = tuple(Part(**{"sha256": entry.get("sha256", ""), **part}) for part in entry.get("parts", ()))
    return Row(name, **{**entry, "parts": parts})


@cache
def own_rows() -> dict[str, Row]:
    """The models of facetex itself, and those that it knows how to bring."""
    table = tomllib.loads(files("facetex_model_zoo").joinpath("models.toml").read_text("utf-8"))
    return {name: _row(name, entry) for name, entry in table.items()}


def _rows() -> dict[str, Row]:
    return {**own_rows(), **BROUGHT}


def model_names() -> tuple[str, ...]:
    """Every model that facetex knows of, installed or not."""
    return tuple(_rows())


def row(name: str) -> Row:
    """The row of a model; an unknown name is answered with those that exist."""
    if name not in _rows():
        raise ModelError(f"no model {name!r}; {did_you_mean(name, _rows())}")
    return _rows()[name]
