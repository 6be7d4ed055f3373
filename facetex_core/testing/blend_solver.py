"""What every blend solver promises."""

import numpy as np
import pytest
from jaxtyping import Float32

from facetex_core.correlations import mix
from facetex_core.stages import BlendSolver
from facetex_core.structures import Descriptor
from facetex_core.testing.contract import Contract
from facetex_core.testing.read_only import read_only

COUNT = 12
"""Exemplars."""


def exemplar(generator: np.random.Generator) -> Descriptor:
    """Correlations of 8 random features at 40 positions."""
    features = generator.normal(size=(8, 40))
    return read_only(Descriptor("net", {"layer": np.asarray(features @ features.T / 40, np.float32)}, {"layer": 40.0}))


class BlendSolverContract(Contract):
    """Weights are convex whatever is seen, and a mixture's own weights are found again."""

    @pytest.fixture
    def exemplars(self) -> tuple[Descriptor, ...]:
        """Twelve, random."""
        generator = np.random.default_rng(1)
        return tuple(exemplar(generator) for _ in range(COUNT))

    @pytest.fixture
    def weights(self) -> Float32[np.ndarray, "exemplars"]:
        """What makes the mixture; others where the solver can only give weights of one kind."""
        return np.array([0.5, 0, 0.3, 0, 0, 0, 0.2, 0, 0, 0, 0, 0], np.float32)

    def test_recovers_the_weights_that_made_the_mixture(
        self, plugin: BlendSolver, exemplars: tuple[Descriptor, ...], weights: Float32[np.ndarray, "exemplars"]
    ) -> None:
        """Within a hundredth: a solver may lean a little towards the bank's mean."""
        found = plugin.solve(read_only(mix(exemplars, weights)), exemplars)
        np.testing.assert_allclose(found, weights, atol=0.01)

    def test_is_convex_even_where_nothing_fits(self, plugin: BlendSolver, exemplars: tuple[Descriptor, ...]) -> None:
        """Correlations that no picture has."""
        far = read_only(Descriptor("net", {"layer": -5 * np.eye(8, dtype=np.float32)}, {"layer": 1.0}))
        found = plugin.solve(far, exemplars)
        assert found.shape == (COUNT,)
        assert found.dtype == np.float32
        assert found.min() >= 0
        np.testing.assert_allclose(found.sum(), 1, atol=1e-6)

    def test_one_exemplar_gets_all_the_weight(self, plugin: BlendSolver, exemplars: tuple[Descriptor, ...]) -> None:
        """There is nothing else to blend."""
        np.testing.assert_allclose(plugin.solve(exemplars[0], exemplars[1:2]), [1], atol=1e-6)

    def test_the_same_is_solved_the_same_way(self, plugin: BlendSolver, exemplars: tuple[Descriptor, ...]) -> None:
        """To the bit."""
        first, again = (plugin.solve(exemplars[3], exemplars[4:]) for _ in range(2))
        np.testing.assert_array_equal(first, again)
