"""Reads arrays of numbers out of an HDF5 file, from the file itself and nowhere else."""

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from facetex_core.io.declared import Allowance
from facetex_core.io.npz import AnyArray, Arrays

if TYPE_CHECKING:
    import h5py

DEFLATE, SHUFFLE, CHECKSUM = 1, 2, 3
"""HDF5's numbers of the filters that it brings; for others it would load a library of the system."""


def read_hdf5(path: Path, names: Iterable[str]) -> Arrays:
    """The arrays at these places.

    What is damaged, missing, or leads out of the file is an OSError, LookupError, RuntimeError, TypeError or ValueError.
    """
    import h5py

    allowance = Allowance(path.stat().st_size)
    with h5py.File(path, "r") as file:
        return {name: _numbers(_dataset(file, name), name, allowance) for name in names}


def _dataset(file: "h5py.File", name: str) -> "h5py.Dataset":
    """Step by step, so that no link leads anywhere else."""
    import h5py

    place = file
    for step in name.split("/"):
        link = place.get(step, getlink=True) if isinstance(place, h5py.Group) else None
        if link is None:
            raise KeyError(name)
        if not isinstance(link, h5py.HardLink):
            raise TypeError(f"{name} is a link")
        place = place[step]
    if not isinstance(place, h5py.Dataset):
        raise TypeError(f"{name} is no array")
    return place


def _numbers(dataset: "h5py.Dataset", name: str, allowance: Allowance) -> AnyArray:
    """All that the array holds."""
    import h5py

    plan = dataset.id.get_create_plist()
    layout, filters = plan.get_layout(), [plan.get_filter(index)[0] for index in range(plan.get_nfilters())]
    if plan.get_external_count() or layout not in (h5py.h5d.COMPACT, h5py.h5d.CONTIGUOUS, h5py.h5d.CHUNKED):
        raise ValueError(f"the numbers of {name} are in other files")
    if not set(filters) <= {DEFLATE, SHUFFLE, CHECKSUM}:
        raise ValueError(f"the numbers of {name} have an unsupported compression")
    if dataset.shape is None or dataset.dtype.kind not in "fiu":
        raise ValueError(f"{name} holds no numbers")
    shape = allowance.array(dataset.shape, dataset.dtype.itemsize)
    return _chunks(dataset, shape, filters, allowance) if layout == h5py.h5d.CHUNKED else np.asarray(dataset)


def _chunks(dataset: "h5py.Dataset", shape: tuple[int, ...], filters: list[int], allowance: Allowance) -> AnyArray:
    """Chunk by chunk; HDF5 itself would unfold each as far as it goes."""
    values = np.zeros(shape, dataset.dtype)
    places: list[tuple[int, ...]] = []
    dataset.id.chunk_iter(lambda chunk: places.append(chunk.chunk_offset))
    for place in places:
        skipped, content = dataset.id.read_direct_chunk(place)
        for index in reversed(range(len(filters))):
            if not skipped >> index & 1:
                content = _undone(filters[index], content, values.itemsize, allowance)
        block = np.frombuffer(content, values.dtype).reshape(dataset.chunks)
        there = values[tuple(slice(start, start + side) for start, side in zip(place, block.shape, strict=True))]
        there[...] = block[tuple(map(slice, there.shape))]
    return values


def _undone(kind: int, content: bytes, itemsize: int, allowance: Allowance) -> bytes:
    """A chunk before it went through a filter."""
    if kind == DEFLATE:
        return allowance.inflate(content)
    if kind == CHECKSUM:
        return content[:-4]
    return np.frombuffer(content, np.uint8).reshape(itemsize, -1).T.tobytes()
