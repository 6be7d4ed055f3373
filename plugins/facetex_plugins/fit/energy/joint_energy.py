"""Saito 2017's energy: identity, expression, pose, albedo and light of a person's photos, all at once.

    E = w_c E_c + w_lan E_lan + w_reg E_reg                                                  (equation 1)
    E_c = 1/|V| sum_v |I(Pi(R x_v(a, b) + t)) - exp(m_v + M_v c) sum_k l_k Y_k(n_v(a, b))|     (equation 2)

after Thies 2016 (Face2Face): I is the photo in linear RGB, V the face's skin that the camera sees, c the coefficients of
the low-frequency albedo, l nine coefficients of light for each channel, E_lan the landmarks' term (landmark_term.py) and
E_reg the squares of a, b and c in standard deviations. The norm of a vertex's three differences, not its square: solved
by reweighting. Identity and albedo are one for all photos; pose, expression and light are each photo's own. Light turns
with the head, so that a pose moves what is seen and not what is sent. Coarse to fine: landmarks, then light and albedo
on that shape, then everything, while the photo loses its blur.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Float32

from facetex_core import Appearance, Camera, Face, Fit, Lighting, MorphableModel, Photo
from facetex_core.geometry.camera import project
from facetex_core.lighting.estimate_lighting import PHOTO, albedo_model
from facetex_core.lighting.harmonics import ambient
from facetex_plugins.fit.behind_lips import behind_lips
from facetex_plugins.fit.energy.colour_term import (
    Look,
    colour_differences,
    colour_term,
    geometry,
    joint_values,
    skin_of,
    smoothed,
    visible,
)
from facetex_plugins.fit.energy.fit_person import LANDMARKS
from facetex_plugins.fit.energy.gauss_newton import FrameParameters, State, moved, unknowns_of
from facetex_plugins.fit.energy.landmark_term import (
    LandmarkObservation,
    camera_of,
    fit_landmarks,
    inner_error,
    landmark_term,
    observe_landmarks,
)
from facetex_plugins.fit.energy.normal_equations import NormalEquations, Unknowns, solve_some
from facetex_plugins.fit.thresholds import IDENTITY_PRIOR, JOINT_BLUR

LIGHT_PRIOR = 1e-6
"""Nothing but a pivot: the energy has no prior on light."""
LIGHTS = 27
"""Second-order harmonics of three channels."""
JOINT_STEPS = 3
"""Of Gauss-Newton at each blur."""


@dataclass(frozen=True, eq=False, slots=True)
class JointFit:
    """What the energy found for one photo; identity and albedo are the same for all photos of a call."""

    identity: Float32[np.ndarray, "modes"]
    expression: Float32[np.ndarray, "expressions"]
    camera: Camera
    lighting: Float32[np.ndarray, "9 3"]
    """Coefficients of the irradiance, as `Lighting` has them."""
    albedo: Float32[np.ndarray, "colours"]
    """Standard deviations of the model's low-frequency albedo."""
    residuals: dict[str, float]
    """What landmarks and photo left over."""


def fit_jointly(model: MorphableModel, photos: Sequence[Photo], faces: Sequence[Face]) -> tuple[JointFit, ...]:
    """The model laid over every photo, with one identity and one albedo."""
    sights = [observe_landmarks(model, face, photo.size, photo.focal) for photo, face in zip(photos, faces, strict=True)]
    state, looks = fit_landmarks(model, sights), [_even_light(model)] * len(photos)
    for blur, shape_too in ((JOINT_BLUR[0], False), *((blur, True) for blur in JOINT_BLUR)):
        for _ in range(JOINT_STEPS):
            each = zip(photos, sights, state.poses, looks, strict=True)
            terms = (
                joint_term(model, smoothed(photo, blur * sight.unit), sight, state, pose, look)
                for photo, sight, pose, look in each
            )
            state, looks = joint_step(model, state, looks, terms, shape_too=shape_too)
    each = zip(photos, sights, state.poses, looks, strict=True)
    return tuple(_joint_fit(model, photo, sight, state, pose, look) for photo, sight, pose, look in each)


def joint_step(
    model: MorphableModel, state: State, looks: Sequence[Look], terms: Iterable[NormalEquations], *, shape_too: bool
) -> tuple[State, list[Look]]:
    """Solves the normal equations of all photos, or those of light and albedo alone."""
    now = np.stack([joint_values(state, pose, look) for pose, look in zip(state.poses, looks, strict=True)])
    light = now.shape[1] - LIGHTS
    albedo = light - len(looks[0].albedo)
    free = np.arange(now.shape[1]) >= (0 if shape_too else albedo)
    solved = solve_some(terms, joint_unknowns(model, light - albedo), free, now)
    looks = [Look(row[albedo:light], row[light:].reshape(9, 3)) for row in solved]
    return moved(state, solved[:, :albedo]), looks


