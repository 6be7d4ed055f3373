"""Blend solvers: weights on the simplex."""

import numpy as np
import pytest
from facetex_plugins.solve.convex import ConvexSolver, NearestSolver, UniformSolver, solve_on_simplex

from facetex_core import Descriptor
from facetex_core.descriptors.correlations import merge, mix, relative_error


def descriptor(generator, channels=8, positions=200):
    features = generator.normal(size=(channels, positions)).astype(np.float32)
    gram = (features @ features.T / positions).astype(np.float32)
    gram.setflags(write=False)
    return Descriptor("net", {"conv1_1": gram}, {"conv1_1": float(positions)})


@pytest.fixture
def exemplars():
    generator = np.random.default_rng(1)
    return tuple(descriptor(generator) for _ in range(12))


def test_recovers_the_weights_that_made_the_mixture(exemplars):
    true = np.array([0.5, 0, 0.3, 0, 0, 0, 0.2, 0, 0, 0, 0, 0], np.float32)
    found = ConvexSolver(ridge=1e-9).solve(mix(exemplars, true), exemplars)
    np.testing.assert_allclose(found, true, atol=1e-4)  # float32 correlations


def test_stays_convex_when_nothing_fits(exemplars):
    far = Descriptor("net", {"conv1_1": -5 * np.eye(8, dtype=np.float32)}, {"conv1_1": 1.0})
    weights = ConvexSolver().solve(far, exemplars)
    assert weights.min() >= 0
    np.testing.assert_allclose(weights.sum(), 1, atol=1e-6)


@pytest.mark.parametrize("count", [1, 2, 17, 120])
def test_simplex_solution_meets_the_optimality_conditions(count):
    """First-order optimality of a convex problem proves the minimum: no direction on the simplex descends."""
    generator = np.random.default_rng(count)
    design = generator.normal(size=(count, 40)) + 2
    matrix, right = design @ design.T + 1e-3 * np.eye(count), design @ generator.normal(size=40)
    weights = solve_on_simplex(matrix, right)
    slope = matrix @ weights - right
    assert slope @ weights - slope.min() <= 1e-8 * np.abs(right).max()


def test_a_strong_ridge_gives_the_mean(exemplars):
    weights = ConvexSolver(ridge=1e9).solve(exemplars[0], exemplars)
    np.testing.assert_allclose(weights, 1 / 12, atol=1e-6)


def test_nearest_is_the_exemplar_itself_and_uniform_does_not_look(exemplars):
    assert NearestSolver().solve(exemplars[4], exemplars).argmax() == 4
    np.testing.assert_allclose(UniformSolver().solve(exemplars[4], exemplars), 1 / 12)


def test_merging_windows_is_the_correlation_of_both(exemplars):
    generator = np.random.default_rng(3)
    features = generator.normal(size=(4, 90)).astype(np.float32)
    halves = [
        Descriptor("net", {"a": part @ part.T / part.shape[1]}, {"a": float(part.shape[1])})
        for part in (features[:, :30], features[:, 30:])
    ]
    np.testing.assert_allclose(merge(halves).correlations["a"], features @ features.T / 90, atol=1e-6)


def test_correlations_of_different_networks_are_not_mixed(exemplars):
    stranger = Descriptor("other", exemplars[0].correlations, exemplars[0].support)
    with pytest.raises(Exception, match="different networks cannot be mixed: net, other"):
        mix((exemplars[0], stranger), np.array([0.5, 0.5], np.float32))


def test_relative_error_is_zero_for_the_target_itself(exemplars):
    assert relative_error(exemplars[0], exemplars[0]) == {"conv1_1": 0.0}
