"""Quasi-Newton descent (L-BFGS, Nocedal 1980) whose first guess of the curvature is that of springs on the mesh."""

from collections.abc import Callable

import numpy as np
from jaxtyping import Bool, Float, Int
from scipy import sparse
from scipy.sparse.linalg import splu

REMEMBERED = 8
DECREASE, SHORTEST = 1e-4, 1e-9
"""Share of the promised decrease that a step must bring (Armijo 1966), and the step at which the search ends."""
ANCHOR = 1e-3
"""Stiffness to where a point is: the energy does not change with a shift."""

Vector = Float[np.ndarray, " unknowns"]
Energy = Callable[[Vector], tuple[float, Vector]]


def springs(
    corners: Int[np.ndarray, "triangles 3"],
    each: Float[np.ndarray, "triangles 3 3"],
    free: Bool[np.ndarray, "points 2"],
) -> Callable[[Vector], Vector]:
    """Solves for the free coordinates of both axes, first all of u, then all of v."""
    rows, columns = np.repeat(corners, 3, axis=1).ravel(), np.tile(corners, (1, 3)).ravel()
    matrix = sparse.csc_array((each.ravel(), (rows, columns)), shape=(len(free), len(free))) + ANCHOR * sparse.eye_array(
        len(free)
    )
    solvers = [splu(matrix[axis][:, axis].tocsc()) for axis in free.T]
    split = int(free[:, 0].sum())
    return lambda slope: np.r_[solvers[0].solve(slope[:split]), solvers[1].solve(slope[split:])]


def descend(energy: Energy, start: Vector, solve: Callable[[Vector], Vector], steps: int) -> Vector:
    """So many steps downhill, or as many as there are; the energy is infinite where it may not go."""
    here, (value, slope) = start, energy(start)
    moves: list[tuple[Vector, Vector]] = []
    for _ in range(steps):
        way = direction(slope, moves, solve)
        reach, promised = 1.0, slope @ way
        while True:
            there = here - reach * way
            lower, steeper = energy(there)
            if lower < value - DECREASE * reach * promised:
                break
            reach /= 2
            if reach < SHORTEST:
                return here
        if (there - here) @ (steeper - slope) > 0:
            moves = [*moves, (there - here, steeper - slope)][-REMEMBERED:]
        here, value, slope = there, lower, steeper
    return here


def direction(slope: Vector, moves: list[tuple[Vector, Vector]], solve: Callable[[Vector], Vector]) -> Vector:
    """The two-loop recursion."""
    way, factors = slope, []
    for move, change in reversed(moves):
        factors.append(move @ way / (move @ change))
        way = way - factors[-1] * change
    way = solve(way)
    for (move, change), factor in zip(moves, reversed(factors), strict=True):
        way = way + move * (factor - change @ way / (move @ change))
    return way
