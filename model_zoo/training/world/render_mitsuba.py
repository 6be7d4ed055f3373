"""The slow renderer: Mitsuba 3 traces paths through the same figure (pip install mitsuba); shadows, light between surfaces.

Mitsuba has no quick subsurface scattering: skin is Disney's principled surface with part of Hanrahan and Krueger's flattened
diffusion. What is true of the picture comes from the other renderer's rays.
"""

from importlib import import_module
from typing import Any

import numpy as np
from jaxtyping import Float32

from facetex_core.geometry.mesh import vertex_normals
from facetex_core.geometry.unweld import split_part
from training.world.buffers import filtered
from training.world.figure import Figure, Part
from training.world.render_raster import Raster, Rendered, background, developed

BOUNCES = 8
"""Of them hair that is passed through takes some: the integrator for volumes is the one that lets lamps shine through."""
FLAT, SHEEN = 0.6, 0.1
"""Of skin: share of flattened diffusion, and light that fine hair scatters at grazing angles."""
ROUGH = {
    "left_eye": 0.12,
    "right_eye": 0.12,
    "mouth": 0.3,
    "teeth": 0.3,
    "gums": 0.35,
    "hair": 0.5,
    "frame": 0.4,
    "cloth": 0.9,
}
SKIN = 0.48
"""Roughness; of all that is not named, too."""
DULL = {"hair": 0.15, "brows": 0.1, "lashes": 0.1, "cloth": 0.1}
"""How strongly parts mirror where it is not .5."""
LEAST = 0.05
"""The least cosine between a normal and the way to the camera: one that turns its back on it would be black."""


def traced(
    raster: Raster, rendered: Rendered, samples: int
) -> tuple[Float32[np.ndarray, "side side 3"], Float32[np.ndarray, "side side"]]:
    """As `picture` of the raster has it: linear light as exposed, and cover."""
    mi = import_module("mitsuba")
    mi.set_variant("scalar_rgb")
    mi.set_log_level(mi.LogLevel.Error)
    figure = raster.figure
    scene: dict[str, object] = {
        "type": "scene",
        "integrator": {"type": "volpath", "max_depth": BOUNCES, "hide_emitters": True},
        "light": _light(mi, figure, raster.level()),
        "camera": _camera(mi, figure),
    }
    scene |= {name: _body(mi, raster, name) for name in figure.model.mesh.parts}
    scene |= {f"worn {number}": _piece(mi, part) for number, part in enumerate(figure.worn)}
    rgba = np.array(mi.render(mi.load_dict(scene), spp=samples, seed=figure.recipe.detail), np.float32)
    cover = rgba[..., 3].clip(0, 1)
    behind = filtered(background(figure, rendered.hits.rays, raster.mean) * raster.level(), figure.camera.size[0])
    return developed(rgba[..., :3] + (1 - cover[..., None]) * behind), cover


def _light(mi: Any, figure: Figure, gain: Float32[np.ndarray, "3"]) -> dict[str, object]:  # noqa: ANN401  # a module that may be missing
    """The panorama as exposed. Mitsuba's columns turn towards -x, and its middle column is ahead, too."""
    turned = np.roll(figure.light.rgb, -round(figure.light.turn * figure.light.rgb.shape[1]), 1) * gain
    return {"type": "envmap", "bitmap": mi.Bitmap(np.ascontiguousarray(turned[:, ::-1].astype(np.float32)))}


def _camera(mi: Any, figure: Figure) -> dict[str, object]:  # noqa: ANN401
    """Mitsuba's x points left and its y up."""
    camera, side = figure.camera, figure.camera.size[0]
    pose = np.linalg.inv(camera.world_to_camera.astype(np.float64)) @ np.diag([-1.0, -1.0, 1.0, 1.0])
    film = {"type": "hdrfilm", "width": side, "height": side, "pixel_format": "rgba", "filter": {"type": "tent", "radius": 1.0}}
    return {
        "type": "perspective",
        "fov_axis": "x",
        "fov": float(np.degrees(2 * np.arctan(side / 2 / float(camera.intrinsics[0, 0])))),
        "near_clip": 0.001,
        "to_world": mi.ScalarTransform4f(pose),
        "film": film,
        "sampler": {"type": "multijitter"},
    }


