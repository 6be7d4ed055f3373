"""The colour term of Saito 2017's energy: what the photo shows of the skin against what the model sends under its light.

    E_c = 1/|V| sum_v |I(Pi(R x_v(a, b) + t)) - exp(m_v + M_v c) sum_k l_k Y_k(n_v(a, b))|     (equation 2)

with the symbols of joint_energy.py.
"""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from jaxtyping import Bool, Float, Float32, Float64, Int64

from facetex_core import Camera, Fit, MorphableModel, Photo, PhotoError
from facetex_core.geometry.camera import project
from facetex_core.geometry.mesh import vertex_normals
from facetex_core.lazy import cv2
from facetex_core.lighting.estimate_lighting import albedo_model
from facetex_core.lighting.harmonics import harmonics, harmonics_slopes
from facetex_core.texture.unwrap import facing
from facetex_plugins.fit.energy.gauss_newton import RIGID, FrameParameters, State, normal_equations, values_of
from facetex_plugins.fit.energy.normal_equations import NormalEquations
from facetex_plugins.fit.energy.shading_term import DARKEST_PIXEL, by_shape, sample, texels_of
from facetex_plugins.fit.energy.surface_points import observe, surface_points_at
from facetex_plugins.fit.thresholds import COLOUR_FLOOR, COLOUR_WEIGHT

Colours = Float64[np.ndarray, "points 3"]
Picture = Float32[np.ndarray, "height width 3"]
Normals = Float32[np.ndarray, "points 3"]


@dataclass(frozen=True, eq=False, slots=True)
class Skin:
    """The vertices whose colour is compared: log albedo = mean + modes . c."""

    vertices: Int64[np.ndarray, "points"]
    mean: Colours
    modes: Float64[np.ndarray, "points 3 modes"]

    def only(self, which: Bool[np.ndarray, "points"]) -> "Skin":
        """Some of them."""
        return Skin(self.vertices[which], self.mean[which], self.modes[which])


@dataclass(frozen=True, eq=False, slots=True)
class Look:
    """A photo's light, and the albedo's coefficients."""

    albedo: Float64[np.ndarray, "modes"]
    light: Float64[np.ndarray, "9 3"]


def joint_values(state: State, pose: FrameParameters, look: Look) -> Float64[np.ndarray, "unknowns"]:
    """The unknowns of a photo as they are."""
    return np.concatenate([values_of(state, pose), look.albedo, look.light.ravel()])


def colour_term(
    model: MorphableModel, picture: Picture, camera: Camera, state: State, pose: FrameParameters, look: Look
) -> NormalEquations:
    """E_c of one photo."""
    skin, weights = visible(model, camera, state, pose)
    intrinsics = camera.intrinsics.astype(np.float64)
    seen, residual, jacobian = colour_differences(model, picture, skin, intrinsics, state, pose, look)
    level = max(float(np.average(seen.mean(1), weights=weights)), DARKEST_PIXEL)
    norm = np.sqrt((residual**2).sum(1) / level**2 + COLOUR_FLOOR**2)
    robust = COLOUR_WEIGHT * weights / (2 * norm * weights.sum())
    flat = jacobian.reshape(residual.size, -1)
    return normal_equations(flat / level, residual.ravel() / level, np.repeat(robust, 3), joint_values(state, pose, look))


def colour_differences(
    model: MorphableModel,
    picture: Picture,
    skin: Skin,
    intrinsics: Float64[np.ndarray, "3 3"],
    state: State,
    pose: FrameParameters,
    look: Look,
) -> tuple[Colours, Colours, Float64[np.ndarray, "points 3 unknowns"]]:
    """The photo's colours, what they are more than those sent (equation 2), and the Jacobian of that."""
    vertices, normals = surface(model, skin, state, pose)
    pixels, by_pixels = observe(
        surface_points_at(model, skin.vertices[:, None], np.ones((len(normals), 1))), state, pose, intrinsics
    )
    seen, slopes = sample(picture, pixels)
    sent, by_normal, by_look = radiance(skin, normals, look)
    jacobian = np.concatenate([np.einsum("vxc,vxu->vcu", slopes, by_pixels), -by_look], -1)
    shape = slice(RIGID, by_pixels.shape[-1])
    for channel in range(3):
        jacobian[:, channel, shape] -= by_shape(model, vertices, skin.vertices, by_normal[:, channel])
    return seen, seen - sent, jacobian


