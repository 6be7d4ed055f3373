"""Pose, identity and expression from landmarks and the outline of the face, by Gauss-Newton.

    E = sum_j w_j rho(|Pi(R v_j(a, b) + t) - x_j|^2 / s^2) + w_a |a|^2 + w_b |b|^2

the landmark and regularisation terms of Saito 2017 (equation 2, after Thies 2016); Pi is a perspective projection,
v_j the landmark on the model, x_j in the photo, s one percent of the distance between the outer eye corners,
rho a Cauchy loss solved by reweighting, a and b in standard deviations.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from jaxtyping import Float, Float64, Int

from facetex_core import Camera, Face, MorphableModel, PhotoError
from facetex_core.geometry.landmarks import EYES, EYES_68, INNER_LIPS, INNER_LIPS_68, JAW_68, OVAL, eye_distance
from facetex_core.geometry.mesh import vertex_normals
from facetex_plugins.fit.energy.gauss_newton import FrameParameters, State, normal_equations, step, values_of
from facetex_plugins.fit.energy.normal_equations import NormalEquations
from facetex_plugins.fit.energy.surface_points import SurfacePoints, observe, surface_points_at
from facetex_plugins.fit.thresholds import ASSUMED_FOCAL, CAUCHY, LID_WEIGHT, OVAL_WEIGHT, TURNED

LANDMARK_STEPS = 10
RIGID_STEPS = 2
"""The head has to stand before it is deformed."""


@dataclass(frozen=True, eq=False, slots=True)
class LandmarkObservation:
    """One photo's landmarks, and the model's that belong to them."""

    surface_points: SurfacePoints
    seen: Float64[np.ndarray, "points 2"]
    weights: Float64[np.ndarray, "points"]
    normals: Float64[np.ndarray, "points 3"]
    """Where the skin of the oval's points faces; 0 for all others."""
    intrinsics: Float64[np.ndarray, "3 3"]
    size: tuple[int, int]
    unit: float
    """Pixels: one percent of the distance between the outer eye corners."""


def observe_landmarks(
    model: MorphableModel, face: Face, size: tuple[int, int], focal: float | None = None
) -> LandmarkObservation:
    """Dense points where the detector gives them: they halve the error of the 68 (measured). The focal length is in pixels."""
    dense = len(face.dense) > 0 and len(face.dense) == len(model.embedding.dense_triangles)
    probes, weights, ways = _landmarks(model, dense)
    focal = focal or ASSUMED_FOCAL * max(size)
    return LandmarkObservation(
        probes,
        (face.dense if dense else face.landmarks).astype(np.float64),
        weights,
        ways,
        np.array([[focal, 0, size[0] / 2], [0, focal, size[1] / 2], [0, 0, 1]]),
        size,
        eye_distance(face.landmarks) / 100,
    )


@lru_cache(maxsize=4)
def _landmarks(
    model: MorphableModel, dense: bool
) -> tuple[SurfacePoints, Float64[np.ndarray, "points"], Float64[np.ndarray, "points 3"]]:
    """The model's landmarks, their weights, and where the oval's skin faces: the same for all photos, so made once."""
    e = model.embedding
    corners = model.mesh.triangles[e.dense_triangles if dense else e.landmark_triangles]
    barycentric = (e.dense_barycentric if dense else e.landmark_barycentric).astype(np.float64)
    lids_and_lips = np.max([model.regions["lips"], model.regions["eyes"]], axis=0)[corners]
    weights = 1 + np.einsum("pk,pk->p", lids_and_lips, barycentric)
    lids = EYES if dense else EYES_68
    lips = INNER_LIPS if dense else INNER_LIPS_68
    weights[[*lids["right_eye"], *lids["left_eye"], *lips]] = LID_WEIGHT
    oval = np.array(OVAL if dense else JAW_68)
    weights[oval] = OVAL_WEIGHT
    ways = np.zeros((len(weights), 3))
    ways[oval] = _ways(model, corners[oval], barycentric[oval])
    return surface_points_at(model, corners, barycentric), weights, ways