def _texture(mi: Any, values: Float32[np.ndarray, "size size channels"]) -> dict[str, object]:  # noqa: ANN401
    """Numbers as they are."""
    return {"type": "bitmap", "bitmap": mi.Bitmap(np.array(values, np.float32, order="C")), "raw": True, "wrap_mode": "clamp"}


def _surface(mi: Any, name: str, colour: Float32[np.ndarray, "size size 3"]) -> dict[str, object]:  # noqa: ANN401
    surface: dict[str, object] = {
        "type": "principled",
        "base_color": _texture(mi, colour),
        "roughness": ROUGH.get(name, SKIN),
        "specular": DULL.get(name, 0.4),
    }
    return surface | ({"flatness": FLAT, "sheen": SHEEN} if name == "skin" else {})


def _body(mi: Any, raster: Raster, name: str) -> object:  # noqa: ANN401
    """A part of the head; skin with its relief."""
    figure, mesh = raster.figure, raster.figure.model.mesh
    surface, part = _surface(mi, name, figure.skin.albedo), split_part(mesh, name)
    if name == "skin":
        relief = _texture(mi, figure.skin.relief[..., None])
        surface = {"type": "bumpmap", "arbitrary": relief, "scale": 1.0, "bsdf": surface}
    normals = vertex_normals(figure.vertices, mesh.triangles[mesh.parts[name]])[part.vertex]
    places = figure.vertices[part.vertex]
    return _mesh(mi, name, places, _facing(figure, places, normals), mesh.uvs[part.uv], part.triangles, surface)


def _piece(mi: Any, part: Part) -> object:  # noqa: ANN401
    """Something worn; what its texture lets through, passes."""
    surface: dict[str, object] = {"type": "twosided", "bsdf": _surface(mi, part.name, part.rgba[..., :3])}
    if float(part.rgba[..., 3].min()) < 1:
        surface = {"type": "mask", "opacity": _texture(mi, part.rgba[..., 3:]), "bsdf": surface}
    corners, flat = part.triangles.ravel(), np.arange(part.triangles.size).reshape(-1, 3)
    return _mesh(mi, part.name, part.vertices[corners], part.normals[corners], part.uvs.reshape(-1, 2), flat, surface)


def _facing(figure: Figure, places: np.ndarray, normals: np.ndarray) -> Float32[np.ndarray, "corners 3"]:
    """Normals of the outline bent a little towards the camera."""
    view = figure.camera.position - places
    view /= np.maximum(np.linalg.norm(view, axis=1, keepdims=True), 1e-9)
    towards = np.einsum("ci,ci->c", normals, view)
    lean = np.where(towards > -0.3, np.maximum(LEAST - towards, 0), 0)
    turned = normals + lean[:, None] * view
    return np.asarray(turned / np.maximum(np.linalg.norm(turned, axis=1, keepdims=True), 1e-9), np.float32)


def _mesh(  # what a mesh is made of
    mi: Any,  # noqa: ANN401
    name: str,
    places: np.ndarray,
    normals: np.ndarray,
    uvs: np.ndarray,
    triangles: np.ndarray,
    surface: dict[str, object],
) -> object:
    properties = mi.Properties()
    properties["bsdf"] = mi.load_dict(surface if surface["type"] == "mask" else {"type": "twosided", "bsdf": surface})
    mesh = mi.Mesh(name, len(places), len(triangles), has_vertex_normals=True, has_vertex_texcoords=True, props=properties)
    buffers = mi.traverse(mesh)
    buffers["vertex_positions"], buffers["vertex_normals"] = (
        places.astype(np.float32).ravel(),
        normals.astype(np.float32).ravel(),
    )
    buffers["vertex_texcoords"] = uvs.astype(np.float32).ravel()
    buffers["faces"] = triangles.astype(np.uint32).ravel()
    buffers.update()
    return mesh
