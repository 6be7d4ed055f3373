"""The true head's mesh in a file: Wavefront OBJ written and read, PLY read; vertices keep their numbers."""

from pathlib import Path

import numpy as np

from facetex_core.errors import ConfigError
from facetex_core.io.declared import read_file
from facetex_core.structures import Mesh
from facetex_core.workbench.evaluation.ply import read_ply


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
