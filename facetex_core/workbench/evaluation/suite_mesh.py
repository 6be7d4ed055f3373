"""The true head's mesh in a file: Wavefront OBJ written and read, PLY read; vertices keep their numbers."""

from pathlib import Path

import numpy as np
from jaxtyping import Float32, Float64, Int32

from facetex_core.errors import ConfigError
from facetex_core.io.declared import read_file
from facetex_core.structures import Mesh

PLY_TYPES = {
    "char": "i1", "uchar": "u1", "short": "i2", "ushort": "u2", "int": "i4", "uint": "u4", "float": "f4", "double": "f8",
    "int8": "i1", "uint8": "u1", "int16": "i2", "uint16": "u2", "int32": "i4", "uint32": "u4", "float32": "f4", "float64": "f8",
}  # fmt: skip
"""numpy's names of PLY's."""
ORDERS = {"ascii": "", "binary_little_endian": "<", "binary_big_endian": ">"}
POLYGON = ("vertex_indices", "vertex_index")
Column = tuple[str, str, str]
"""Name, kind of the numbers, and for a list the kind of its count."""


def obj_of(mesh: Mesh) -> str:
    """The mesh with its UV map and a group for each part. OBJ counts from 1, and v upwards."""
    lines = ["# metres, y up, the face looks along +z"]
    lines += [f"v {x:.6f} {y:.6f} {z:.6f}" for x, y, z in mesh.vertices.tolist()]
    lines += [f"vt {u:.6f} {1 - v:.6f}" for u, v in mesh.uvs.tolist()]
    corners = np.stack([mesh.triangles + 1, mesh.uv_triangles + 1], -1)
    for part, which in mesh.parts.items():
        lines += [f"g {part}", *("f " + " ".join(f"{v}/{t}" for v, t in row) for row in corners[which].tolist())]
    return "\n".join(lines) + "\n"


def read_mesh(path: Path) -> Mesh:
    """The mesh of an .obj or .ply file; polygons are fanned into triangles; what holds none is a ConfigError."""
    try:
        content = read_file(path)
        mesh = _read_obj(content.decode("utf-8", "replace")) if path.suffix == ".obj" else _read_ply(content)
    except (ValueError, IndexError, OverflowError) as error:
        raise ConfigError(f"{path}: is damaged ({error})") from None
    ends = mesh.triangles.min(initial=0), mesh.triangles.max(initial=0)
    if not len(mesh.triangles) or not 0 <= ends[0] <= ends[1] < len(mesh.vertices) or not np.isfinite(mesh.vertices).all():
        raise ConfigError(f"{path}: holds no triangles, or triangles of vertices that are not there")
    return mesh


def _read_obj(text: str) -> Mesh:
    """Places, UVs and faces `a/at/an b/bt/bn ...`; groups become parts."""
    vertices, uvs, triangles, parts = [], [], [], {"skin": 0}
    for line in text.splitlines():
        word, *values = line.split() or [""]
        if word == "v":
            vertices.append([float(value) for value in values[:3]])
        elif word == "vt":
            uvs.append([float(value) for value in values[:2]])
        elif word == "f":
            corners = [f"{value}/0".split("/")[:2] for value in values]
            polygon = [(_number(place, len(vertices)), _number(uv or "0", len(uvs))) for place, uv in corners]
            triangles += [(polygon[0], *polygon[k : k + 2]) for k in range(1, len(polygon) - 1)]
        elif word == "g" and values:
            parts = {} if not triangles else parts
            parts.setdefault(values[0], len(triangles))
    corners_of = np.array(triangles, np.int32).reshape(-1, 3, 2)
    starts = [*parts.values(), len(triangles)]
    places = np.array([(u, 1 - v) for u, v in uvs], np.float32).reshape(-1, 2)
    return Mesh(
        np.array(vertices, np.float32).reshape(-1, 3),
        np.ascontiguousarray(corners_of[..., 0]),
        places if len(places) else np.zeros((1, 2), np.float32),
        np.ascontiguousarray(np.maximum(corners_of[..., 1], 0)),
        {name: slice(start, stop) for name, start, stop in zip(parts, starts, starts[1:], strict=False)},
    )


def _number(word: str, count: int) -> int:
    """From 0; OBJ counts from 1, and from the last one backwards where it is negative. What is missing is -1."""
    number = int(word)
    return count + number if number < 0 else number - 1


def _read_ply(content: bytes) -> Mesh:
    """Places and triangles."""
    vertices, triangles = read_ply(content)
    uv_triangles = np.zeros((len(triangles), 3), np.int32)
    return Mesh(vertices, triangles, np.zeros((1, 2), np.float32), uv_triangles, {"skin": slice(0, len(triangles))})


def read_ply(content: bytes) -> tuple[Float32[np.ndarray, "vertices 3"], Int32[np.ndarray, "triangles 3"]]:
    """Places and triangles of a file (Turk 1994), text or binary; polygons are fanned. A damaged one is a ValueError."""
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
