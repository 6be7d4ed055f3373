"""Exporter: Wavefront OBJ with its material library and textures; the head as photographed."""

from pathlib import Path

import numpy as np
from jaxtyping import Float32, Int, Int32

from facetex_core import Head, hookimpl
from facetex_core.geometry.unweld import part_normals
from facetex_core.io.texture_files import ALBEDO, NORMAL, ROUGHNESS, colour_png, data_png, normal_png, write
from facetex_core.texture.material import roughness_of

SHININESS = {"skin": 24, "left_eye": 400, "right_eye": 400, "mouth": 60, "teeth": 120, "gums": 80}
"""Phong exponents (Ns) about as shiny as the GLB's roughness."""

api_version = 2


@hookimpl
def exporters() -> dict[str, type]:
    """OBJ for programs that know nothing newer."""
    return {"obj": ObjExporter}


class ObjExporter:
    """head.obj, head.mtl, albedo.png, normal.png and roughness.png; one group and one material per part."""

    def export(self, head: Head, folder: Path) -> tuple[Path, ...]:
        """The five files."""
        return (
            write(folder / "head.obj", _obj(head)),
            write(folder / "head.mtl", _mtl(tuple(head.fit.model.mesh.parts))),
            write(folder / ALBEDO, colour_png(head.albedo.rgb)),
            write(folder / NORMAL, normal_png(head.detail.normals)),
            write(folder / ROUGHNESS, data_png(roughness_of(head))),
        )


def _obj(head: Head) -> str:
    mesh, vertices = head.fit.model.mesh, head.fit.vertices
    # OBJ counts v upwards.
    uvs = np.stack([mesh.uvs[:, 0], 1 - mesh.uvs[:, 1]], 1)
    lines = ["# facetex: metres, y up, the face looks along +z", "mtllib head.mtl"]
    lines += _rows("v", vertices) + _rows("vt", uvs)
    first_normal = 1
    for name, which in mesh.parts.items():
        triangles = mesh.triangles[which]
        used, corners = np.unique(triangles, return_inverse=True)
        lines += [f"g {name}", f"usemtl {name}", "s 1"]
        lines += _rows("vn", part_normals(mesh, vertices, name)[used])
        lines += _triangles(triangles + 1, mesh.uv_triangles[which] + 1, corners.reshape(-1, 3) + first_normal)
        first_normal += len(used)
    return "\n".join(lines) + "\n"


def _rows(keyword: str, values: Float32[np.ndarray, "rows columns"]) -> list[str]:
    """Six digits: a thousandth of a millimetre. Minus zero would be noise."""
    rounded = values.astype(np.float64).round(6) + 0.0
    return [f"{keyword} " + " ".join(f"{number:.6f}" for number in row) for row in rounded.tolist()]


def _triangles(
    vertices: Int32[np.ndarray, "triangles 3"], uvs: Int32[np.ndarray, "triangles 3"], normals: Int[np.ndarray, "triangles 3"]
) -> list[str]:
    corners = np.stack([vertices, uvs, normals], -1).tolist()
    return ["f " + " ".join(f"{v}/{vt}/{vn}" for v, vt, vn in triangle) for triangle in corners]


def _mtl(parts: tuple[str, ...]) -> str:
    """`norm` names a normal map and `map_Pr` roughness; programs that do not know them show the head without."""
    blocks = [
        f"newmtl {part}\nKa 1 1 1\nKd 1 1 1\nKs 0.04 0.04 0.04\nNs {SHININESS.get(part, SHININESS['skin'])}\nNi 1.4\nillum 2\n"
        f"map_Kd {ALBEDO}\nnorm {NORMAL}\nmap_Pr {ROUGHNESS}\n"
        for part in parts
    ]
    return "\n".join(blocks)
