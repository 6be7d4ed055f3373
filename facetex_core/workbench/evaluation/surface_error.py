"""How far a fitted head is from the true one: surfaces after a similarity alignment, the pose, the landmarks."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float32, Float64, Int32

from facetex_core.geometry.landmarks import eye_distance
from facetex_core.geometry.mesh import triangle_normals
from facetex_core.geometry.raycast import Scene
from facetex_core.geometry.similarity import similarity
from facetex_core.structures import Camera, Fit
from facetex_core.workbench.evaluation.suite import Truth

ALIGN_ROUNDS = 40
ENOUGH = 2000
"""Points that the alignment looks at; seven unknowns need no more."""
STILL = 5e-6
"""Metres; when no point moves farther in a round, the alignment is done."""
DAMPING = 1e-4
INNER = slice(17, 68)
"""Landmarks of the inner face: those of the contour slide over the skin as the head turns."""

Points = Float32[np.ndarray, "points 3"]


@dataclass(frozen=True, eq=False, slots=True)
class Similarity:
    """Points of the fitted frame in the true one: scale . turn . x + shift."""

    rotation: Float64[np.ndarray, "3 3"]
    scale: float
    shift: Float64[np.ndarray, "3"]

    def apply(self, points: Points) -> Float64[np.ndarray, "points 3"]:
        """Fitted points, in the true frame."""
        return np.asarray(self.scale * points @ self.rotation.T + self.shift, np.float64)

    def undo(self, points: Points) -> Points:
        """True points, in the fitted frame."""
        return np.asarray((points - self.shift) @ self.rotation / self.scale, np.float32)


@dataclass(frozen=True, eq=False, slots=True)
class Skin:
    """A head's skin, with its 68 landmarks in space; those that its model lacks are not numbers."""

    vertices: Float32[np.ndarray, "vertices 3"]
    triangles: Int32[np.ndarray, "triangles 3"]
    landmarks: Float32[np.ndarray, "68 3"]


def fitted_skin(fit: Fit) -> Skin:
    """The skin of a fit."""
    mesh, e, vertices = fit.model.mesh, fit.model.embedding, fit.vertices
    landmarks = np.einsum("pk,pki->pi", e.landmark_barycentric, vertices[mesh.triangles[e.landmark_triangles]])
    return Skin(vertices, mesh.triangles[mesh.parts["skin"]], landmarks.astype(np.float32))


def align(
    points: Points, landmarks: Float32[np.ndarray, "68 3"] | None, fitted: Skin, kept: float = 1.0
) -> tuple[Similarity, Float32[np.ndarray, "points"]]:
    """The similarity that lays the fitted surface on true points, and how far from it each point then is, in metres.

    Starts from the landmarks, or where the truth has none from the foremost points, the tips of the noses. Each round
    finds the nearest points and minimises the distances along their normals (Chen and Medioni 1991), measured in true metres.
    Only the nearest share `kept` of the points has a say in a round: hair or a beard that one surface lacks has none.
    """
    scene, normals = Scene(fitted.vertices, fitted.triangles), triangle_normals(fitted.vertices, fitted.triangles)
    normals = normals / np.maximum(np.linalg.norm(normals, axis=1, keepdims=True), 1e-20)
    laid = _start(points, landmarks, fitted)
    some = points[:: max(1, len(points) // ENOUGH)]
    for _ in range(ALIGN_ROUNDS):
        triangle, weights = scene.nearest(laid.undo(some))
        near = laid.apply(np.einsum("pk,pki->pi", weights, fitted.vertices[fitted.triangles[triangle]]))
        away = np.linalg.norm(near - some, axis=1)
        close = away <= np.quantile(away, kept)
        laid, step = _improved(laid, near[close], some[close], normals[triangle[close]] @ laid.rotation.T)
        if step < STILL:
            break
    near = laid.apply(scene.closest_points(laid.undo(points)))
    return laid, np.linalg.norm(near - points, axis=1).astype(np.float32)


def _start(points: Points, landmarks: Float32[np.ndarray, "68 3"] | None, fitted: Skin) -> Similarity:
    if landmarks is not None:
        both = np.stack([fitted.landmarks[INNER], landmarks[INNER]]).astype(np.float64)
        return Similarity(*similarity(*both[:, np.isfinite(both).all((0, 2))]))
    tips = points[points[:, 2].argmax()], fitted.vertices[fitted.vertices[:, 2].argmax()]
    return Similarity(np.eye(3), 1.0, (tips[0] - tips[1]).astype(np.float64))


def _improved(
    laid: Similarity, near: Float64[np.ndarray, "points 3"], points: Points, normals: Float64[np.ndarray, "points 3"]
) -> tuple[Similarity, float]:
    """One Gauss-Newton step for turn, shift and scale about the points' middle, and how far it moves them at most."""
    from scipy.spatial.transform import Rotation

    middle = near.mean(0)
    arm = near - middle
    size = float(np.sqrt((arm**2).sum(1).mean()))
    along = np.einsum("pi,pi->p", normals, arm)
    design = np.concatenate([np.cross(arm, normals) / size, normals, along[:, None] / size], 1)
    wanted = np.einsum("pi,pi->p", normals, points - near)
    matrix = design.T @ design
    if not 0 < np.trace(matrix) < np.inf:
        return laid, 0.0  # nothing near, or nothing with a normal, tells where to go
    solved = np.linalg.solve(matrix + DAMPING * np.trace(matrix) * np.eye(7), design.T @ wanted)
    turn, grow = Rotation.from_rotvec(solved[:3] / size).as_matrix(), float(np.exp(solved[6] / size))
    shift = grow * turn @ (laid.shift - middle) + middle + solved[3:6]
    return Similarity(turn @ laid.rotation, grow * laid.scale, shift), float(np.abs(solved).max())


def pose_error(true: Camera, fitted: Float32[np.ndarray, "3 3"], laid: Similarity) -> float:
    """Degrees by which the fitted head, as its camera sees it, is turned against the true one.

    `fitted` turns its frame to its camera's. Frames of models differ, and shape can stand in for a little turn: so the
    fitted surface is first laid on the true one, and what is compared is how the two cameras see that one head.
    """
    turn = true.world_to_camera[:3, :3].astype(np.float64) @ laid.rotation @ fitted.T.astype(np.float64)
    return float(np.degrees(np.arccos(np.clip((np.trace(turn) - 1) / 2, -1, 1))))


def landmark_error(truth: Truth, places: Float32[np.ndarray, "68 2"]) -> float | None:
    """Mean distance in the photo of the inner face's landmarks, in percent of the true distance of the outer eye corners."""
    if truth.landmarks is None:
        return None
    away = np.nanmean(np.linalg.norm(places[INNER] - truth.landmarks[INNER], axis=1))
    return float(100 * away / eye_distance(truth.landmarks))
