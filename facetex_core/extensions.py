"""What a plugin may bring beside stages, and what is wrong with what it brings."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any, get_origin

from facetex_core.choices_file import preset_names
from facetex_core.errors import PluginError
from facetex_core.metrics import METRICS, FaceEmbedding, Metric
from facetex_core.model_rows import BROUGHT, ModelImporter, Row

EXTENSION_NAME = r"[a-z][a-z0-9]*([-_][a-z0-9]+)*"
OURS = "facetex"
"""The distribution whose names nobody else may take."""


@dataclass(frozen=True, slots=True)
class Extension:
    """One thing that a plugin brings beside stages."""

    kind: str
    name: str
    value: Any
    plugin: str
    """The entry point that brought it."""
    origin: str
    """Distribution and version, or `in-process`."""


@dataclass(frozen=True, slots=True)
class Extensions:
    """Everything that plugins have brought beside stages; the hook of a kind is its plural."""

    models: dict[str, Row] = field(default_factory=dict)
    model_importers: dict[str, ModelImporter] = field(default_factory=dict)
    presets: dict[str, Path] = field(default_factory=dict)
    metrics: dict[str, Metric] = field(default_factory=dict)
    face_embeddings: dict[str, FaceEmbedding] = field(default_factory=dict)
    all: list[Extension] = field(default_factory=list)

    def refuse_taken(self, each: Extension) -> None:
        """A name that another plugin, or facetex itself, has already is a PluginError."""
        known = next((other for other in self.all if (other.kind, other.name) == (each.kind, each.name)), None)
        owner = known.plugin if known else OURS if each.name in _shipped(each.kind) else ""
        if owner:
            told = f"{_words(each.kind)} {each.name!r} is offered by {owner!r} already"
            raise PluginError(f"{told}: offer it under another name, or uninstall one of them")
        files = {row.file: name for name, row in self.models.items()}
        if each.kind == "model" and each.value.file in files:
            told = f"model {each.name!r} of {each.plugin!r}: its file {each.value.file!r} is that of model"
            raise PluginError(f"{told} {files[each.value.file]!r} already: give it another name")

    def add(self, each: Extension) -> None:
        """Takes it in; a model's row from now on stands in the zoo's table of this process."""
        getattr(self, hook_of(each.kind))[each.name] = each.value
        self.all.append(each)
        if each.kind == "model":
            BROUGHT[each.name] = each.value


def hook_of(kind: str) -> str:
    """The plural.

    >>> hook_of("model_importer")
    'model_importers'
    """
    return f"{kind}s"


def extension(kind: str, name: object, value: object, plugin: str, origin: str) -> Extension:
    """What a hook has returned under a name; a PluginError says what is wrong with it."""
    what = f"{_words(kind)} {name!r} of {plugin!r}"
    if not isinstance(name, str) or not re.fullmatch(EXTENSION_NAME, name):
        raise PluginError(f"{what}: a name is lower-case letters, digits, hyphens and underscores, a letter first")
    fits, expected = KINDS[kind]
    if not fits(value):
        raise PluginError(f"{what}: {expected} was expected, not {type(value).__name__}")
    wrong = _wrong_with_row(value, name, origin) if isinstance(value, Row) else ""
    if wrong:
        raise PluginError(f"{what}: {wrong}")
    return Extension(kind, name, value, plugin, origin)


KINDS: Mapping[str, tuple[Callable[[object], bool], str]] = {
    "model": (lambda value: isinstance(value, Row), "a Row"),
    "model_importer": (callable, "a function of source and target"),
    "preset": (lambda value: isinstance(value, Path), "the Path of a .toml file"),
    "metric": (lambda value: isinstance(value, Metric) and callable(value.measure), "a Metric with a function `measure`"),
    "face_embedding": (callable, "a function of photo and face"),
}
"""What a plugin may bring beside stages: whether a value is of this kind, and what would be."""


def _wrong_with_row(row: Row, name: str, origin: str) -> str:
    for each in fields(Row):
        expected = get_origin(each.type) or each.type
        if not isinstance(getattr(row, each.name), expected):  # type: ignore[arg-type]  # str, bool or tuple
            return f"its {each.name} must be {expected.__name__}, not {getattr(row, each.name)!r}"  # type: ignore[union-attr]
    if row.name != name:
        return f"its row is called {row.name!r}: give both one name"
    if not re.fullmatch(r"\w[\w.-]*", row.file):
        return f"its file must be a name without a folder, not {row.file!r}"
    if row.ships and origin.split(maxsplit=1)[0] != OURS:
        return "its row says `ships`, as those of facetex itself do: leave that out"
    return ""


def _words(kind: str) -> str:
    return kind.replace("_", " ")


def _shipped(kind: str) -> tuple[str, ...]:
    """What facetex has of this kind without any plugin."""
    if kind == "preset":
        return preset_names()
    if kind == "metric":
        return tuple(METRICS)
    return ()
