"""What a photo hides of plain skin, told by others' faces and by what it shows of its own.

    G_hidden = (1 - q) (sum_k w_k G_hidden(k) + b (G_seen - sum_k w_k G_seen(k))) + q r G_mirror

Others' faces are blended by Saito 2017, equation 4. Of what the blend leaves unexplained where skin is seen, the share b is
carried over, as much as the bank's own faces carry over under the same mask: most of colour, little of coarse structure. Where
the mirror of hidden skin is seen, it is taken for the share q, as another photo of the same face; r makes it as much stronger
or weaker as the blended faces' hidden skin is than its own mirror.
"""

from collections.abc import Mapping, Sequence

import numpy as np
from jaxtyping import Float, Float32

from facetex_core import Bank, Descriptor, OwnDescriptors
from facetex_core.descriptors.bank import coefficients_under, supports
from facetex_core.descriptors.correlations import merge
from facetex_plugins.predict.thresholds import BLEND_RIDGE, FAINTEST_EXEMPLAR, MIRROR, MUCH, WORTHWHILE

Supports = Float32[np.ndarray, "cells"]


def hidden_skin(
    bank: Bank, weights: Float32[np.ndarray, "exemplars"], own: OwnDescriptors, mirror: float = MIRROR
) -> Descriptor:
    """What hidden skin is to carry; where little is hidden, what all of the skin is."""
    told, shown = predict_hidden(bank, weights, own, hidden_from(bank, own.seen), mirror), merge(own.seen)
    much = all(support >= MUCH * (support + shown.support[layer]) for layer, support in told.support.items())
    return told if much else merge([shown, told])


def hidden_from(bank: Bank, seen: Sequence[Descriptor]) -> dict[str, Supports]:
    """How much of each cell a photo hides: what faces of the bank show of it on average, less what is seen."""
    return {layer: np.maximum(support.mean(0) - supports(seen, layer), 0) for layer, support in bank.support.items()}


def predict_hidden(
    bank: Bank,
    weights: Float32[np.ndarray, "exemplars"],
    own: OwnDescriptors,
    hidden: Mapping[str, Supports],
    mirror_share: float = MIRROR,
) -> Descriptor:
    """Correlations of the skin that is hidden; `hidden` is the support of it in each cell."""
    observed, carried, correlations = merge(own.seen), carried_over(bank, own.seen, hidden), {}
    for layer, lost in hidden.items():
        beside = np.maximum(supports(own.mirrored, layer) - supports(own.seen, layer), 0)  # of a cell, seen in its mirror alone
        mirror = mirror_share * np.minimum(lost, beside)
        blend = weights @ coefficients_under(bank, layer, lost - mirror)
        blend -= carried[layer] * (weights @ coefficients_under(bank, layer, supports(own.seen, layer)))
        told = np.tensordot(blend, bank.basis[layer], 1) + carried[layer] * observed.correlations[layer]
        share = float(mirror.sum()) / max(float(lost.sum()), 1e-12)
        if share:
            stack = np.stack([cell.correlations[layer] for cell in own.mirrored])
            mirrored = np.tensordot(mirror / mirror.sum(), stack, 1) * _stronger(bank, layer, weights, mirror)
            told = (1 - share) * told + share * mirrored
        correlations[layer] = told.astype(np.float32)
    return Descriptor(bank.network, correlations, {layer: float(lost.sum()) for layer, lost in hidden.items()})


def carried_over(bank: Bank, seen: Sequence[Descriptor], hidden: Mapping[str, Supports]) -> dict[str, float]:
    """The share, by layer, of what a blend leaves unexplained of seen skin that is found again in hidden skin; 0 if small.

    Every exemplar in turn is explained by all others: with A = G G^T + ridge, what least squares leave of exemplar k when it is
    left out is (A^-1 G)_k / (A^-1)_kk.
    """
    there = {layer: coefficients_under(bank, layer, supports(seen, layer)).astype(np.float64) for layer in hidden}
    rows = np.concatenate([found / np.sqrt(max((found**2).sum(1).mean(), 1e-12)) for found in there.values()], 1)
    inverse = np.linalg.inv(rows @ rows.T + BLEND_RIDGE * np.eye(len(rows)))
    left_out = inverse / np.diag(inverse)[:, None]
    shares = {}
    for layer, lost in hidden.items():
        elsewhere = coefficients_under(bank, layer, lost)
        known, unknown, energy = left_out @ there[layer], left_out @ elsewhere, (elsewhere**2).sum(1)
        worth = 1 / np.maximum(energy, max(FAINTEST_EXEMPLAR * energy.mean(), 1e-12))
        both, alone = worth @ (known * unknown).sum(1), worth @ (known**2).sum(1)
        share = float(both / max(alone, 1e-12))
        shares[layer] = min(share, 1.0) if share >= WORTHWHILE else 0.0
    return shares


def _stronger(bank: Bank, layer: str, weights: Float[np.ndarray, "exemplars"], mirror: Supports) -> float:
    """How much stronger the blended faces' skin is in these parts of cells than in their mirrors."""
    across = mirror.reshape(bank.grid, bank.grid)[:, ::-1].ravel()
    here, there = (float(np.linalg.norm(weights @ coefficients_under(bank, layer, part))) for part in (mirror, across))
    return here / max(there, 1e-12) if here else 1.0
