"""Exporter: one GLB of pieces with textures, morph targets and joints; it opens with the fitted expression."""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

from facetex_core import Fit, Head, Mesh, Meta, hookimpl
from facetex_core.delivery.gltf import GlbFile, add_materials, add_mesh, maps_of
from facetex_core.geometry.unweld import split_part
from facetex_core.io.texture_files import write
from facetex_core.lazy import pygltflib as gltf
from facetex_plugins.export.joints import Joints, add_joints, joints_of
from facetex_plugins.export.levels import coarser
from facetex_plugins.export.pieces import in_pieces, part_of
from facetex_plugins.export.size import PupilDistance, scaled

LOD_TRIANGLES = (20000, 8000, 3000)
"""Triangles of a head in all."""

api_version = 2


@hookimpl
def exporters() -> dict[str, type]:
    """The default."""
    return {"glb": GlbExporter}


class GlbExporter:
    """head.glb: skin, eyes, teeth and mouth apart, with maps, ARKit morph targets, and joints of head, jaw and eyes."""

    def __init__(
        self,
        normals: Annotated[
            bool, Meta(description="whether morph targets also move normals; the file is a third smaller without")
        ] = True,
        lods: Annotated[
            bool, Meta(description="whether the head is also written with 20000, 8000 and 3000 triangles; half a minute")
        ] = False,
        pupil_distance: PupilDistance = None,
    ) -> None:
        self.normals, self.lods, self.pupil_distance = normals, lods, pupil_distance

    def export(self, head: Head, folder: Path) -> tuple[Path, ...]:
        """The one file, or the four."""
        fit, maps = scaled(head.fit, self.pupil_distance), maps_of(head)
        joints, fit = joints_of(fit), in_pieces(fit)
        meshes = {"head.glb": fit.model.mesh}
        if self.lods:
            names = (f"head_{count}.glb" for count in LOD_TRIANGLES)
            meshes |= zip(names, coarser(fit, LOD_TRIANGLES), strict=True)
        return tuple(write(folder / name, self._file(head.name, fit, mesh, joints, maps)) for name, mesh in meshes.items())

    def _file(self, photo: str, fit: Fit, mesh: Mesh, joints: Joints, maps: Mapping[str, bytes]) -> bytes:
        """A head whose corners are those of `mesh`, and whose normals are those of the whole."""
        file = GlbFile()
        materials = add_materials(file, mesh.parts, maps)
        nodes = add_joints(file, joints)
        for piece in mesh.parts:
            split = split_part(mesh, piece)
            number = add_mesh(file, fit, piece, {piece: split}, materials, normals=self.normals)
            shape = file.document.meshes[number]
            shape.extras["parts"] = [part_of(piece)]
            followed, shares = joints.weights(piece, split.vertex)
            attributes = shape.primitives[0].attributes
            attributes.JOINTS_0, attributes.WEIGHTS_0 = file.vectors(followed), file.vectors(shares)
            nodes.append(len(file.document.nodes))
            file.document.nodes.append(gltf.Node(name=piece, mesh=number, skin=0))
        file.document.scenes, file.document.scene = [gltf.Scene(name="head", nodes=nodes)], 0
        file.document.asset = gltf.Asset(version="2.0", generator="facetex", extras={"photo": photo})
        return file.content()
