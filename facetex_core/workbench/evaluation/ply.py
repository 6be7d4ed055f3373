"""Reads the geometry of a PLY file (Turk 1994), as text or binary; a damaged one is a ValueError, never a crash."""

import numpy as np
from jaxtyping import Float32, Float64, Int32

PLY_TYPES = {
    "char": "i1", "uchar": "u1", "short": "i2", "ushort": "u2", "int": "i4", "uint": "u4", "float": "f4", "double": "f8",
    "int8": "i1", "uint8": "u1", "int16": "i2", "uint16": "u2", "int32": "i4", "uint32": "u4", "float32": "f4", "float64": "f8",
}  # fmt: skip
"""numpy's names of PLY's."""
ORDERS = {"ascii": "", "binary_little_endian": "<", "binary_big_endian": ">"}
POLYGON = ("vertex_indices", "vertex_index")

Column = tuple[str, str, str]
"""Name, kind of the numbers, and for a list the kind of its count."""


def read_ply(content: bytes) -> tuple[Float32[np.ndarray, "vertices 3"], Int32[np.ndarray, "triangles 3"]]:
    """Places, and triangles; each polygon is fanned from its first corner."""
    header, mark, body = content.partition(b"end_header")
    if not content.startswith(b"ply") or not mark:
        raise ValueError("it is no PLY file")
    form, elements = _header(header.decode("latin1"))
    rows = _Rows(body.partition(b"\n")[2], ORDERS[form])
    vertices, polygons = np.zeros((0, 3)), [np.zeros((0, 3))]
    for name, count, columns in elements:
        if name == "vertex":
            names = [column[0] for column in columns]
            vertices = rows.table(columns, count)[:, [names.index(axis) for axis in "xyz"]]
        else:
            found = rows.polygons(columns, count)
            polygons += found if name == "face" else []
    fans = [polygon[:, [0, k, k + 1]] for polygon in polygons for k in range(1, polygon.shape[1] - 1)]
    corners = np.concatenate(fans)
    if corners.size and not 0 <= corners.min() <= corners.max() < len(vertices):
        raise ValueError("it has triangles of vertices that are not there")
    return vertices.astype(np.float32), corners.astype(np.int32)


def _header(text: str) -> tuple[str, list[tuple[str, int, list[Column]]]]:
    """How the numbers are written, and the tables: name, rows, columns."""
    form, elements = "", list[tuple[str, int, list[Column]]]()
    for line in text.splitlines():
        match line.split():
            case ["format", form, _]:
                pass
            case ["element", name, count] if count.isdecimal():
                elements.append((name, int(count), []))
            case ["property", "list", count, kind, name] if elements:
                elements[-1][2].append((name, _kind(kind), _kind(count)))
            case ["property", kind, name] if elements:
                elements[-1][2].append((name, _kind(kind), ""))
    if form not in ORDERS:
        raise ValueError("it is in an unknown form of PLY")
    return form, elements


def _kind(name: str) -> str:
    if name not in PLY_TYPES:
        raise ValueError("it has numbers of an unknown type")
    return PLY_TYPES[name]


class _Rows:
    """What follows the header, table after table."""

    def __init__(self, body: bytes, order: str) -> None:
        self.order, self.at = order, 0
        self.data: bytes | list[bytes] = body if order else body.split()

    def take(self, kinds: tuple[str, ...], count: int) -> Float64[np.ndarray, "rows columns"]:
        """The next rows of numbers; what promises more than follows is a ValueError."""
        row = np.dtype([(str(index), self.order + kind) for index, kind in enumerate(kinds)])
        size = count * (row.itemsize if self.order else len(kinds))
        if not 0 < size <= len(self.data) - self.at:
            raise ValueError("it ends too early")
        part = self.data[self.at : self.at + size]
        self.at += size
        if isinstance(part, list):
            return np.array(part, np.float64).reshape(count, len(kinds))
        values = np.frombuffer(part, row)
        return np.stack([values[name].astype(np.float64) for name in row.names or ()], 1)

    def table(self, columns: list[Column], count: int) -> Float64[np.ndarray, "rows columns"]:
        """All rows of a table without lists."""
        if any(counted for _, _, counted in columns):
            raise ValueError("its vertices have lists")
        return self.take(tuple(kind for _, kind, _ in columns), count)

    def polygons(self, columns: list[Column], count: int) -> list[Float64[np.ndarray, "rows corners"]]:
        """The corners of a table of polygons; those of one length, as nearly all files have them, at once."""
        start = self.at
        if count and len(columns) == 1 and columns[0][2]:
            _, kind, counted = columns[0]
            corners = int(self.take((counted,), 1)[0, 0])
            self.at = start
            try:
                rows = self.take((counted, *[kind] * min(corners, 8)), count)
            except ValueError:  # not all have so many
                rows = np.full((1, 1), np.nan)
            if (rows[:, 0] == rows.shape[1] - 1).all():
                return [rows[:, 1:]]
            self.at = start
        return [row for _ in range(count if columns else 0) for row in self._polygon(columns)]

    def _polygon(self, columns: list[Column]) -> list[Float64[np.ndarray, "1 corners"]]:
        """One row, column by column."""
        found = []
        for name, kind, counted in columns:
            length = int(self.take((counted,), 1)[0, 0]) if counted else 1
            values = self.take((kind,), length).T if length else np.zeros((1, 0))
            found += [values] if name in POLYGON else []
        return found
