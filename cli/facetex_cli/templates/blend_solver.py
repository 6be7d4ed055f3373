"""Blend solver `example`: non-negative least squares."""

from collections.abc import Sequence

import numpy as np
from facetex_core import Descriptor
from facetex_core.descriptors.correlations import as_rows
from jaxtyping import Float32


class Example:
    """min_w |sum_k w_k G_k - G|^2 with w >= 0, then divided by its sum; `ridge` draws the weights towards nothing."""

    def __init__(self, ridge: float = 1e-4) -> None:
        self.ridge = ridge

    def solve(self, observed: Descriptor, exemplars: Sequence[Descriptor]) -> Float32[np.ndarray, " exemplars"]:
        """A weight for each exemplar: none negative, all together 1."""
        from scipy.optimize import (
            nnls,  # heavy packages are imported where they are used
        )

        design, target = as_rows(observed, exemplars)
        count = len(exemplars)
        weights, _ = nnls(np.vstack([design.T, self.ridge * np.eye(count)]), np.append(target, np.zeros(count)))
        weights = weights if weights.any() else np.ones(count)
        return np.asarray(weights / weights.sum(), np.float32)
