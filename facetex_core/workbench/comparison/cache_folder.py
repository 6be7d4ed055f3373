"""The folder of a cache: how large it is, and how it stays within bounds."""

import os
import shutil
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from facetex_core.errors import ConfigError

VARIABLE, GIGABYTES = "FACETEX_CACHE_GB", "20"
"""Where the user says how much a cache may hold, and what holds if nothing is said: some hundred variants at 1024."""
STALE = 3600
"""Seconds after which a half-written file is nobody's any more."""


class Bounded:
    """Removes what was used longest ago when there is too much, but never what this process has used."""

    def __init__(self, folder: Path, limit: float) -> None:
        _sweep(folder)
        self._folder, self._limit = folder, limit
        self._size = float(sum(size for _, size in files_of(folder)))
        self._used: set[Path] = set()

    def use(self, path: Path) -> None:
        """The file is wanted: it is the last to go, and stays as long as this process runs."""
        self._used.add(path)
        with suppress(OSError):  # in a folder that can only be read nothing is removed
            os.utime(path)

    def take_in(self, path: Path, size: int) -> None:
        """The file is new and has so many bytes; others may have to go."""
        self.use(path)
        self._size += size
        if self._size > self._limit:
            self._trim()

    def _trim(self) -> None:
        found = list(files_of(self._folder))
        self._size = float(sum(size for _, size in found))
        aged = sorted((_used_at(path), path, size) for path, size in found if path not in self._used)
        for _, path, size in aged:
            if self._size <= self._limit:
                return
            path.unlink(missing_ok=True)
            self._size -= size


def limit() -> float:
    """Bytes that a cache may hold."""
    text = os.environ.get(VARIABLE, GIGABYTES)
    try:
        value = float(text)
    except ValueError:
        value = 0.0
    if not value > 0:
        raise ConfigError(f"{VARIABLE} must be a number of gigabytes above 0, not {text!r}")
    return value * 1e9


def files_of(folder: Path) -> Iterator[tuple[Path, int]]:
    """What a cache holds, each with its size in bytes."""
    for path in folder.rglob("*"):
        with suppress(FileNotFoundError):  # another process may be tidying up
            if path.is_file() and not path.name.endswith(".part"):
                yield path, path.stat().st_size


def clear(folder: Path) -> None:
    """Removes all that lies in the folder."""
    for path in folder.iterdir():
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink()


def forget_older(folder: Path, number: int) -> None:
    """Removes what was kept in the formats before this one: nobody will look at it again."""
    for old in (folder / str(each) for each in range(1, number)):
        shutil.rmtree(old, ignore_errors=True)


def _used_at(path: Path) -> float:
    try:
        return path.stat().st_mtime
    except FileNotFoundError:
        return 0.0


def _sweep(folder: Path) -> None:
    """Removes what killed processes left."""
    for half in folder.glob(".*.part"):
        with suppress(OSError):
            if time.time() - half.stat().st_mtime > STALE:
                half.unlink()
