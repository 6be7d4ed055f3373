"""Where irises lie on the map."""

import numpy as np

from facetex_core import MorphableModel
from facetex_core.geometry.uv_raster import all_texels, interpolate
from facetex_core.parts.eyes import eye_frame, eyes_of

FROM, TO = 0.2, 0.45
"""Radians off the optical axis, between pupil and limbus."""


def iris_texels(model: MorphableModel, size: int) -> np.ndarray:
    """The ring of both eyes, at size x size."""
    texels, iris = all_texels(model, size), np.zeros((size, size), bool)
    for part in eyes_of(model):
        centre, radius, axis = eye_frame(model, part)
        rays = (interpolate(texels, model.mesh, model.mean) - centre) / radius
        which = model.mesh.parts[part]
        angle = np.arccos(np.clip(rays @ axis, -1, 1))
        iris |= (texels.triangle >= which.start) & (texels.triangle < which.stop) & (angle > FROM) & (angle < TO)
    return iris
