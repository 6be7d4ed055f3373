"""Exporter `ply`: the head as a mesh with a colour at every vertex, for programs that know no textures."""

from pathlib import Path

import numpy as np
from facetex_core import Head, hookimpl
from facetex_core.imaging.colour import to_bytes

api_version = 2


@hookimpl
def exporters() -> dict[str, type]:
    return {"ply": PlyExporter}


class PlyExporter:
    """head.ply, in metres; `expression`: whether the face moves as in the photo."""

    def __init__(self, expression: bool = True) -> None:
        self.expression = expression

    def export(self, head: Head, folder: Path) -> tuple[Path, ...]:
        mesh, points = head.fit.model.mesh, head.fit.vertices if self.expression else head.fit.neutral
        uvs = np.zeros((len(points), 2), np.float32)
        uvs[mesh.triangles] = mesh.uvs[mesh.uv_triangles]
        column, row = np.clip(uvs * head.albedo.size, 0, head.albedo.size - 1).astype(int).T
        colours = to_bytes(head.albedo.rgb)[row, column]
        lines = ["ply", "format ascii 1.0", f"element vertex {len(points)}"]
        lines += [f"property float {axis}" for axis in "xyz"] + [f"property uchar {name}" for name in ("red", "green", "blue")]
        lines += [f"element face {len(mesh.triangles)}", "property list uchar int vertex_indices", "end_header"]
        lines += [f"{x:.6f} {y:.6f} {z:.6f} {r} {g} {b}" for (x, y, z), (r, g, b) in zip(points, colours, strict=True)]
        lines += [f"3 {a} {b} {c}" for a, b, c in mesh.triangles]
        (folder / "head.ply").write_text("\n".join(lines) + "\n", "utf-8")
        return (folder / "head.ply",)
