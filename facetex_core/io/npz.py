"""Reads a zip of arrays (npz), never a pickle."""

import zipfile
import zlib
from io import BytesIO
from pathlib import Path
from tokenize import TokenError

import numpy as np
from jaxtyping import Shaped

from facetex_core.errors import ModelError
from facetex_core.io.archive import zip_members
from facetex_core.io.declared import Allowance

AnyArray = Shaped[np.ndarray, "..."]
"""Numbers or texts of whatever kind and shape a file says."""
Arrays = dict[str, AnyArray]
"""By name."""

NUMPY_KINDS = "biufU"
"""numpy's letters for truth values, whole numbers, numbers and text."""
_DAMAGE = (
    OSError, ValueError, EOFError, AttributeError, TypeError, LookupError, OverflowError, NotImplementedError, RuntimeError,
    SyntaxError, zipfile.BadZipFile, zlib.error, TokenError,
)  # fmt: skip
"""What a damaged file makes zipfile and numpy raise."""


def read_arrays(path: Path, what: str) -> Arrays:
    """Every array of the file by name; `what` it should have been is named where it is something else."""
    try:
        with zipfile.ZipFile(path) as archive:
            members = zip_members(archive, Allowance(path.stat().st_size))
            return {name.removesuffix(".npy"): _array(name, content) for name, content in members}
    except _DAMAGE as error:
        raise ModelError(f"{path.name} is no {what}: {str(error).splitlines()[0] if str(error) else 'it is empty'}") from None


def _array(name: str, content: bytes) -> AnyArray:
    """The array of a .npy file, once its header is one of numbers or text, and promises what is there."""
    file = BytesIO(content)
    version = np.lib.format.read_magic(file)
    read_header = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
    shape, _, dtype = read_header(file)
    if dtype.kind not in NUMPY_KINDS:
        raise ValueError(f"{name.removesuffix('.npy')} holds neither numbers nor text")
    Allowance(len(content)).array(shape, dtype.itemsize)
    return np.lib.format.read_array(BytesIO(content), allow_pickle=False)
