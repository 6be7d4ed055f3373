"""models.toml as rows: a model is a row, never a class."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from pathlib import PurePosixPath
from typing import Any
from urllib.parse import urlsplit

from facetex_core.errors import ModelError
from facetex_core.suggest import there_are


@dataclass(frozen=True, slots=True)
class Part:
    """One file that is fetched."""

    url: str
    """Of its makers, and of one version where they keep several."""
    size: int
    """Bytes; about, where `members` says that the archive is packed anew for every download."""
    sha256: str
    """Of the file. With `members`: of what `sha256sum` prints over them in the archive's folder, by name."""
    members: str = ""
    """Pattern of the files of an archive that matter."""

    @property
    def name(self) -> str:
        """What the file is called at its source."""
        return PurePosixPath(urlsplit(self.url).path).name


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
    makes: str = ""
    """What of a result rests on it."""
    sha256: str = ""
    """Of the file; empty where it is made from what is brought, or several versions of a licensed file are accepted."""
    ships: bool = False
    """Part of the install."""
    get: str = ""
    """How to get it by hand, in one line."""
    terms: str = ""
    """Where its licence can be read."""
    parts: tuple[Part, ...] = ()
    """What `facetex zoo pull` fetches; none where the makers ask to register, or the model ships."""

    @property
    def size(self) -> int:
        """Bytes to fetch."""
        return sum(part.size for part in self.parts)


def _row(name: str, entry: Mapping[str, Any]) -> Row:
    """A part without a hash is the model's file itself."""
    parts = tuple(Part(**{"sha256": entry.get("sha256", ""), **part}) for part in entry.get("parts", ()))
    return Row(name, **{**entry, "parts": parts})


@cache
def _rows() -> dict[str, Row]:
    table = tomllib.loads(files("facetex_model_zoo").joinpath("models.toml").read_text("utf-8"))
    return {name: _row(name, entry) for name, entry in table.items()}


def model_names() -> tuple[str, ...]:
    """Every model that facetex knows of, installed or not."""
    return tuple(_rows())


def row(name: str) -> Row:
    """The row of a model; an unknown name is answered with those that exist."""
    if name not in _rows():
        raise ModelError(f"no model {name!r}; {there_are(name, _rows())}")
    return _rows()[name]
