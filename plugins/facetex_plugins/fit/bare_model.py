"""A morphable model as its makers give it: shape and expression, without our UV map, landmarks, regions or albedo."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float32, Int32, Shaped

FEWEST = 100


@dataclass(frozen=True, eq=False, slots=True)
class BareModel:
    """What a reader returns: metres, y up, looking along +z, in any place; numbers that make no head are a ValueError."""

    name: str
    mean: Float32[np.ndarray, "vertices 3"]
    triangles: Mapping[str, Int32[np.ndarray, "_ 3"]]
    """By the names of our basis' parts; all models have a skin."""
    identity: Float32[np.ndarray, "modes _ 3"]
    """Metres for one standard deviation."""
    expression: Float32[np.ndarray, "expressions _ 3"]
    """Metres for a coefficient of 1."""
    expression_names: tuple[str, ...]

    def __post_init__(self) -> None:
        """What can be read may still be no head."""
        if len(self.mean) < FEWEST:
            raise ValueError(f"it has {len(self.mean)} vertices, too few for a head")
        if not all(np.isfinite(values).all() for values in (self.mean, self.identity, self.expression)):
            raise ValueError("it holds numbers that are not finite")
        if np.ptp(self.mean, axis=0).min() <= 0:
            raise ValueError("it is flat")
        if any(modes.shape[1:] != self.mean.shape for modes in (self.identity, self.expression)):
            raise ValueError("its modes have other vertices than its mean")
        if len(self.identity) == 0:
            raise ValueError("it has no identity modes")
        if "skin" not in self.triangles or any(len(part) == 0 for part in self.triangles.values()):
            raise ValueError("it has no triangles")
        if any(part.shape != (len(part), 3) for part in self.triangles.values()):
            raise ValueError("its triangles have other than three corners")
        if any(part.min() < 0 or part.max() >= len(self.mean) for part in self.triangles.values()):
            raise ValueError("its triangles have vertices that do not exist")


def by_vertex(values: Shaped[np.ndarray, "coordinates modes"]) -> Float32[np.ndarray, "modes vertices 3"]:
    """(modes, vertices, 3) from columns of x, y, z, x, y, z...: (3 vertices, modes)."""
    return np.ascontiguousarray(values.T.reshape(values.shape[1], -1, 3), np.float32)


def scaled_modes(
    basis: Shaped[np.ndarray, "..."], deviations: Shaped[np.ndarray, "..."]
) -> Float32[np.ndarray, "modes vertices 3"]:
    """Modes for one standard deviation, from columns of x, y, z, x, y, z...; other than one deviation each is a ValueError."""
    if basis.ndim != 2 or deviations.size != basis.shape[1]:
        raise ValueError("its modes have other numbers of deviations")
    return by_vertex(basis * deviations.ravel())
