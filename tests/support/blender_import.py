"""Opens a GLB in Blender and says what arrived, as a line of JSON: python blender_import.py head.glb [still.png].

Needs a Python with Blender as a module, apart from the one of facetex: pip install bpy==4.5.15 (Python 3.11).
"""

import json
import sys
from pathlib import Path

import bpy
from mathutils import Vector


def main(source: Path, still: Path | None) -> None:
    bpy.ops.wm.read_factory_settings(use_empty=True)
    bpy.ops.import_scene.gltf(filepath=str(source))
    head = next(thing for thing in bpy.data.objects if thing.type == "MESH")
    found = describe(head)
    if still:
        found["still"] = render(head, still)
    print(json.dumps(found))


def describe(head: bpy.types.Object) -> dict[str, object]:
    """Blender's frame: z up; a head that was upright in glTF looks along -y."""
    places = [head.matrix_world @ vertex.co for vertex in head.data.vertices]
    size = [max(p[axis] for p in places) - min(p[axis] for p in places) for axis in range(3)]
    eyes = [slot for slot, material in enumerate(head.data.materials) if material.name.startswith("eyes")]
    of_eyes = [i for polygon in head.data.polygons if polygon.material_index in eyes for i in polygon.vertices]
    middle = Vector([(max(p[axis] for p in places) + min(p[axis] for p in places)) / 2 for axis in range(3)])
    face = (sum((places[i] for i in of_eyes), Vector()) / max(len(of_eyes), 1)) - middle
    keys = head.data.shape_keys.key_blocks if head.data.shape_keys else []
    return {
        "blender": bpy.app.version_string,
        "vertices": len(places),
        "size_m": [round(edge, 4) for edge in size],
        "upright": size[2] > size[0] and face.z > 0,
        "looks_along_minus_y": -face.y > abs(face.x),
        "materials": [material.name for material in head.data.materials],
        "textured": all(colour_of(material) for material in head.data.materials),
        "shape_keys": [key.name for key in keys][1:],
        "values": {key.name: round(key.value, 4) for key in keys if key.value and key.name != keys[0].name},
    }


def colour_of(material: bpy.types.Material) -> bool:
    """Whether a picture is wired into the base colour."""
    surface = next(node for node in material.node_tree.nodes if node.type == "BSDF_PRINCIPLED")
    links = surface.inputs["Base Color"].links
    return bool(links) and links[0].from_node.type == "TEX_IMAGE" and links[0].from_node.image.size[0] > 0


def render(head: bpy.types.Object, still: Path) -> bool:
    """A small picture by Cycles, seen from the front."""
    scene = bpy.context.scene
    scene.render.engine, scene.cycles.samples, scene.cycles.device = "CYCLES", 32, "CPU"
    scene.render.resolution_x = scene.render.resolution_y = 512
    scene.render.filepath = str(still.resolve())
    scene.view_settings.view_transform = "Standard"
    camera = bpy.data.objects.new("camera", bpy.data.cameras.new("camera"))
    camera.location, camera.rotation_euler = (0.35, -1.2, 0.0), (1.5708, 0, 0.28)
    camera.data.lens = 120
    light = bpy.data.objects.new("key", bpy.data.lights.new("key", "AREA"))
    light.data.energy, light.data.size = 20, 0.6
    light.location, light.rotation_euler = (-0.7, -1.0, 0.8), (0.9, 0, -0.6)
    for thing in (camera, light):
        scene.collection.objects.link(thing)
    scene.camera = camera
    scene.world = bpy.data.worlds.new("studio")
    scene.world.color = (0.25, 0.25, 0.25)
    bpy.ops.render.render(write_still=True)
    return still.is_file()


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]) if len(sys.argv) > 2 else None)