def radiance(
    skin: Skin, normals: Normals, look: Look
) -> tuple[Colours, Float64[np.ndarray, "points 3 3"], Float64[np.ndarray, "points 3 colours"]]:
    """What the skin sends: exp(m + M c) sum_k l_k Y_k(n); its derivatives by the normal, and by albedo and light."""
    albedo, basis = np.exp(skin.mean + skin.modes @ look.albedo), harmonics(normals).astype(np.float64)
    sent = albedo * (basis @ look.light)
    by_normal = albedo[..., None] * np.einsum("vik,kc->vci", harmonics_slopes(normals), look.light)
    by_light = np.einsum("vc,vk,cd->vckd", albedo, basis, np.eye(3)).reshape(*sent.shape, -1)
    return sent, by_normal, np.concatenate([sent[..., None] * skin.modes, by_light], -1)


def surface(
    model: MorphableModel, skin: Skin, state: State, pose: FrameParameters
) -> tuple[Float32[np.ndarray, "vertices 3"], Normals]:
    """The head's vertices, and the normals of the skin's."""
    vertices = model.vertices(state.identity.astype(np.float32), pose.expression.astype(np.float32))
    return vertices, vertex_normals(vertices, model.mesh.triangles[model.mesh.parts["skin"]])[skin.vertices]


@lru_cache(maxsize=2)
def skin_of(model: MorphableModel) -> Skin:
    """The face's vertices with what the model knows of their colour: eyes move beneath their lids, so these are left out."""
    skin = np.unique(model.mesh.triangles[model.mesh.parts["skin"]])
    picked = skin[(model.regions["face"] * (1 - model.regions["eyes"]))[skin] > 0.5].astype(np.int64)
    colours = albedo_model(model)
    row, column = texels_of(model.mesh, picked, len(colours.mean))
    detail = cv2.resize(colours.detail, colours.mean.shape[:2], interpolation=cv2.INTER_AREA)
    modes = np.moveaxis(colours.modes[:, row, column], 0, -1).astype(np.float64)
    return Skin(picked, (colours.mean + detail)[row, column].astype(np.float64), modes)


def visible(
    model: MorphableModel, camera: Camera, state: State, pose: FrameParameters
) -> tuple[Skin, Float64[np.ndarray, "points"]]:
    """The skin that the photo shows, and how well."""
    skin = skin_of(model)
    vertices, normals = surface(model, skin, state, pose)
    points = vertices[skin.vertices]
    places = project(camera, points)
    inside = ((places > 0) & (places < camera.size)).all(1)
    seen = inside * facing(geometry(model, state.identity, pose.expression, camera), points, normals).astype(np.float64)
    if not seen.any():
        raise PhotoError("the photo shows nothing of the fitted face, so no light can be found for it")
    return skin.only(seen > 0), seen[seen > 0]


def smoothed(photo: Photo, sigma: float) -> Picture:
    """The photo's linear colours, smoothed over `sigma` pixels."""
    return np.asarray(cv2.GaussianBlur(photo.rgb, (0, 0), sigma), np.float32)


def geometry(
    model: MorphableModel, identity: Float[np.ndarray, "modes"], expression: Float[np.ndarray, "expressions"], camera: Camera
) -> Fit:
    """The head as it lies over the photo."""
    coefficients = identity.astype(np.float32), expression.astype(np.float32)
    return Fit(model, *coefficients, camera)
