"""Keeps native libraries from writing to the terminal."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def hushed() -> Iterator[None]:
    """What decoders print of themselves about a damaged file goes nowhere: the error that is raised says it, in one line."""
    try:
        stream = os.dup(2)
    except OSError:  # no stderr at all, as under a window system
        yield
        return
    nowhere = os.open(os.devnull, os.O_WRONLY)
    if sys.stderr is not None:
        sys.stderr.flush()
    os.dup2(nowhere, 2)
    try:
        yield
    finally:
        os.dup2(stream, 2)
        os.close(stream)
        os.close(nowhere)
