"""How far a long stage has come: a stage reports, whoever listens hears it, and without a listener nothing happens."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar

Listener = Callable[[int, int], None]
"""Told how many steps are done, and of how many."""

_listener: ContextVar[Listener | None] = ContextVar("facetex_progress", default=None)


def report_progress(done: int, total: int) -> None:
    """Says that `done` of `total` steps are done; cheap, so a loop may call it every time round."""
    listener = _listener.get()
    if listener:
        listener(done, total)


@contextmanager
def listening(listener: Listener) -> Iterator[None]:
    """Hears what is reported inside, in this thread."""
    token = _listener.set(listener)
    try:
        yield
    finally:
        _listener.reset(token)
