"""Reads the members of zip files: no more of them is unfolded than they declare, and than a file of this length may hold."""

import stat
import zipfile
from collections.abc import Callable, Iterator
from pathlib import PurePosixPath

from facetex_core.io.declared import Allowance

METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
"""What can be unfolded piece by piece."""


def refuse_outside(name: str) -> PurePosixPath:
    """The place of a member; a ValueError where it is outside of the archive."""
    path = PurePosixPath(name)
    if path.is_absolute() or ".." in path.parts:
        raise ValueError("a member of it has a path outside of its folder")
    return path


def zip_members(
    archive: zipfile.ZipFile, allowance: Allowance, wanted: Callable[[str], bool] = lambda _: True
) -> Iterator[tuple[str, bytes]]:
    """Name and content of the wanted members; all that is wrong with one of them is a ValueError or zipfile's own error."""
    infos = [info for info in archive.infolist() if not info.is_dir() and wanted(info.filename)]
    for info in infos:
        refuse_outside(info.filename)
        if stat.S_ISLNK(info.external_attr >> 16):
            raise ValueError("a member of it is a link")
        if info.compress_type not in METHODS or info.flag_bits & 1:
            raise ValueError("a member of it has an unsupported compression, or is encrypted")
        allowance.take(info.file_size)
    for info in infos:
        with archive.open(info) as file:
            # To read without a number would unfold all there is, whatever the member declares.
            content = file.read(info.file_size + 1)
        if len(content) != info.file_size:
            raise ValueError("a member of it does not have its declared size")
        yield info.filename, content
