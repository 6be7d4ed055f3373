"""Blending weights on the simplex (Saito 2017, equation 3, with squared norms).

    min_w sum_l ||sum_k w_k G_l(k) - G_l||_F^2 / mean_k ||G_l(k)||_F^2 + ridge |w - 1/K|^2    with w >= 0, sum w = 1

Convexity keeps poor input from producing what no face has. Solved exactly, by active sets.
"""

from collections.abc import Sequence
from typing import Annotated

import numpy as np
from jaxtyping import Float, Float32, Float64, Shaped

from facetex_core import Descriptor, Meta, hookimpl
from facetex_core.descriptors.correlations import as_rows

_ROUNDS_PER_EXEMPLAR = 10

api_version = 2


@hookimpl
def blend_solvers() -> dict[str, type]:
    """The default, and the two ends between which it lies."""
    return {"convex": ConvexSolver, "nearest": NearestSolver, "uniform": UniformSolver}


class ConvexSolver:
    """Weights that are not negative and sum to 1, as published."""

    def __init__(
        self, ridge: Annotated[float, Meta(ge=0, description="ridge penalty towards the bank's mean")] = 0.001
    ) -> None:
        self.ridge = ridge

    def solve(self, observed: Descriptor, exemplars: Sequence[Descriptor]) -> Float32[np.ndarray, "exemplars"]:
        """Weights that sum to 1, none negative."""
        design, target = as_rows(observed, exemplars)
        count = len(exemplars)
        matrix = design @ design.T + self.ridge * np.eye(count)
        right = design @ target + self.ridge / count
        return solve_on_simplex(matrix, right).astype(np.float32)


class NearestSolver:
    """The nearest exemplar alone: a baseline."""

    waived_checks = ("recovers_the_weights_that_made_the_mixture",)

    def solve(self, observed: Descriptor, exemplars: Sequence[Descriptor]) -> Float32[np.ndarray, "exemplars"]:
        """1 for it, 0 for the others."""
        design, target = as_rows(observed, exemplars)
        nearest = np.argmin(((design - target) ** 2).sum(1))
        return (np.arange(len(exemplars)) == nearest).astype(np.float32)


class UniformSolver:
    """The bank's mean, whatever the photo shows: a baseline."""

    waived_checks = ("recovers_the_weights_that_made_the_mixture", "an_exemplar_explains_itself")

    def solve(self, observed: Descriptor, exemplars: Sequence[Descriptor]) -> Float32[np.ndarray, "exemplars"]:  # noqa: ARG002  # of the stage
        """The same weight for all."""
        return np.full(len(exemplars), 1 / len(exemplars), np.float32)


def solve_on_simplex(matrix: Float64[np.ndarray, "n n"], right: Float64[np.ndarray, "n"]) -> Float64[np.ndarray, "n"]:
    """Minimises w^T A w / 2 - b^T w on the simplex, A positive definite, by the primal active-set method.

    >>> solve_on_simplex(np.eye(3), np.array([0.7, 0.5, -1.0])).round(6).tolist()
    [0.6, 0.4, 0.0]
    """
    count = len(right)
    weights = np.zeros(count)
    weights[np.argmin(0.5 * np.diag(matrix) - right)] = 1
    for _ in range(_ROUNDS_PER_EXEMPLAR * count):
        support = np.flatnonzero(weights > 0)
        step = _on_face(matrix, right, support) - weights[support]
        shrinking = step < -1e-15
        reach = np.min(-weights[support][shrinking] / step[shrinking], initial=1.0)
        weights[support] += min(reach, 1.0) * step
        if reach < 1:
            weights[support[np.argmin(weights[support])]] = 0
            weights[weights < 1e-14] = 0
            continue
        slope = matrix @ weights - right
        lowest = int(np.argmin(slope))
        if slope[lowest] >= slope[support].min() - 1e-10 * max(1.0, np.abs(right).max()):
            break
        weights[lowest] = 1e-13
    return np.asarray(weights / weights.sum())


def _on_face(
    matrix: Float[np.ndarray, "n n"], right: Float[np.ndarray, "n"], support: Shaped[np.ndarray, "_"]
) -> Float[np.ndarray, "_"]:
    """The minimum on sum w = 1 with only these unknowns."""
    both = np.linalg.solve(matrix[np.ix_(support, support)], np.stack([right[support], np.ones(len(support))], 1))
    free, ones = both.T
    return np.asarray(free + ones * (1 - free.sum()) / ones.sum())
