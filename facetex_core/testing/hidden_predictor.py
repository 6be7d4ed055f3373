"""What every hidden predictor promises."""

import numpy as np
from jaxtyping import Float32

from facetex_core.descriptors.bank import under_mask, whole_skin
from facetex_core.descriptors.correlations import relative_error
from facetex_core.structures import Bank, Descriptor, OwnDescriptors
from facetex_core.testing.contract import Contract, demand, demand_near
from facetex_core.workbench.bank_builder.gather import Exemplar, gather

COUNT, GRID, CHANNELS, POSITIONS = 6, 2, 4, 50
NEAR = 0.1
"""Relative distance at which a face is told again that is in the bank; the sample bank's mean lies at 0.19."""


def _skin(seed: int) -> Exemplar:
    """A face of the same skin all over, by random features."""
    features = np.random.default_rng(seed).normal(size=(CHANNELS, POSITIONS))
    gram = np.asarray(features @ features.T / POSITIONS, np.float32)
    cell = Descriptor("net", {"layer": gram}, {"layer": float(POSITIONS)})
    face = Descriptor("net", {"layer": gram}, {"layer": float(POSITIONS * GRID**2)})
    return Exemplar(f"face {seed}", (cell,) * GRID**2, face, np.full((4, 4, 3), 0.5, np.float32))


class HiddenPredictorContract(Contract):
    """Predictions belong to the bank's network, are symmetric, and are right for a face of the bank."""

    role = "hidden_predictor"

    @property
    def bank(self) -> Bank:
        """Six faces of four cells."""
        return gather([_skin(seed) for seed in range(COUNT)], 64, np.zeros((0, 2), np.float32))

    @property
    def weights(self) -> Float32[np.ndarray, "exemplars"]:
        """The first face alone."""
        return np.eye(COUNT, dtype=np.float32)[0]

    @property
    def own(self) -> OwnDescriptors:
        """The first face, its right half hidden."""
        cells = list(_skin(0).cells)
        hidden = Descriptor("net", {"layer": np.zeros((CHANNELS, CHANNELS), np.float32)}, {"layer": 0.0})
        seen = [cells[0], hidden, cells[2], hidden]
        return OwnDescriptors(tuple(seen), (hidden, cells[0], hidden, cells[2]))

    def given(self) -> tuple[Bank, Float32[np.ndarray, "exemplars"], OwnDescriptors]:
        """A face that is in the bank, half of it seen."""
        return self.bank, self.weights, self.own

    def test_is_of_the_banks_network_and_layers(self) -> None:
        """A synthesizer compares with the same network."""
        found, wanted = (self.result.network, set(self.result.correlations)), (self.bank.network, set(self.bank.cells))
        demand(found == wanted, f"predict(): expected network and layers {wanted}; found {found}: take them from the bank")

    def test_correlations_are_symmetric(self) -> None:
        """As G = F F^T / M is."""
        for layer, gram in self.result.correlations.items():
            demand_near(gram, gram.T, f"predict().correlations[{layer!r}] against its transpose", "G = G^T", atol=1e-5)

    def test_a_face_of_the_bank_is_told_again(self) -> None:
        """Much nearer than the bank's mean."""
        true = whole_skin(self.bank)[0]
        far = float(np.mean(list(relative_error(self.result, true).values())))
        mend = "blend the bank's faces by the weights: correlations.mix(bank.whole(bank), weights)"
        demand(far <= NEAR, f"predict(): a face that is in the bank is told with an error of {far:.2f}; at most {NEAR}: {mend}")

    def test_half_a_face_has_the_banks_cells(self) -> None:
        """The sample is one that the bank can be seen like."""
        demand(len(under_mask(self.bank, self.own.seen)) == COUNT, "the sample bank has lost exemplars")
