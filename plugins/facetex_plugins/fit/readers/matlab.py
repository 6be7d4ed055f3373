"""Reads the numbers of a MAT file of version 5 (MathWorks, "MAT-File Format"); a damaged one is a ValueError, never a crash."""

import struct
from collections.abc import Iterator

import numpy as np

from facetex_core.io.declared import Allowance
from facetex_core.io.npz import Arrays

HEADER = 128
MATLAB_TYPES = {1: "i1", 2: "u1", 3: "i2", 4: "u2", 5: "i4", 6: "u4", 7: "f4", 9: "f8", 12: "i8", 13: "u8"}
"""numpy's names of the types that data elements may have."""
MATRIX, COMPRESSED = 14, 15
NUMERIC = range(6, 16)
"""Classes of arrays that hold numbers: double, single and the whole numbers."""


def read_mat(data: bytes) -> Arrays:
    """The full, real, numeric arrays of the file by name, in MATLAB's shapes."""
    mark = data[126:HEADER]
    if mark not in (b"IM", b"MI") or not data.startswith(b"MATLAB 5.0"):
        raise ValueError("it is no MAT file of version 5")
    order = "<" if mark == b"IM" else ">"
    arrays: Arrays = {}
    allowance = Allowance(len(data))
    for kind, content in _elements(data[HEADER:], order):
        inner = _elements(allowance.inflate(content), order) if kind == COMPRESSED else iter([(kind, content)])
        for kind_inside, matrix in inner:
            if kind_inside == MATRIX:
                arrays.update(_matrix(matrix, order))
    return arrays


def _elements(data: bytes, order: str) -> Iterator[tuple[int, bytes]]:
    """Type and content of each data element; small ones keep theirs in the tag."""
    at = 0
    while at + 8 <= len(data):
        kind, size = struct.unpack_from(order + "II", data, at)
        small = kind >> 16
        if small:
            kind, size = kind & 0xFFFF, small
        start = at + (4 if small else 8)
        if start + size > len(data):
            raise ValueError("it ends too early")
        yield kind, data[start : start + size]
        at = at + 8 if small else start + size + (-size % 8 if kind != COMPRESSED else 0)


def _matrix(data: bytes, order: str) -> Arrays:
    """One array by its name; none where it is no plain array of numbers."""
    parts = [(kind, content) for kind, content in _elements(data, order)]
    if len(parts) < 4 or len(parts[0][1]) < 4 or parts[0][1][0 if order == "<" else 3] not in NUMERIC:
        return {}
    kind, content = parts[3]
    if kind not in MATLAB_TYPES:
        raise ValueError(f"an array of it has numbers of an unknown type {kind}")
    values = np.frombuffer(content, order + MATLAB_TYPES[kind])
    shape = Allowance(len(content)).array(np.frombuffer(parts[1][1], order + "i4").tolist(), values.itemsize)
    values = values.reshape(shape, order="F")
    return {parts[2][1].decode("latin1"): values.astype(values.dtype.newbyteorder("="))}
