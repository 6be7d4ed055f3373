"""Files that a user brings: a Basel Face Model's form with the geometry of our basis, and VGG-19 from true weights."""

import pickle  # noqa: TID251  # to write what facetex must read without it
import sys
import types
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from unittest import mock

import facetex_model_zoo as zoo
import numpy as np

from facetex_core.geometry.model_file import load_morphable_model, with_albedo
from facetex_core.geometry.raycast import Scene, open3d

TURN = np.radians(8.0)
"""Of the file's frame against ours, about the axis through the ears."""
SHIFT = np.array([3.0, -40.0, 25.0])
"""Millimetres."""


@cache
def basis():
    """Our own, with its albedo."""
    return with_albedo(load_morphable_model(zoo.model_path("face_basis")), zoo.model_path("skin_albedo"))


def points_of(model, kind, vertices=None):
    """The `landmark` or `dense` points of a model."""
    triangles, weights = (getattr(model.embedding, f"{kind}_{name}") for name in ("triangles", "barycentric"))
    return np.einsum("pk,pki->pi", weights, (model.mean if vertices is None else vertices)[model.mesh.triangles[triangles]])


def skin_of(model):
    return model.mesh.triangles[model.mesh.parts["skin"]]


def flipped(model, part="skin"):
    """Share of the triangles of a part that the map turns over."""

    def areas(mesh, which):
        a, b, c = (mesh.uvs[mesh.uv_triangles[which, corner]].astype(np.float64) for corner in range(3))
        return (b - a)[:, 0] * (c - a)[:, 1] - (b - a)[:, 1] * (c - a)[:, 0]

    way = np.median(np.sign(areas(basis().mesh, basis().mesh.parts[part])))
    return (areas(model.mesh, model.mesh.parts[part]) * way < 0).mean()


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
    own = basis()
    skin = own.mesh.triangles[own.mesh.parts["skin"]]
    face = skin[(np.max([own.regions[name] for name in ("face", "ears")], 0)[skin] > 0.05).all(1)]
    points, cells = _remeshed(own.mean, face, triangles)
    which, weights = Scene(own.mean, skin).nearest(points)
    corners = skin[which]

    def at(values):
        return np.einsum("...vki,vk->...vi", values[..., corners, :].astype(np.float64), weights)

    coefficients = np.random.default_rng(4).normal(0, 0.7, len(own.identity)).astype(np.float32)
    person = own.vertices(coefficients, np.zeros(len(own.expression), np.float32))
    neutral = 0.5 * at(own.expression).mean(0)  # the true file's expressions have a mean of their own
    into = lambda move: 1000 * move @ _turned().T  # noqa: E731  # metres and our frame to the file's
    return Stand(
        into(at(person) - neutral) + SHIFT, into(neutral), into(at(own.identity[:modes])),
        into(at(own.expression[:expressions])), cells, corners, weights, person,
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


def write_bfm_2009(path, stand: Stand):
    """01_MorphableModel.mat: micrometres, unit columns and deviations, triangles that count from 1, no expressions."""
    from scipy.io import savemat

    columns, spread, _ = np.linalg.svd(stand.shape.reshape(len(stand.shape), -1).T, full_matrices=False)
    mean = 1000 * (stand.shape_mean + stand.expression_mean)
    arrays = {"shapeMU": mean.reshape(-1, 1), "shapePC": columns, "shapeEV": 1000 * spread[:, None]}
    colour = {"texMU": np.full((mean.size, 1), 127.0, np.float32), "tl": stand.triangles.astype(np.float64) + 1}
    savemat(path, {name: values.astype(np.float32) for name, values in arrays.items()} | colour)
    return path


def flame_arrays(stand: Stand):
    """What a file of FLAME's holds, with the stand-in's face, our basis' eyeballs, and a jaw that turns below the mouth."""
    from scipy.sparse import csc_matrix

    own = basis()
    skin = (stand.shape_mean + stand.expression_mean - SHIFT) @ _turned() / 1000
    eyes = own.mesh.triangles[np.r_[own.mesh.parts["left_eye"], own.mesh.parts["right_eye"]]]
    used, corners = np.unique(eyes, return_inverse=True)
    mean = np.concatenate([skin, own.mean[used]])
    shapes = np.zeros((len(mean), 3, 400))
    for first, modes in ((0, stand.shape), (300, stand.expression)):
        shapes[: len(skin), :, first : first + len(modes)] = np.moveaxis(modes @ _turned() / 1000, 0, -1)
    weights = np.zeros((len(mean), 5))
    weights[:, 2] = np.clip((-0.035 - mean[:, 1]) / 0.01, 0, 1)
    hinge = np.flatnonzero((np.abs(mean[:, 0]) > 0.055) & (np.abs(mean[:, 1] + 0.01) < 0.02))
    regressor = csc_matrix((np.full(len(hinge), 1 / len(hinge)), (np.full(len(hinge), 2), hinge)), shape=(5, len(mean)))
    return {
        "v_template": mean, "shapedirs": shapes, "weights": weights, "J_regressor": regressor,
        "posedirs": np.random.default_rng(0).normal(0, 1e-4, (len(mean), 3, 36)),
        "f": np.concatenate([stand.triangles, corners.reshape(-1, 3) + len(skin)]).astype(np.uint32),
        "kintree_table": np.array([[4294967295, 0, 1, 1, 1], [0, 1, 2, 3, 4]]), "bs_type": "lrotmin",
    }  # fmt: skip


def write_flame(path, arrays, *, protocol=2):
    """As FLAME 2020 is: pickled by an old protocol, some of the arrays in chumpy's objects."""
    chumpy = types.ModuleType("chumpy.ch")
    chumpy.Ch = type("Ch", (), {"__module__": "chumpy.ch"})
    packages = {"chumpy": types.ModuleType("chumpy"), "chumpy.ch": chumpy}
    file = dict(arrays)
    for name in ("shapedirs", "posedirs"):
        file[name] = chumpy.Ch()
        file[name].__dict__.update(x=arrays[name], _dirty_vars={"x"}, _itr=None)
    with mock.patch.dict(sys.modules, packages):
        path.write_bytes(pickle.dumps(file, protocol=protocol))
    assert not any(name.startswith("chumpy") for name in sys.modules)
    return path


def true_vgg19(shared: Path) -> Path:
    """The true weights, as far as these go: conv3_1."""
    return shared / "data" / "models" / "features" / "src" / "vgg_normalised_conv3_1.pth"
