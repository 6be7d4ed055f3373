"""Non-rigid registration in optimal steps (Amberg, Romdhani and Vetter 2007), with REALY's weights.

Every vertex has an affine map of its own; neighbours' maps must be alike. A step minimises, over all maps,
alpha^2 sum over edges |G (X_i - X_j)|^2 + sum w_i^2 |X_i v_i - target_i|^2 + sum k_i^2 |X_i v_i - point_i|^2.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Float64, Int, Int32

ALPHA, FIRST_ALPHA = 50.0, 150.0
"""Stiffness of the later steps and of the first one."""
LOOSER, LESS = 0.5, 0.5
"""From stage to stage alpha falls by exp(-LOOSER), and the change of the maps at which a stage ends by LESS, from 1."""
STIFFNESS_STAGES, STAGE_STEPS = 3, 11
FIRST_GAIN = np.array([2.0, 2.0, 3.0, 2.0])
"""What the rows of an affine map weigh in the stiffness; the last is the shift."""
POINT_WEIGHT, POINT_FADES, POINT_LATER = 50.0, 0.9, 0.1
"""Of points in the first step; then a tenth of it, falling by exp(-POINT_FADES) from step to step."""
FAR_TARGET = 2.0
"""A target farther than so many times the mean distance, and than FAR_AT_LEAST, does not pull."""
FAR_AT_LEAST = 1.0
HOLD = 1e-9
"""Keeps what nothing pulls at where it is."""

Places = Float64[np.ndarray, "vertices 3"]


@dataclass(frozen=True, eq=False, slots=True)
class PickedPoints:
    """Vertices that have to come to certain places."""

    vertices: Int[np.ndarray, "points"]
    places: Float64[np.ndarray, "points 3"]


def deformed(
    start: Places, triangles: Int32[np.ndarray, "triangles 3"], targets: Places, points: PickedPoints | None = None
) -> Places:
    """The mesh drawn to the nearest of the targets, in the unit in which FAR_AT_LEAST is meant."""
    from scipy.spatial import KDTree

    tree, edges = KDTree(targets), _edges(triangles, len(start))
    now, before, maps, count = start, np.zeros((4 * len(start), 3)), np.ones((4 * len(start), 3)), 0
    if points is not None:
        pull = _pull(points, start, POINT_WEIGHT)
        before, (now, maps), count = maps, _step(start, edges, FIRST_ALPHA * FIRST_GAIN, [pull]), 1
    for stage in range(STIFFNESS_STAGES):
        steps = 0
        while steps < STAGE_STEPS and np.linalg.norm(maps - before) > LESS**stage:
            away, nearest = tree.query(now)
            near = (away < max(FAR_TARGET * away.mean(), FAR_AT_LEAST)).astype(np.float64)
            pulls = [(near, targets[nearest])]
            if points is not None:
                pulls.append(_pull(points, now, POINT_LATER * POINT_WEIGHT * np.exp(-POINT_FADES * count)))
            before, (now, maps) = maps, _step(now, edges, ALPHA * np.exp(-LOOSER * stage) * np.ones(4), pulls)
            steps, count = steps + 1, count + 1
    return now


def _pull(points: PickedPoints, now: Places, strength: float) -> tuple[Float64[np.ndarray, "vertices"], Places]:
    """Weights and targets in which only the points count."""
    weight, places = np.zeros(len(now)), now.copy()
    weight[points.vertices], places[points.vertices] = strength, points.places
    return weight, places


def _edges(triangles: Int32[np.ndarray, "triangles 3"], count: int) -> Any:  # noqa: ANN401  # scipy has no types
    """A row for each edge: 1 at one end, -1 at the other."""
    from scipy.sparse import csr_matrix

    pairs = np.unique(np.sort(np.concatenate([triangles[:, [0, 1]], triangles[:, [1, 2]], triangles[:, [2, 0]]]), 1), axis=0)
    rows = np.repeat(np.arange(len(pairs)), 2)
    return csr_matrix((np.tile([1.0, -1.0], len(pairs)), (rows, pairs.ravel())), shape=(len(pairs), count))


def _step(
    now: Places,
    edges: Any,  # noqa: ANN401  # scipy has no types
    stiffness: Float64[np.ndarray, "4"],
    pulls: list[tuple[Float64[np.ndarray, "vertices"], Places]],
) -> tuple[Places, Float64[np.ndarray, "rows 3"]]:
    """Where the best maps for these targets bring the vertices, and by what the maps differ from doing nothing."""
    from scipy import sparse
    from scipy.sparse.linalg import spsolve

    count = len(now)
    rows = np.repeat(np.arange(count), 4)
    homogeneous = np.concatenate([now, np.ones((count, 1))], 1).ravel()
    places = sparse.csr_matrix((homogeneous, (rows, np.arange(4 * count))), shape=(count, 4 * count))
    stiff = sparse.kron(edges, sparse.diags(stiffness), format="csr")
    matrix = stiff.T @ stiff + HOLD * sparse.identity(4 * count)
    wanted = np.zeros((4 * count, 3))
    for weight, target in pulls:
        matrix = matrix + places.T @ sparse.diags(weight**2) @ places
        wanted += places.T @ (weight[:, None] ** 2 * (target - now))
    maps = np.asarray(spsolve(matrix.tocsc(), wanted), np.float64).reshape(-1, 3)
    return np.asarray(now + places @ maps, np.float64), maps
