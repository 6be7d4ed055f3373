"""A bank made of faces, or of two banks."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float32, UInt8

from facetex_core.descriptors.bank import moved
from facetex_core.descriptors.compression import pack_symmetric, principal, unpack_symmetric
from facetex_core.errors import ConfigError
from facetex_core.structures import Bank, Descriptor


@dataclass(frozen=True, eq=False, slots=True)
class Exemplar:
    """What a bank holds of one face."""

    name: str
    cells: tuple[Descriptor, ...]
    """Of plain skin, by cell of the face's box."""
    face: Descriptor
    albedo: Float32[np.ndarray, "low low 3"]
    texture: UInt8[np.ndarray, "size size 4"] | None = None


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
    if moved(first.layout, second.layout):
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
