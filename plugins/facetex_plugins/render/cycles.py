"""Renderer: Blender's Cycles, in whose skin light travels before it leaves it (random walks, Chiang et al. 2016).

Blender as a Python module runs in a child process: pip install bpy into this Python, or into another one that is named by
the option `python` or by FACETEX_BLENDER_PYTHON (bpy 4.5 wants Python 3.11 and a numpy before 2).
"""

import os
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path
from shutil import which
from tempfile import TemporaryDirectory
from typing import Annotated

import numpy as np
from jaxtyping import Float32

from facetex_core import Camera, ConfigError, Head, Lighting, Meta, Photo, PluginError, Program, hookimpl
from facetex_core.io.npz import Arrays
from facetex_core.lighting.environment import SHARP, surroundings
from facetex_core.lighting.panorama import read_panorama
from facetex_core.texture.material import REFRACTION, roughness_of
from facetex_plugins.render import cycles_child
from facetex_plugins.render.path_tracing import over_ground, shapes_of

api_version = 2


@hookimpl
def renderers() -> dict[str, type]:
    """The one with subsurface scattering."""
    return {"cycles": CyclesRenderer}


class CyclesRenderer:
    """Path tracing by Blender's Cycles with subsurface scattering, denoised."""

    def __init__(
        self,
        samples: Annotated[int, Meta(ge=1, description="paths per pixel")] = 64,
        hdri: Annotated[Path, Meta(description="a .hdr panorama that replaces the light, equally strong")] | None = None,
        seed: Annotated[int, Meta(ge=0, lt=2147483648, description="random seed of the noise")] = 0,
        python: Annotated[Program | None, Meta(description="a Python interpreter that has the module bpy")] = None,
    ) -> None:
        self.python = _python_with_blender(python)
        self.panorama = None if hdri is None else read_panorama(hdri, SHARP)
        self.samples, self.seed = samples, seed

    def render(self, head: Head, camera: Camera, lighting: Lighting) -> Photo:
        """The head with its fitted expression, on a grey ground; what the child needs lies in a folder that is gone after."""
        arrays = self.scene_arrays(head, camera, lighting)
        with TemporaryDirectory(prefix="facetex-") as folder:
            scene, picture = Path(folder, "scene.npz"), Path(folder, "picture.npy")
            np.savez(scene, **arrays)  # type: ignore[arg-type]  # numpy's stub takes the names for its own options
            words = [self.python, cycles_child.__file__, str(scene), str(picture)]
            told = subprocess.run(words, capture_output=True, text=True, errors="replace", check=False)
            if told.returncode or not picture.is_file():
                last = (told.stderr or told.stdout).strip().splitlines()[-1:]
                raise PluginError(f"Blender ended with {told.returncode}: {' '.join(last)}")
            rgba = np.load(picture)
        return over_ground(rgba, head.name)

    def scene_arrays(self, head: Head, camera: Camera, lighting: Lighting) -> Arrays:
        """All that the child gets, by name; parts as `name.places`, `name.normals` and so on."""
        shapes = shapes_of(head, camera)
        arrays = {
            "parts": np.array([shape.name for shape in shapes]),
            "albedo": head.albedo.rgb,
            "normals": head.detail.normals * np.float32(0.5) + np.float32(0.5),
            "roughness": np.repeat(roughness_of(head)[..., None], 3, -1),
            "light": _turned(surroundings(lighting, self.panorama)),
            "intrinsics": camera.intrinsics,
            "world_to_camera": camera.world_to_camera,
            "size": np.array(camera.size),
            "samples": np.array(self.samples),
            "seed": np.array(self.seed),
        }
        for shape in shapes:
            arrays |= {f"{shape.name}.{what}": getattr(shape, what) for what in ("places", "normals", "uvs", "triangles")}
            arrays[f"{shape.name}.refraction"] = np.array(REFRACTION.get(shape.name, REFRACTION["skin"]))
        return arrays


def _turned(panorama: Float32[np.ndarray, "rows columns 3"]) -> Float32[np.ndarray, "rows columns 3"]:
    """Blender's columns turn the other way and begin a quarter further."""
    return np.roll(panorama[:, ::-1], panorama.shape[1] // 4, 1)


def _python_with_blender(named: Path | None) -> str:
    """The Python to run; whether one of another place has bpy is asked of it."""
    install = "pip install bpy into this Python, or name one that has it: --set renderer.python=PATH"
    chosen = named or os.environ.get("FACETEX_BLENDER_PYTHON")
    if not chosen:
        if find_spec("bpy") is None:
            raise ConfigError(f"renderer cycles needs Blender as a module: {install}")
        return sys.executable
    found = which(str(chosen))
    look = "import importlib.util, sys; sys.exit(importlib.util.find_spec('bpy') is None)"
    if found is None or subprocess.run([found, "-c", look], capture_output=True, check=False).returncode:
        raise ConfigError(f"renderer cycles: {chosen} is no Python that has bpy; {install}")
    return found
