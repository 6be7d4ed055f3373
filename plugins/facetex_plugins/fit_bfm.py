"""Fitter with the Basel Face Model 2017 or 2019 (Gerig et al. 2018), as in Saito 2017, section 4.1.

The .h5 files hold shape and expression as mean, pcaBasis and pcaVariance, in millimetres. They have no UV map: the
basis of facetex lends its own, with its landmarks and regions.
"""

from functools import cached_property
from pathlib import Path

import numpy as np
from facetex_model_zoo import model_path

from facetex_core import ModelError, MorphableModel, hookimpl
from facetex_core.adopt import adopt_layout
from facetex_core.fit import ModelFitter
from facetex_core.morphable_model import load_morphable_model, with_albedo

METRES = 0.001


@hookimpl
def fitters() -> dict[str, type]:
    """The paper's model."""
    return {"bfm": BfmFitter}


class BfmFitter(ModelFitter):
    """Identity and expression coefficients of the Basel Face Model, `identity` and `expression` of each.

    80 and 64: what facetex uses of its own basis' order; the model has 199 and 100.
    """

    def __init__(self, identity: int = 80, expression: int = 64) -> None:
        self.path = model_path("bfm")
        self.identity, self.expression = identity, expression

    @cached_property
    def model(self) -> MorphableModel:
        """The model, laid over the basis once."""
        basis = with_albedo(load_morphable_model(model_path("face_basis")), model_path("skin_albedo"))
        return read_bfm(self.path, self.identity, self.expression, basis)


def read_bfm(path: Path, identity: int, expression: int, basis: MorphableModel) -> MorphableModel:
    """A morphable model from a .h5 file of 2017 or 2019; what is no such file is a ModelError."""
    import h5py

    try:
        with h5py.File(path, "r") as file:
            mean = np.asarray(file["shape/model/mean"]) + np.asarray(file["expression/model/mean"])
            triangles = _triangles(np.asarray(file["shape/representer/cells"]))
            shape, moves = _modes(file["shape/model"], identity), _modes(file["expression/model"], expression)
        _refuse_nonsense(mean, triangles, shape, moves)
    except (OSError, KeyError, ValueError, TypeError, IndexError) as error:
        raise ModelError(f"{path.name} is no Basel Face Model of 2017 or 2019: {error}") from None
    names = tuple(f"expression{index:03d}" for index in range(len(moves)))
    vertices = (METRES * mean.reshape(-1, 3)).astype(np.float32)
    return adopt_layout("bfm", vertices, triangles, METRES * shape, METRES * moves, names, basis)


def _modes(group: object, count: int) -> np.ndarray:
    """(modes, vertices, 3) for one standard deviation, from a (3 vertices, modes) basis of unit columns."""
    basis, variance = group["pcaBasis"][:, :count], np.asarray(group["pcaVariance"])  # type: ignore[index]
    scaled = (basis * np.sqrt(variance[:count])).T
    return np.asarray(scaled.reshape(len(scaled), -1, 3), np.float32)


def _triangles(cells: np.ndarray) -> np.ndarray:
    """(triangles, 3), whichever way round the file has them."""
    return np.ascontiguousarray(cells if cells.shape[1] == 3 else cells.T, np.int32)


def _refuse_nonsense(mean: np.ndarray, triangles: np.ndarray, *modes: np.ndarray) -> None:
    """What can be read may still be no head."""
    if not all(np.isfinite(values).all() for values in (mean, *modes)):
        raise ValueError("it holds numbers that are not finite")
    if any(mode.shape[1:] != (len(mean) // 3, 3) for mode in modes):
        raise ValueError("its modes have other vertices than its mean")
    if triangles.min() < 0 or triangles.max() >= len(mean) // 3:
        raise ValueError("its triangles have vertices that do not exist")
