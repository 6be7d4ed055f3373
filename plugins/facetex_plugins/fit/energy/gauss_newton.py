"""Gauss-Newton over the photos of one person: one identity, and for each photo a pose and an expression.

    E = sum over terms sum_i w_i r_i(x)^2 + w_a |a|^2 + w_b |b|^2

Every term gives its residuals r and their Jacobian J at the present state x; the step solves the normal equations
(J^T W J + priors) x' = J^T W (J x - r), the expressions held within what the model allows (normal_equations.py).
"""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float64

from facetex_core import MorphableModel
from facetex_plugins.fit.energy.normal_equations import NormalEquations, Unknowns, solve_some
from facetex_plugins.fit.thresholds import EXPRESSION_PRIOR, IDENTITY_PRIOR, WIDE_EYES

RIGID = 6
"""A turn about the camera's centre and a shift."""
RIGID_PRIOR = 1e-9
"""Nothing but a pivot where no landmark is trusted."""


@dataclass(frozen=True, eq=False, slots=True)
class FrameParameters:
    """How one photo shows the head, its expression included: camera coordinates = rotation . world + translation, in metres."""

    rotation: Float64[np.ndarray, "3 3"]
    translation: Float64[np.ndarray, "3"]
    expression: Float64[np.ndarray, "expressions"]


@dataclass(frozen=True, eq=False, slots=True)
class State:
    """The unknowns; identity in standard deviations."""

    identity: Float64[np.ndarray, "modes"]
    poses: tuple[FrameParameters, ...]


def values_of(state: State, pose: FrameParameters) -> Float64[np.ndarray, "unknowns"]:
    """The unknowns of a photo as they are: turns and shifts count from here."""
    return np.concatenate([np.zeros(RIGID), state.identity, pose.expression])


def normal_equations(
    jacobian: Float64[np.ndarray, "residuals unknowns"],
    residual: Float64[np.ndarray, "residuals"],
    weights: Float64[np.ndarray, "residuals"],
    values: Float64[np.ndarray, "unknowns"],
) -> NormalEquations:
    """A term's part: the Jacobian of its residuals at these values, and what each residual weighs."""
    weighted = jacobian * weights[:, None]
    return NormalEquations(weighted.T @ jacobian, weighted.T @ (jacobian @ values - residual))


def unknowns_of(model: MorphableModel) -> Unknowns:
    """Turn, shift, identity, expression: the order of every photo's normal equations."""
    modes, expressions = len(model.identity), len(model.expression)
    sizes = RIGID, modes, expressions
    shared = np.repeat([False, True, False], sizes)
    prior = np.repeat([RIGID_PRIOR, IDENTITY_PRIOR, EXPRESSION_PRIOR], sizes)
    prior[RIGID + modes :] *= [WIDE_EYES if name.startswith("eyeWide") else 1 for name in model.expression_names]
    bottom, top = model.expression_range
    return Unknowns(shared, prior, np.repeat([-np.inf, -np.inf, bottom], sizes), np.repeat([np.inf, np.inf, top], sizes))


def step(
    model: MorphableModel, state: State, normals: Iterable[NormalEquations], *, rigid: bool = False, known: bool = False
) -> State:
    """The state that solves the normal equations of all photos; when `rigid`, only turns and shifts change.

    When `known`, the identity does not.
    """
    now = np.stack([values_of(state, pose) for pose in state.poses])
    free = np.arange(now.shape[1]) < (RIGID if rigid else now.shape[1])
    free[RIGID : RIGID + len(state.identity)] &= not known
    return moved(state, solve_some(normals, unknowns_of(model), free, now))


def moved(state: State, values: Float64[np.ndarray, "photos unknowns"]) -> State:
    """The state of these values."""
    modes = len(state.identity)
    identity, expressions = values[0, RIGID : RIGID + modes], values[:, RIGID + modes :]
    poses = zip(state.poses, values, expressions, strict=True)
    return State(identity, tuple(_turned(pose, row[:RIGID], expression) for pose, row, expression in poses))


def _turned(
    pose: FrameParameters, rigid: Float64[np.ndarray, "6"], expression: Float64[np.ndarray, "expressions"]
) -> FrameParameters:
    turn = rotation(rigid[:3])
    return FrameParameters(turn @ pose.rotation, turn @ pose.translation + rigid[3:], expression)


def rotation(vector: Float64[np.ndarray, "3"]) -> Float64[np.ndarray, "3 3"]:
    """The turn about an axis by its length in radians (Rodrigues' formula)."""
    from scipy.spatial.transform import Rotation

    return np.asarray(Rotation.from_rotvec(vector).as_matrix())
