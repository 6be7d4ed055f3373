"""What is measured of each variant, with and without the truth; docs/reference/comparisons.md has more words."""

from collections.abc import Mapping

import numpy as np
from jaxtyping import Bool, Float32

from facetex_core.descriptors.bank import whole_skin
from facetex_core.descriptors.correlations import merge, mix, relative_error
from facetex_core.geometry.camera import project
from facetex_core.geometry.landmarks import eye_distance
from facetex_core.geometry.mesh import vertex_normals
from facetex_core.geometry.raycast import Scene
from facetex_core.imaging.colour import LUMINANCE, encode_srgb
from facetex_core.imaging.masked_blur import blur_where
from facetex_core.lazy import cv2
from facetex_core.listeners import warn
from facetex_core.metrics import Metric
from facetex_core.pipeline import Pipeline, Run
from facetex_core.structures import Camera, Fit, Head, Mesh, Texture, View
from facetex_core.texture.expected_albedo import DARKEST
from facetex_core.texture.regions import face_crop, face_slices, plain_skin, region
from facetex_core.texture.thresholds import SURE
from facetex_core.workbench.bank_builder.thresholds import SIDES_BLUR
from facetex_core.workbench.evaluation.albedo import true_albedo
from facetex_core.workbench.evaluation.hidden_error import SEAM_BLUR, FeatureNetwork, Truth, hidden_errors, psnr
from facetex_core.workbench.evaluation.suite import Truth as Known
from facetex_core.workbench.evaluation.surface_error import INNER, align, fitted_skin
from facetex_core.workbench.evaluation.synthetic_render import unit_rays

MEASURED = ("seconds", "memory_mb")
"""What is another number every time; everything else is the same to the byte."""
BAKED = ("photo_psnr", "seam")
"""What is better where light stays in the albedo; the star behind their titles says so."""
BAKED_NOTE = "* favours light that is left in the albedo: compare it among variants with the same delighter only"


def title_of(name: str, metric: Metric) -> str:
    """A column's title, with a star where the figure favours light in the albedo."""
    return f"{metric.title}*" if name in BAKED else metric.title


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
    rays = unit_rays(camera, slice(0, camera.size[1]), 1)
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


def figures_against(known: Known, head: Head, eye: FeatureNetwork | None) -> dict[str, float]:
    """Surface, normals and albedo against the truth; what it lacks is left out, as are features without an eye."""
    figures = {} if known.mesh is None else _surface(known, known.mesh, head.fit)
    true = true_albedo(known, head.fit, head.albedo.size)
    return figures if true is None or not (true.visibility > 0).any() else {**figures, **_albedo(true, head, eye)}


def _surface(known: Known, mesh: Mesh, fit: Fit) -> dict[str, float]:
    """After the alignment of docs/reference/suites.md."""
    face = np.arange(len(mesh.vertices)) if known.face is None else known.face
    points, skin = mesh.vertices[face], fitted_skin(fit)
    laid, distances = align(points, known.points, skin)
    triangle, weights = Scene(skin.vertices, skin.triangles).nearest(laid.undo(points))
    corners = vertex_normals(skin.vertices, skin.triangles)[skin.triangles[triangle]]
    found = np.einsum("pk,pki->pi", weights, corners) @ laid.rotation.T
    found /= np.maximum(np.linalg.norm(found, axis=1, keepdims=True), 1e-12)
    cosine = np.einsum("pi,pi->p", found, vertex_normals(mesh.vertices, mesh.triangles)[face])
    angle = np.degrees(np.arccos(np.clip(cosine, -1, 1)))
    return {"surface_mm": 1000 * float(np.median(distances)), "normals_deg": float(np.median(angle))}


def _albedo(true: Texture, head: Head, eye: FeatureNetwork | None) -> dict[str, float]:
    """Over the face without its eyes."""
    model, size = head.fit.model, head.albedo.size
    face = (region(model, "face", size) > 0.5) & (region(model, "eyes", size) < 0.5) & (true.visibility > 0)
    known = face_crop(Texture(np.where(face[..., None], true.rgb, 0), face.astype(np.float32)), model)
    found = np.ascontiguousarray(head.albedo.rgb[face_slices(model, size)])
    where = known.visibility > 0
    figures = {"albedo_psnr": psnr(found[where], known.rgb[where]), "albedo_ssim": _ssim(found, known)}
    if eye:
        skin = np.ascontiguousarray(plain_skin(model, size)[face_slices(model, size)])
        truth = Truth(known, np.ones_like(known.visibility), skin, size, {eye.name: eye.features_of(known)})
        figures["perceptual"] = hidden_errors(truth, found, {eye.name: eye})[f"{eye.name} feature"]
    return {name: value for name, value in figures.items() if np.isfinite(value)}


def _ssim(found: Float32[np.ndarray, "size size 3"], known: Texture) -> float:
    """Structural similarity of sRGB-coded values, in windows of a Gaussian of 1.5 texels (Wang et al. 2004)."""
    from skimage.metrics import structural_similarity

    where = known.visibility > 0
    one, other = (encode_srgb(np.where(where[..., None], rgb, 0)) for rgb in (found, known.rgb))
    options = {"channel_axis": 2, "data_range": 1.0, "gaussian_weights": True, "use_sample_covariance": False}
    _, local = structural_similarity(one, other, full=True, **options)
    return float(local[where].mean())
