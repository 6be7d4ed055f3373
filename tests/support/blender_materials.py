"""What Blender makes of an OBJ's materials, as a line of JSON: python blender_materials.py head.obj."""

import json
import sys

import bpy


def main(source: str) -> None:
    bpy.ops.wm.read_factory_settings(use_empty=True)
    bpy.ops.wm.obj_import(filepath=source)
    print(json.dumps({material.name: linked(material) for material in bpy.data.materials}))


def linked(material: bpy.types.Material) -> dict[str, str]:
    """The sockets of the surface that something is wired into: a picture's name, or the node's kind."""
    surface = next(node for node in material.node_tree.nodes if node.type == "BSDF_PRINCIPLED")
    nodes = {socket.name: socket.links[0].from_node for socket in surface.inputs if socket.links}
    return {name: node.image.name if node.type == "TEX_IMAGE" else node.type for name, node in nodes.items()}


if __name__ == "__main__":
    main(sys.argv[1])
