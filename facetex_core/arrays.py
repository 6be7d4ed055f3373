"""Reads a zip of arrays (npz), never a pickle."""

import zipfile
from pathlib import Path

import numpy as np

from facetex_core.errors import ModelError


def read_arrays(path: Path, what: str) -> dict[str, np.ndarray]:
    """Every array of the file by name; `what` it should have been is named where it is something else."""
    try:
        with path.open("rb") as file, np.load(file, allow_pickle=False) as arrays:
            return {name: arrays[name] for name in arrays.files}
    except (OSError, ValueError, EOFError, AttributeError, TypeError, zipfile.BadZipFile) as error:
        raise ModelError(f"{path.name} is no {what}: {str(error).splitlines()[0] if str(error) else 'it is empty'}") from None
