"""What the model cannot follow: a smooth shift of where the photo is read, so that lips, lids and brows land in their place.

After the fit the landmarks are still about half a percent of the eye distance away from the model's, because nobody's
face lies in the model's span. The shift interpolates these misses over the skin by Gaussian processes: sum_j c_j k(|v - p_j|).
"""

import numpy as np
from jaxtyping import Float, Float32, Float64

from facetex_plugins.fit.energy.gauss_newton import FrameParameters, State
from facetex_plugins.fit.energy.landmark_term import LandmarkObservation, misses
from facetex_plugins.fit.energy.surface_points import world
from facetex_plugins.fit.thresholds import CAUCHY, FLOW_NOISE, FLOW_REACH


def residual_flow(
    vertices: Float32[np.ndarray, "vertices 3"], sight: LandmarkObservation, state: State, pose: FrameParameters
) -> Float32[np.ndarray, "vertices 2"]:
    """A smooth shift of where the photo is read, by vertex, in pixels; 0 far from landmarks. The oval's slide: no say.

    After the fit the landmarks are still half a percent of the eye distance off, because nobody's face lies in the model's
    span. The shift interpolates these misses over the skin by Gaussian processes: sum_j c_j k(|v - p_j|).
    """
    inner = sight.weights >= 1
    missed = misses(sight, state, pose)[inner]
    trust = 1 / (1 + (np.linalg.norm(missed, axis=1) / sight.unit / CAUCHY) ** 2)
    points = world(sight.surface_points, state, pose)[inner]
    among = _kernel(points, points) + np.diag(FLOW_NOISE / trust)
    return (_kernel(vertices.astype(np.float64), points) @ np.linalg.solve(among, missed)).astype(np.float32)


def _kernel(first: Float[np.ndarray, "first 3"], second: Float[np.ndarray, "second 3"]) -> Float64[np.ndarray, "first second"]:
    squared = (first**2).sum(1)[:, None] + (second**2).sum(1) - 2 * first @ second.T
    return np.asarray(np.exp(-np.maximum(squared, 0) / (2 * FLOW_REACH**2)))
