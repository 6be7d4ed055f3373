"""What the user reads when something is wrong: one line."""

import errno
import sys
import traceback

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


def tell(error: BaseException) -> str | None:
    """The line of `answer` on stderr, and back; of a bug the traceback."""
    line = answer(error)
    if line is None:
        traceback.print_exception(error)
    else:
        click.echo(f"error: {line}", err=True)
    return line


def exit_code(error: BaseException) -> int:
    """2 where whoever gave the command can mend it; 1 where the author of a plugin has to, and for a bug."""
    return 2 if answer(error) is not None and not isinstance(error, PluginError) else 1


def say_warning(line: str) -> None:
    """On stderr, above a progress bar where there is one."""
    line = f"warning: {line}"
    if sys.stderr.isatty():
        from tqdm import tqdm

        tqdm.write(line, file=sys.stderr)
    else:
        click.echo(line, err=True)
