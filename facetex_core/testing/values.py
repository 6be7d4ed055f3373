"""What a value is made of: every array, number and word in it, by the path that leads there."""

from collections.abc import Iterator, Mapping
from dataclasses import fields, is_dataclass
from pathlib import PurePath
from typing import TypeVar

import numpy as np

Value = TypeVar("Value")


def leaves(value: object, path: str = "") -> Iterator[tuple[str, object]]:
    """Depth first, in the value's own order: `[0].landmarks`, `.mass['band1']`."""
    if is_dataclass(value):
        for field in fields(value):
            yield from leaves(getattr(value, field.name), f"{path}.{field.name}")
    elif isinstance(value, Mapping):
        for key, part in value.items():
            yield from leaves(part, f"{path}[{key!r}]")
    elif isinstance(value, tuple | list):
        for number, part in enumerate(value):
            yield from leaves(part, f"{path}[{number}]")
    else:
        yield path, value


def read_only(value: Value) -> Value:
    """The same value, every array in it locked, as the stages get them: whoever writes into it fails at once."""
    for _, leaf in leaves(value):
        if isinstance(leaf, np.ndarray):
            leaf.setflags(write=False)
    return value


def snapshot(value: object) -> dict[str, object]:
    """The value's arrays, copied, and its numbers and words, to be compared later."""
    plain = (np.ndarray, np.generic, str, bytes, int, float, PurePath, type(None))
    kept = {path: leaf for path, leaf in leaves(value) if isinstance(leaf, plain)}
    return {path: np.array(leaf) if isinstance(leaf, np.ndarray) else leaf for path, leaf in kept.items()}


def difference(one: Mapping[str, object], other: Mapping[str, object], name: str) -> str:
    """Where two snapshots differ first, in words; nothing where they are the same to the bit."""
    if list(one) != list(other):
        return f"{name} has other parts"
    for path, leaf in one.items():
        found = other[path]
        if isinstance(leaf, np.ndarray) and isinstance(found, np.ndarray):
            if leaf.shape != found.shape or leaf.dtype != found.dtype:
                return f"{name}{path} has another shape or type"
            if leaf.tobytes() != found.tobytes():
                most = np.abs(leaf.astype(np.float64) - found).max()
                return f"{name}{path} differs by up to {most:.3g}"
        elif repr(leaf) != repr(found):
            return f"{name}{path} differs"
    return ""
