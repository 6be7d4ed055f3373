"""The outline of the head in the photo: where the skin turns away from the camera, the face oval's landmarks lie.

A landmark of the oval marks no place on the skin: it slides to the outline as the head turns. So it holds the nearest
point of the model's own outline, across it only (the contour term of Bas et al. 2016, section 3.3, made differentiable
by the edges of the mesh on which the skin turns away).
"""

from functools import lru_cache

import numpy as np
from jaxtyping import Float64, Int64

from facetex_core import MorphableModel
from facetex_core.geometry.landmarks import JAW, JAW_68
from facetex_core.geometry.mesh import vertex_normals
from facetex_plugins.fit.energy.gauss_newton import FrameParameters, State, normal_equations, values_of
from facetex_plugins.fit.energy.landmark_term import LandmarkObservation
from facetex_plugins.fit.energy.normal_equations import NormalEquations
from facetex_plugins.fit.energy.surface_points import observe, surface_points_at
from facetex_plugins.fit.thresholds import CAUCHY, CONTOUR_REACH, CONTOUR_WEIGHT

INSIDE = ("lips", "eyes", "nose", "nostrils")
"""Regions with outlines of their own, inside the face."""


def outline_term(
    model: MorphableModel, sight: LandmarkObservation, state: State, pose: FrameParameters
) -> NormalEquations | None:
    """The outline's part of the energy; none where no landmark is near it."""
    residual, jacobian = _across(model, sight, state, pose)
    if not len(residual):
        return None
    return normal_equations(jacobian, residual, CONTOUR_WEIGHT / (1 + (residual / CAUCHY) ** 2), values_of(state, pose))


def outline_error(model: MorphableModel, sight: LandmarkObservation, state: State, pose: FrameParameters) -> float | None:
    """The mean distance of the outline's landmarks from it, in percent of the eye distance; none where none is near it."""
    residual, _ = _across(model, sight, state, pose)
    return float(np.abs(residual).mean()) if len(residual) else None


def _across(
    model: MorphableModel, sight: LandmarkObservation, state: State, pose: FrameParameters
) -> tuple[Float64[np.ndarray, "points"], Float64[np.ndarray, "points unknowns"]]:
    """How far the landmarks that are near the outline lie off it, and the Jacobian of that."""
    edges, share, normals = find_outline(model, state, pose)
    probes = surface_points_at(model, edges, np.stack([1 - share, share], 1))
    pixels, jacobian = observe(probes, state, pose, sight.intrinsics)
    seen = sight.seen[list(JAW if len(sight.seen) > max(JAW) else JAW_68)]
    away = np.linalg.norm(pixels[None] - seen[:, None], axis=-1) / sight.unit
    near = away.min(1, initial=np.inf) < CONTOUR_REACH
    nearest = away[near].argmin(1) if near.any() else np.zeros(0, int)
    across = (normals @ pose.rotation.T)[nearest, :2]
    across /= np.linalg.norm(across, axis=1, keepdims=True)
    residual = ((pixels[nearest] - seen[near]) * across).sum(1) / sight.unit
    return residual, np.einsum("pi,piu->pu", across, jacobian[nearest]) / sight.unit


def find_outline(
    model: MorphableModel, state: State, pose: FrameParameters
) -> tuple[Int64[np.ndarray, "points 2"], Float64[np.ndarray, "points"], Float64[np.ndarray, "points 3"]]:
    """The edges on which the face turns away, how far along each, and where the skin faces there."""
    vertices = model.vertices(state.identity.astype(np.float32), pose.expression.astype(np.float32))
    normals = vertex_normals(vertices, model.mesh.triangles[model.mesh.parts["skin"]]).astype(np.float64)
    eye = -pose.rotation.T @ pose.translation
    facing = np.einsum("vi,vi->v", normals, eye - vertices)
    edges = _edges(model)
    first, second = facing[edges].T
    turning = first * second < 0
    share = (first / np.where(turning, first - second, 1))[turning]
    edges = edges[turning]
    ways = (1 - share)[:, None] * normals[edges[:, 0]] + share[:, None] * normals[edges[:, 1]]
    return edges, share, ways


@lru_cache(maxsize=4)
def _edges(model: MorphableModel) -> Int64[np.ndarray, "edges 2"]:
    """The edges of the face's skin, but for the features inside it."""
    wanted = model.regions["face"] - np.max([model.regions[name] for name in INSIDE], axis=0) > 0.3
    triangles = model.mesh.triangles[model.mesh.parts["skin"]]
    edges = np.unique(np.sort(triangles[:, [[0, 1], [1, 2], [2, 0]]].reshape(-1, 2), 1), axis=0)
    return np.asarray(edges[wanted[edges].all(1)], np.int64)
