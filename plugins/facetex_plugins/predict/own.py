"""Hidden predictors: what a photo hides of plain skin, told by others' faces and by what it shows of its own."""

from typing import Annotated

import numpy as np
from jaxtyping import Float32

from facetex_core import Bank, Descriptor, Meta, OwnDescriptors, hookimpl
from facetex_core.descriptors.bank import whole_skin
from facetex_core.descriptors.correlations import mix
from facetex_plugins.predict.hidden_skin import hidden_skin
from facetex_plugins.predict.thresholds import MIRROR

api_version = 2


@hookimpl
def hidden_predictors() -> dict[str, type]:
    """The default, and the blend alone."""
    return {"own": OwnPredictor, "none": BlendPredictor}


class OwnPredictor:
    """The blend, corrected by its residual on visible skin and by the face's mirror."""

    def __init__(
        self, mirror: Annotated[float, Meta(ge=0, le=1, description="weight of the mirror image where it is visible")] = MIRROR
    ) -> None:
        self.mirror = mirror

    def predict(self, bank: Bank, weights: Float32[np.ndarray, "exemplars"], own: OwnDescriptors) -> Descriptor:
        """Of the hidden skin alone where there is much of it, else of all plain skin."""
        return hidden_skin(bank, weights, own, self.mirror)


class BlendPredictor:
    """The blend of the bank's whole faces alone, as published (Saito 2017, equation 4)."""

    def predict(self, bank: Bank, weights: Float32[np.ndarray, "exemplars"], own: OwnDescriptors) -> Descriptor:  # noqa: ARG002  # of the stage
        """Of all plain skin."""
        return mix(whole_skin(bank), weights)
