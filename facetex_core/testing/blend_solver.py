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
    """A mixture's own weights are found again, and whatever is seen, weights keep the signs and the sum they promise."""

    @pytest.fixture
    def exemplars(self) -> tuple[Descriptor, ...]:
        """Twelve, random."""
        generator = np.random.default_rng(1)
        return tuple(exemplar(generator) for _ in range(COUNT))

    @pytest.fixture
    def weights(self) -> Float32[np.ndarray, "exemplars"]:
        """What makes the mixture; others where the solver can only give weights of one kind."""
        return np.array([0.5, 0, 0.3, 0, 0, 0, 0.2, 0, 0, 0, 0, 0], np.float32)

    @pytest.fixture
    def least(self) -> float:
        """The smallest weight there can be: 0 for a convex solver; minus infinity where weights have signs."""
        return 0.0

    @pytest.fixture
    def total(self) -> float | None:
        """What all weights sum to; none where that is free."""
        return 1.0

    def test_recovers_the_weights_that_made_the_mixture(
        self, plugin: BlendSolver, exemplars: tuple[Descriptor, ...], weights: Float32[np.ndarray, "exemplars"]
    ) -> None:
        """Within a hundredth: a solver may lean a little towards the bank's mean."""
        found = plugin.solve(read_only(mix(exemplars, weights)), exemplars)
        np.testing.assert_allclose(found, weights, atol=0.01)

    def test_keeps_its_promises_even_where_nothing_fits(
        self, plugin: BlendSolver, exemplars: tuple[Descriptor, ...], least: float, total: float | None
    ) -> None:
        """Correlations that no picture has."""
        far = read_only(Descriptor("net", {"layer": -5 * np.eye(8, dtype=np.float32)}, {"layer": 1.0}))
        found = plugin.solve(far, exemplars)
        assert found.shape == (COUNT,)
        assert found.dtype == np.float32
        assert np.isfinite(found).all()
        assert found.min() >= least
        if total is not None:
            np.testing.assert_allclose(found.sum(), total, atol=1e-5)

    def test_one_exemplar_gets_all_the_weight(
        self, plugin: BlendSolver, exemplars: tuple[Descriptor, ...], total: float | None
    ) -> None:
        """There is nothing else to blend; without a sum to keep, the bank's only face explains itself."""
        one = exemplars[:1] if total is None else exemplars[1:2]
        tolerance = 0.1 if total is None else 1e-6
        np.testing.assert_allclose(plugin.solve(exemplars[0], one), [1], atol=tolerance)

    def test_the_same_is_solved_the_same_way(self, plugin: BlendSolver, exemplars: tuple[Descriptor, ...]) -> None:
        """To the bit."""
        first, again = (plugin.solve(exemplars[3], exemplars[4:]) for _ in range(2))
        np.testing.assert_array_equal(first, again)
