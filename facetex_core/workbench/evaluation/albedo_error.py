"""How far an albedo is from the true one, laid over the map of the fitted head."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float

from facetex_core.geometry.raycast import Scene
from facetex_core.geometry.uv_raster import interpolate
from facetex_core.lazy import cv2
from facetex_core.structures import Fit, Texture
from facetex_core.texture.regions import plain_skin, skin_texels
from facetex_core.workbench.evaluation.suite import Truth
from facetex_core.workbench.evaluation.surface_error import align, fitted_skin
from facetex_core.workbench.psnr import psnr

NEAR_SURFACE = 0.005
"""Metres, after the alignment, beyond which a texel of the fitted skin shows no point of the true one."""


@dataclass(frozen=True, slots=True)
class AlbedoError:
    """One albedo against the truth."""

    psnr: float
    """dB, of sRGB-coded values."""
    even_psnr: float
    """The same after the best gain of each channel: what is not a matter of exposure and white balance."""
    tone: float
    """CIEDE2000 between the mean colours of plain skin (Sharma et al. 2005)."""


def true_albedo(truth: Truth, fit: Fit, size: int) -> Texture | None:
    """The true albedo over the fit's map, visible on the true face; none where the truth has none.

    A texel of the fitted skin shows the point of the true head that is nearest to it once the two are aligned.
    """
    if truth.mesh is None or truth.albedo is None:
        return None
    mesh, texels = truth.mesh, skin_texels(fit.model, size)
    face = np.arange(len(mesh.vertices)) if truth.face is None else truth.face
    laid, _ = align(mesh.vertices[face], truth.points, fitted_skin(fit))
    points = laid.apply(interpolate(texels, fit.model.mesh, fit.vertices)[texels.inside]).astype(np.float32)
    triangle, weights = Scene(mesh.vertices, mesh.triangles).nearest(points)
    corners = mesh.triangles[triangle]
    away = np.linalg.norm(np.einsum("pk,pki->pi", weights, mesh.vertices[corners]) - points, axis=1)
    places = np.einsum("pk,pki->pi", weights, mesh.uvs[mesh.uv_triangles[triangle]])
    where = np.full((size, size, 2), -1, np.float32)
    where[texels.inside] = places * len(truth.albedo) - 0.5
    visible = np.zeros((size, size), np.float32)
    visible[texels.inside] = np.isin(corners, face).all(1) & (away < NEAR_SURFACE)
    rgb = cv2.remap(truth.albedo, where, None, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return Texture(np.where(visible[..., None] > 0, rgb, 0).astype(np.float32), visible)


def albedo_error(true: Texture, found: Texture, where: Bool[np.ndarray, "size size"], fit: Fit) -> AlbedoError:
    """Over the texels asked for whose truth is known; not a number where there are none."""
    on = where & (true.visibility > 0)
    skin = on & (plain_skin(fit.model, true.size) > 0.5)
    if not skin.any():
        return AlbedoError(*[float("nan")] * 3)
    colours, wanted = found.rgb[on], true.rgb[on]
    gain = (colours * wanted).sum(0) / np.maximum((colours**2).sum(0), 1e-9)
    return AlbedoError(psnr(colours, wanted), psnr(colours * gain, wanted), _apart(found.rgb[skin], true.rgb[skin]))


def _apart(found: Float[np.ndarray, "texels 3"], true: Float[np.ndarray, "texels 3"]) -> float:
    from skimage.color import deltaE_ciede2000

    means = np.stack([found.mean(0), true.mean(0)]).astype(np.float32)[None]
    one, other = cv2.cvtColor(means, cv2.COLOR_LRGB2LAB)[0]
    return float(deltaE_ciede2000(one, other))
