"""Values that cannot be written into, as the stages get them: whoever tries fails at once."""

from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from typing import TypeVar

import numpy as np

Value = TypeVar("Value")


def read_only(value: Value) -> Value:
    """The same value, every array in it locked."""
    if isinstance(value, np.ndarray):
        value.setflags(write=False)
    elif isinstance(value, Mapping):
        read_only(tuple(value.values()))
    elif isinstance(value, tuple):
        for part in value:
            read_only(part)
    elif is_dataclass(value):
        read_only(tuple(getattr(value, field.name) for field in fields(value)))
    return value