def fit_landmarks(
    model: MorphableModel,
    sights: Sequence[LandmarkObservation],
    identity: Float64[np.ndarray, "modes"] | None = None,
) -> State:
    """One identity, found here unless it is known, and a pose and an expression for each photo."""
    known = identity is not None
    state = State(np.zeros(len(model.identity)) if identity is None else identity, tuple(_stand(sight) for sight in sights))
    for number in range(LANDMARK_STEPS):
        terms = (landmark_term(sight, state, pose) for sight, pose in zip(sights, state.poses, strict=True))
        state = step(model, state, terms, rigid=number < RIGID_STEPS, known=known)
    return state


def landmark_term(sight: LandmarkObservation, state: State, pose: FrameParameters) -> NormalEquations:
    """The landmarks' part of the energy."""
    pixels, jacobian = observe(sight.surface_points, state, pose, sight.intrinsics)
    residual = (pixels - sight.seen) / sight.unit
    robust = sight.weights * _facing(sight, pose) / (1 + (np.linalg.norm(residual, axis=1) / CAUCHY) ** 2)
    jacobian = jacobian.reshape(2 * len(pixels), -1) / sight.unit
    return normal_equations(jacobian, residual.ravel(), np.repeat(robust, 2), values_of(state, pose))


def _facing(sight: LandmarkObservation, pose: FrameParameters) -> Float64[np.ndarray, "points"]:
    """1, falling to 0 for points of the oval that turn away: there the detector marks the outline."""
    towards = -pose.rotation.T @ pose.translation  # the head is small beside its distance: one direction for all
    cosine = sight.normals @ (towards / np.linalg.norm(towards))
    return np.where(sight.normals.any(1), np.clip(cosine / TURNED, 0, 1), 1)


def _ways(
    model: MorphableModel, corners: Int[np.ndarray, "points 3"], barycentric: Float[np.ndarray, "points 3"]
) -> Float64[np.ndarray, "points 3"]:
    normals = vertex_normals(model.mean, model.mesh.triangles[model.mesh.parts["skin"]])
    ways = np.einsum("pk,pki->pi", barycentric, normals[corners])
    return np.asarray(ways / np.maximum(np.linalg.norm(ways, axis=1, keepdims=True), 1e-12), np.float64)


def misses(sight: LandmarkObservation, state: State, pose: FrameParameters) -> Float64[np.ndarray, "points 2"]:
    """From the model's landmarks to those seen, in pixels."""
    return np.asarray(sight.seen - observe(sight.surface_points, state, pose, sight.intrinsics)[0])


def inner_error(sight: LandmarkObservation, state: State, pose: FrameParameters) -> float:
    """The mean distance of the inner face's landmarks, in percent of the eye distance."""
    return float(np.linalg.norm(misses(sight, state, pose), axis=1)[sight.weights >= 1].mean() / sight.unit)


def camera_of(sight: LandmarkObservation, pose: FrameParameters) -> Camera:
    """The photo's camera."""
    matrix = np.eye(4, dtype=np.float32)
    matrix[:3, :3], matrix[:3, 3] = pose.rotation, pose.translation
    return Camera(sight.intrinsics.astype(np.float32), matrix, sight.size)


def _stand(sight: LandmarkObservation) -> FrameParameters:
    """A scaled orthographic camera by least squares, made rigid: the rotation nearest to the affine one."""
    points = sight.surface_points.mean
    centre, seen = points.mean(0), sight.seen.mean(0)
    affine = np.linalg.lstsq(points - centre, sight.seen - seen, rcond=None)[0].T
    scale = np.linalg.norm(affine, axis=1).mean()
    if not (np.isfinite(scale) and scale > 0):
        raise PhotoError("the detector's landmarks all lie in one place, so nothing can be fitted to them")
    third = np.cross(affine[0], affine[1]) / scale
    left, _, right = np.linalg.svd(np.stack([affine[0], affine[1], third]))
    rotation = left @ np.diag([1, 1, np.linalg.det(left @ right)]) @ right
    depth = sight.intrinsics[0, 0] / scale
    middle = np.append((seen - sight.intrinsics[:2, 2]) / sight.intrinsics[0, 0] * depth, depth)
    return FrameParameters(rotation, middle - rotation @ centre, np.zeros(sight.surface_points.expression.shape[-1]))
