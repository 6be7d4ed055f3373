"""Pose, identity and expression from landmarks, by Gauss-Newton.

    E = sum_j w_j rho(|Pi(R v_j(a, b) + t) - x_j|^2 / s^2) + w_a |a|^2 + w_b |b|^2

the landmark and regularisation terms of Saito 2017 (equation 2, after Thies 2016); Pi is a perspective projection,
v_j the landmark on the model, x_j in the photo, s one percent of the distance between the outer eye corners,
rho a Cauchy loss solved by reweighting, a and b in standard deviations.
"""

from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Float32, Float64

from facetex_core.iris import DENSE, SPARSE
from facetex_core.structures import Camera, Face, MorphableModel

FOCAL = 2.4
"""Focal length over the longer side of the photo: a portrait lens; between 1.5 and 4 the fit hardly changes (measured)."""
IDENTITY_PRIOR = 3.0
EXPRESSION_PRIOR = 9.0
STEPS = 10
CAUCHY = 3.0
"""Residuals beyond three percent of the eye distance lose weight."""
CONTOURS = 10.0
"""Weight of lid margins and inner lips: an eye a millimetre too open stares, a mouth shows teeth that the photo does not."""
WIDE_EYES = 20.0
"""Prior of eyeWide beside the others': without it nearly every portrait opened its eyes to raise its brows (measured: 0.74)."""
_INNER_LIPS = (78, 95, 88, 178, 87, 14, 317, 402, 318, 324, 308, 415, 310, 311, 312, 13, 82, 81, 80, 191)
_OUTLINE = (
    10, 338, 297, 332, 284, 251, 389, 356, 454, 323, 361, 288, 397, 365, 379, 378, 400, 377, 152,
    148, 176, 149, 150, 136, 172, 58, 132, 93, 234, 127, 162, 21, 54, 103, 67, 109,
)  # fmt: skip  # MediaPipe's face oval: it slides over the skin as the head turns


@dataclass(frozen=True, eq=False, slots=True)
class Points:
    """The model at the landmarks alone, with the weight of each."""

    mean: Float64[np.ndarray, "points 3"]
    identity: Float64[np.ndarray, "points 3 modes"]
    expression: Float64[np.ndarray, "points 3 expressions"]
    seen: Float64[np.ndarray, "points 2"]
    weights: Float64[np.ndarray, "points"]
    scale: float
    """Pixels: one percent of the distance between the outer eye corners."""


@dataclass(frozen=True, eq=False, slots=True)
class Pose:
    """Camera coordinates = rotation . world + translation."""

    rotation: Float64[np.ndarray, "3 3"]
    translation: Float64[np.ndarray, "3"]
    identity: Float64[np.ndarray, "modes"]
    expression: Float64[np.ndarray, "expressions"]


def fit_landmarks(
    model: MorphableModel, face: Face, size: tuple[int, int]
) -> tuple[Camera, Float32[np.ndarray, "modes"], Float32[np.ndarray, "expressions"], float]:
    """Camera, identity, expression, and the mean residual of the inner face in percent of the eye distance."""
    points = _points(model, face)
    intrinsics = _intrinsics(size)
    pose = _start(points, intrinsics)
    for step in range(STEPS):
        rigid = step < 2  # the head has to stand before it is deformed
        pose = _gauss_newton(points, pose, intrinsics, model, rigid=rigid)
    residual = np.linalg.norm(_project(points, pose, intrinsics)[0] - points.seen, axis=1) / points.scale
    matrix = np.eye(4, dtype=np.float32)
    matrix[:3, :3], matrix[:3, 3] = pose.rotation, pose.translation
    inner = residual[points.weights >= 1].mean()
    camera = Camera(intrinsics.astype(np.float32), matrix, size)
    return camera, pose.identity.astype(np.float32), pose.expression.astype(np.float32), float(inner)


def _points(model: MorphableModel, face: Face) -> Points:
    """Dense points where the detector gives them: they halve the error of the 68 (measured)."""
    e = model.embedding
    dense = len(face.dense) > 0 and len(face.dense) == len(e.dense_triangles)
    triangles = model.mesh.triangles[e.dense_triangles if dense else e.landmark_triangles]
    barycentric = (e.dense_barycentric if dense else e.landmark_barycentric).astype(np.float64)
    seen = face.dense if dense else face.landmarks

    def at(values: np.ndarray) -> np.ndarray:
        return np.asarray(np.einsum("...pki,pk->...pi", values[..., triangles, :].astype(np.float64), barycentric))

    lids_and_lips = np.max([model.regions["lips"], model.regions["eyes"]], axis=0)[triangles]
    weights = 1 + np.einsum("pk,pk->p", lids_and_lips, barycentric)
    lids = SPARSE if not dense else DENSE
    lips = _INNER_LIPS if dense else tuple(range(60, 68))
    weights[[*lids["right_eye"], *lids["left_eye"], *lips]] = CONTOURS
    weights[np.array(_OUTLINE) if dense else np.arange(17)] = 0.35
    return Points(
        at(model.mean),
        np.moveaxis(at(model.identity), 0, -1),
        np.moveaxis(at(model.expression), 0, -1),
        seen.astype(np.float64),
        weights,
        float(np.linalg.norm(face.landmarks[36] - face.landmarks[45])) / 100,
    )


