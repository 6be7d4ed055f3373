"""The files of a folder, a .zip or a .tar archive, one after the other, without unpacking them anywhere."""

import gzip
import io
import struct
import tarfile
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import BinaryIO

from facetex_core.io.archive import refuse_outside, zip_members
from facetex_core.io.declared import Allowance, read_file

GZIP = b"\x1f\x8b"
UNREADABLE = (
    OSError, EOFError, KeyError, ValueError, TypeError, IndexError, AttributeError, MemoryError, RuntimeError,
    ArithmeticError, struct.error, zipfile.BadZipFile, tarfile.TarError, zlib.error,
)  # fmt: skip
"""What readers raise over a file that is none of theirs."""


def read_members(source: Path, ending: str) -> Iterator[tuple[PurePosixPath, bytes]]:
    """Path inside and content of every file of this ending; what is neither folder nor archive is a ValueError.

    So is an archive that promises more than it may hold, or has a link, or a place outside of it, for such a file.
    """
    if source.is_dir():
        for path in sorted(source.rglob("*" + ending)):
            yield PurePosixPath(path.relative_to(source).as_posix()), read_file(path)
        return
    allowance = Allowance(source.stat().st_size)
    if zipfile.is_zipfile(source):
        with zipfile.ZipFile(source) as archive:
            for name, content in zip_members(archive, allowance, lambda name: name.endswith(ending)):
                yield PurePosixPath(name), content
    else:
        with source.open("rb") as file:
            stream: BinaryIO | gzip.GzipFile = gzip.GzipFile(fileobj=file) if file.peek(2).startswith(GZIP) else file
            yield from _tar_members(stream, allowance, ending)


def _tar_members(file: BinaryIO | gzip.GzipFile, allowance: Allowance, ending: str) -> Iterator[tuple[PurePosixPath, bytes]]:
    """One after the other; what each declares is counted before anything is read past it."""
    try:
        archive = tarfile.TarFile(fileobj=_Bounded(file, allowance.left), mode="r")
    except tarfile.ReadError:
        raise ValueError("neither a folder nor a .zip, .tar or .tar.gz archive") from None
    for member in archive:
        allowance.take(member.size)
        if not member.name.endswith(ending) or member.isdir():
            continue
        content = archive.extractfile(member) if member.isreg() and not member.issparse() else None
        if content is None:
            raise ValueError("a member of it is a link, a device, or a sparse file")
        yield refuse_outside(member.name), content.read()


class _Bounded(io.RawIOBase):
    """A stream of which no more is read than may be: headers of a tar may ask for gigabytes at once."""

    def __init__(self, file: BinaryIO | gzip.GzipFile, most: int) -> None:
        self.file, self.left = file, most

    def read(self, size: int = -1) -> bytes:
        if not 0 <= size <= self.left:
            raise ValueError("it declares more data than a file of its length may hold")
        content = self.file.read(size)
        self.left -= len(content)
        return content

    def seek(self, place: int, whence: int = 0) -> int:
        return self.file.seek(place, whence)

    def tell(self) -> int:
        return self.file.tell()
