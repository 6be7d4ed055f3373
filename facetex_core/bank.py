"""A bank of exemplars: correlations by cell of the face's box, so that any mask can be laid over them afterwards.

A bank file is a zip of arrays (npz) without pickles: for every layer the upper triangles of the cells' correlations.
"""

from pathlib import Path

import numpy as np
from jaxtyping import Float32

from facetex_core.arrays import read_arrays
from facetex_core.errors import ConfigError, ModelError
from facetex_core.structures import Bank, Descriptor


def cells_of(grid: int, size: int) -> Float32[np.ndarray, "cells size size"]:
    """Windows, 0 or 1, that cut a square of `size` texels into grid x grid cells."""
    index = np.arange(size) * grid // size
    which = index[:, None] * grid + index[None]
    return np.asarray(which[None] == np.arange(grid * grid)[:, None, None], np.float32)


def seen_like(bank: Bank, seen: tuple[Descriptor, ...]) -> tuple[Descriptor, ...]:
    """Every exemplar under the mask that the photo's cells were described under (Saito 2017, section 4.2).

    A cell counts by the share of it that the photo shows.
    """
    if seen[0].network != bank.network:
        raise ConfigError(
            f"the bank holds correlations of {bank.network!r}, the photo was described by {seen[0].network!r}: "
            "choose a bank and a descriptor extractor of one network"
        )
    if set(seen[0].mass) != set(bank.mass):
        raise ConfigError(
            f"the bank holds the layers {', '.join(bank.mass)}, the photo was described by {', '.join(seen[0].mass)}: "
            "choose the same"
        )
    shares = {}
    for layer, mass in bank.mass.items():
        full = mass.max(0)
        shares[layer] = np.clip([cell.mass[layer] for cell in seen] / np.maximum(full, 1e-6), 0, 1)
    return _assemble(bank, shares)


def whole(bank: Bank) -> tuple[Descriptor, ...]:
    """Every exemplar as far as its own photo shows it."""
    return _assemble(bank, {layer: np.ones(mass.shape[1]) for layer, mass in bank.mass.items()})


def _assemble(bank: Bank, shares: dict[str, np.ndarray]) -> tuple[Descriptor, ...]:
    correlations, mass = {}, {}
    for layer, cells in bank.correlations.items():
        weights = bank.mass[layer] * shares[layer].astype(np.float32)
        mass[layer] = weights.sum(1)
        flat = cells.reshape(*cells.shape[:2], -1)
        mean = np.einsum("ec,ecx->ex", weights, flat) / np.maximum(mass[layer], 1e-12)[:, None]
        correlations[layer] = mean.reshape(len(cells), *cells.shape[2:]).astype(np.float32)
    return tuple(
        Descriptor(
            bank.network, {name: c[k] for name, c in correlations.items()}, {name: float(m[k]) for name, m in mass.items()}
        )
        for k in range(len(bank.names))
    )


def save_bank(bank: Bank, path: Path) -> None:
    """Writes half of each symmetric matrix, in half precision, scaled to the layer's largest entry."""
    arrays: dict[str, np.ndarray] = {
        "network": np.array(bank.network),
        "size": np.array(bank.size),
        "names": np.array(bank.names),
    }
    for layer, cells in bank.correlations.items():
        upper = np.triu_indices(cells.shape[-1])
        scale = np.float32(np.abs(cells).max())
        arrays[f"correlations/{layer}"] = (cells[..., upper[0], upper[1]] / scale).astype(np.float16)
        arrays[f"scale/{layer}"] = np.asarray(scale)
        arrays[f"mass/{layer}"] = bank.mass[layer].astype(np.float32)
    with path.open("wb") as file:
        np.savez_compressed(file, **arrays)  # type: ignore[arg-type]  # numpy's stub takes the names for its own


def load_bank(path: Path) -> Bank:
    """Reads what `save_bank` wrote; anything else is a ModelError."""
    arrays = read_arrays(path, "facetex bank")
    try:
        layers = [name.split("/", 1)[1] for name in arrays if name.startswith("mass/")]
        correlations = {layer: _mirror(arrays[f"correlations/{layer}"], arrays[f"scale/{layer}"]) for layer in layers}
        mass = {layer: arrays[f"mass/{layer}"] for layer in layers}
        return Bank(str(arrays["network"]), int(arrays["size"]), correlations, mass, tuple(arrays["names"].tolist()))
    except (KeyError, IndexError, ValueError) as error:
        raise ModelError(f"{path.name} is no facetex bank: {error} is missing or of another shape") from None


def _mirror(half: np.ndarray, scale: np.ndarray) -> Float32[np.ndarray, "exemplars cells channels channels"]:
    channels = round((np.sqrt(8 * half.shape[-1] + 1) - 1) / 2)
    rows, columns = np.triu_indices(channels)
    full = np.zeros((*half.shape[:2], channels, channels), np.float32)
    full[..., rows, columns] = full[..., columns, rows] = half.astype(np.float32) * scale
    return full
