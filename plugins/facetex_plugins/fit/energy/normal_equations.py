"""The normal equations of photos that share some of their unknowns, solved by blocks and within limits.

    [ C   B_1^T ... B_n^T ] [ x   ]   [ c   ]
    [ B_1 A_1             ] [ y_1 ]   [ a_1 ]
    [ ...       ...       ] [ ... ] = [ ... ]
    [ B_n             A_n ] [ y_n ]   [ a_n ]

x is shared, y_i is photo i's own. The own unknowns are eliminated (the Schur complement of bundle adjustment,
Triggs 2000, section 6.1): (C - sum_i B_i^T A_i^-1 B_i) x = c - sum_i B_i^T A_i^-1 a_i, then y_i = A_i^-1 (a_i - B_i x).
So memory and time grow with the number of photos and not with its square and its cube.
"""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float64

HELD_ROUNDS = 8
"""Solutions, each with more unknowns held at a limit."""

Vector = Float64[np.ndarray, "unknowns"]
Chosen = Bool[np.ndarray, "unknowns"]


@dataclass(frozen=True, eq=False, slots=True)
class NormalEquations:
    """One photo's normal equations, or a term's part of them."""

    matrix: Float64[np.ndarray, "unknowns unknowns"]
    right: Vector

    def __add__(self, other: "NormalEquations") -> "NormalEquations":
        """Terms of an energy add up."""
        return NormalEquations(self.matrix + other.matrix, self.right + other.right)

    def only(self, which: Chosen, values: Vector) -> "NormalEquations":
        """The equations of some unknowns, while the others keep their values."""
        rows = self.matrix[which]
        return NormalEquations(rows[:, which], self.right[which] - rows[:, ~which] @ values[~which])


@dataclass(frozen=True, eq=False, slots=True)
class Unknowns:
    """What the unknowns of a photo are, in the order of its normal equations."""

    shared: Chosen
    """Which have one value for all photos."""
    prior: Vector
    """Weight of the square of each."""
    low: Vector
    high: Vector
    """Limits of those that are not shared."""

    def only(self, which: Chosen) -> "Unknowns":
        """Some of them."""
        return Unknowns(self.shared[which], self.prior[which], self.low[which], self.high[which])


@dataclass(frozen=True, eq=False, slots=True)
class _Arrow:
    """The equations of all photos: C, B, A, c, a."""

    shared: Float64[np.ndarray, "shared shared"]
    coupling: Float64[np.ndarray, "photos own shared"]
    own: Float64[np.ndarray, "photos own own"]
    right_shared: Float64[np.ndarray, "shared"]
    right_own: Float64[np.ndarray, "photos own"]

    def solve(
        self, free: Bool[np.ndarray, "photos own"], held: Float64[np.ndarray, "photos own"]
    ) -> tuple[Float64[np.ndarray, "shared"], Float64[np.ndarray, "photos own"]]:
        """Shared and own unknowns, where those that are not free stay as they are held."""
        held = np.where(free, 0, held)
        own = np.where(free[:, :, None] & free[:, None, :], self.own, np.eye(free.shape[1]))
        coupling = np.where(free[..., None], self.coupling, 0)
        right_own = np.where(free, self.right_own - np.einsum("pij,pj->pi", self.own, held), held)
        right = self.right_shared - np.tensordot(held, self.coupling, 2)
        eliminated = np.linalg.solve(own, np.concatenate([coupling, right_own[..., None]], -1))
        schur = np.tensordot(coupling, eliminated, ([0, 1], [0, 1]))
        shared = np.linalg.solve(self.shared - schur[:, :-1], right - schur[:, -1])
        return shared, eliminated[..., -1] - eliminated[..., :-1] @ shared


def solve_by_blocks(normals: Iterable[NormalEquations], unknowns: Unknowns) -> Float64[np.ndarray, "photos unknowns"]:
    """Least squares within the limits; every photo's row holds the shared unknowns, too.

    What overshoots is held at its limit and the rest is solved again; it is not let go in the same step. Letting it go finds a
    lower energy with more expressions at work, and heads that lie farther from the truth (docs/decisions/004).
    """
    arrow = _arrow(normals, unknowns)
    low, high = unknowns.low[~unknowns.shared], unknowns.high[~unknowns.shared]
    side = np.zeros(arrow.right_own.shape)  # -1 held at the lower limit, 1 at the upper one, 0 free
    for _ in range(HELD_ROUNDS):
        shared, own = arrow.solve(side == 0, np.where(side < 0, low, high))
        over = np.where(side == 0, np.sign(own - np.clip(own, low, high)), 0)
        if not over.any():
            break
        side += over
    result = np.zeros((len(own), len(unknowns.shared)))
    result[:, unknowns.shared], result[:, ~unknowns.shared] = shared, np.clip(own, low, high)
    return result


def solve_some(
    normals: Iterable[NormalEquations], unknowns: Unknowns, free: Chosen, now: Float64[np.ndarray, "photos unknowns"]
) -> Float64[np.ndarray, "photos unknowns"]:
    """The same where all unknowns but the free ones stay as they are now."""
    solved = now.copy()
    parts = (part.only(free, values) for part, values in zip(normals, now, strict=True))
    solved[:, free] = solve_by_blocks(parts, unknowns.only(free))
    return solved


def _arrow(normals: Iterable[NormalEquations], unknowns: Unknowns) -> _Arrow:
    """Takes from each photo's equations what is needed, so that no two have to be held at once."""
    common, mine = np.flatnonzero(unknowns.shared), np.flatnonzero(~unknowns.shared)
    shared, right = np.diag(unknowns.prior[common]), np.zeros(len(common))
    coupling, own, right_own = [], [], []
    for part in normals:
        shared += part.matrix[np.ix_(common, common)]
        right += part.right[common]
        coupling.append(part.matrix[np.ix_(mine, common)])
        own.append(part.matrix[np.ix_(mine, mine)] + np.diag(unknowns.prior[mine]))
        right_own.append(part.right[mine])
    return _Arrow(shared, np.stack(coupling), np.stack(own), right, np.stack(right_own))
