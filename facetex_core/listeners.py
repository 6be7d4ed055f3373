"""Words for the user: a stage warns, whoever listens in this context hears it, and so does the log named `facetex`."""

import logging
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from contextvars import ContextVar
from typing import TypeVar

Held = TypeVar("Held")
Listener = Callable[[str], None]
"""Told one line."""
_listener: ContextVar[Listener | None] = ContextVar("facetex_messages", default=None)
_log = logging.getLogger("facetex")


@contextmanager
def holding(variable: ContextVar[Held], value: Held) -> Iterator[None]:
    """The variable has this value inside, and the one before afterwards."""
    token = variable.set(value)
    try:
        yield
    finally:
        variable.reset(token)


def warn(text: str) -> None:
    """Shows the user a warning of one line."""
    line = " ".join(text.split())
    listener = _listener.get()
    if listener:
        listener(line)
    if not listener or _log.hasHandlers():  # without handlers, logging would print what the listener has shown
        _log.warning("%s", line)


def listening(listener: Listener) -> AbstractContextManager[None]:
    """Hears what is said inside, in this thread, instead of whoever listens outside."""
    return holding(_listener, listener)


@contextmanager
def collecting() -> Iterator[list[str]]:
    """Keeps what is said inside; whoever listens outside hears it, too."""
    lines: list[str] = []
    outside = _listener.get() or unheard

    def keep(line: str) -> None:
        lines.append(line)
        outside(line)

    with listening(keep):
        yield lines


def unheard(line: str) -> None:
    """A listener for work whose warnings do not matter."""
