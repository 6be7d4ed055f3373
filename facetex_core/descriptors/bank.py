"""A bank of exemplars: correlations by cell of the face's box, so that any mask can be laid over them afterwards."""

from collections.abc import Mapping, Sequence

import numpy as np
from jaxtyping import Float, Float32

from facetex_core.descriptors.correlations import unstacked
from facetex_core.errors import ConfigError
from facetex_core.listeners import warn
from facetex_core.stages import DescriptorExtractor
from facetex_core.structures import Bank, Descriptor, MorphableModel, Texture

MOVED = 0.02
"""Share of the map that a landmark may lie off before the map is taken for another one."""
FEW = 20
"""Exemplars below which a bank predicts much worse: conv3_1 is off by .52 with 3, .43 with 10, .40 with 20, .36 with 59."""
PROBE = 64
"""Texels of the grey square by which an extractor is asked what it makes."""


def cells_of(grid: int, size: int) -> Float32[np.ndarray, "cells size size"]:
    """Windows, 0 or 1, that cut a square of `size` texels into grid x grid cells."""
    index = np.arange(size) * grid // size
    which = index[:, None] * grid + index[None]
    return np.asarray(which[None] == np.arange(grid * grid)[:, None, None], np.float32)


def layout_of(model: MorphableModel) -> Float32[np.ndarray, "68 2"]:
    """Where the landmarks lie in the model's UV map: what tells one map from another, whatever the mesh."""
    corners = model.mesh.uvs[model.mesh.uv_triangles[model.embedding.landmark_triangles]]
    return np.einsum("pk,pki->pi", model.embedding.landmark_barycentric, corners).astype(np.float32)


def moved(one: Float[np.ndarray, "_ 2"], other: Float[np.ndarray, "_ 2"]) -> bool:
    """Whether two layouts, both known, are of different UV maps."""
    return bool(len(one) and len(other) and np.abs(one - other).max() > MOVED)


def refuse_foreign(bank: Bank, model: MorphableModel) -> None:
    """A bank whose cells are cut from another UV map than the model's tells nothing."""
    if moved(bank.layout, layout_of(model)):
        raise ConfigError(
            f"the bank was built on another UV map than that of {model.name!r}; build one with the fitter of this run: "
            "facetex bank build FOLDER --fitter NAME -o FILE.bank"
        )


def warn_of_few(exemplars: int) -> None:
    """A small bank works, but tells little of what a photo hides."""
    if not exemplars:
        raise ConfigError("the bank is empty: build one with facetex bank build FOLDER -o FILE.bank")
    if exemplars < FEW:
        warn(f"only {exemplars} exemplars: a bank predicts well from about {FEW} on")


def refuse_other_descriptor(bank: Bank, extractor: DescriptorExtractor, choice: str) -> None:
    """A look at plain grey tells what an extractor makes, before any work is done; `choice` is how a user asked for it."""
    grey = Texture(np.full((PROBE, PROBE, 3), 0.5, np.float32), np.ones((PROBE, PROBE), np.float32))
    _refuse_other(bank, extractor.describe(grey)[0], f"facetex bank build FOLDER {choice} -o FILE.bank")


def _refuse_other(bank: Bank, made: Descriptor, command: str) -> None:
    if made.network != bank.network:
        raise ConfigError(
            f"the bank holds correlations of {bank.network!r}, this descriptor makes those of {made.network!r}; "
            f"build a bank of it: {command}"
        )
    if set(made.support) != set(bank.support):
        raise ConfigError(
            f"the bank holds the layers {', '.join(bank.support)}, this descriptor makes {', '.join(made.support)}; "
            f"choose the same, or build a bank of it: {command}"
        )


def under_mask(bank: Bank, seen: tuple[Descriptor, ...]) -> tuple[Descriptor, ...]:
    """Every exemplar under the mask that the photo's cells were described under (Saito 2017, section 4.2).

    A cell counts by the share of it that the photo shows.
    """
    _refuse_other(bank, seen[0], "facetex bank build FOLDER --descriptor NAME -o FILE.bank")
    shares = {layer: _shares(bank, layer, supports(seen, layer)) for layer in bank.support}
    return _assemble(bank, shares)


def supports(cells: Sequence[Descriptor], layer: str) -> Float32[np.ndarray, "cells"]:
    """How much each cell shows."""
    return np.array([cell.support[layer] for cell in cells], np.float32)


def coefficients_under(
    bank: Bank, layer: str, support: Float32[np.ndarray, "cells"]
) -> Float32[np.ndarray, "exemplars entries"]:
    """Every exemplar where each cell shows so much, in coefficients of the layer's basis."""
    return _means(bank, layer, _shares(bank, layer, support))[0]


def whole_skin(bank: Bank) -> tuple[Descriptor, ...]:
    """The plain skin of every exemplar as far as its own photo shows it."""
    return _assemble(bank, {layer: np.ones(support.shape[1]) for layer, support in bank.support.items()})


def _shares(bank: Bank, layer: str, support: Float[np.ndarray, "cells"]) -> Float32[np.ndarray, "cells"]:
    return np.asarray(np.clip(support / np.maximum(bank.support[layer].max(0), 1e-6), 0, 1), np.float32)


def _means(
    bank: Bank, layer: str, shares: Float[np.ndarray, "cells"]
) -> tuple[Float[np.ndarray, "exemplars entries"], Float[np.ndarray, "exemplars"]]:
    """Over the shares of the cells, by exemplar, and their support."""
    weights = bank.support[layer] * shares.astype(np.float32)
    support = weights.sum(1)
    return (weights[:, None] @ bank.cells[layer])[:, 0] / np.maximum(support, 1e-12)[:, None], support


def _assemble(bank: Bank, shares: Mapping[str, Float[np.ndarray, "cells"]]) -> tuple[Descriptor, ...]:
    correlations, support = {}, {}
    for layer in bank.cells:
        mean, support[layer] = _means(bank, layer, shares[layer])
        correlations[layer] = np.tensordot(mean, bank.basis[layer], 1).astype(np.float32)
    return unstacked(bank.network, correlations, support)
