"""What a value was before a stage was given it, and where it differs afterwards."""

from collections.abc import Mapping
from pathlib import PurePath

import numpy as np

from facetex_core.values import leaves


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
