"""The whole fit of a morphable model to the photos of one person: first where, then what colour, under which light.

    E = w_c E_c + w_lan E_lan + w_con E_con + w_reg E_reg

after Saito 2017 (equation 1): landmarks (landmark_fit.py), outline (outline.py), photo-consistency (shading_term.py) and
the coefficients in standard deviations (gauss_newton.py). Coarse to fine: the pose, then the shape by landmarks, then
all terms, while the photo loses its blur and light and albedo are found anew for each.
"""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from facetex_core.fitting.drift import drift_of
from facetex_core.fitting.gauss_newton import Normal, Pose, State, step
from facetex_core.fitting.landmark_fit import Sight, camera_of, fit_landmarks, inner_error, landmark_term, sight_of
from facetex_core.fitting.outline import outline_error, outline_term
from facetex_core.fitting.shading_term import blurred, shading_term
from facetex_core.harmonics import ambient
from facetex_core.messages import warn
from facetex_core.photometry import SIZE, explain_light
from facetex_core.structures import Face, Fit, MorphableModel, Photo, Texture
from facetex_core.teeth import behind_lips
from facetex_core.unwrap import unwrap

POOR = 2.0
"""Percent of the eye distance: on portraits the landmarks of the inner face are 0.8 off at most (measured)."""
STRANGERS = 3.3
"""Millimetres, root mean square over the face, between heads fitted to one photo each: two pairs of photos of one person
gave 1.7 and 3.1, pairs of different people 1.8 in the middle. So only those who look quite unlike each other are told."""
BLUR = (3.0, 1.5)
"""Percent of the eye distance by which the photo is smoothed, from coarse to fine: finer than the mesh is no use."""

LANDMARKS, OUTLINE, PHOTO = "landmarks (% of eye distance)", "outline (% of eye distance)", "photo (share of its light)"
"""The residuals' names."""


class ModelFitter(ABC):
    """A fitter that needs only a morphable model: the default one and its alternates differ by nothing else."""

    shading = True
    """Whether the photo's brightness refines the shape."""

    @property
    @abstractmethod
    def model(self) -> MorphableModel:
        """The model, read when first needed."""

    def fit(self, photos: Sequence[Photo], faces: Sequence[Face]) -> tuple[Fit, ...]:
        """The fits, with what each term of the energy left over: landmarks, outline, photo."""
        return fit_person(self.model, photos, faces, shading=self.shading)


def fit_person(
    model: MorphableModel, photos: Sequence[Photo], faces: Sequence[Face], *, shading: bool = True
) -> tuple[Fit, ...]:
    """The model laid over every photo, with one identity; warns where the landmarks do not fit the model."""
    sights = [sight_of(model, face, photo.size) for photo, face in zip(photos, faces, strict=True)]
    _warn_of_strangers(model, photos, sights)
    state = fit_landmarks(model, sights)
    fits = _fits(model, photos, sights, state)
    for blur in BLUR if shading else ():
        state = step(model, state, _terms(photos, fits, sights, state, blur))
        fits = _fits(model, photos, sights, state)
    for photo, fit in zip(photos, fits, strict=True):
        _warn_of_poor(photo, fit)
    return fits


def _terms(photos: Sequence[Photo], fits: Sequence[Fit], sights: Sequence[Sight], state: State, blur: float) -> list[Normal]:
    """Each photo's part of the energy."""
    parts = []
    for photo, fit, sight, pose in zip(photos, fits, sights, state.poses, strict=True):
        part = landmark_term(sight, state, pose) + shading_term(blurred(photo, blur * sight.unit), fit, state, pose)
        outline = outline_term(fit.model, sight, state, pose)
        parts.append(part + outline if outline else part)
    return parts


def _fits(model: MorphableModel, photos: Sequence[Photo], sights: Sequence[Sight], state: State) -> tuple[Fit, ...]:
    """What the state means for each photo, with light and albedo for its shape."""
    pairs = zip(photos, sights, state.poses, strict=True)
    return tuple(_fit(model, photo, sight, state, pose) for photo, sight, pose in pairs)


def _fit(model: MorphableModel, photo: Photo, sight: Sight, state: State, pose: Pose) -> Fit:
    grey = np.ones((SIZE, SIZE, 3), np.float32)
    coefficients = state.identity.astype(np.float32), pose.expression.astype(np.float32)
    left = {LANDMARKS: inner_error(sight, state, pose), OUTLINE: outline_error(model, sight, state, pose)}
    residuals = {name: value for name, value in left.items() if value is not None}
    vertices = model.vertices(*coefficients)
    drift, teeth = drift_of(vertices, sight, state, pose), behind_lips(model, vertices)
    fit = Fit(model, *coefficients, camera_of(sight, pose), ambient(), grey, residuals, drift, teeth)
    everything = np.ones(photo.rgb.shape[:2], np.float32)
    return relight(fit, unwrap(photo, fit, everything, SIZE))


def _warn_of_strangers(model: MorphableModel, photos: Sequence[Photo], sights: Sequence[Sight]) -> None:
    """Fits each photo by itself: faces of one person have to come out alike."""
    if len(photos) < 2:
        return
    face = model.regions["face"] > 0.5
    rest = np.zeros(len(model.expression), np.float32)
    identities = [fit_landmarks(model, [sight]).identity.astype(np.float32) for sight in sights]
    alone = [model.vertices(identity, rest)[face] for identity in identities]
    for photo, shape in zip(photos[1:], alone[1:], strict=True):
        apart = 1000 * float(np.sqrt(((shape - alone[0]) ** 2).sum(1).mean()))
        if apart > STRANGERS:
            told = f"{photos[0].name} and {photo.name} may show different people (heads {apart:.1f} mm apart)"
            warn(f"{told}; one head is made of both")


def _warn_of_poor(photo: Photo, fit: Fit) -> None:
    if fit.residuals[LANDMARKS] > POOR:
        off = fit.residuals[LANDMARKS]
        warn(f"{photo.name}: the head fits poorly (landmarks {off:.1f}% of the eye distance off)")


def relight(fit: Fit, lit: Texture) -> Fit:
    """The fit with light and albedo found from a texture: the better its mask, the less hair they have to explain."""
    lighting, albedo, left = explain_light(lit, fit)
    return replace(fit, lighting=lighting, albedo=albedo, residuals={**fit.residuals, PHOTO: left})
