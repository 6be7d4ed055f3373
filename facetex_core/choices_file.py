"""Files that hold choices (presets, grids, facetex.json) may come from strangers: read with care, and quoted as theirs."""

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any

from facetex_core.errors import ConfigError
from facetex_core.listeners import warn

LARGEST_CHOICES = 1_000_000
"""Bytes of such a file; the longest that ships has three hundred."""
SINGLE_QUOTES = r"a path with backslashes goes in single quotes: 'C:\folder\file'"
CARRYING = ("least-squares", "affine")
"""Blend solvers of 0.1 with which the own face had a say in what was told of its hidden skin."""


@dataclass(frozen=True, slots=True)
class Source:
    """A file that holds choices."""

    name: str
    folder: Path | None
    """What paths in it start from; none: it names files without a folder, and they lie in the current one."""


class Quoted(str):
    """Text that stands in such a file: it chooses no program, and opens only files that the file may name."""

    __slots__ = ("source",)
    source: Source

    def __new__(cls, text: str, source: Source) -> "Quoted":
        """The text, which remembers where it stood."""
        made = super().__new__(cls, text)
        made.source = source
        return made

    def __getnewargs__(self) -> tuple[str, Source]:  # type: ignore[override]  # str has no second argument
        """How a process that is handed the text makes it again."""
        return str(self), self.source

    def file(self, what: str) -> Path:
        """The regular file that the text names; `what` it is for begins an error."""
        where = f"{self.source.name}: {what}"
        if self.source.folder is None and (re.search(r"[/\\]", self) or self in ("", ".", "..")):
            raise ConfigError(f"{where}: a file's name without a folder was expected, not {str(self)!r}")
        path = (self.source.folder or Path()) / self
        refuse_no_file(path, where)
        if not path.stat().st_size:
            raise ConfigError(f"{where}: {path}: the file is empty")
        return path


def quoted(value: Any, source: Source) -> Any:  # noqa: ANN401  # whatever TOML and JSON can hold
    """The value with every text in it marked as the file's."""
    if isinstance(value, str):
        return Quoted(value, source)
    if isinstance(value, list):
        return [quoted(each, source) for each in value]
    if isinstance(value, Mapping):
        return {quoted(key, source): quoted(each, source) for key, each in value.items()}
    return value


def quoted_from(value: object) -> Source | None:
    """The file that a value stands in, or some text in it; none: the command line or a program has given it."""
    if isinstance(value, Quoted):
        return value.source
    inside = (*value, *value.values()) if isinstance(value, Mapping) else value if isinstance(value, list) else ()
    return next(filter(None, map(quoted_from, inside)), None)


def refuse_no_file(path: Path, where: str = "") -> None:
    """A folder, a device, a pipe or nothing at all is a ConfigError; `where` it was named begins it."""
    where = f"{where}: " if where else ""
    try:
        if not path.exists():
            raise ConfigError(f"{where}{path}: no such file")
        if not path.is_file():
            raise ConfigError(f"{where}{path}: is no regular file")
    except (OSError, ValueError) as error:  # a name that no disk can hold
        raise ConfigError(f"{where}{str(path)!r}: cannot be read ({getattr(error, 'strerror', error)})") from None


def read_choices(path: Path) -> bytes:
    """All of such a file."""
    refuse_no_file(path)
    try:
        with path.open("rb") as file:
            content = file.read(LARGEST_CHOICES + 1)
            size = path.stat().st_size
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read ({error.strerror})") from None
    if len(content) > LARGEST_CHOICES:
        raise ConfigError(f"{path}: has {size / 1e6:.1f} MB; a settings file may have at most {LARGEST_CHOICES / 1e6:.0f} MB")
    return content


def read_toml(path: Path) -> dict[str, Any]:
    """The table of a TOML file, with or without a mark of byte order."""
    try:
        text = read_choices(path).decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise ConfigError(f"{path.name} is no TOML: {error}; save it as UTF-8") from None
    return parse_toml(text, path.name)


def parse_toml(text: str, name: str) -> dict[str, Any]:
    """The table of TOML text; `name` begins an error."""
    try:
        return tomllib.loads(text)
    except (ValueError, RecursionError) as error:
        hint = f"; {SINGLE_QUOTES}" if re.search(r'"[^"\n]*\\[^"\n]*"', text) else ""
        raise ConfigError(f"{name} is no TOML: {error}{hint}") from None


def preset_names() -> tuple[str, ...]:
    """The presets that ship with facetex."""
    found = files("facetex_core").joinpath("presets").iterdir()
    return tuple(sorted(file.name[:-5] for file in found if file.name.endswith(".toml")))


def record_of_01(table: Mapping[str, Any], version: object) -> Mapping[str, Any]:
    """The recipe of a facetex.json as this facetex repeats it."""
    stages: Any = table.get("stages") if isinstance(table, Mapping) else None
    old = str(version).startswith("0.1.") and isinstance(stages, Mapping) and "hidden_predictor" not in stages
    if old and not set(_solvers(stages.get("blend_solver"))) <= set(CARRYING):
        return {**table, "stages": {**stages, "hidden_predictor": {"use": "none"}}}
    return table


def warn_of_old_choices(stages: Any, name: str) -> None:  # noqa: ANN401  # whatever a preset or a grid holds
    """A preset or grid does not say which facetex it was written for."""
    if isinstance(stages, Mapping) and "hidden_predictor" not in stages:
        for solver in _solvers(stages.get("blend_solver")):
            if solver not in CARRYING:
                told = f"{name}: blend_solver {solver!r} and no hidden_predictor: the default predictor is used"
                warn(f'{told}; for the blend alone, as in facetex 0.1, add hidden_predictor = {{ use = "none" }}')


def _solvers(entry: object) -> list[str]:
    """The blend solvers that a stage's entry names: a name, a table, or a list of them."""
    entries = entry if isinstance(entry, list) else [entry]
    names = [each.get("use") if isinstance(each, Mapping) else each for each in entries]
    return [name for name in names if isinstance(name, str)]
