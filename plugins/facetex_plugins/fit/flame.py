"""Fitter with FLAME 2020 or 2023 (Li et al. 2017), read without running what the pickled file asks for.

A file holds v_template, shapedirs (300 directions of identity, then 100 of expression, for one standard deviation), the
triangles f, and the skeleton J_regressor, weights and posedirs; metres. FLAME opens the jaw by turning a joint, which is
no linear mode: here jawTurn is the displacement of a turn by JAW degrees, its corrective shape included, and the linear
mode along it. Neck and eyes do not turn.
"""

from pathlib import Path

import numpy as np
from jaxtyping import Float64, Int32, Shaped

from facetex_core import ModelImporter, hookimpl
from facetex_core.io.declared import read_file
from facetex_plugins.fit.bare_model import BareModel, by_vertex
from facetex_plugins.fit.licensed import LicensedFitter
from facetex_plugins.fit.readers.inert_pickle import array_of, read_pickle

IDENTITIES = 300
JAW_JOINT, JAW_ANGLE = 2, np.radians(8.0)
"""Joints: root, neck, jaw, eyes. Three standard deviations open the mouth by 24 degrees."""

api_version = 2


@hookimpl
def fitters() -> dict[str, type]:
    """The model of the Max Planck Institute for Intelligent Systems."""
    return {"flame": FlameFitter}


@hookimpl
def model_importers() -> dict[str, ModelImporter]:
    """Laid over our basis when it is added."""
    return {"flame": FlameFitter.take_in}


class FlameFitter(LicensedFitter):
    """Identity, jaw and expression coefficients of FLAME: at most `identity` of 300, `expression` of 101."""

    model_name = "flame"

    @staticmethod
    def read(source: Path) -> BareModel:
        """The model of generic_model.pkl, flame2023.pkl or its like."""
        file = read_pickle(read_file(source))
        if not isinstance(file, dict):
            raise TypeError(f"the pickle holds a {type(file).__name__}, not the dictionary of a model")
        mean, shapes = array_of(file["v_template"]), array_of(file["shapedirs"])
        if mean.shape != (len(mean), 3) or shapes.shape != (*mean.shape, shapes.shape[-1]):
            raise ValueError("its directions have other vertices than its mean")
        moves = [jaw_turn(file, mean), *np.moveaxis(shapes[..., IDENTITIES:], -1, 0)]
        return BareModel(
            "flame",
            mean.astype(np.float32),
            by_part(mean, array_of(file["f"]).astype(np.int32)),
            by_vertex(shapes[..., :IDENTITIES].reshape(mean.size, -1)),
            np.stack(moves).astype(np.float32),
            ("jawTurn", *(f"expression{index:03d}" for index in range(len(moves) - 1))),
        )


def by_part(mean: Shaped[np.ndarray, "vertices 3"], triangles: Int32[np.ndarray, "..."]) -> dict[str, Int32[np.ndarray, "..."]]:
    """The skin is the largest connected piece; the others are the eyeballs."""
    from scipy.sparse import coo_matrix
    from scipy.sparse.csgraph import connected_components

    edges = triangles.ravel(), np.roll(triangles, 1, axis=1).ravel()
    graph = coo_matrix((np.ones(triangles.size), edges), shape=(len(mean), len(mean)))
    piece = connected_components(graph, directed=False)[1][triangles[:, 0]]
    skin, left = piece == np.bincount(piece).argmax(), mean[triangles, 0].mean(1) > 0
    parts = {"skin": skin, "left_eye": ~skin & left, "right_eye": ~skin & ~left}
    return {part: triangles[which] for part, which in parts.items() if which.any()}


def jaw_turn(file: dict[str, object], mean: Shaped[np.ndarray, "vertices 3"]) -> Float64[np.ndarray, "vertices 3"]:
    """What a turn of the jaw does to the mean, with the correctives of the pose (equations 1 to 4)."""
    regressor, weights, directions = (array_of(file[name]) for name in ("J_regressor", "weights", "posedirs"))
    if (regressor.shape[1:], weights.shape[:1], directions.shape[:-1]) != (mean.shape[:1], mean.shape[:1], mean.shape):
        raise ValueError("its skeleton has other vertices than its mean")
    joint = regressor[JAW_JOINT] @ mean
    change = np.array(
        [[1, 0, 0], [0, np.cos(JAW_ANGLE), -np.sin(JAW_ANGLE)], [0, np.sin(JAW_ANGLE), np.cos(JAW_ANGLE)]]
    ) - np.eye(3)
    corrective = directions[..., 9 * (JAW_JOINT - 1) : 9 * JAW_JOINT] @ change.ravel()
    return weights[:, JAW_JOINT, None] * ((mean - joint) @ change.T) + corrective
