"""Reads a zip of arrays (npz), never a pickle."""

import zipfile
import zlib
from pathlib import Path

import numpy as np

from facetex_core.errors import ModelError

KINDS = "biufU"
"""numpy's letters for truth values, whole numbers, numbers and text."""
_DAMAGE = (
    OSError, ValueError, EOFError, AttributeError, TypeError, LookupError, OverflowError, NotImplementedError, RuntimeError,
    SyntaxError, MemoryError, zipfile.BadZipFile, zlib.error,
)  # fmt: skip
"""What a damaged file makes zipfile and numpy raise; one whose header promises too much memory among them."""


def read_arrays(path: Path, what: str) -> dict[str, np.ndarray]:
    """Every array of the file by name; `what` it should have been is named where it is something else."""
    try:
        with path.open("rb") as file, np.load(file, allow_pickle=False) as arrays:
            found = {name: arrays[name] for name in arrays.files}
    except _DAMAGE as error:
        raise ModelError(f"{path.name} is no {what}: {str(error).splitlines()[0] if str(error) else 'it is empty'}") from None
    for name, values in found.items():
        if values.dtype.kind not in KINDS:
            raise ModelError(f"{path.name} is no {what}: {name} holds neither numbers nor text")
    return found
