"""What is measured of a variant where the true head is known."""

import numpy as np
from jaxtyping import Float32

from facetex_core.geometry.mesh import vertex_normals
from facetex_core.geometry.raycast import Scene
from facetex_core.imaging.colour import encode_srgb
from facetex_core.structures import Fit, Head, Mesh, Texture
from facetex_core.texture.regions import face_crop, face_slices, plain_skin, region
from facetex_core.workbench.evaluation.albedo_error import true_albedo
from facetex_core.workbench.evaluation.hidden_error import FeatureNetwork, Truth, hidden_errors
from facetex_core.workbench.evaluation.suite import Truth as Known
from facetex_core.workbench.evaluation.surface_error import align, fitted_skin
from facetex_core.workbench.psnr import psnr


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
