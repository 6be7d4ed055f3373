"""A bank as a file: a zip of arrays (npz) without pickles, a few bytes for each cell.

Coefficients are whole numbers of even steps; their low and high bytes lie apart, since most high bytes are alike and
deflate makes nearly nothing of them. Matrices are upper halves in half precision.
"""

from pathlib import Path

import numpy as np
from jaxtyping import Float32

from facetex_core.descriptors.compression import in_steps, pack_symmetric, unpack_symmetric
from facetex_core.descriptors.correlations import unstacked
from facetex_core.errors import ModelError
from facetex_core.io.atomic import replacing
from facetex_core.io.npz import Arrays, read_arrays
from facetex_core.structures import Bank, Descriptor

VERSION = 2
LARGEST_NUMBER = 1e8
"""No number of a bank comes near; beyond it sums of squares overflow."""


def save_bank(bank: Bank, path: Path) -> None:
    """Writes the whole bank; a file that is there is replaced only when all is written."""
    arrays: Arrays = {
        "version": np.array(VERSION),
        "network": np.array(bank.network),
        "size": np.array(bank.size),
        "names": np.array(bank.names),
        "layout": bank.layout,
        "albedo": bank.albedo.astype(np.float16),
        "textures": bank.textures,
    }
    for layer, cells in bank.cells.items():
        arrays |= _coded(cells, bank.support[layer], layer)
        arrays[f"basis/{layer}"] = pack_symmetric(bank.basis[layer]).astype(np.float16)
        arrays[f"mass/{layer}"] = bank.support[layer].astype(np.float32)
        if bank.faces:
            faces = pack_symmetric(np.stack([face.correlations[layer] for face in bank.faces]))
            arrays[f"face scale/{layer}"] = scale = np.abs(faces).max(0).clip(1e-12).astype(np.float32)
            arrays[f"face/{layer}"] = (faces / scale).astype(np.float16)
            arrays[f"face mass/{layer}"] = np.array([face.support[layer] for face in bank.faces], np.float32)
    with replacing(path) as half, half.open("wb") as file:
        np.savez_compressed(file, **arrays)  # type: ignore[arg-type]  # numpy's stub takes the names for its own


def _coded(
    cells: Float32[np.ndarray, "exemplars cells entries"], support: Float32[np.ndarray, "exemplars cells"], layer: str
) -> Arrays:
    step = in_steps(cells, support)
    levels = np.ascontiguousarray(np.rint(cells / step).astype(np.int16).transpose(2, 0, 1))
    return {
        f"step/{layer}": np.array(step, np.float32),
        f"low/{layer}": (levels & 255).astype(np.uint8),
        f"high/{layer}": (levels >> 8).astype(np.int8),
    }


def load_bank(path: Path) -> Bank:
    """Reads what `save_bank` wrote; anything else is a ModelError."""
    arrays = read_arrays(path, "facetex bank")
    try:
        bank = _bank(arrays, path)
        _refuse_torn(bank)
    except (LookupError, ValueError, TypeError, AttributeError, OverflowError) as error:
        raise ModelError(f"{path.name} is no facetex bank: {error} is missing or of another shape") from None
    return bank


def _bank(arrays: Arrays, path: Path) -> Bank:
    if int(arrays["version"]) != VERSION:
        raise ModelError(
            f"{path.name} has version {int(arrays['version'])}, this facetex reads {VERSION}: facetex bank build makes it again"
        )
    layers = [name.split("/", 1)[1] for name in arrays if name.startswith("mass/")]
    if not layers:
        raise ValueError("every layer")
    return Bank(
        str(arrays["network"]),
        int(arrays["size"]),
        {layer: _cells(arrays, layer) for layer in layers},
        {layer: unpack_symmetric(arrays[f"basis/{layer}"].astype(np.float32)) for layer in layers},
        {layer: arrays[f"mass/{layer}"] for layer in layers},
        tuple(arrays["names"].tolist()),
        arrays["layout"],
        _faces(arrays, layers),
        arrays["albedo"].astype(np.float32),
        arrays["textures"],
    )


def _refuse_torn(bank: Bank) -> None:
    """ValueError where the parts of a bank do not belong together, or hold numbers that are none."""
    count, cells = len(bank.names), bank.grid**2
    for layer, basis in bank.basis.items():
        entries, channels, _ = basis.shape
        if bank.cells[layer].shape != (count, cells, entries) or bank.support[layer].shape != (count, cells):
            raise ValueError(f"a cell of {layer}")
        if any(face.correlations[layer].shape != (channels, channels) for face in bank.faces):
            raise ValueError(f"a face of {layer}")
        if not all((np.abs(values) < LARGEST_NUMBER).all() for values in (basis, bank.cells[layer], bank.support[layer])):
            raise ValueError(f"a number of {layer}")
        if bank.support[layer].min() < 0:
            raise ValueError(f"a support of {layer}")
    if not count or not cells or bank.size < 1 or not all(isinstance(name, str) for name in bank.names):
        raise ValueError("an exemplar")
    if bank.layout.shape not in ((0, 2), (68, 2)) or not np.isfinite(bank.layout).all():
        raise ValueError("layout")
    if bank.albedo.ndim != 4 or bank.albedo.shape[3] != 3 or not np.isfinite(bank.albedo).all():
        raise ValueError("albedo")
    if bank.textures.dtype != np.uint8 or bank.textures.ndim != 4 or bank.textures.shape[3] != 4:
        raise ValueError("textures")
    if len(bank.albedo) not in (0, count) or len(bank.textures) not in (0, count):
        raise ValueError("albedo or textures of an exemplar")


def _cells(arrays: Arrays, layer: str) -> Float32[np.ndarray, "exemplars cells entries"]:
    levels = (arrays[f"high/{layer}"].astype(np.int16) << 8) | arrays[f"low/{layer}"]
    return np.ascontiguousarray(levels.transpose(1, 2, 0) * arrays[f"step/{layer}"], np.float32)


def _faces(arrays: Arrays, layers: list[str]) -> tuple[Descriptor, ...]:
    if f"face/{layers[0]}" not in arrays:
        return ()
    matrices = {layer: unpack_symmetric(arrays[f"face/{layer}"] * arrays[f"face scale/{layer}"]) for layer in layers}
    support = {layer: arrays[f"face mass/{layer}"] for layer in layers}
    return unstacked(str(arrays["network"]), matrices, support)
