"""Renders what `render/cycles.py` hands over: python cycles_child.py SCENE.npz PICTURE.npy, in a Python that has bpy and numpy.

It runs in a process of its own, since Blender keeps global state and prints, and imports nothing of facetex: Blender's
Python may be another one. The scene's arrays are those of `render_cycles.scene_arrays`.
"""

import sys
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

# Metres of mean free path in red, green and blue: 1 / (absorption + reduced scattering) of skin1 in Jensen et al. 2001.
SCATTERING = (0.00130, 0.00095, 0.00067)
WET = ("left_eye", "right_eye", "teeth", "gums")
TO_BLENDER = np.array([[1, 0, 0, 0], [0, 0, -1, 0], [0, 1, 0, 0], [0, 0, 0, 1]], np.float64)
"""Blender's z is up and the face looks along its -y."""


def main(source: Path, picture: Path) -> None:
    """Reads, builds, renders, writes."""
    import bpy

    with np.load(source) as file:
        given = {name: file[name] for name in file.files}
    bpy.ops.wm.read_factory_settings(use_empty=True)
    scene = bpy.context.scene
    maps = {name: _image(bpy, name, given[name]) for name in ("albedo", "normals", "roughness")}
    for part in given["parts"].tolist():
        _add_part(bpy, scene, part, given, maps)
    _light(bpy, scene, _image(bpy, "light", given["light"]))
    _camera(bpy, scene, given)
    _settings(scene, given)
    np.save(picture, _rendered(bpy, scene, picture.with_suffix(".exr")))


def _image(bpy: Any, name: str, values: NDArray[np.float32]) -> Any:  # noqa: ANN401  # bpy has no types
    """Row 0 of Blender's pictures is at the bottom; numbers stay as they are."""
    height, width = values.shape[:2]
    image = bpy.data.images.new(name, width, height, alpha=False, float_buffer=True, is_data=True)
    rgba = np.ones((height, width, 4), np.float32)
    rgba[..., :3] = values[::-1]
    image.pixels.foreach_set(rgba.ravel())
    image.pack()
    return image


def _add_part(bpy: Any, scene: Any, part: str, given: dict[str, NDArray[Any]], maps: dict[str, Any]) -> None:  # noqa: ANN401
    places, normals, uvs, triangles = (given[f"{part}.{what}"] for what in ("places", "normals", "uvs", "triangles"))
    turn = TO_BLENDER[:3, :3].T
    mesh = bpy.data.meshes.new(part)
    mesh.from_pydata((places @ turn).tolist(), [], triangles.tolist())
    layer = mesh.uv_layers.new(name="map")
    corners = uvs[triangles.ravel()]
    layer.uv.foreach_set("vector", np.stack([corners[:, 0], 1 - corners[:, 1]], 1).astype(np.float32).ravel())
    mesh.shade_smooth()
    mesh.normals_split_custom_set_from_vertices((normals @ turn).tolist())
    mesh.materials.append(_material(bpy, part, maps, float(given[f"{part}.refraction"])))
    scene.collection.objects.link(bpy.data.objects.new(part, mesh))


def _material(bpy: Any, part: str, maps: dict[str, Any], refraction: float) -> Any:  # noqa: ANN401
    material = bpy.data.materials.new(part)
    material.use_nodes = True
    nodes, links = material.node_tree.nodes, material.node_tree.links
    surface = nodes["Principled BSDF"]
    surface.inputs["IOR"].default_value = refraction
    for name, target in (("albedo", "Base Color"), ("roughness", "Roughness")):
        links.new(_texture(nodes, maps[name]).outputs["Color"], surface.inputs[target])
    if part == "skin":
        bend = nodes.new("ShaderNodeNormalMap")
        links.new(_texture(nodes, maps["normals"]).outputs["Color"], bend.inputs["Color"])
        links.new(bend.outputs["Normal"], surface.inputs["Normal"])
    if part not in WET:
        surface.subsurface_method = "RANDOM_WALK"
        surface.inputs["Subsurface Weight"].default_value = 1.0
        surface.inputs["Subsurface Scale"].default_value = max(SCATTERING)
        surface.inputs["Subsurface Radius"].default_value = [length / max(SCATTERING) for length in SCATTERING]
    return material


def _texture(nodes: Any, image: Any) -> Any:  # noqa: ANN401
    node = nodes.new("ShaderNodeTexImage")
    node.image, node.extension = image, "EXTEND"
    return node


def _light(bpy: Any, scene: Any, image: Any) -> None:  # noqa: ANN401
    world = bpy.data.worlds.new("light")
    scene.world, world.use_nodes = world, True
    node = world.node_tree.nodes.new("ShaderNodeTexEnvironment")
    node.image = image
    world.node_tree.links.new(node.outputs["Color"], world.node_tree.nodes["Background"].inputs["Color"])


def _camera(bpy: Any, scene: Any, given: dict[str, NDArray[Any]]) -> None:  # noqa: ANN401
    """Blender's camera looks along its -z, y up. Pixels are square: the height follows the width's focal length."""
    import mathutils

    width, height = given["size"].tolist()
    matrix = given["intrinsics"].astype(np.float64)
    camera = bpy.data.cameras.new("camera")
    camera.sensor_fit, camera.sensor_width = "HORIZONTAL", 36.0
    camera.lens = 36.0 * matrix[0, 0] / width
    camera.shift_x = (width / 2 - matrix[0, 2]) / width
    camera.shift_y = (matrix[1, 2] - height / 2) / width
    camera.clip_start = 0.001
    place = bpy.data.objects.new("camera", camera)
    pose = TO_BLENDER @ np.linalg.inv(given["world_to_camera"].astype(np.float64)) @ np.diag([1.0, -1.0, -1.0, 1.0])
    place.matrix_world = mathutils.Matrix(pose.tolist())
    scene.collection.objects.link(place)
    scene.camera = place
    scene.render.resolution_x, scene.render.resolution_y, scene.render.resolution_percentage = width, height, 100


def _settings(scene: Any, given: dict[str, NDArray[Any]]) -> None:  # noqa: ANN401
    scene.render.engine, scene.render.film_transparent = "CYCLES", True
    cycles = scene.cycles
    cycles.device, cycles.samples, cycles.seed = "CPU", int(given["samples"]), int(given["seed"])
    cycles.use_adaptive_sampling = False
    cycles.use_denoising, cycles.denoiser = True, "OPENIMAGEDENOISE"
    cycles.max_bounces = 6
    scene.render.image_settings.file_format = "OPEN_EXR"
    scene.render.image_settings.color_mode, scene.render.image_settings.color_depth = "RGBA", "32"


def _rendered(bpy: Any, scene: Any, file: Path) -> NDArray[np.float32]:  # noqa: ANN401
    """Linear RGBA with row 0 on top; Blender gives pixels only by way of a file."""
    scene.render.filepath = str(file)
    bpy.ops.render.render(write_still=True)
    found = bpy.data.images.load(str(file))
    found.colorspace_settings.name = "Non-Color"
    pixels = np.zeros(len(found.pixels), np.float32)
    found.pixels.foreach_get(pixels)
    width, height = found.size
    return np.ascontiguousarray(pixels.reshape(height, width, 4)[::-1])


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
