"""Reads the numbers out of a pickle without running what it asks for.

A pickle may name any function and have it called. Here the only names that lead anywhere are numpy's ways to rebuild an
array, a few containers of Python's, and, for the classes of chumpy and scipy.sparse, an empty class of ours that takes
their attributes. Nothing is imported by a name that a file gives; any other name is a ValueError.
"""

import pickle  # noqa: TID251  # only through the class below, which looks up no name that it does not know
from io import BytesIO
from typing import Any

import numpy as np


class _Sealed(type):
    """A class that a file cannot change."""

    def __setattr__(cls, name: str, value: object) -> None:
        """A pickle may set attributes of what it has looked up."""
        raise ValueError("the pickle would change a class; it was not run")


class Inert(metaclass=_Sealed):
    """Stands for an object of a foreign class: its attributes, and nothing that it could do."""

    def __init__(self, *arguments: object) -> None:
        """What it would have been built from is not needed."""


def read_pickle(data: bytes) -> object:
    """The object of a pickle of any protocol, Python 2's too."""
    try:
        return _Reader(BytesIO(data), encoding="latin1").load()
    except (pickle.UnpicklingError, ImportError, RecursionError) as error:
        raise ValueError(f"no pickle of numbers: {error}") from None


def numbers(value: object) -> np.ndarray:
    """An array, as itself, in chumpy's wrapping, or from scipy's sparse matrix."""
    found: Any = getattr(value, "x", value)
    if hasattr(found, "indptr"):
        dense = np.zeros(getattr(found, "_shape", None) or found.shape)
        lines = np.repeat(np.arange(len(found.indptr) - 1), np.diff(found.indptr))
        by_column = len(found.indptr) == dense.shape[1] + 1
        dense[(found.indices, lines) if by_column else (lines, found.indices)] = found.data
        return dense
    if not isinstance(found, np.ndarray) or found.dtype.kind not in "fiu":
        raise TypeError(f"a {type(value).__name__} where numbers should be")
    return found


class _Reader(pickle.Unpickler):
    """The standard reader with a lookup of its own."""

    def find_class(self, module: str, name: str) -> object:
        """What a name of the file leads to."""
        if (module, name) in _KNOWN:
            return _KNOWN[module, name]
        if f"{module}.".startswith(("chumpy.", "scipy.sparse.")):
            return Inert
        raise ValueError(f"the pickle asks for {module}.{name}, which no model needs; it was not run")


def _array(kind: type, *_: object) -> np.ndarray:
    """An empty array, whose shape and numbers follow."""
    if kind is not np.ndarray:
        raise ValueError("the pickle has an array of a foreign class")
    return np.zeros(0, "b")


def _from_buffer(data: bytes | bytearray, kind: np.dtype, shape: tuple[int, ...], order: str) -> np.ndarray:
    """As protocol 5 writes arrays."""
    return np.frombuffer(data, kind).reshape(shape, order="F" if order == "F" else "C")


def _scalar(kind: np.dtype, data: bytes = b"") -> object:
    return np.frombuffer(data, kind)[0]


def _object(kind: type, *_: object) -> object:
    """How Python 2 begins an object: it is the class that says which."""
    return Inert() if kind is Inert else kind()


def _encoded(text: str, *_: object) -> bytes:
    """How old protocols write bytes."""
    return text.encode("latin1")


_KNOWN: dict[tuple[str, str], object] = {
    ("numpy", "ndarray"): np.ndarray,
    ("numpy", "dtype"): np.dtype,
    ("collections", "OrderedDict"): dict,
    ("_codecs", "encode"): _encoded,
}
for core in ("numpy.core", "numpy._core"):
    _KNOWN[core + ".multiarray", "_reconstruct"] = _array
    _KNOWN[core + ".multiarray", "scalar"] = _scalar
    _KNOWN[core + ".numeric", "_frombuffer"] = _from_buffer
for builtins, copying in (("__builtin__", "copy_reg"), ("builtins", "copyreg")):
    _KNOWN[builtins, "set"] = set
    _KNOWN[builtins, "object"] = Inert
    _KNOWN[copying, "_reconstructor"] = _object
