"""The colour of lashes: that of the darkest brow hair, darker still, and the more so the more the photo's lashes stand out."""

import numpy as np
from jaxtyping import Bool, Float32

from facetex_core import LitView, MorphableModel
from facetex_core.geometry.camera import project
from facetex_core.geometry.mesh import vertex_normals
from facetex_core.imaging.colour import luminance
from facetex_core.texture.regions import region
from facetex_core.texture.unwrap import facing
from facetex_plugins.paint import thresholds

Colour = Float32[np.ndarray, "3"]


def lash_colour(view: LitView, albedo: Float32[np.ndarray, "size size 3"]) -> Colour | None:
    """Linear albedo; none where the model has no lashes."""
    model = view.fit.model
    if "lashes" not in model.regions:
        return None
    brows = albedo[region(model, "brows", len(albedo)) > thresholds.SURELY_BROW]
    light = luminance(brows)
    hair = brows[light <= np.quantile(light, thresholds.BROW_HAIR)].mean(0)
    darker = np.interp(_contrast(view, model), thresholds.LASH_CONTRAST, thresholds.LASH_OF_BROW)
    return np.asarray(np.clip(darker * hair, *thresholds.LASH_ALBEDO), np.float32)


def _contrast(view: LitView, model: MorphableModel) -> float:
    """How much darker the photo is at the edges of the lids than on the lids around, in log light; 0 where they are hidden."""
    edge, around = model.regions["lashes"] > 0.3, (model.regions["eyes"] > 0.5) & (model.regions["lashes"] == 0)
    lashes, lids = _light(view, edge), _light(view, around)
    if min(len(lashes), len(lids)) < thresholds.FEWEST_POINTS:
        return 0.0
    dark = np.quantile(lashes, thresholds.LASH_PIXELS)
    return max(float(np.log(np.median(lids) / max(float(dark), 1e-3))), 0.0)


def _light(view: LitView, which: Bool[np.ndarray, "vertices"]) -> Float32[np.ndarray, "seen"]:
    """Of the photo at vertices that the camera sees."""
    mesh, vertices = view.fit.model.mesh, view.fit.vertices
    normals = vertex_normals(vertices, mesh.triangles[mesh.parts["skin"]])[which]
    seen = facing(view.fit, vertices[which], normals) > 0.3
    x, y = np.floor(project(view.fit.camera, vertices[which][seen])).astype(int).T
    width, height = view.photo.size
    inside = (x >= 0) & (y >= 0) & (x < width) & (y < height)
    return luminance(view.photo.rgb[y[inside], x[inside]])
