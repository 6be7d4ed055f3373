"""The whole fit of a morphable model to the photos of one person: first where, then what colour, under which light.

    E = w_c E_c + w_lan E_lan + w_con E_con + w_reg E_reg

after Saito 2017 (equation 1): landmarks (landmark_term.py), outline (outline_term.py), photo-consistency (shading_term.py) and
the coefficients in standard deviations (gauss_newton.py). Coarse to fine: the pose, then the shape by landmarks, then
all terms, while the photo loses its blur and light and albedo are found anew for each.
"""

from abc import ABC, abstractmethod
from collections.abc import Sequence

import numpy as np
from jaxtyping import Float32

from facetex_core import Appearance, Face, Fit, MorphableModel, Observation, Photo, warn
from facetex_core.lighting.estimate_lighting import SIZE, estimate_appearance
from facetex_core.texture.unwrap import unwrap
from facetex_plugins.fit.behind_lips import behind_lips
from facetex_plugins.fit.conjugate_gaze import conjugate
from facetex_plugins.fit.energy.gauss_newton import FrameParameters, State, step
from facetex_plugins.fit.energy.landmark_term import (
    LandmarkObservation,
    camera_of,
    fit_landmarks,
    inner_error,
    landmark_term,
    observe_landmarks,
)
from facetex_plugins.fit.energy.normal_equations import NormalEquations
from facetex_plugins.fit.energy.outline_term import outline_error, outline_term
from facetex_plugins.fit.energy.residual_flow import residual_flow
from facetex_plugins.fit.energy.shading_term import blurred, shading_term
from facetex_plugins.fit.thresholds import POOR, SHADING_BLUR, STRANGERS

LANDMARKS, OUTLINE = "landmarks (% of eye distance)", "outline (% of eye distance)"
"""The residuals' names."""


class ModelFitter(ABC):
    """A fitter that needs only a morphable model: the default one and its alternates differ by nothing else."""

    shading = True
    """Whether the photo's brightness refines the shape."""

    @property
    @abstractmethod
    def model(self) -> MorphableModel:
        """The model, read when first needed."""

    def fit(self, observations: Sequence[Observation]) -> tuple[Fit, ...]:
        """The fits, with what each term of the energy left over: landmarks, outline."""
        photos, faces = [each.photo for each in observations], [each.face for each in observations]
        return fit_person(self.model, photos, faces, shading=self.shading)


def fit_person(
    model: MorphableModel, photos: Sequence[Photo], faces: Sequence[Face], *, shading: bool = True
) -> tuple[Fit, ...]:
    """The model laid over every photo, with one identity; warns where the landmarks do not fit the model."""
    sights = [observe_landmarks(model, face, photo.size, photo.focal) for photo, face in zip(photos, faces, strict=True)]
    warn_of_strangers(model, photos, sights)
    state = fit_landmarks(model, sights)
    for blur in SHADING_BLUR if shading else ():
        seen = zip(photos, sights, state.poses, strict=True)
        state = step(model, state, (_terms(model, photo, sight, state, pose, blur) for photo, sight, pose in seen))
    fits = tuple(fit_of(model, sight, state, pose) for sight, pose in zip(sights, state.poses, strict=True))
    for photo, fit in zip(photos, fits, strict=True):
        warn_of_poor(photo, fit)
    return fits


def _terms(
    model: MorphableModel, photo: Photo, sight: LandmarkObservation, state: State, pose: FrameParameters, blur: float
) -> NormalEquations:
    """One photo's part of the energy, its light and albedo found anew."""
    fit = fit_of(model, sight, state, pose)
    light = appearance_over(photo, fit)
    part = landmark_term(sight, state, pose) + shading_term(blurred(photo, blur * sight.unit), fit, light, state, pose)
    outline = outline_term(model, sight, state, pose)
    return part + outline if outline else part


def fit_of(model: MorphableModel, sight: LandmarkObservation, state: State, pose: FrameParameters) -> Fit:
    """What the state means for a photo."""
    coefficients = state.identity.astype(np.float32), conjugate(model, pose.expression).astype(np.float32)
    left = {LANDMARKS: inner_error(sight, state, pose), OUTLINE: outline_error(model, sight, state, pose)}
    residuals = {name: value for name, value in left.items() if value is not None}
    vertices = model.vertices(*coefficients)
    flow = residual_flow(vertices, sight, state, pose)
    return Fit(model, *coefficients, camera_of(sight, pose), residuals, flow, behind_lips(model, vertices))


def appearance_over(photo: Photo, fit: Fit) -> Appearance:
    """Light and albedo by the whole photo, hair and glasses with it."""
    return estimate_appearance(unwrap(photo, fit, np.ones(photo.rgb.shape[:2], np.float32), SIZE), fit)


def warn_of_strangers(model: MorphableModel, photos: Sequence[Photo], sights: Sequence[LandmarkObservation]) -> None:
    """Fits each photo by itself: faces of one person have to come out alike."""
    if len(photos) < 2:
        return
    face = model.regions["face"] > 0.5
    rest = np.zeros(len(model.expression), np.float32)

    def alone(sight: LandmarkObservation) -> Float32[np.ndarray, "face 3"]:
        return model.vertices(fit_landmarks(model, [sight]).identity.astype(np.float32), rest)[face]

    first = alone(sights[0])
    for photo, sight in zip(photos[1:], sights[1:], strict=True):
        apart = 1000 * float(np.sqrt(((alone(sight) - first) ** 2).sum(1).mean()))
        if apart > STRANGERS:
            told = f"{photos[0].name} and {photo.name} may show different people (heads {apart:.1f} mm apart)"
            warn(f"{told}; one head is made of both")


def warn_of_poor(photo: Photo, fit: Fit) -> None:
    """Where the landmarks are far off."""
    if fit.residuals[LANDMARKS] > POOR:
        off = fit.residuals[LANDMARKS]
        warn(f"{photo.name}: the head fits poorly (landmarks {off:.1f}% of the eye distance off)")
