"""Files that a user brings: a Basel Face Model's form with the geometry of our basis, and VGG-19 from true weights."""

import importlib.util
import sys
from dataclasses import dataclass
from pathlib import Path

import facetex_model_zoo as zoo
import numpy as np

from facetex_core.morphable_model import load_morphable_model
from facetex_core.raycast import Scene, open3d

TURN = np.radians(8.0)
"""Of the file's frame against ours, about the axis through the ears."""
SHIFT = np.array([3.0, -40.0, 25.0])
"""Millimetres."""


@dataclass(frozen=True, eq=False)
class Stand:
    """A model in the file's frame (millimetres), and where each of its vertices lies on the basis."""

    shape_mean: np.ndarray
    expression_mean: np.ndarray
    shape: np.ndarray
    expression: np.ndarray
    triangles: np.ndarray
    corners: np.ndarray
    weights: np.ndarray
    person: np.ndarray
    """Every vertex of the basis, deformed as the file's mean is, in metres and our frame."""


def stand_in(triangles=9000, modes=30, expressions=12) -> Stand:
    """The basis' face cut out, meshed anew, and deformed into somebody who is not its mean."""
    basis = load_morphable_model(zoo.model_path("face_basis"))
    skin = basis.mesh.triangles[basis.mesh.parts["skin"]]
    face = skin[(np.max([basis.regions[name] for name in ("face", "ears")], 0)[skin] > 0.05).all(1)]
    points, cells = _remeshed(basis.mean, face, triangles)
    which, weights = Scene(basis.mean, skin).nearest(points)
    corners = skin[which]

    def at(values):
        return np.einsum("...vki,vk->...vi", values[..., corners, :].astype(np.float64), weights)

    coefficients = np.random.default_rng(4).normal(0, 0.7, len(basis.identity)).astype(np.float32)
    person = basis.vertices(coefficients, np.zeros(len(basis.expression), np.float32))
    neutral = 0.5 * at(basis.expression).mean(0)  # the true file's expressions have a mean of their own
    into = lambda move: 1000 * move @ _turned().T  # noqa: E731  # metres and our frame to the file's
    return Stand(
        into(at(person) - neutral) + SHIFT, into(neutral), into(at(basis.identity[:modes])),
        into(at(basis.expression[:expressions])), cells, corners, weights, person,
    )  # fmt: skip


def _turned():
    return np.array([[1, 0, 0], [0, np.cos(TURN), -np.sin(TURN)], [0, np.sin(TURN), np.cos(TURN)]])


def _remeshed(vertices, triangles, count):
    """Other vertices and other triangles on the same surface."""
    geometry, utility = open3d().geometry, open3d().utility
    mesh = geometry.TriangleMesh(utility.Vector3dVector(vertices.astype(float)), utility.Vector3iVector(triangles))
    mesh = mesh.remove_unreferenced_vertices().simplify_quadric_decimation(count)
    return np.asarray(mesh.vertices, np.float32), np.asarray(mesh.triangles, np.int32)


def write_bfm(path, stand: Stand, *, turned_cells=False):
    """A .h5 file as the University of Basel writes it (statismo's form): unit columns and variances, cells by column."""
    import h5py

    with h5py.File(path, "w") as file:
        file["version/majorVersion"] = 0
        for name, mean, modes in (
            ("shape", stand.shape_mean, stand.shape),
            ("expression", stand.expression_mean, stand.expression),
        ):
            columns, spread, _ = np.linalg.svd(modes.reshape(len(modes), -1).T, full_matrices=False)
            file[f"{name}/model/mean"] = mean.ravel().astype(np.float32)
            file[f"{name}/model/pcaBasis"] = columns.astype(np.float32)
            file[f"{name}/model/pcaVariance"] = (spread**2).astype(np.float32)
            file[f"{name}/model/noiseVariance"] = 0.0
            cells = stand.triangles if turned_cells else stand.triangles.T
            file[f"{name}/representer/cells"] = cells.astype(np.int32)
            file[f"{name}/representer/points"] = mean.reshape(-1, 3).T.astype(np.float32)
        file["color/model/mean"] = np.full(mean.size, 0.5, np.float32)
    return path


def export_script(root: Path):
    """The script that turns weights into vgg19.onnx, as a module."""
    spec = importlib.util.spec_from_file_location("export_vgg19", root / "model_zoo/training/export_vgg19.py")
    module = importlib.util.module_from_spec(spec)
    sys.modules["export_vgg19"] = module
    spec.loader.exec_module(module)
    return module


def export_true(root: Path, shared: Path, path: Path) -> Path:
    """vgg19.onnx from the true weights, as far as these go: conv3_1."""
    import onnx

    script = export_script(root)
    onnx.save(script.build(script.read_source(shared / "data/models/features/src/vgg_normalised_conv3_1.pth")), str(path))
    return path
