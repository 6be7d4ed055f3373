"""Both eyes look the same way: what turns one of them turns the other. Found one by one they would squint."""

from dataclasses import replace

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


def conjugate(model: MorphableModel) -> MorphableModel:
    """The model whose first shape of each pair makes both; the second makes nothing."""
    expression = model.expression.copy()
    for first, second in _numbers(model):
        expression[first] += expression[second]
        expression[second] = 0
    return replace(model, expression=expression)


def for_both_eyes(model: MorphableModel, weights: Float64[np.ndarray, "expressions"]) -> Float64[np.ndarray, "expressions"]:
    """What the weights of the conjugate model are in the model itself."""
    told = weights.copy()
    for first, second in _numbers(model):
        told[second] = told[first]
    return told


def _numbers(model: MorphableModel) -> list[tuple[int, int]]:
    """Of the pairs that the model has."""
    names = model.expression_names
    return [(names.index(one), names.index(other)) for one, other in PAIRS if {one, other} <= set(names)]
