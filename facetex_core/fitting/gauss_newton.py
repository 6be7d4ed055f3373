"""Gauss-Newton over the photos of one person: one identity, and for each photo a pose and an expression.

    E = sum over terms sum_i w_i r_i(x)^2 + w_a |a|^2 + w_b |b|^2

Every term gives its residuals r and their Jacobian J at the present state x; the step solves the normal equations
(J^T W J + priors) x' = J^T W (J x - r), the expressions held within what the model allows.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float64

from facetex_core.structures import MorphableModel

RIGID = 6
"""A turn about the camera's centre and a shift."""
IDENTITY, STANDING, EXPRESSION = range(3)
"""Kinds of unknowns."""
IDENTITY_PRIOR = 5.0
EXPRESSION_PRIOR = 9.0
WIDE_EYES = 20.0
"""Prior of eyeWide beside the others': without it nearly every portrait opens its eyes to raise its brows (measured: 0.5)."""


@dataclass(frozen=True, eq=False, slots=True)
class Pose:
    """How one photo shows the head, its expression included: camera coordinates = rotation . world + translation, in metres."""

    rotation: Float64[np.ndarray, "3 3"]
    translation: Float64[np.ndarray, "3"]
    expression: Float64[np.ndarray, "expressions"]


@dataclass(frozen=True, eq=False, slots=True)
class State:
    """The unknowns; identity in standard deviations."""

    identity: Float64[np.ndarray, "modes"]
    poses: tuple[Pose, ...]


@dataclass(frozen=True, eq=False, slots=True)
class Normal:
    """Part of one photo's normal equations; the unknowns are turn, shift, identity, expression."""

    matrix: Float64[np.ndarray, "unknowns unknowns"]
    right: Float64[np.ndarray, "unknowns"]

    def __add__(self, other: "Normal") -> "Normal":
        """Terms of an energy add up."""
        return Normal(self.matrix + other.matrix, self.right + other.right)


def normal(
    jacobian: Float64[np.ndarray, "residuals unknowns"],
    residual: Float64[np.ndarray, "residuals"],
    weights: Float64[np.ndarray, "residuals"],
    state: State,
    pose: Pose,
) -> Normal:
    """A term's part: the Jacobian of its residuals at this state, and what each residual weighs."""
    values = np.concatenate([np.zeros(RIGID), state.identity, pose.expression])
    weighted = jacobian * weights[:, None]
    return Normal(weighted.T @ jacobian, weighted.T @ (jacobian @ values - residual))


def step(model: MorphableModel, state: State, normals: Sequence[Normal], *, rigid: bool = False) -> State:
    """The state that solves the normal equations of all photos; when `rigid`, only turns and shifts change."""
    modes, each = len(state.identity), RIGID + len(model.expression)
    now = np.concatenate([state.identity, *(np.append(np.zeros(RIGID), pose.expression) for pose in state.poses)])
    matrix, right = np.zeros((len(now), len(now))), np.zeros(len(now))
    for number, part in enumerate(normals):
        own = modes + number * each + np.arange(each)
        columns = np.concatenate([own[:RIGID], np.arange(modes), own[RIGID:]])
        matrix[np.ix_(columns, columns)] += part.matrix
        right[columns] += part.right
    kinds = np.concatenate(
        [np.full(modes, IDENTITY), *([np.where(np.arange(each) < RIGID, STANDING, EXPRESSION)] * len(normals))]
    )
    prior = np.array([IDENTITY_PRIOR, 1e-9, EXPRESSION_PRIOR])[kinds]
    wide = np.array([name.startswith("eyeWide") for name in model.expression_names])
    prior[kinds == EXPRESSION] *= np.tile(np.where(wide, WIDE_EYES, 1), len(normals))
    free = kinds == STANDING if rigid else np.ones(len(now), bool)
    solved = solve_within(matrix + np.diag(prior), right, now, free, kinds == EXPRESSION, model.expression_range)
    poses = zip(state.poses, solved[modes:].reshape(len(normals), each), strict=True)
    return State(solved[:modes], tuple(_moved(pose, values) for pose, values in poses))


def _moved(pose: Pose, values: Float64[np.ndarray, "unknowns"]) -> Pose:
    turn = rotation(values[:3])
    return Pose(turn @ pose.rotation, turn @ pose.translation + values[3:RIGID], values[RIGID:])


def solve_within(
    matrix: Float64[np.ndarray, "unknowns unknowns"],
    right: Float64[np.ndarray, "unknowns"],
    now: Float64[np.ndarray, "unknowns"],
    free: Bool[np.ndarray, "unknowns"],
    bounded: Bool[np.ndarray, "unknowns"],
    limits: tuple[float, float],
) -> Float64[np.ndarray, "unknowns"]:
    """Least squares where some unknowns stay as they are and some have limits.

    Those that overshoot are held at the limit and the rest is solved again.
    """
    free, solved = free.copy(), now.copy()
    for _ in range(8):
        solved[free] = np.linalg.solve(matrix[np.ix_(free, free)], right[free] - matrix[np.ix_(free, ~free)] @ solved[~free])
        clipped = np.where(bounded, np.clip(solved, *limits), solved)
        over = clipped != solved
        if not over.any():
            break
        solved = clipped
        free &= ~over
    return solved


def rotation(vector: Float64[np.ndarray, "3"]) -> Float64[np.ndarray, "3 3"]:
    """The turn about an axis by its length in radians (Rodrigues' formula)."""
    angle = float(np.linalg.norm(vector))
    x, y, z = vector / max(angle, 1e-12)
    cross = np.array([[0, -z, y], [z, 0, -x], [-y, x, 0]])
    return np.asarray(np.eye(3) + np.sin(angle) * cross + (1 - np.cos(angle)) * cross @ cross)
