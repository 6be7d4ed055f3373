"""The whole fit of a morphable model to a photo, for any model: first where, then what colour, under which light."""

import warnings
from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from facetex_core.harmonics import ambient
from facetex_core.landmark_fit import fit_landmarks
from facetex_core.photometry import SIZE, explain_light
from facetex_core.structures import Face, Fit, MorphableModel, Photo, Texture
from facetex_core.unwrap import unwrap

POOR = 4.0
"""Percent of the eye distance: the 95th percentile of the inner face on portraits is 3.5 (measured)."""


LANDMARKS, PHOTO = "landmarks (% of eye distance)", "photo (share of its light)"
"""The residuals' names."""


class ModelFitter(ABC):
    """A fitter that needs only a morphable model: the default one and its alternates differ by nothing else."""

    @property
    @abstractmethod
    def model(self) -> MorphableModel:
        """The model, read when first needed."""

    def fit(self, photos: Sequence[Photo], faces: Sequence[Face]) -> tuple[Fit, ...]:
        """The fits, with their residuals: landmarks in percent of the eye distance, photo as a share of its light."""
        return tuple(fit_photo(self.model, photo, face) for photo, face in zip(photos, faces, strict=True))


def fit_photo(model: MorphableModel, photo: Photo, face: Face) -> Fit:
    """Energy and order of Saito 2017, section 4.1; warns where the landmarks do not fit the model."""
    camera, identity, expression, inner = fit_landmarks(model, face, photo.size)
    if inner > POOR:
        warnings.warn(f"{photo.name}: the head fits poorly (landmarks {inner:.1f}% of the eye distance off)", stacklevel=3)
    grey = np.ones((SIZE, SIZE, 3), np.float32)
    start = Fit(model, identity, expression, camera, ambient(), grey)
    everything = np.ones(photo.rgb.shape[:2], np.float32)
    fit = replace(start, residuals={LANDMARKS: inner})
    return relight(fit, unwrap(photo, fit, everything, SIZE))


def relight(fit: Fit, lit: Texture) -> Fit:
    """The fit with light and albedo found from a texture: the better its mask, the less hair they have to explain."""
    lighting, albedo, left = explain_light(lit, fit)
    return replace(fit, lighting=lighting, albedo=albedo, residuals={**fit.residuals, PHOTO: left})
