"""Exporter: one GLB with textures and a morph target for every expression; it opens with the fitted expression."""

from pathlib import Path
from typing import Annotated

from facetex_core import Head, Meta, hookimpl
from facetex_core.delivery.gltf import GlbFile, add_materials, add_mesh, maps_of
from facetex_core.io.texture_files import write
from facetex_core.lazy import pygltflib as gltf

api_version = 2


@hookimpl
def exporters() -> dict[str, type]:
    """The default."""
    return {"glb": GlbExporter}


class GlbExporter:
    """head.glb with maps and ARKit morph targets."""

    def __init__(
        self,
        normals: Annotated[
            bool, Meta(description="whether morph targets also move normals; the file is a third smaller without")
        ] = True,
    ) -> None:
        self.normals = normals

    def export(self, head: Head, folder: Path) -> tuple[Path, ...]:
        """The one file."""
        file = GlbFile()
        materials = add_materials(file, head.fit.model.mesh.parts, maps_of(head))
        mesh = add_mesh(file, head.fit, "head", materials, normals=self.normals)
        file.document.nodes = [gltf.Node(name="head", mesh=mesh)]
        file.document.scenes, file.document.scene = [gltf.Scene(name="head", nodes=[0])], 0
        file.document.asset = gltf.Asset(version="2.0", generator="facetex", extras={"photo": head.name})
        return (write(folder / "head.glb", file.content()),)
