"""Blender's Cycles through bpy: a GLB as its importer reads it, under a panorama, AgX.

PYTHON in_blender.py HEAD.glb FOLDER PANORAMA.hdr, by a Python into which bpy is installed.
"""

import math
import sys
from pathlib import Path

import bpy

import addon_utils  # isort: skip  # bpy's own folder is on the path once it is imported
from mathutils import Vector

SIDE, SAMPLES, DISTANCE = 400, 16, 1.1
VIEWS = {
    "front": ("head", 0, 0, 0.36),
    "three_quarters": ("head", 45, 0, 0.36),
    "eye": ("eye", 10, 0, 0.09),
    "jaw": ("mouth", 20, 0, 0.16),
    "mouth": ("mouth", 20, 0, 0.09),
}
"""What is looked at from how far to the left and above (degrees), and the height of the picture in metres."""
SHAPES = {"jaw": {"jawOpen": 1.0}}


def opened(glb: Path) -> list[bpy.types.Object]:
    """The meshes of a file in an empty scene."""
    bpy.ops.wm.read_factory_settings(use_empty=True)
    addon_utils.enable("cycles")
    bpy.ops.import_scene.gltf(filepath=str(glb), disable_bone_shape=True)
    return [each for each in bpy.context.scene.objects if each.type == "MESH"]


def points(meshes: list[bpy.types.Object]) -> dict[str, Vector]:
    """Left eye, mouth and head, in Blender's axes: z up, the face along -y."""

    def places(material: str) -> list[Vector]:
        found = []
        for each in meshes:
            numbers = {k for k, slot in enumerate(each.material_slots) if slot.material.name == material}
            used = {v for face in each.data.polygons if face.material_index in numbers for v in face.vertices}
            found += [each.matrix_world @ each.data.vertices[v].co for v in used]
        return found

    def middle(corners: list[Vector]) -> Vector:
        return Vector([(min(c[k] for c in corners) + max(c[k] for c in corners)) / 2 for k in range(3)])

    eye = middle([place for place in places("eyes") if place.x > 0])
    lips = places("mouth")
    mouth = Vector((0, min(place.y for place in lips), middle(lips).z))
    return {"eye": eye, "mouth": mouth, "head": Vector((0, eye.y + 0.05, (eye.z + mouth.z) / 2 - 0.01))}


def lit(panorama: Path) -> None:
    """The world's light, on a grey ground for the camera."""
    scene = bpy.context.scene
    scene.world = bpy.data.worlds.new("light")
    scene.world.use_nodes = True
    nodes, links = scene.world.node_tree.nodes, scene.world.node_tree.links
    picture = nodes.new("ShaderNodeTexEnvironment")
    picture.image = bpy.data.images.load(str(panorama))
    links.new(picture.outputs["Color"], nodes["Background"].inputs["Color"])
    scene.render.engine, scene.cycles.samples, scene.cycles.use_denoising = "CYCLES", SAMPLES, True
    scene.view_settings.view_transform = "AgX"
    scene.render.resolution_x = scene.render.resolution_y = SIDE


def shown(at: Vector, yaw: float, pitch: float, height: float, path: Path) -> None:
    """One picture."""
    scene = bpy.context.scene
    a, b = math.radians(yaw), math.radians(pitch)
    camera = bpy.data.objects.new("camera", bpy.data.cameras.new("camera"))
    scene.collection.objects.link(camera)
    way = Vector((math.sin(a) * math.cos(b), -math.cos(a) * math.cos(b), math.sin(b)))
    camera.location, camera.data.angle = at + DISTANCE * way, 2 * math.atan(height / 2 / DISTANCE)
    camera.rotation_euler = (-way).to_track_quat("-Z", "Y").to_euler()
    scene.camera, scene.render.filepath = camera, str(path)
    bpy.ops.render.render(write_still=True)


def main(glb: Path, folder: Path, panorama: Path) -> None:
    """All views; the last one to be written says that all are there."""
    folder.mkdir(parents=True, exist_ok=True)
    meshes = opened(glb)
    at = points(meshes)
    lit(panorama)
    for name, (where, yaw, pitch, height) in VIEWS.items():
        for each in meshes:
            for key in each.data.shape_keys.key_blocks[1:] if each.data.shape_keys else ():
                key.value = SHAPES.get(name, {}).get(key.name, 0.0)
        shown(at[where], yaw, pitch, height, folder / f"cycles_{name}.png")


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:4]))
