"""What the user reads when something is wrong: one line."""

import errno
import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager

import click

from facetex_core.errors import FacetexError, PluginError

_DISK = (errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EACCES, errno.EPERM, errno.EIO, errno.ENAMETOOLONG)
"""What a disk may answer through no fault of the program."""


def answer(error: BaseException) -> str | None:
    """The line for an error that a user can mend; none for a bug."""
    if isinstance(error, FacetexError):
        return " ".join(str(error).split())
    if isinstance(error, OSError) and error.errno in _DISK:
        where = f"{error.filename}: " if error.filename else ""
        return f"{where}{error.strerror}"
    if isinstance(error, ImportError) and "cannot open shared object" in str(error):
        return f"{error}; facetex doctor says what to install"
    if isinstance(error, MemoryError):
        return "out of memory; a smaller --size or --preset draft needs less"
    return None


def exit_code(error: BaseException) -> int:
    """2 where whoever gave the command can mend it; 1 where the author of a plugin has to, and for a bug."""
    return 2 if answer(error) is not None and not isinstance(error, PluginError) else 1


@contextmanager
def warnings_as_lines() -> Iterator[list[str]]:
    """Shows each warning as one line on stderr, and keeps it."""
    kept: list[str] = []

    def show(message: Warning | str, *_: object) -> None:
        line = " ".join(str(message).split())
        kept.append(line)
        _say(f"warning: {line}")

    with warnings.catch_warnings():
        warnings.simplefilter("always", UserWarning)
        warnings.showwarning = show  # type: ignore[assignment]  # the rest of its arguments is where, in the code
        yield kept


def _say(line: str) -> None:
    """On stderr, above a progress bar where there is one."""
    if sys.stderr.isatty():
        from tqdm import tqdm

        tqdm.write(line, file=sys.stderr)
    else:
        click.echo(line, err=True)
