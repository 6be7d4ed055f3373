"""The table of models (models.toml and plugins' rows), and where their files lie: in the install, or in the user's folder.

That is FACETEX_HOME, by default ~/.cache/facetex.
"""

import hashlib
import os
import shutil
import tomllib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

from facetex_core.choices_file import Quoted
from facetex_core.descriptors.bank_file import load_bank
from facetex_core.errors import ConfigError, ModelError, did_you_mean
from facetex_core.io.atomic import replacing
from facetex_core.listeners import holding
from facetex_core.model_rows import BROUGHT, ModelImporter, Part, Row
from facetex_core.structures import Bank
from facetex_model_zoo.download import what_instead

_asked: ContextVar[dict[str, Path] | None] = ContextVar("facetex_models_asked_for", default=None)


def home() -> Path:
    """The user's folder for models."""
    return Path(os.environ.get("FACETEX_HOME") or Path.home() / ".cache" / "facetex") / "models"


def model_path(name: str) -> Path:
    """The file of a model; where it is missing, one line says what to get, where, under which licence, and how to add it."""
    path = place_of(name)
    if path.is_file():
        return _noted(name, path)
    known = row(name)
    fetch = f"run: facetex zoo pull {name} ({known.size / 1e6:.1f} MB), or " if known.parts else ""
    raise ModelError(
        f"model {name!r} ({known.what}) is not installed: {fetch}{known.get or known.source} (licence: {known.licence}), "
        f"then run: facetex zoo add {name} FILE"
    )


def is_installed(name: str) -> bool:
    """Whether the model's file is there."""
    return place_of(name).is_file()


def downloads(name: str) -> Path:
    """Where the files of a model lie until it is taken in."""
    return home().parent / "downloads" / name


def made(folder: Path) -> Path:
    """The folder, made where it is missing."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ConfigError(f"{folder} cannot be made ({error.strerror}); set FACETEX_HOME to a folder that can") from None
    return folder


def copy(source: Path, target: Path) -> None:
    """Takes a model's file in as it is."""
    if source.is_dir():
        raise ModelError(f"{source} is a folder, not a file")
    shutil.copyfile(source, target)


def add_model(name: str, source: Path, take_in: ModelImporter = copy) -> Path:
    """Takes a local file or folder in under the model's name; what `take_in` or the table's hash refuses is not kept."""
    known = row(name)
    if known.ships:
        raise ModelError(f"model {name!r} ships with facetex; there is nothing to add")
    if not (source.is_file() or source.is_dir()):  # a pipe or a device might never end
        raise ModelError(f"{source} is no file")
    if source.is_file() and (instead := what_instead(_beginning(source))):
        raise ModelError(f"{source.name} is {instead}; {known.get}")
    target = place_of(name)
    made(target.parent)
    with replacing(target) as half:
        take_in(source, half)
        found = sha256_of(half)
        if known.sha256 and found != known.sha256:
            raise ModelError(
                f"{source.name} is not {name}: sha256 {found[:12]}..., expected {known.sha256[:12]}...; {known.get}"
            )
        _note_of(target).write_text(f"{found}  {target.name}\n", "utf-8")
    return target


def remove_model(name: str) -> None:
    """Deletes the file of a model that the user has brought or fetched, and what a broken download has left."""
    if row(name).ships:
        raise ModelError(f"model {name!r} ships with facetex; it cannot be removed")
    target, half = place_of(name), downloads(name)
    if not (target.is_file() or half.is_dir()):
        raise ModelError(f"model {name!r} is not installed; there is nothing to remove")
    target.unlink(missing_ok=True)
    _note_of(target).unlink(missing_ok=True)
    shutil.rmtree(half, ignore_errors=True)


def expected_sha256(name: str) -> str:
    """What the installed file should hash to: by the table, or as it was when it was added; empty if neither is known."""
    note = _note_of(place_of(name))
    return row(name).sha256 or (note.read_text("utf-8").split(" ")[0] if note.is_file() else "")


def open_bank(name: str) -> Bank:
    """A bank by its name in the zoo, or by path."""
    if name in model_names():
        return load_bank(model_path(name))
    if isinstance(name, Quoted):
        name = str(name.file("bank"))
    if not Path(name).is_file():
        raise ModelError(f"no bank at {name}; without --bank the one that ships with facetex is used")
    return load_bank(_noted(Path(name).name, Path(name)))


@contextmanager
def recording() -> Iterator[dict[str, Path]]:
    """Notes every model file that is asked for inside, by name: what a result rests on."""
    asked: dict[str, Path] = {}
    with holding(_asked, asked):
        yield asked


def provenance(asked: Mapping[str, Path]) -> dict[str, dict[str, object]]:
    """Hash, licence, source and use of each; a file that the table does not know is the user's own bank."""
    return {name: _origin(name) | {"sha256": sha256_of(path)} for name, path in sorted(asked.items())}


def _origin(name: str) -> dict[str, object]:
    if name not in model_names():
        return {"licence": "not stated", "commercial": None, "source": "the user's own file", "makes": row("bank").makes}
    known = row(name)
    return {"licence": known.licence, "commercial": known.commercial, "source": known.source, "makes": known.makes}


def _noted(name: str, path: Path) -> Path:
    asked = _asked.get()
    if asked is not None:
        asked[name] = path
    return path


def sha256_of(path: Path) -> str:
    """The file's SHA-256 in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _note_of(target: Path) -> Path:
    """Beside the model, as sha256sum writes and checks it."""
    return target.with_name(target.name + ".sha256")


def _beginning(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(1024)


def place_of(name: str) -> Path:
    """Where the model's file belongs, there or not."""
    known = row(name)
    if known.ships:
        return Path(str(files("facetex_model_zoo").joinpath("files", known.file)))
    return home() / known.file


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
