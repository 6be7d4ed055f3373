"""How far a long stage has come: a stage reports, whoever listens hears it, and without a listener nothing happens."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from contextvars import ContextVar

from facetex_core.listeners import holding

Listener = Callable[[int, int], None]
"""Told how many steps are done, and of how many."""

_listener: ContextVar[Listener | None] = ContextVar("facetex_progress", default=None)


def report_progress(done: int, total: int) -> None:
    """Says that `done` of `total` steps are done; cheap, so a loop may call it every time round."""
    listener = _listener.get()
    if listener:
        listener(done, total)


def listening(listener: Listener) -> AbstractContextManager[None]:
    """Hears what is reported inside, in this thread."""
    return holding(_listener, listener)
