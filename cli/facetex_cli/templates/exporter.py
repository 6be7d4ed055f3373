"""Exporter `example`: the mesh as an ASCII PLY file."""

from pathlib import Path

from facetex_core import Head


class Example:
    """example.ply: vertices in metres with `digits` digits after the point, and triangles."""

    def __init__(self, digits: int = 6) -> None:
        self.digits = digits

    def export(self, head: Head, folder: Path) -> tuple[Path, ...]:
        """The files written into the folder, which exists."""
        vertices, triangles = head.fit.vertices.tolist(), head.fit.model.mesh.triangles.tolist()
        lines = ["ply", "format ascii 1.0", f"element vertex {len(vertices)}"]
        lines += [f"property float {axis}" for axis in "xyz"]
        lines += [f"element face {len(triangles)}", "property list uchar int vertex_indices", "end_header"]
        lines += [" ".join(f"{number:.{self.digits}f}" for number in vertex) for vertex in vertices]
        lines += [" ".join(map(str, (3, *triangle))) for triangle in triangles]
        path = folder / "example.ply"
        path.write_text("\n".join(lines) + "\n", "utf-8")
        return (path,)
