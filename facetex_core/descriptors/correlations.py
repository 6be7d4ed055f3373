"""Arithmetic of feature correlations: means of them are correlations again."""

from collections.abc import Mapping, Sequence

import numpy as np
from jaxtyping import Float, Float32, Float64

from facetex_core.errors import ConfigError
from facetex_core.structures import Descriptor


def merge(parts: Sequence[Descriptor]) -> Descriptor:
    """The descriptor of several windows together: sum_c m_c G_c / sum_c m_c, exactly."""
    correlations, support = {}, {}
    for layer in parts[0].correlations:
        weights = np.array([part.support[layer] for part in parts], np.float64)
        stack = np.stack([part.correlations[layer] for part in parts])
        support[layer] = float(weights.sum())
        correlations[layer] = np.asarray(np.tensordot(weights, stack, 1) / max(support[layer], 1e-12), np.float32)
    return Descriptor(parts[0].network, correlations, support)


def unstacked(
    network: str, correlations: Mapping[str, Float32[np.ndarray, "_ _ _"]], support: Mapping[str, Float[np.ndarray, "_"]]
) -> tuple[Descriptor, ...]:
    """A descriptor for each of the matrices that every layer holds as many of."""
    count = len(next(iter(support.values())))
    return tuple(
        Descriptor(
            network, {name: c[k] for name, c in correlations.items()}, {name: float(m[k]) for name, m in support.items()}
        )
        for k in range(count)
    )


def mix(exemplars: Sequence[Descriptor], weights: Float32[np.ndarray, "exemplars"]) -> Descriptor:
    """G_l = sum_k w_k G_l(I_k) (Saito 2017, equation 4)."""
    networks = {exemplar.network for exemplar in exemplars}
    if len(networks) != 1:
        raise ConfigError(f"descriptors of different networks cannot be mixed: {', '.join(sorted(networks))}")
    layers = exemplars[0].correlations
    correlations = {
        layer: np.asarray(np.tensordot(weights, np.stack([e.correlations[layer] for e in exemplars]), 1), np.float32)
        for layer in layers
    }
    support = {layer: float(np.mean([e.support[layer] for e in exemplars])) for layer in layers}
    return Descriptor(exemplars[0].network, correlations, support)


def as_rows(
    observed: Descriptor, exemplars: Sequence[Descriptor]
) -> tuple[Float64[np.ndarray, "exemplars entries"], Float64[np.ndarray, "entries"]]:
    """Exemplars and target as rows of numbers, each layer scaled to the same mean square: what a solver brings together."""
    rows, target = [], []
    for layer, matrix in observed.correlations.items():
        stack = np.stack([exemplar.correlations[layer].ravel() for exemplar in exemplars]).astype(np.float64)
        scale = 1 / np.sqrt(np.maximum((stack**2).sum(1).mean(), 1e-12))
        rows.append(stack * scale)
        target.append(matrix.ravel() * scale)
    return np.concatenate(rows, 1), np.concatenate(target)


def relative_error(found: Descriptor, wanted: Descriptor) -> dict[str, float]:
    """||G - W||_F / ||W||_F by layer."""
    return {
        layer: float(np.linalg.norm(found.correlations[layer] - matrix) / np.maximum(np.linalg.norm(matrix), 1e-12))
        for layer, matrix in wanted.correlations.items()
    }
