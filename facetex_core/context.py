"""Values that hold for the calls inside a `with`, in this thread alone."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TypeVar

Held = TypeVar("Held")


@contextmanager
def holding(variable: ContextVar[Held], value: Held) -> Iterator[None]:
    """The variable has this value inside, and the one before afterwards."""
    token = variable.set(value)
    try:
        yield
    finally:
        variable.reset(token)
