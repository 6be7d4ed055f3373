"""Opens a GLB in Blender and says what arrived, as a line of JSON: python blender_import.py head.glb [still.png].

Needs a Python with Blender as a module, apart from the one of facetex: pip install bpy==4.5.15 (Python 3.11).
"""

import json
import sys
from pathlib import Path

import bpy
from mathutils import Matrix, Vector


def main(source: Path, still: Path | None) -> None:
    bpy.ops.wm.read_factory_settings(use_empty=True)
    bpy.ops.import_scene.gltf(filepath=str(source), disable_bone_shape=True)
    pieces = {thing.name: thing for thing in bpy.data.objects if thing.type == "MESH"}
    rig = next((thing for thing in bpy.data.objects if thing.type == "ARMATURE"), None)
    found = describe(pieces) | {"joints": [bone.name for bone in rig.data.bones] if rig else []}
    for joint in found["joints"]:
        before = placed(pieces)
        turn(rig.pose.bones[joint], 0.25)
        found[f"{joint}_moves_mm"] = {name: moved(before[name], after) for name, after in placed(pieces).items()}
        if joint != "jaw_joint":
            turn(rig.pose.bones[joint], -0.25)
    if still:
        found["still"] = render(still)
    print(json.dumps(found))


def describe(pieces: dict[str, bpy.types.Object]) -> dict[str, object]:
    """Blender's frame: z up; a head that was upright in glTF looks along -y."""
    of = {name: [thing.matrix_world @ vertex.co for vertex in thing.data.vertices] for name, thing in pieces.items()}
    places = [place for some in of.values() for place in some]
    size = [max(p[axis] for p in places) - min(p[axis] for p in places) for axis in range(3)]
    eyes = [*of["left_eye"], *of["right_eye"]]
    middle = Vector([(max(p[axis] for p in places) + min(p[axis] for p in places)) / 2 for axis in range(3)])
    face = (sum(eyes, Vector()) / len(eyes)) - middle
    keys = {name: thing.data.shape_keys.key_blocks[1:] for name, thing in pieces.items() if thing.data.shape_keys}
    materials = list(dict.fromkeys(material for thing in pieces.values() for material in thing.data.materials))
    return {
        "blender": bpy.app.version_string,
        "vertices": {name: len(some) for name, some in of.items()},
        "size_m": [round(edge, 4) for edge in size],
        "upright": size[2] > size[0] and face.z > 0,
        "looks_along_minus_y": -face.y > abs(face.x),
        "materials": [material.name for material in materials],
        "textured": all(colour_of(material) for material in materials),
        "shape_keys": {name: [key.name for key in own] for name, own in keys.items()},
        "values": {name: {key.name: round(key.value, 4) for key in own if key.value} for name, own in keys.items()},
    }


def turn(bone: bpy.types.PoseBone, angle: float) -> None:
    """About the line from right to left through its head, in radians; what is in front goes down."""
    there = Matrix.Translation(bone.head)
    bone.matrix = there @ Matrix.Rotation(angle, 4, "X") @ there.inverted() @ bone.matrix
    bpy.context.view_layer.update()


def placed(pieces: dict[str, bpy.types.Object]) -> dict[str, list[Vector]]:
    """Vertices as shape keys and joints leave them."""
    graph = bpy.context.evaluated_depsgraph_get()
    return {name: [v.co.copy() for v in thing.evaluated_get(graph).data.vertices] for name, thing in pieces.items()}


def moved(before: list[Vector], after: list[Vector]) -> float:
    """The largest way, in millimetres."""
    return max(1000 * (a - b).length for a, b in zip(before, after, strict=True))


def colour_of(material: bpy.types.Material) -> bool:
    """Whether a picture is wired into the base colour."""
    surface = next(node for node in material.node_tree.nodes if node.type == "BSDF_PRINCIPLED")
    links = surface.inputs["Base Color"].links
    return bool(links) and links[0].from_node.type == "TEX_IMAGE" and links[0].from_node.image.size[0] > 0


def render(still: Path) -> bool:
    """A small picture by Cycles, seen from the front, the jaw open."""
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
