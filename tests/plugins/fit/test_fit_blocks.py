"""The normal equations of many photos: solved by blocks as one dense matrix would be, in little memory."""

import tracemalloc
from dataclasses import replace

import numpy as np
import pytest
from facetex_plugins.fit.energy import landmark_term, normal_equations
from facetex_plugins.fit.energy.landmark_term import fit_landmarks, observe_landmarks
from facetex_plugins.fit.energy.normal_equations import NormalEquations, Unknowns, solve_by_blocks
from lit_heads import SIZE, camera_at, seen
from sampled import tiny_model

PHOTOS = 40
FREE = np.inf


def equations(shared, own, seed=0):
    """Of photos whose unknowns are the shared ones, then their own."""
    generator = np.random.default_rng(seed)
    for _ in range(PHOTOS):
        jacobian = generator.normal(size=(2 * (shared + own), shared + own))
        yield NormalEquations(jacobian.T @ jacobian, jacobian.T @ generator.normal(0, 3, len(jacobian)))


def unknowns(shared, own, low=-FREE, high=FREE):
    each = np.arange(shared + own)
    return Unknowns(each < shared, 0.5 + each / len(each), np.full(len(each), low), np.full(len(each), high))


def dense(normals, what):
    """One matrix of all, its right side, and where each photo's unknowns are in it."""
    normals, common = list(normals), np.count_nonzero(what.shared)
    mine = len(what.shared) - common
    size = common + len(normals) * mine
    matrix, right, places = np.zeros((size, size)), np.zeros(size), []
    for number, part in enumerate(normals):
        place = np.zeros(len(what.shared), int)
        place[what.shared], place[~what.shared] = np.arange(common), common + number * mine + np.arange(mine)
        matrix[np.ix_(place, place)] += part.matrix
        right[place] += part.right
        places.append(place)
    diagonal = np.zeros(size)
    diagonal[np.stack(places)] = what.prior
    return matrix + np.diag(diagonal), right, np.stack(places)


def dense_solve(normals, what):
    """The same by one matrix: what overshoots a limit is held there, and the rest is solved again."""
    matrix, right, places = dense(normals, what)
    low, high = np.zeros((2, len(right)))
    low[places], high[places] = what.low, what.high
    solved, free = np.zeros(len(right)), np.ones(len(right), bool)
    for _ in range(normal_equations.HELD_ROUNDS):
        solved[free] = np.linalg.solve(matrix[np.ix_(free, free)], right[free] - matrix[np.ix_(free, ~free)] @ solved[~free])
        over = (solved < low) | (solved > high)
        solved = np.clip(solved, low, high)
        if not over.any():
            break
        free &= ~over
    return solved[places]


def test_blocks_give_what_one_dense_matrix_gives():
    what = unknowns(7, 5)
    matrix, right, places = dense(equations(7, 5), what)
    np.testing.assert_allclose(solve_by_blocks(equations(7, 5), what), np.linalg.solve(matrix, right)[places], atol=1e-10)


@pytest.mark.parametrize("seed", range(5))
def test_within_limits_blocks_give_what_one_dense_matrix_gives(seed):
    what = replace(unknowns(7, 12, -0.1, 0.15), low=np.repeat([-FREE, -0.1], [7, 12]), high=np.repeat([FREE, 0.15], [7, 12]))
    found = solve_by_blocks(equations(7, 12, seed), what)
    np.testing.assert_allclose(found, dense_solve(equations(7, 12, seed), what), atol=1e-10)
    assert (found == what.low).any()
    assert (found == what.high).any()


def test_what_is_held_at_a_limit_stays_there_for_the_step():
    """Without limits both are negative; once the first is held at 0, the second wants to be 1."""
    part = NormalEquations(np.array([[1.0, 0, 0], [0, 1, -0.9], [0, -0.9, 1]]), np.array([0, -2.0, 1.0]))
    what = Unknowns(np.array([True, False, False]), np.zeros(3), np.array([-FREE, 0, 0]), np.array([FREE, 9, 9]))
    np.testing.assert_allclose(solve_by_blocks([part], what), [[0, 0, 0]], atol=1e-12)


def test_many_photos_of_one_person_are_fitted_as_by_one_dense_matrix(monkeypatch):
    model, generator = tiny_model(), np.random.default_rng(0)
    sights = []
    for _ in range(PHOTOS):
        face = seen(model, [0.9, -0.7], generator.uniform(-0.2, 1.2, 2), camera_at(generator.uniform(-30, 30)))
        noise = generator.normal(0, 2, face.dense.shape)
        sights.append(observe_landmarks(model, replace(face, dense=np.float32(face.dense + noise)), SIZE))
    monkeypatch.setattr(landmark_term, "LANDMARK_STEPS", landmark_term.RIGID_STEPS + 2)
    by_blocks = fit_landmarks(model, sights)
    monkeypatch.setattr(normal_equations, "solve_by_blocks", dense_solve)
    at_once = fit_landmarks(model, sights)
    np.testing.assert_allclose(by_blocks.identity, at_once.identity, atol=1e-7)
    for pose, other in zip(by_blocks.poses, at_once.poses, strict=True):
        np.testing.assert_allclose(pose.expression, other.expression, atol=1e-7)
        np.testing.assert_allclose(pose.translation, other.translation, atol=1e-8)
    assert min(pose.expression.min() for pose in by_blocks.poses) == 0


def test_many_photos_take_little_memory():
    """Of the face basis's sizes: the dense matrix alone would be 45 MB for 40 photos, and grow with their square."""
    shared, own = 80, 57
    what = unknowns(shared, own, 0.0, 0.01)
    tracemalloc.start()
    solve_by_blocks(equations(shared, own), replace(what, low=np.where(what.shared, -FREE, what.low)))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 15e6


def test_photos_share_the_landmarks_of_their_model():
    model = tiny_model()
    first, second = (observe_landmarks(model, seen(model, [0, 0], [0, 0], camera_at(yaw)), SIZE) for yaw in (0, 20))
    assert first.surface_points is second.surface_points
