"""Fitter with the Surrey Face Model (Huber et al. 2016) in the binary form of eos (github.com/patrikhuber/eos, folder share).

The form is cereal's, little endian: the version (1 to 4), then mean, basis of unit columns and variances, each a matrix
(rows, columns, 32-bit numbers by column), and the triangles. Colour, texture coordinates and landmarks follow; facetex
needs none of them. The file of expressions holds for each a name and a matrix of displacements. Millimetres.
"""

from pathlib import Path

import numpy as np
from jaxtyping import Float32, Shaped

from facetex_core import ModelImporter, hookimpl
from facetex_core.io.declared import read_file
from facetex_plugins.fit.bare_model import BareModel, by_vertex, scaled_modes
from facetex_plugins.fit.licensed import MILLIMETRE, LicensedFitter

SHAPES, EXPRESSIONS = "sfm_shape_*.bin", "expression_blendshapes_*.bin"

api_version = 2


@hookimpl
def fitters() -> dict[str, type]:
    """The model of the eos library."""
    return {"sfm": SfmFitter}


@hookimpl
def model_importers() -> dict[str, ModelImporter]:
    """Laid over our basis when it is added."""
    return {"sfm": SfmFitter.take_in}


class SfmFitter(LicensedFitter):
    """Identity and expression coefficients of the Surrey Face Model: at most `identity` of 63, `expression` of 6."""

    model_name = "sfm"

    @staticmethod
    def read(source: Path) -> BareModel:
        """The model of the folder `share`, or of its sfm_shape_3448.bin with the expressions beside it."""
        shape = _first(source, SHAPES) if source.is_dir() else source
        file = Cereal(read_file(shape))
        if file.number("<u4") not in (1, 2, 3, 4):
            raise ValueError("it does not begin with a version from 1 to 4")
        mean, basis, variance = file.matrix(), file.matrix(), file.matrix()
        triangles = file.take("<i4", 3 * file.number("<u8")).reshape(-1, 3)
        moves = Cereal(read_file(_first(shape.parent, EXPRESSIONS)))
        expressions = {
            moves.take("u1", moves.number("<u8")).tobytes().decode(): moves.matrix() for _ in range(moves.number("<u8"))
        }
        return BareModel(
            "sfm",
            (MILLIMETRE * mean.reshape(-1, 3)).astype(np.float32),
            {"skin": triangles.astype(np.int32)},
            scaled_modes(MILLIMETRE * basis, np.sqrt(variance)),
            by_vertex(MILLIMETRE * np.concatenate(list(expressions.values()), 1)),
            tuple(expressions),
        )


class Cereal:
    """A file of cereal's, read from its beginning."""

    def __init__(self, data: bytes) -> None:
        self.data, self.at = data, 0

    def take(self, kind: str, count: int) -> Shaped[np.ndarray, "numbers"]:
        """The next numbers; a file that ends before them is a ValueError."""
        if not 0 <= count * np.dtype(kind).itemsize <= len(self.data) - self.at:
            raise ValueError("it ends too early")
        values = np.frombuffer(self.data, kind, count, self.at)
        self.at += values.nbytes
        return values

    def number(self, kind: str) -> int:
        """One whole number."""
        return int(self.take(kind, 1)[0])

    def matrix(self) -> Float32[np.ndarray, "rows columns"]:
        """Rows, columns and numbers by column."""
        rows, columns = self.number("<i4"), self.number("<i4")
        return self.take("<f4", rows * columns).reshape(columns, rows).T


def _first(folder: Path, pattern: str) -> Path:
    for path in sorted(folder.glob(pattern)):
        return path
    raise ValueError(f"there is no {pattern} in its folder")
