"""Which code a result rests on: a hash over facetex's sources, and one over the distribution that brings a stage.

A helper may lie several imports away or be imported inside a function, so every file of a distribution counts. Each is hashed
once in a process: what is changed later is not what this process has imported.
"""

import hashlib
import inspect
import json
import os
import secrets
from collections.abc import Collection, Iterator, Mapping
from functools import cache
from importlib.metadata import Distribution, PackageNotFoundError, distribution
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from facetex_core.registry import Offer

PACKAGES = ("facetex_core", "facetex_plugins", "facetex_model_zoo", "facetex_cli")
LARGE = 1 << 20
"""Bytes above which a file counts by its size and time: weights that a plugin brings would take seconds to hash."""


@cache
def facetex_code() -> str:
    """SHA-256 of the sources of facetex's packages; models count where they are used."""
    found = {}
    for name in PACKAGES:
        spec = find_spec(name)
        for folder in (spec.submodule_search_locations if spec else None) or ():
            found.update({f"{name}/{path.relative_to(folder)}": path for path in _sources(Path(folder))})
    return _hash(found)


def code_of(offer: Offer) -> str:
    """SHA-256 of everything that is installed with the plugin; facetex's own plugins are part of `facetex_code`."""
    return _code_of(offer.origin.rsplit(" ", 1)[0], _file_of(offer.factory))


@cache
def _code_of(name: str, file: Path | None) -> str:
    if name == "facetex":
        return ""
    try:
        found = _installed(distribution(name))
    except (PackageNotFoundError, ValueError):  # a plugin that is handed over belongs to none
        found = {}
    if file:
        found |= _around(file, set(found.values()))
    return _hash(found) if found else secrets.token_hex()  # nothing is known of it, so it is never the same again


def _installed(found: Distribution) -> dict[str, Path]:
    """The distribution's files by name; of one that is installed in place, the sources of its project."""
    files = {str(each): Path(str(found.locate_file(each))).resolve() for each in found.files or ()}
    told = json.loads(found.read_text("direct_url.json") or "{}")
    if told.get("dir_info", {}).get("editable"):
        from urllib.parse import urlsplit
        from urllib.request import url2pathname

        project = Path(url2pathname(urlsplit(told["url"]).path)).resolve()
        files |= {str(path.relative_to(project)): path for path in _sources(project)}
    return {name: path for name, path in files.items() if path.suffix != ".pyc" and path.is_file()}


def _file_of(factory: Any) -> Path | None:  # noqa: ANN401  # any callable
    """Where the factory is written; none for what was typed in."""
    target = getattr(factory, "func", factory)
    target = target if inspect.isroutine(target) or inspect.isclass(target) else type(target)
    try:
        file = Path(inspect.getfile(inspect.unwrap(target)))
    except (TypeError, OSError):  # a class of a module that is in no list of modules: its methods know
        codes = [each.__code__ for each in map(inspect.unwrap, vars(target).values()) if hasattr(each, "__code__")]
        file = Path(codes[0].co_filename) if codes else Path()
    return file.resolve() if file.is_file() else None


def _around(file: Path, known: Collection[Path]) -> dict[str, Path]:
    """The package that the file is part of, whole; of a module that no distribution lists, the modules beside it."""
    top = file
    while (top.parent / "__init__.py").is_file():
        top = top.parent
    beside = () if file in known else file.parent.glob("*.py")
    return {str(path.relative_to(top.parent)): path for path in (beside if top == file else _below(top))}


def _sources(folder: Path) -> Iterator[Path]:
    return (path for path in _below(folder) if path.suffix == ".py")


def _below(folder: Path) -> Iterator[Path]:
    """All files; but not what is hidden, compiled or another environment."""
    for place, folders, files in os.walk(folder):
        kept = [name for name in folders if not name.startswith(".") and name not in ("__pycache__", "node_modules")]
        folders[:] = [name for name in kept if not Path(place, name, "pyvenv.cfg").is_file()]
        paths = (Path(place, name) for name in files if not name.startswith(".") and not name.endswith(".pyc"))
        yield from filter(Path.is_file, paths)  # links may lead nowhere


def _hash(files: Mapping[str, Path]) -> str:
    found = hashlib.sha256()
    for name, path in sorted(files.items()):
        about = path.stat()
        large = about.st_size > LARGE
        content = f"{about.st_size} {about.st_mtime_ns}".encode() if large else path.read_bytes()
        found.update(f"{name}\0{len(content)}\0".encode("utf-8", "surrogateescape") + content)
    return found.hexdigest()
