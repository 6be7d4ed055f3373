"""Models from their makers: fetched by one process at a time, looked at, and only then under their names."""

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path, PurePosixPath

from facetex_core.errors import ConfigError, ModelError
from facetex_core.model_rows import ModelImporter, Part, Row
from facetex_model_zoo.download import Progress, download, forget, size_of
from facetex_model_zoo.folders import UNREADABLE, read_members
from facetex_model_zoo.store import add_model, copy, downloads, is_installed, made, row, sha256_of

OFFLINE = "FACETEX_OFFLINE"


def refuse_pull(name: str) -> None:
    """A model that cannot be fetched, here or at all, is an error that says what to do instead."""
    known = row(name)
    if known.ships:
        raise ModelError(f"model {name!r} ships with facetex; there is nothing to fetch")
    if not known.parts:
        raise ModelError(
            f"model {name!r} cannot be downloaded, because its makers require registration ({known.licence}): {known.get}, "
            f"then run: facetex zoo add {name} FILE"
        )
    if os.environ.get(OFFLINE, "") not in ("", "0"):
        raise ConfigError(f"{OFFLINE} is set, so nothing is fetched; {known.get}, then run: facetex zoo add {name} FILE")


def pull_model(
    name: str, take_in: ModelImporter = copy, progress: Progress = lambda _: None, waiting: Callable[[], None] = lambda: None
) -> bool:
    """Fetches a model and takes it in; False where another process, or an earlier run, has already done so.

    `progress` hears the bytes that are there, of `row(name).size`; `waiting` is called once if another process fetches it.
    """
    known, folder = row(name), downloads(name)
    if is_installed(name):
        return False
    with _alone(folder, waiting):
        if is_installed(name):  # by the process that was waited for
            return False
        refuse_pull(name)
        _refuse_full_disk(known, folder)
        before = 0
        for part in known.parts:
            _fetch(part, folder, _after(before, progress))
            before += part.size
        add_model(name, folder / known.parts[0].name if len(known.parts) == 1 else folder, take_in)
        shutil.rmtree(folder)
    return True


@contextmanager
def _alone(folder: Path, waiting: Callable[[], None]) -> Iterator[None]:
    """One process at a time; the lock goes with the process that holds it, however that ends."""
    from filelock import FileLock, Timeout

    lock = FileLock(made(folder.parent) / f"{folder.name}.lock")
    try:
        lock.acquire(timeout=0)
    except Timeout:
        waiting()
        lock.acquire()
    try:
        yield
    finally:
        lock.release()


def _refuse_full_disk(known: Row, folder: Path) -> None:
    """The files, and at most as much again for what is made of them."""
    there = sum(size_of(place) for part in known.parts for place in (folder / part.name, _half(part, folder)))
    needed, free = 2 * known.size - there, shutil.disk_usage(folder.parent).free
    if free < needed:
        raise ConfigError(
            f"{folder.parent} has {free / 1e6:.0f} MB free; model {known.name!r} needs {needed / 1e6:.0f} MB: "
            "free some, or set FACETEX_HOME to a folder with more room"
        )


def _fetch(part: Part, folder: Path, progress: Progress) -> None:
    """The part under its own name once it is whole and right; a wrong end of a resumed one is fetched again, once."""
    target, half = made(folder) / part.name, _half(part, folder)
    if target.is_file():
        return
    resumed = size_of(half) > 0
    if not (resumed and size_of(half) == part.size):
        download(part.url, part.size, half, progress, exact=not part.members)
    found = digest_of(half, part)
    if found == part.sha256:
        half.replace(target)
        forget(half)
        return
    forget(half)
    if resumed:
        _fetch(part, folder, progress)
    else:
        raise ModelError(
            f"{part.url}: the downloaded file is not the model (sha256 {found[:12]}..., expected {part.sha256[:12]}...); "
            "nothing was kept"
        )


def _after(before: int, progress: Progress) -> Progress:
    """The bytes of earlier parts are there too."""
    return lambda there: progress(before + there)


def _half(part: Part, folder: Path) -> Path:
    return folder / f"{part.name}.part"


def digest_of(path: Path, part: Part) -> str:
    """SHA-256 of the file; with `members`, of the list that `sha256sum` prints over them."""
    if not part.members:
        return sha256_of(path)
    ending = PurePosixPath(part.members).suffix
    try:
        found = {str(inside): sha256(content).hexdigest() for inside, content in read_members(path, ending)}
    except UNREADABLE as error:
        return f"none: {error}"
    inner = {name.partition("/")[2]: digest for name, digest in found.items()}
    names = sorted(name for name in inner if PurePosixPath(name).match(part.members))
    return sha256("".join(f"{inner[name]}  {name}\n" for name in names).encode()).hexdigest()
