"""Photo-consistency: the skin's brightness in the photo against what light, albedo and shape together send back.

    E_c = sum_v w_v rho(log I(Pi(v)) - log(albedo(v) sum_k l_k Y_k(n(v))))

the photo-consistency term of Saito 2017 (equation 2, after Thies 2016) at the mesh's vertices, in logarithms of
luminance, on plain skin that the camera sees. Landmarks leave depth to the priors; the shading tells it from normals.
"""

from functools import lru_cache

import numpy as np
from jaxtyping import Float32, Float64, Int64

from facetex_core import Appearance, Fit, Mesh, MorphableModel, Photo
from facetex_core.geometry.mesh import vertex_normals
from facetex_core.imaging.colour import LUMINANCE, luminance
from facetex_core.lazy import cv2
from facetex_core.lighting.harmonics import harmonics, harmonics_slopes
from facetex_core.lighting.thresholds import HIGHLIGHT, HIGHLIGHT_FROM
from facetex_core.texture.regions import NO_SKIN
from facetex_core.texture.unwrap import facing
from facetex_plugins.fit.energy.gauss_newton import RIGID, FrameParameters, State, normal_equations, values_of
from facetex_plugins.fit.energy.normal_equations import NormalEquations
from facetex_plugins.fit.energy.surface_points import observe, surface_points_at
from facetex_plugins.fit.thresholds import SHADING_DEVIATION, SHADING_WEIGHT

DARKEST_PIXEL = 0.01
"""Linear light below which a photo holds noise."""


def blurred(photo: Photo, sigma: float) -> Float32[np.ndarray, "height width"]:
    """Log luminance, smoothed over `sigma` pixels."""
    light = np.log(np.maximum(luminance(photo.rgb), DARKEST_PIXEL))
    return np.asarray(cv2.GaussianBlur(light, (0, 0), sigma), np.float32)


def shading_term(
    picture: Float32[np.ndarray, "height width"], fit: Fit, appearance: Appearance, state: State, pose: FrameParameters
) -> NormalEquations:
    """The photo's part of the energy, light and albedo held."""
    light, model, lens = appearance.lighting.coefficients, fit.model, fit.camera.intrinsics.astype(np.float64)
    vertices, picked = fit.vertices, plain_vertices(model)
    normals = vertex_normals(vertices, model.mesh.triangles[model.mesh.parts["skin"]])
    sight = facing(fit, vertices[picked], normals[picked])
    picked, sight = picked[sight > 0], sight[sight > 0]
    pixels, by_pixels = observe(surface_points_at(model, picked[:, None], np.ones((len(picked), 1))), state, pose, lens)
    seen, slopes = sample(picture, pixels)
    row, column = texels_of(model.mesh, picked, len(appearance.albedo))
    albedo = appearance.albedo[row, column].astype(np.float64)
    shading = np.maximum(harmonics(normals[picked]) @ light, 0.02)
    sent = np.maximum((albedo * shading) @ LUMINANCE, DARKEST_PIXEL)
    by_normal = np.einsum("vik,kc,vc->vi", harmonics_slopes(normals[picked]), light, albedo * LUMINANCE)
    jacobian = np.einsum("vi,viu->vu", slopes, by_pixels)
    jacobian[:, RIGID:] -= by_shape(model, vertices, picked, by_normal / sent[:, None])
    residual = (seen - np.log(sent)).astype(np.float64)
    robust = (
        SHADING_WEIGHT * sight / (1 + (residual / SHADING_DEVIATION) ** 2) * np.where(residual > HIGHLIGHT_FROM, HIGHLIGHT, 1)
    )
    return normal_equations(jacobian / SHADING_DEVIATION, residual / SHADING_DEVIATION, robust, values_of(state, pose))


def by_shape(
    model: MorphableModel,
    vertices: Float32[np.ndarray, "vertices 3"],
    picked: Int64[np.ndarray, "points"],
    slopes: Float64[np.ndarray, "points 3"],
) -> Float64[np.ndarray, "points coefficients"]:
    """What `slopes` . normal changes by with identity and expression, at the picked vertices.

    A normal is the sum of the cross products of edges round its vertex, made a unit: linear in the move of each corner.
    """
    from scipy.sparse import csr_matrix

    vertices, triangles = vertices.astype(np.float64), model.mesh.triangles[model.mesh.parts["skin"]]
    row = np.full(len(vertices), -1)
    row[picked] = np.arange(len(picked))
    corners = np.stack([triangles, np.roll(triangles, -1, 1), np.roll(triangles, -2, 1)], -1).reshape(-1, 3)
    corners = corners[row[corners[:, 0]] >= 0]  # every triangle once for each of its vertices that is looked at
    here, one, other = vertices[corners].transpose(1, 0, 2)
    rows = row[corners[:, 0]]
    crosses = np.cross(one - here, other - here)
    summed = np.stack([np.bincount(rows, crosses[:, axis], len(picked)) for axis in range(3)], 1)
    length = np.linalg.norm(summed, axis=1, keepdims=True)
    unit = summed / length
    tangent = ((slopes - (slopes * unit).sum(1, keepdims=True) * unit) / length)[rows]
    by_one, by_other = np.cross(other - here, tangent), np.cross(tangent, one - here)
    values = np.stack([-by_one - by_other, by_one, by_other], 1)
    columns = 3 * corners[..., None] + np.arange(3)
    shape = (len(picked), 3 * len(vertices))
    where = np.broadcast_to(rows[:, None, None], columns.shape).ravel(), columns.ravel()
    return np.asarray(csr_matrix((values.ravel(), where), shape) @ _motion(model), np.float64)


@lru_cache(maxsize=2)
def _motion(model: MorphableModel) -> Float32[np.ndarray, "values coefficients"]:
    """Every coordinate's move by every coefficient."""
    both = np.concatenate([model.identity, model.expression])
    return np.ascontiguousarray(both.reshape(len(both), -1).T)


@lru_cache(maxsize=2)
def plain_vertices(model: MorphableModel) -> Int64[np.ndarray, "points"]:
    """The vertices of plain skin: where brows, lids and lips are, brightness tells of them and not of the shape."""
    plain = model.regions["face"] * (1 - np.max([model.regions[name] for name in NO_SKIN], axis=0))
    skin = np.unique(model.mesh.triangles[model.mesh.parts["skin"]])
    return np.asarray(skin[plain[skin] > 0.5], np.int64)


def texels_of(mesh: Mesh, vertices: Int64[np.ndarray, "points"], size: int) -> Int64[np.ndarray, "2 points"]:
    """Row and column of vertices in a map of `size` texels."""
    uv = np.zeros((len(mesh.vertices), 2))
    uv[mesh.triangles] = mesh.uvs[mesh.uv_triangles]
    return np.clip(uv[vertices, ::-1] * size, 0, size - 1).astype(np.int64).T


def sample(
    picture: Float32[np.ndarray, "height width *channels"], pixels: Float64[np.ndarray, "points 2"]
) -> tuple[Float64[np.ndarray, "points *channels"], Float64[np.ndarray, "points 2 *channels"]]:
    """Values and slopes by x and y."""
    x, y = (pixels - 0.5).astype(np.float32).T

    def at(x: Float32[np.ndarray, "points"], y: Float32[np.ndarray, "points"]) -> Float64[np.ndarray, "points *channels"]:
        return cv2.remap(picture, x[None], y[None], cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)[0].astype(np.float64)

    return at(x, y), np.stack([at(x + 1, y) - at(x - 1, y), at(x, y + 1) - at(x, y - 1)], 1) / 2
