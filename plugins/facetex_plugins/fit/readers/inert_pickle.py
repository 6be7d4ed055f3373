"""Reads the numbers out of a pickle without running what it asks for.

A pickle may name any function and have it called. Here the only names that mean anything are numpy's ways to rebuild an
array of numbers or truth values, a few containers, and the classes of chumpy and scipy.sparse, for which an empty class
of ours takes the attributes; any other name is a ValueError. Arrays are built by a class of ours from a kind, a shape and
bytes that fit each other: numpy is never given a state that a file has written.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
from facetex_model_zoo.pickle_machine import Machine, Made, Name
from jaxtyping import Float64

from facetex_core.io.declared import Allowance
from facetex_core.io.npz import AnyArray

NUMBER_TYPES = ("b1", "i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8", "f2", "f4", "f8")
"""Numbers and truth values, by numpy's names."""


class Inert(Made):
    """Stands for an object of a foreign class: its attributes, and nothing that it could do."""

    def __init__(self) -> None:
        self.attributes: dict[str, object] = {}

    def build(self, state: object) -> None:
        """Its attributes."""
        self.attributes = state if isinstance(state, dict) else {}


class Kind(Made):
    """What the numbers of an array are."""

    def __init__(self, name: object) -> None:
        if not isinstance(name, str) or name not in NUMBER_TYPES:
            # What is no text is not shown: a tuple of a few steps may take hours to write out.
            shown = repr(name[:20]) if isinstance(name, str) else "unknown"
            raise ValueError(f"the pickle has an array of kind {shown}, which no model needs")
        self.dtype = np.dtype(name)

    def build(self, state: object) -> None:
        """The byte order is all that counts of it: numpy takes the rest at its word, and pointers with it."""
        if isinstance(state, tuple) and len(state) > 1 and state[1] in ("<", ">"):
            self.dtype = self.dtype.newbyteorder(state[1])


class Array(Made):
    """An array, empty until its state is known."""

    def __init__(self, allowance: Allowance) -> None:
        self.allowance, self.values = allowance, np.zeros(0)

    def build(self, state: object) -> None:
        """Version, shape, kind, order and bytes; the oldest form has no version."""
        if not isinstance(state, tuple) or len(state) not in (4, 5):
            raise TypeError("an array without numbers")
        shape, kind, by_column, content = state[-4:]
        self.values = laid_out(self.allowance, content, kind, shape, "F" if by_column else "C")


def laid_out(allowance: Allowance, content: object, kind: object, shape: object, order: object = "C") -> AnyArray:
    """The array of these bytes; a kind, shape or length that does not fit is a ValueError or TypeError."""
    raw = content.encode("latin1") if isinstance(content, str) else content  # Python 2 has written text
    if not (isinstance(raw, bytes) and isinstance(kind, Kind) and isinstance(shape, tuple)):
        raise TypeError("an array whose bytes, kind or shape is something else")
    sides = allowance.array(shape, kind.dtype.itemsize)
    return np.frombuffer(raw, kind.dtype).reshape(sides, order="F" if order == "F" else "C")


def read_pickle(data: bytes) -> object:
    """The object of a pickle of any protocol, Python 2's too: arrays as `Array`, foreign objects as `Inert`."""
    return _Reader(data).run()


def array_of(value: object) -> AnyArray:
    """The numbers of an array, as itself, in chumpy's wrapping, or from scipy's sparse matrix."""
    found = value.attributes.get("x", value) if isinstance(value, Inert) else value
    if isinstance(found, Inert) and "indptr" in found.attributes:
        return _dense(found.attributes)
    if not isinstance(found, Array) or found.values.dtype.kind not in "fiu":
        raise TypeError(f"a {type(value).__name__} where numbers should be")
    return found.values


def _dense(sparse: dict[str, Any]) -> Float64[np.ndarray, "rows columns"]:
    """A matrix by rows or by columns; what does not fit is a ValueError."""
    ends, indices, values = (array_of(sparse[name]).ravel() for name in ("indptr", "indices", "data"))
    shape = sparse.get("_shape") or sparse.get("shape")
    rows, columns = Allowance(values.nbytes).array(shape if isinstance(shape, tuple) else (), 8)
    whole = ends.size > 0 and ends[0] == 0 and ends[-1] == len(indices) == len(values)
    # numpy adds up the counts without a look at what overflows, and writes as many numbers as they are.
    if not whole or (ends[1:] < ends[:-1]).any():
        raise ValueError("a sparse matrix of it is damaged")
    counts = np.diff(ends)
    lines = np.repeat(np.arange(len(counts)), counts)
    by_column = len(counts) == columns
    dense = np.zeros((rows, columns))
    dense[(indices, lines) if by_column else (lines, indices)] = values
    return dense


class _Reader(Machine):
    """Knows the names that models of numbers have."""

    def knows(self, name: str) -> bool:
        return name in _MAKERS or name.startswith(("chumpy.", "scipy.sparse."))

    def make(self, name: str, arguments: tuple[Any, ...]) -> object:
        maker = _MAKERS.get(name)
        return maker(self, *arguments) if maker else Inert()


def _scalar(reader: _Reader, kind: object, content: object) -> object:
    return laid_out(reader.allowance, content, kind, ())[()]


def _from_buffer(reader: _Reader, content: object, kind: object, shape: object, order: object, *axes: Any) -> Array:  # noqa: ANN401
    """As protocol 5 writes arrays; order K says in which order the axes lie."""
    array = Array(reader.allowance)
    values = laid_out(reader.allowance, content, kind, shape, order)
    array.values = values.transpose(axes[0]) if order == "K" and axes else values
    return array


def _encoded(reader: _Reader, text: object, *_: object) -> bytes:
    """How old protocols write bytes."""
    if not isinstance(text, str):
        raise TypeError("bytes of something that is no text")
    reader.allowance.take(len(text))
    return text.encode("latin1")


def _object(reader: _Reader, kind: object, *_: object) -> object:
    """How Python 2 begins an object: it is the class that says which."""
    return reader.make(kind.text, ()) if isinstance(kind, Name) else Inert()


_MAKERS: dict[str, Callable[..., object]] = {
    "numpy.dtype": lambda _, kind, *__: Kind(kind),
    "numpy.ndarray": lambda *_: Inert(),
    "collections.OrderedDict": Machine.dictionary,
    "_codecs.encode": _encoded,
}
for core in ("numpy.core", "numpy._core"):
    _MAKERS[core + ".multiarray._reconstruct"] = lambda reader, *_: Array(reader.allowance)
    _MAKERS[core + ".multiarray.scalar"] = _scalar
    _MAKERS[core + ".numeric._frombuffer"] = _from_buffer
for builtins, copying in (("__builtin__", "copy_reg"), ("builtins", "copyreg")):
    _MAKERS[builtins + ".set"] = lambda *_: []
    _MAKERS[builtins + ".object"] = lambda *_: Inert()
    _MAKERS[copying + "._reconstructor"] = _object
