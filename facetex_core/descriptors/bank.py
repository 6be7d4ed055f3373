"""A bank of exemplars: correlations by cell of the face's box, so that any mask can be laid over them afterwards."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Float32, UInt8

from facetex_core.descriptors.bank_file import load_bank, save_bank
from facetex_core.descriptors.compression import pack_symmetric, principal, unpack_symmetric
from facetex_core.errors import ConfigError
from facetex_core.messages import warn
from facetex_core.stages import DescriptorExtractor
from facetex_core.structures import Bank, Descriptor, MorphableModel, Texture

__all__ = [
    "FEW",
    "Exemplar",
    "cells_of",
    "coefficients_under",
    "gather",
    "layout_of",
    "load_bank",
    "merged",
    "refuse_foreign",
    "refuse_other_descriptor",
    "save_bank",
    "supports",
    "under_mask",
    "warn_of_few",
    "whole_skin",
]

MOVED = 0.02
"""Share of the map that a landmark may lie off before the map is taken for another one."""


FEW = 20
"""Exemplars below which a bank predicts much worse: conv3_1 is off by .52 with 3, .43 with 10, .40 with 20, .36 with 59."""
PROBE = 64
"""Texels of the grey square by which an extractor is asked what it makes."""


@dataclass(frozen=True, eq=False, slots=True)
class Exemplar:
    """What a bank holds of one face."""

    name: str
    cells: tuple[Descriptor, ...]
    """Of plain skin, by cell of the face's box."""
    face: Descriptor
    albedo: Float32[np.ndarray, "low low 3"]
    texture: UInt8[np.ndarray, "size size 4"] | None = None


def cells_of(grid: int, size: int) -> Float32[np.ndarray, "cells size size"]:
    """Windows, 0 or 1, that cut a square of `size` texels into grid x grid cells."""
    index = np.arange(size) * grid // size
    which = index[:, None] * grid + index[None]
    return np.asarray(which[None] == np.arange(grid * grid)[:, None, None], np.float32)


def gather(exemplars: Sequence[Exemplar], size: int, layout: Float32[np.ndarray, "points 2"]) -> Bank:
    """The bank of these faces, described at a map of `size` texels."""
    cells, basis, support = {}, {}, {}
    for layer in exemplars[0].face.correlations:
        support[layer] = np.array([[cell.support[layer] for cell in each.cells] for each in exemplars], np.float32)
        vectors = np.stack([pack_symmetric(np.stack([cell.correlations[layer] for cell in each.cells])) for each in exemplars])
        cells[layer], flat = principal(vectors, support[layer])
        basis[layer] = unpack_symmetric(flat)
    textures = [each.texture for each in exemplars if each.texture is not None]
    return Bank(
        exemplars[0].face.network,
        size,
        cells,
        basis,
        support,
        _distinct([each.name for each in exemplars]),
        layout,
        tuple(each.face for each in exemplars),
        np.stack([each.albedo for each in exemplars]),
        np.stack(textures) if textures else np.zeros((0, 0, 0, 4), np.uint8),
    )


def merged(first: Bank, second: Bank) -> Bank:
    """Both banks in one; an exemplar whose name is taken gets a number behind it."""
    _refuse_unlike(first, second)
    cells, basis, support = {}, {}, {}
    for layer in first.cells:
        support[layer] = np.concatenate([first.support[layer], second.support[layer]])
        vectors = np.concatenate([bank.cells[layer] @ pack_symmetric(bank.basis[layer]) for bank in (first, second)])
        cells[layer], flat = principal(vectors, support[layer])
        basis[layer] = unpack_symmetric(flat)
    both = (len(first.albedo) and len(second.albedo)) and first.albedo.shape[1:] == second.albedo.shape[1:]
    kept = len(first.textures) and len(second.textures)
    return Bank(
        first.network,
        first.size,
        cells,
        basis,
        support,
        _distinct((*first.names, *second.names)),
        first.layout,
        (*first.faces, *second.faces) if first.faces and second.faces else (),
        np.concatenate([first.albedo, second.albedo]) if both else first.albedo[:0],
        np.concatenate([first.textures, second.textures]) if kept else first.textures[:0],
    )


def _refuse_unlike(first: Bank, second: Bank) -> None:
    for what, one, other in (
        ("network", first.network, second.network),
        ("map size", first.size, second.size),
        ("layers", ", ".join(first.support), ", ".join(second.support)),
        ("cells a side", first.grid, second.grid),
    ):
        if one != other:
            raise ConfigError(f"the banks cannot be merged: {what} {one} and {other}; build one of them again")
    if _moved(first.layout, second.layout):
        raise ConfigError("the banks cannot be merged: they use different UV maps; build one of them again")


def _distinct(names: Sequence[str]) -> tuple[str, ...]:
    taken: list[str] = []
    for name in names:
        number, free = 1, name
        while free in taken:
            number += 1
            free = f"{name}-{number}"
        taken.append(free)
    return tuple(taken)


def layout_of(model: MorphableModel) -> Float32[np.ndarray, "68 2"]:
    """Where the landmarks lie in the model's UV map: what tells one map from another, whatever the mesh."""
    corners = model.mesh.uvs[model.mesh.uv_triangles[model.embedding.landmark_triangles]]
    return np.einsum("pk,pki->pi", model.embedding.landmark_barycentric, corners).astype(np.float32)


def _moved(one: Float[np.ndarray, "_ 2"], other: Float[np.ndarray, "_ 2"]) -> bool:
    return bool(len(one) and len(other) and np.abs(one - other).max() > MOVED)


def refuse_foreign(bank: Bank, model: MorphableModel) -> None:
    """A bank whose cells are cut from another UV map than the model's tells nothing."""
    if _moved(bank.layout, layout_of(model)):
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
    return tuple(
        Descriptor(
            bank.network, {name: c[k] for name, c in correlations.items()}, {name: float(m[k]) for name, m in support.items()}
        )
        for k in range(len(bank.names))
    )
