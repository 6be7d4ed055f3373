"""Where results go, found out before any work is done."""

import tempfile
from collections.abc import Sequence
from pathlib import Path

from facetex_core.errors import ConfigError


def folders_for(photos: Sequence[Path], out: Path) -> list[Path]:
    """`out` for one photo; for several a folder each by the photo's stem, numbered where a stem comes again."""
    if len(photos) == 1:
        return [out]
    taken: set[str] = set()
    folders = []
    for photo in photos:
        name = _free(photo.stem.strip(".") or "photo", taken)
        taken.add(name.casefold())  # many disks do not tell a.jpg from A.jpg
        folders.append(out / name)
    return folders


def _free(stem: str, taken: set[str]) -> str:
    name, number = stem, 1
    while name.casefold() in taken:
        number += 1
        name = f"{stem}-{number}"
    return name


def refuse_no_file(file: Path) -> None:
    """A folder is no name for a file; and its own folder has to be one that can be written."""
    if file.is_dir():
        raise ConfigError(f"{file}: is a folder; -o takes the name of a file")
    refuse_unwritable(file.parent)


def refuse_unwritable(folder: Path) -> None:
    """Tries a nameless file in the folder, or in the nearest one above it that exists; leaves nothing."""
    nearest = folder
    while not nearest.exists() and nearest != nearest.parent:
        nearest = nearest.parent
    if not nearest.is_dir():
        raise ConfigError(f"{folder}: cannot be written, {nearest} is a file")
    try:
        with tempfile.TemporaryFile(dir=nearest):
            pass
    except OSError as error:
        raise ConfigError(f"{folder}: cannot be written ({error.strerror}); choose another folder by -o") from None
