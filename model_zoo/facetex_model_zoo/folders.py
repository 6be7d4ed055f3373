"""The files of a folder, a .zip or a .tar archive, one after the other, without unpacking them anywhere."""

import struct
import tarfile
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

UNREADABLE = (
    OSError, EOFError, KeyError, ValueError, TypeError, IndexError, AttributeError, MemoryError, RuntimeError,
    ArithmeticError, struct.error, zipfile.BadZipFile, tarfile.TarError, zlib.error,
)  # fmt: skip
"""What readers raise over a file that is none of theirs."""


def read_members(source: Path, ending: str) -> Iterator[tuple[PurePosixPath, bytes]]:
    """Path inside and content of every file of this ending; what is neither folder nor archive is a ValueError."""
    if source.is_dir():
        for path in sorted(source.rglob("*" + ending)):
            yield PurePosixPath(path.relative_to(source).as_posix()), path.read_bytes()
    elif zipfile.is_zipfile(source):
        with zipfile.ZipFile(source) as archive:
            for name in archive.namelist():
                if name.endswith(ending):
                    yield PurePosixPath(name), archive.read(name)
    elif tarfile.is_tarfile(source):
        with tarfile.open(source) as archive:
            for member in archive:
                file = archive.extractfile(member) if member.isfile() and member.name.endswith(ending) else None
                if file:
                    yield PurePosixPath(member.name), file.read()
    else:
        raise ValueError("neither a folder nor a .zip or .tar archive")
