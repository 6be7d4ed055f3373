"""The whole fit of a morphable model to a photo, for any model: first where, then what colour, under which light."""

import warnings
from dataclasses import replace

import numpy as np

from facetex_core.harmonics import ambient
from facetex_core.landmark_fit import fit_landmarks
from facetex_core.photometry import SIZE, explain_light
from facetex_core.structures import Face, Fit, MorphableModel, Photo

POOR = 4.0
"""Percent of the eye distance: the 95th percentile of the inner face on portraits is 3.5 (measured)."""


def fit_photo(model: MorphableModel, photo: Photo, face: Face) -> Fit:
    """Energy and order of Saito 2017, section 4.1; warns where the landmarks do not fit the model."""
    camera, identity, expression, inner = fit_landmarks(model, face, photo.size)
    if inner > POOR:
        warnings.warn(f"{photo.name}: the head fits poorly (landmarks {inner:.1f}% of the eye distance off)", stacklevel=3)
    grey = np.ones((SIZE, SIZE, 3), np.float32)
    start = Fit(model, identity, expression, camera, ambient(), grey)
    lighting, albedo, left = explain_light(photo, start)
    residuals = {"landmarks (% of eye distance)": inner, "photo (share of its light)": left}
    return replace(start, lighting=lighting, albedo=albedo, residuals=residuals)
