"""Exporter: Wavefront OBJ with its material library and textures; the head as photographed."""

from pathlib import Path
from typing import Annotated, Literal

import numpy as np
from jaxtyping import Float32, Int, Int32

from facetex_core import Fit, Head, Meta, hookimpl
from facetex_core.geometry.unweld import part_normals
from facetex_core.io.texture_files import ALBEDO, NORMAL, ROUGHNESS, colour_png, data_png, normal_png, write
from facetex_core.texture.material import PART_ROUGHNESS, REFRACTION, SKIN_ROUGHNESS, roughness_of
from facetex_plugins.export.pieces import in_pieces, part_of
from facetex_plugins.export.size import PupilDistance, scaled
from facetex_plugins.export.surface_maps import CAVITY, NORMAL_DOWN, SPECULAR, cavity_map, reflectance, specular_map

SHINIEST = 1000.0
"""Most programs take no larger exponent."""

api_version = 2


@hookimpl
def exporters() -> dict[str, type]:
    """OBJ for programs that know nothing newer."""
    return {"obj": ObjExporter}


class ObjExporter:
    """head.obj, head.mtl and maps: albedo, normals, roughness, specular and cavity; a group for each piece."""

    def __init__(
        self,
        normal_y: Annotated[
            Literal["up", "down"],
            Meta(
                description="where green points in the normal map; down adds normal_y_down.png, for Unreal Engine and DirectX"
            ),
        ] = "up",
        pupil_distance: PupilDistance = None,
    ) -> None:
        self.flipped, self.pupil_distance = normal_y == "down", pupil_distance

    def export(self, head: Head, folder: Path) -> tuple[Path, ...]:
        """The seven files, or the eight."""
        flipped = head.detail.normals * np.array([1, -1, 1], np.float32)
        extra = (write(folder / NORMAL_DOWN, normal_png(flipped)),) if self.flipped else ()
        parts = tuple(head.fit.model.mesh.parts)
        return (
            write(folder / "head.obj", _obj(in_pieces(scaled(head.fit, self.pupil_distance)))),
            write(folder / "head.mtl", _mtl(parts, NORMAL_DOWN if self.flipped else NORMAL)),
            write(folder / ALBEDO, colour_png(head.albedo.rgb)),
            write(folder / NORMAL, normal_png(head.detail.normals)),
            write(folder / ROUGHNESS, data_png(roughness_of(head))),
            write(folder / SPECULAR, data_png(specular_map(head.fit.model, head.albedo.size))),
            write(folder / CAVITY, data_png(cavity_map(head.detail))),
            *extra,
        )


def _obj(fit: Fit) -> str:
    mesh, vertices = fit.model.mesh, fit.vertices
    # OBJ counts v upwards.
    uvs = np.stack([mesh.uvs[:, 0], 1 - mesh.uvs[:, 1]], 1)
    lines = ["# facetex: metres, y up, the face looks along +z", "mtllib head.mtl"]
    lines += _rows("v", vertices) + _rows("vt", uvs)
    first_normal = 1
    for name, which in mesh.parts.items():
        triangles = mesh.triangles[which]
        used, corners = np.unique(triangles, return_inverse=True)
        lines += [f"g {name}", f"usemtl {part_of(name)}", "s 1"]
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


def _mtl(parts: tuple[str, ...], normal: str) -> str:
    """`norm` names a normal map and `map_Pr` roughness; programs that do not know them show the head without.

    `map_Bump` is left out: many take it for heights, and Blender (5.0) for a normal map in sRGB, which turns the light.
    """
    blocks = [
        f"newmtl {part}\nKa 1 1 1\nKd 1 1 1\nKs {' '.join(3 * [f'{reflectance(part):.3f}'])}\nNs {_exponent(part):.0f}\n"
        f"Ni {REFRACTION.get(part, REFRACTION['skin'])}\nillum 2\n"
        f"map_Kd {ALBEDO}\nnorm {normal}\nmap_Pr {ROUGHNESS}\n"
        for part in parts
    ]
    return "\n".join(blocks)


def _exponent(part: str) -> float:
    """Of Phong's highlight as wide as that of the roughness (Walter et al. 2007): 2 / alpha^2 - 2."""
    return min(2 / PART_ROUGHNESS.get(part, SKIN_ROUGHNESS) ** 4 - 2, SHINIEST)
