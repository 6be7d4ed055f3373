"""Hidden predictor `example`: the blend of the bank, drawn a little towards its mean."""

import numpy as np
from facetex_core import Bank, Descriptor, OwnDescriptors
from facetex_core.descriptors.bank import whole_skin
from facetex_core.descriptors.correlations import mix
from jaxtyping import Float32


class Example:
    """The weights' blend of whole faces; `mean` is the share of the bank's mean in it."""

    def __init__(self, mean: float = 0.1) -> None:
        self.mean = mean

    def predict(self, bank: Bank, weights: Float32[np.ndarray, " exemplars"], own: OwnDescriptors) -> Descriptor:
        """Correlations of plain skin, of the bank's network and layers."""
        drawn = (1 - self.mean) * weights + self.mean / len(weights)
        return mix(whole_skin(bank), np.asarray(drawn, np.float32))
