"""Renderer: Mitsuba 3 traces paths through the head (Jakob et al. 2022); pip install "facetex[mitsuba]".

Skin is Disney's principled surface (Burley 2012) with our roughness and normal maps. Mitsuba has no quick subsurface
scattering: light leaves the skin where it went in, so shadows end harder than under `cycles`.
"""

from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated, Any

import numpy as np
from jaxtyping import Float32

from facetex_core import Camera, ConfigError, Head, Lighting, Meta, Photo, hookimpl
from facetex_core.lighting.environment import SHARP, surroundings
from facetex_core.lighting.panorama import read_panorama
from facetex_core.texture.material import REFRACTION, roughness_of
from facetex_plugins.render.path_tracing import Shape, over_ground, shapes_of

BOUNCES = 6
"""From the camera to the light at most; what is left after them is under a hundredth."""
FUZZ_SHEEN = 0.15
"""Light that fine hair scatters at grazing angles."""

api_version = 2


@hookimpl
def renderers() -> dict[str, type]:
    """For portraits in any light; takes a minute where the default takes a second."""
    return {"mitsuba": MitsubaRenderer}


class MitsubaRenderer:
    """Path tracing by Mitsuba 3."""

    def __init__(
        self,
        samples: Annotated[int, Meta(ge=1, description="paths per pixel")] = 64,
        hdri: Annotated[Path, Meta(description="a .hdr panorama that replaces the light, equally strong")] | None = None,
        seed: Annotated[int, Meta(ge=0, lt=2147483648, description="random seed of the noise")] = 0,
    ) -> None:
        if find_spec("mitsuba") is None:
            raise ConfigError('renderer mitsuba needs one more package: pip install "facetex[mitsuba]"')
        self.panorama = None if hdri is None else read_panorama(hdri, SHARP)
        self.samples, self.seed = samples, seed

    def render(self, head: Head, camera: Camera, lighting: Lighting) -> Photo:
        """The head with its fitted expression, on a grey ground; same seed, same picture."""
        mi = import_module("mitsuba")
        mi.set_variant("scalar_rgb")
        mi.set_log_level(mi.LogLevel.Error)  # it remarks that samples are rounded up to a grid
        # Mitsuba's columns turn towards -x.
        light = np.ascontiguousarray(surroundings(lighting, self.panorama)[:, ::-1])
        scene: dict[str, object] = {
            "type": "scene",
            "integrator": {"type": "path", "max_depth": BOUNCES, "hide_emitters": True},
            "light": {"type": "envmap", "bitmap": mi.Bitmap(light)},
            "camera": _camera(mi, camera),
        }
        textures = {
            "albedo": _texture(mi, head.albedo.rgb),
            "normals": _texture(mi, head.detail.normals * np.float32(0.5) + np.float32(0.5)),
            "roughness": _texture(mi, roughness_of(head)[..., None]),
        }
        for shape in shapes_of(head, camera):
            scene[shape.name] = _mesh(mi, shape, textures)
        rgba = np.array(mi.render(mi.load_dict(scene), spp=self.samples, seed=self.seed), np.float32)
        return over_ground(rgba, head.name)


def _camera(mi: Any, camera: Camera) -> dict[str, object]:  # noqa: ANN401  # a module that may be missing
    """Mitsuba's x points left and its y up. Pixels are square there: the height follows the width's focal length."""
    (width, height), matrix = camera.size, camera.intrinsics.astype(np.float64)
    pose = np.linalg.inv(camera.world_to_camera.astype(np.float64)) @ np.diag([-1.0, -1.0, 1.0, 1.0])
    return {
        "type": "perspective",
        "fov_axis": "x",
        "fov": float(np.degrees(2 * np.arctan(width / 2 / matrix[0, 0]))),
        "principal_point_offset_x": float(0.5 - matrix[0, 2] / width),
        "principal_point_offset_y": float(0.5 - matrix[1, 2] / height),
        "near_clip": 0.001,
        "to_world": mi.ScalarTransform4f(pose),
        "film": {
            "type": "hdrfilm",
            "width": width,
            "height": height,
            "pixel_format": "rgba",
            # A wider filter adds up over the borders of blocks, in the order in which threads happen to end.
            "filter": {"type": "box"},
        },
        # Half the noise of independent samples (Kensler 2013).
        "sampler": {"type": "multijitter"},
    }


def _texture(mi: Any, values: Float32[np.ndarray, "size size channels"]) -> dict[str, object]:  # noqa: ANN401
    """Numbers as they are; Mitsuba takes no read-only arrays."""
    return {"type": "bitmap", "bitmap": mi.Bitmap(np.array(values, order="C")), "raw": True, "wrap_mode": "clamp"}


def _mesh(mi: Any, shape: Shape, textures: dict[str, dict[str, object]]) -> object:  # noqa: ANN401
    surface: dict[str, object] = {
        "type": "principled",
        "base_color": textures["albedo"],
        "roughness": textures["roughness"],
        "eta": REFRACTION.get(shape.name, REFRACTION["skin"]),
    }
    if shape.name == "skin":
        surface = {"type": "normalmap", "normalmap": textures["normals"], "bsdf": {**surface, "sheen": FUZZ_SHEEN}}
    properties = mi.Properties()
    properties["bsdf"] = mi.load_dict({"type": "twosided", "bsdf": surface})
    counts = len(shape.places), len(shape.triangles)
    mesh = mi.Mesh(shape.name, *counts, has_vertex_normals=True, has_vertex_texcoords=True, props=properties)
    buffers = mi.traverse(mesh)
    buffers["vertex_positions"] = shape.places.ravel()
    buffers["vertex_normals"] = shape.normals.ravel()
    buffers["vertex_texcoords"] = shape.uvs.ravel()
    buffers["faces"] = shape.triangles.astype(np.uint32).ravel()
    buffers.update()
    return mesh