def joint_unknowns(model: MorphableModel, modes: int) -> Unknowns:
    """Those of every photo's pose and shape, then albedo and light."""
    shape, sizes = unknowns_of(model), (modes, LIGHTS)
    free = np.full(sum(sizes), np.inf)
    return Unknowns(
        np.concatenate([shape.shared, np.repeat([True, False], sizes)]),
        np.concatenate([shape.prior, np.repeat([IDENTITY_PRIOR, LIGHT_PRIOR], sizes)]),
        np.concatenate([shape.low, -free]),
        np.concatenate([shape.high, free]),
    )


def joint_term(
    model: MorphableModel,
    picture: Float32[np.ndarray, "height width 3"],
    sight: LandmarkObservation,
    state: State,
    pose: FrameParameters,
    look: Look,
) -> NormalEquations:
    """One photo's part of the energy: E_c at its smoothed picture, and E_lan."""
    term = colour_term(model, picture, camera_of(sight, pose), state, pose, look)
    landmarks = landmark_term(sight, state, pose)
    shape = len(landmarks.right)
    term.matrix[:shape, :shape] += landmarks.matrix
    term.right[:shape] += landmarks.right
    return term


def _even_light(model: MorphableModel) -> Look:
    """White light from everywhere on a middle skin."""
    return Look(np.zeros(skin_of(model).modes.shape[-1]), ambient().coefficients.astype(np.float64))


def _joint_fit(
    model: MorphableModel, photo: Photo, sight: LandmarkObservation, state: State, pose: FrameParameters, look: Look
) -> JointFit:
    skin, weights = visible(model, camera_of(sight, pose), state, pose)
    seen, residual, _ = colour_differences(
        model, smoothed(photo, JOINT_BLUR[-1] * sight.unit), skin, sight.intrinsics, state, pose, look
    )
    left = np.average(residual.mean(1) ** 2, weights=weights) / np.average(seen.mean(1) ** 2, weights=weights)
    return JointFit(
        state.identity.astype(np.float32),
        pose.expression.astype(np.float32),
        camera_of(sight, pose),
        look.light.astype(np.float32),
        look.albedo.astype(np.float32),
        {LANDMARKS: inner_error(sight, state, pose), PHOTO: float(np.sqrt(left))},
    )


def fit_of(model: MorphableModel, found: JointFit) -> tuple[Fit, Appearance]:
    """The fit, and its light with its albedo."""
    colours = albedo_model(model)
    albedo = np.exp(colours.mean + np.tensordot(found.albedo, colours.modes, 1)).astype(np.float32)
    fit = geometry(model, found.identity, found.expression, found.camera)
    offsets = behind_lips(model, fit.vertices)
    return replace(fit, residuals=found.residuals, vertex_offsets=offsets), Appearance(Lighting(found.lighting), albedo)


def appearance_on(photo: Photo, fit: Fit) -> Appearance:
    """The light and the albedo that the energy finds with the shape held: those of `fit_jointly` on its own fit."""
    model, camera = fit.model, fit.camera
    matrix = camera.world_to_camera.astype(np.float64)
    pose = FrameParameters(matrix[:3, :3], matrix[:3, 3], fit.expression.astype(np.float64))
    state, looks = State(fit.identity.astype(np.float64), (pose,)), [_even_light(model)]
    picture = smoothed(photo, JOINT_BLUR[-1] * _unit_of(fit))
    for _ in range(2 * JOINT_STEPS):
        terms = [colour_term(model, picture, camera, state, pose, looks[0])]
        _, looks = joint_step(model, state, looks, terms, shape_too=False)
    colours = albedo_model(model)
    albedo = np.exp(colours.mean + np.tensordot(looks[0].albedo, colours.modes, 1))
    return Appearance(Lighting(looks[0].light.astype(np.float32)), albedo.astype(np.float32))


def _unit_of(fit: Fit) -> float:
    """Pixels: one percent of the distance between the outer eye corners, as the fitted head shows it."""
    where, corners = fit.model.embedding, [36, 45]
    points = fit.vertices[fit.model.mesh.triangles[where.landmark_triangles[corners]]]
    ends = project(fit.camera, np.einsum("pk,pki->pi", where.landmark_barycentric[corners], points).astype(np.float32))
    return float(np.linalg.norm(ends[0] - ends[1])) / 100
