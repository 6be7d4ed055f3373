"""Fitter with the Basel Face Model 2009 (Paysan et al.), 2017 or 2019 (Gerig et al. 2018), as in Saito 2017, section 4.1.

The .h5 files hold shape and expression as mean, pcaBasis and pcaVariance, in millimetres; the .mat file of 2009 holds
shapeMU, shapePC and the deviations shapeEV in micrometres, triangles that count from 1, and no expressions.
"""

from pathlib import Path

import numpy as np

from facetex_core import ModelImporter, hookimpl
from facetex_core.io.declared import read_file
from facetex_plugins.fit.bare_model import BareModel, scaled_modes
from facetex_plugins.fit.licensed import MILLIMETRE, LicensedFitter
from facetex_plugins.fit.readers.hdf5 import read_hdf5
from facetex_plugins.fit.readers.matlab import read_mat

MICROMETRE = 1e-6
HDF5 = b"\x89HDF\r\n\x1a\n"
CELLS, MODEL_PARTS = "shape/representer/cells", ("mean", "pcaBasis", "pcaVariance")

api_version = 2


@hookimpl
def fitters() -> dict[str, type]:
    """The paper's model."""
    return {"bfm": BfmFitter}


@hookimpl
def model_importers() -> dict[str, ModelImporter]:
    """Laid over our basis when it is added."""
    return {"bfm": BfmFitter.take_in}


class BfmFitter(LicensedFitter):
    """Identity and expression coefficients of the Basel Face Model: at most `identity` of 199, `expression` of 100."""

    model_name = "bfm"

    @staticmethod
    def read(source: Path) -> BareModel:
        """The model of a .h5 file of 2017 or 2019, or of the .mat file of 2009."""
        content = read_file(source)
        return read_h5(source) if content.startswith(HDF5) else read_2009(content)


def read_h5(path: Path) -> BareModel:
    """2017 and 2019; the mean face is the sum of the two means."""
    file = read_hdf5(path, (CELLS, *(f"{name}/model/{part}" for name in ("shape", "expression") for part in MODEL_PARTS)))
    means, bases, variances = ([file[f"{name}/model/{part}"] for name in ("shape", "expression")] for part in MODEL_PARTS)
    if means[0].shape != means[1].shape:
        raise ValueError("its two means have other vertices")
    identity, expression = (
        scaled_modes(MILLIMETRE * basis, np.sqrt(variance)) for basis, variance in zip(bases, variances, strict=True)
    )
    cells = file[CELLS]
    triangles = cells if cells.shape[1] == 3 else cells.T
    names = tuple(f"expression{index:03d}" for index in range(len(expression)))
    vertices = (MILLIMETRE * (means[0] + means[1]).reshape(-1, 3)).astype(np.float32)
    return BareModel("bfm", vertices, {"skin": np.ascontiguousarray(triangles, np.int32)}, identity, expression, names)


def read_2009(content: bytes) -> BareModel:
    """The .mat file."""
    file = read_mat(content)
    mean, basis, deviations, triangles = (file[name] for name in ("shapeMU", "shapePC", "shapeEV", "tl"))
    identity = scaled_modes(MICROMETRE * basis, deviations)
    vertices = (MICROMETRE * mean.reshape(-1, 3)).astype(np.float32)
    return BareModel("bfm", vertices, {"skin": triangles.astype(np.int32) - 1}, identity, identity[:0], ())