def _intrinsics(size: tuple[int, int]) -> Float64[np.ndarray, "3 3"]:
    focal = FOCAL * max(size)
    return np.array([[focal, 0, size[0] / 2], [0, focal, size[1] / 2], [0, 0, 1]])


def _start(points: Points, intrinsics: np.ndarray) -> Pose:
    """A scaled orthographic camera by least squares, made rigid: the rotation nearest to the affine one."""
    centre, seen = points.mean.mean(0), points.seen.mean(0)
    affine = np.linalg.lstsq(points.mean - centre, points.seen - seen, rcond=None)[0].T
    scale = np.linalg.norm(affine, axis=1).mean()
    third = np.cross(affine[0], affine[1]) / scale
    left, _, right = np.linalg.svd(np.stack([affine[0], affine[1], third]))
    rotation = left @ np.diag([1, 1, np.linalg.det(left @ right)]) @ right
    depth = intrinsics[0, 0] / scale
    middle = np.append((seen - intrinsics[:2, 2]) / intrinsics[0, 0] * depth, depth)
    zeros = np.zeros(points.identity.shape[-1]), np.zeros(points.expression.shape[-1])
    return Pose(rotation, middle - rotation @ centre, *zeros)


def _project(points: Points, pose: Pose, intrinsics: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Pixels and camera coordinates of the model's landmarks."""
    world = points.mean + points.identity @ pose.identity + points.expression @ pose.expression
    camera = world @ pose.rotation.T + pose.translation
    return camera[:, :2] / camera[:, 2:] * intrinsics[0, 0] + intrinsics[:2, 2], camera


def _gauss_newton(points: Points, pose: Pose, intrinsics: np.ndarray, model: MorphableModel, *, rigid: bool) -> Pose:
    pixels, camera = _project(points, pose, intrinsics)
    residual = (pixels - points.seen) / points.scale
    robust = points.weights / (1 + (np.linalg.norm(residual, axis=1) / CAUCHY) ** 2)
    jacobian = _jacobian(points, pose, camera, intrinsics[0, 0] / points.scale)
    modes = points.identity.shape[-1]
    values = np.concatenate([np.zeros(6), pose.identity, pose.expression])
    wide = [WIDE_EYES if name.startswith("eyeWide") else 1.0 for name in model.expression_names]
    prior = np.concatenate([np.full(6, 1e-9), np.full(modes, IDENTITY_PRIOR), EXPRESSION_PRIOR * np.array(wide)])
    weighted = jacobian * np.repeat(robust, 2)[:, None]
    matrix = weighted.T @ jacobian + np.diag(prior)
    right = weighted.T @ (jacobian @ values - residual.ravel())
    free = np.arange(len(values)) < (6 if rigid else len(values))
    solved = _solve_within(matrix, right, free, slice(6 + modes, None), model.expression_range)
    return replace(
        pose,
        rotation=_rotation(solved[:3]) @ pose.rotation,
        translation=_rotation(solved[:3]) @ pose.translation + solved[3:6],
        identity=solved[6 : 6 + modes],
        expression=solved[6 + modes :],
    )


def _jacobian(points: Points, pose: Pose, camera: np.ndarray, focal: float) -> Float64[np.ndarray, "residuals unknowns"]:
    """Of the pixels, by a turn about the camera's origin, a shift, identity and expression."""
    x, y, z = camera.T
    zero = np.zeros_like(z)
    by_point = focal * np.stack([np.stack([1 / z, zero, -x / z**2], 1), np.stack([zero, 1 / z, -y / z**2], 1)], 1)
    by_turn = np.stack([np.stack([zero, z, -y], 1), np.stack([-z, zero, x], 1), np.stack([y, -x, zero], 1)], 1)
    shape = pose.rotation @ np.concatenate([points.identity, points.expression], -1)
    columns = np.concatenate([by_turn, np.broadcast_to(np.eye(3), (len(z), 3, 3)), shape], -1)
    return np.asarray((by_point @ columns).reshape(2 * len(z), -1))


def _solve_within(
    matrix: np.ndarray, right: np.ndarray, free: np.ndarray, bounded: slice, limits: tuple[float, float]
) -> np.ndarray:
    """Least squares with limits on some unknowns: those that overshoot are held at the limit and the rest solved again."""
    free, solved = free.copy(), np.zeros(len(right))
    for _ in range(8):
        solved[free] = np.linalg.solve(matrix[np.ix_(free, free)], right[free] - matrix[np.ix_(free, ~free)] @ solved[~free])
        clipped = np.clip(solved[bounded], *limits)
        over = clipped != solved[bounded]
        if not over.any():
            break
        solved[bounded] = clipped
        free[bounded] &= ~over
    return solved


def _rotation(vector: np.ndarray) -> Float64[np.ndarray, "3 3"]:
    """Rodrigues' formula."""
    angle = float(np.linalg.norm(vector))
    x, y, z = vector / max(angle, 1e-12)
    cross = np.array([[0, -z, y], [z, 0, -x], [-y, x, 0]])
    return np.asarray(np.eye(3) + np.sin(angle) * cross + (1 - np.cos(angle)) * cross @ cross)
