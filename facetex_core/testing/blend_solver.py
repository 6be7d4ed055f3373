"""What every blend solver promises."""

from collections.abc import Sequence

import numpy as np
from jaxtyping import Float32

from facetex_core.descriptors.correlations import mix
from facetex_core.promise import hold
from facetex_core.structures import Descriptor
from facetex_core.testing.contract import Contract, demand, demand_near
from facetex_core.values import locked

COUNT = 12
"""Exemplars."""
SHARES = {0: 0.5, 2: 0.3, 6: 0.2}


def exemplar(generator: np.random.Generator) -> Descriptor:
    """Correlations of 8 random features at 40 positions."""
    features = generator.normal(size=(8, 40))
    return locked(Descriptor("net", {"layer": np.asarray(features @ features.T / 40, np.float32)}, {"layer": 40.0}))


class BlendSolverContract(Contract):
    """Recovers the weights of a known mixture; weights always have the promised signs and sum."""

    role = "blend_solver"

    @property
    def exemplars(self) -> tuple[Descriptor, ...]:
        """Twelve, random."""
        generator = np.random.default_rng(1)
        return tuple(exemplar(generator) for _ in range(COUNT))

    @property
    def weights(self) -> Float32[np.ndarray, "exemplars"]:
        """What makes the mixture; others where the solver can only give weights of one kind."""
        return np.array([SHARES.get(number, 0) for number in range(COUNT)], np.float32)

    def given(self) -> tuple[Descriptor, Sequence[Descriptor]]:
        """A mixture and what it is made of."""
        return locked(mix(self.exemplars, self.weights)), self.exemplars

    def test_recovers_the_weights_that_made_the_mixture(self) -> None:
        """Within a hundredth: a solver may lean a little towards the bank's mean."""
        mend = "minimise |sum_k w_k G_k - G|^2 (correlations.as_rows gives both sides); lower the ridge"
        demand_near(self.result, self.weights, "weights of a mixture", mend, atol=0.01)

    def test_an_exemplar_explains_itself(self) -> None:
        """It gets the weight, within a twentieth."""
        found = self.plugin.solve(self.exemplars[3], self.exemplars)
        demand_near(found, np.eye(COUNT)[3], "weights of exemplar 3 itself", "it is in the bank: lower the ridge", atol=0.05)

    def test_no_weight_is_negative(self) -> None:
        """Whatever is seen."""
        least = min(float(found.min()) for found in (self.result, self._far()))
        demand(least >= 0, f"solve(): a weight of {least:.3g}; at least 0: solve on the simplex, or say waived_checks = (...)")

    def test_weights_sum_to_one(self) -> None:
        """Whatever is seen."""
        for found in (self.result, self._far()):
            demand_near(found.sum(), 1, "sum of the weights", "divide by it, or solve on the simplex", atol=1e-5)

    def test_one_exemplar_gets_all_the_weight(self) -> None:
        """There is nothing else to blend."""
        found = self.plugin.solve(self.exemplars[0], self.exemplars[:1])
        demand_near(found, [1], "weight of the only exemplar", "it explains itself", atol=0.1)

    def test_the_order_of_exemplars_does_not_matter(self) -> None:
        """Each keeps its weight."""
        observed, exemplars = self.given()
        found = self.plugin.solve(observed, exemplars[::-1])[::-1]
        demand_near(found, self.result, "weights, the exemplars in reverse", "weights stand in the exemplars' order", atol=1e-3)

    def _far(self) -> Float32[np.ndarray, "exemplars"]:
        """Of correlations that no picture has."""
        far = locked(Descriptor("net", {"layer": -5 * np.eye(8, dtype=np.float32)}, {"layer": 1.0}))
        found = self.plugin.solve(far, self.exemplars)
        hold(found, Float32[np.ndarray, "exemplars"], "solve() of correlations that no picture has", {"exemplars": COUNT})
        return found
