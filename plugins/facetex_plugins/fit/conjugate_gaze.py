"""Both eyes look the same way: what turns one of them turns the other. Found one by one they would squint."""

import numpy as np
from jaxtyping import Float64

from facetex_core import MorphableModel

PAIRS = (
    ("eyeLookOutLeft", "eyeLookInRight"),
    ("eyeLookOutRight", "eyeLookInLeft"),
    ("eyeLookUpLeft", "eyeLookUpRight"),
    ("eyeLookDownLeft", "eyeLookDownRight"),
)
"""Shapes that eyes make together when they look far away."""


def conjugate(model: MorphableModel, weights: Float64[np.ndarray, "expressions"]) -> Float64[np.ndarray, "expressions"]:
    """The weights with both shapes of each pair at their mean."""
    told, names = weights.copy(), model.expression_names
    for pair in PAIRS:
        if {*pair} <= set(names):
            both = [names.index(name) for name in pair]
            told[both] = weights[both].mean()
    return told
