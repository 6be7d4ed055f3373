"""What is measured of each variant; docs/reference/comparisons.md says the same in more words."""

from collections.abc import Mapping

import numpy as np
from jaxtyping import Bool, Float32

from facetex_core.descriptors.bank import whole_skin
from facetex_core.descriptors.correlations import merge, mix, relative_error
from facetex_core.geometry.camera import project
from facetex_core.geometry.landmarks import eye_distance
from facetex_core.geometry.raycast import Scene
from facetex_core.imaging.colour import LUMINANCE, encode_srgb
from facetex_core.imaging.masked_blur import blur_where
from facetex_core.lazy import cv2
from facetex_core.messages import warn
from facetex_core.metrics import Metric
from facetex_core.pipeline import Pipeline, Run
from facetex_core.structures import Camera, Fit, Head, Texture, View
from facetex_core.texture.expected_albedo import DARKEST
from facetex_core.texture.regions import plain_skin
from facetex_core.texture.thresholds import SURE
from facetex_core.workbench.bank_builder.thresholds import SIDES_BLUR
from facetex_core.workbench.evaluation.hidden_error import SEAM_BLUR
from facetex_core.workbench.evaluation.surface_error import INNER, fitted_skin
from facetex_core.workbench.evaluation.synthetic_render import camera_rays
from facetex_core.workbench.psnr import psnr

MEASURED = ("seconds", "memory_mb")
"""What is another number every time; everything else is the same to the byte."""


def figures_of(run: Run, pipeline: Pipeline, photo: Texture, again: Float32[np.ndarray, "height width 3"]) -> dict[str, float]:
    """What can be measured without the truth, but for tone and effort.

    `photo` is the cut of the photo that `again` shows once more as a render, visible on the skin of the face.
    """
    head = run.head
    whole_map = Texture(head.albedo.rgb, np.ones_like(head.albedo.visibility))
    finished = merge(pipeline.describe(whole_map, head.fit))
    target = mix(whole_skin(pipeline.bank), run.weights)
    figures = {
        "reprojection": reprojection(run.views[0]),
        "photo_psnr": psnr(again[photo.visibility > 0.5], photo.rgb[photo.visibility > 0.5]),
        "blend_distance": float(np.mean(list(relative_error(run.explained, run.observed).values()))),
        "target_distance": float(np.mean(list(relative_error(finished, target).values()))),
        "shading_left": shading_left(head),
        "seam": seam(head),
    }
    return {name: value for name, value in figures.items() if np.isfinite(value)}


def figures_of_plugins(run: Run, metrics: Mapping[str, Metric]) -> dict[str, float]:
    """What the metrics of plugins say; one that fails is told, and its figure is missing."""
    figures = {}
    for name, metric in metrics.items():
        try:
            figures[name] = float(metric.measure(run)) if metric.measure else np.nan
        except Exception as error:  # noqa: BLE001  # a stranger's function may raise anything; the head stays as good as it is
            told = next(iter(str(error).splitlines()), "")
            warn(f"metric {name!r} is left out: {type(error).__name__}: {told}")
    return {name: value for name, value in figures.items() if np.isfinite(value)}


def reprojection(view: View) -> float:
    """Percent of the outer eye distance; not a number where the model has none of the inner landmarks."""
    found = view.observation.face.landmarks
    eyes = eye_distance(found)
    away = np.linalg.norm(project(view.fit.camera, fitted_skin(view.fit).landmarks) - found, axis=1)[INNER]
    known = away[np.isfinite(away)]
    return 100 * float(known.mean()) / eyes if len(known) and eyes else float("nan")


def face_pixels(fit: Fit, camera: Camera) -> Float32[np.ndarray, "height width"]:
    """1 where the camera sees the face of the fitted head."""
    mesh = fit.model.mesh
    rays = camera_rays(camera, slice(0, camera.size[1]), 1)
    triangle, _, _ = Scene(fit.vertices, mesh.triangles).first_hits(np.broadcast_to(camera.position, rays.shape), rays)
    face = fit.model.regions["face"][mesh.triangles].mean(1) > 0.5
    return np.asarray((triangle >= 0) & face[triangle], np.float32).reshape(camera.size[1], camera.size[0])


def skin_of(head: Head) -> Bool[np.ndarray, "size size"]:
    """Where the map shows neither brows, lids, lips nor nostrils."""
    return plain_skin(head.fit.model, head.albedo.size) > 0.5


def shading_left(head: Head) -> float:
    """Percent; the map's halves mirror each other."""
    skin = skin_of(head) & skin_of(head)[:, ::-1]
    light = np.log(np.maximum(head.albedo.rgb @ LUMINANCE, DARKEST))[..., None].astype(np.float32)
    broad = blur_where(light, skin.astype(np.float32), SIDES_BLUR * head.albedo.size)[..., 0]
    odd = (broad - broad[:, ::-1])[skin] / 2
    return 100 * float(np.sqrt((odd**2).mean())) if odd.size else float("nan")


def tone_of(head: Head) -> Float32[np.ndarray, "3"]:
    """The mean colour of plain skin in CIELAB."""
    mean = head.albedo.rgb[skin_of(head)].mean(0, dtype=np.float64).astype(np.float32)
    return np.asarray(cv2.cvtColor(mean[None, None], cv2.COLOR_LRGB2LAB)[0, 0], np.float32)


def seam(head: Head) -> float:
    """1 where no seam can be told from skin; not a number where the photo shows all plain skin, or none."""
    sigma, skin = SEAM_BLUR * head.albedo.size, skin_of(head)
    seen = (head.albedo.visibility > SURE).astype(np.float32)
    across = np.stack(np.gradient(cv2.GaussianBlur(seen, (0, 0), 2 * sigma)))
    steep = np.hypot(*across)
    band = skin & (steep > 0.5 * steep.max()) & (steep > 1e-6)
    rest = skin & ~(cv2.dilate(band.astype(np.uint8), np.ones((3, 3), np.uint8), iterations=max(round(2 * sigma), 1)) > 0)
    if not band.any() or not rest.any():
        return float("nan")
    slopes = np.stack(np.gradient(cv2.GaussianBlur(encode_srgb(head.albedo.rgb) @ LUMINANCE, (0, 0), sigma)))
    at_border = ((slopes * across).sum(0)[band] / steep[band]) ** 2
    return float(at_border.mean() / max(float((slopes[:, rest] ** 2).sum(0).mean()) / 2, 1e-12))
