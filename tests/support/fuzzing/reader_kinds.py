"""The readers of model files, each with whole files, ways to spoil them, and what it may say of a spoiled one."""

import io
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np

from facetex_core.errors import ConfigError, ModelError
from fuzzing import formats
from fuzzing.formats import pick
from fuzzing.kinds import bent_glb
from fuzzing.mutate import bent_arrays, npz, spoiled
from fuzzing.originals import write_head, write_models

Spoil = Callable[[np.random.Generator, bytes], bytes]


@dataclass(frozen=True)
class Kind:
    """One reader."""

    originals: tuple[str, ...]
    """Names in the folder of the originals; of several, one is spoiled."""
    spoils: tuple[Spoil, ...]
    """Beside `spoiled`, which knows no format."""
    read: Callable[[Path], object]
    refuses: tuple[type[Exception], ...]


def write_reader_originals(folder: Path) -> None:
    """Small whole files of every kind."""
    import torch
    from facetex_plugins.describe import vgg19
    from foreign import write_flame
    from toy_stages import write_toy_bank

    folder.mkdir(parents=True)
    write_models(folder / "models")
    for path in [*(folder / "models").iterdir(), *(folder / "models" / "sfm").iterdir()]:
        if path.is_file():
            shutil.copyfile(path, folder / path.name)
    write_head(folder / "head")
    for name in ("head.glb", "head.obj", "environment.hdr"):
        shutil.copyfile(folder / "head" / name, folder / name)
    write_toy_bank(folder / "toy.bank")
    for protocol in (0, 2, 5):
        write_flame(folder / f"flame{protocol}.pkl", _flame(), protocol=protocol)
    _write_packed(folder)
    rng = np.random.default_rng(0)
    state = {"features.0.weight": rng.normal(size=(64, 3, 3, 3)), "features.0.bias": rng.normal(size=64)}
    state = {name: torch.from_numpy(values.astype(np.float32)) for name, values in state.items()}
    for name, new in (("new.pth", True), ("old.pth", False)):
        torch.save(state, folder / name, _use_new_zipfile_serialization=new)
    (folder / "vgg.onnx").write_bytes(vgg19.build(vgg19.read_source(folder / "new.pth")).SerializeToString())
    lines = (folder / "models" / "ict" / "FaceXModel" / "jawOpen.obj").read_bytes()
    members = {"x/a.obj": lines, "x/b.obj": lines[:2000], "x/c.txt": b"c"}
    (folder / "x.tar").write_bytes(formats.tar_of(members))
    (folder / "x.zip").write_bytes(npz({"a": np.zeros(3)}).replace(b"a.npy", b"a.obj"))
    (folder / "mesh.ply").write_text(
        "ply\nformat ascii 1.0\nelement vertex 3\nproperty float x\nproperty float y\nproperty float z\n"
        "element face 1\nproperty list uchar int vertex_indices\nend_header\n0 0 0\n1 0 0\n0 1 0\n3 0 1 2\n",
        "utf-8",
    )


def _flame() -> dict[str, object]:
    """What FLAME's files hold, for 120 vertices."""
    from scipy.sparse import csc_matrix

    rng, count = np.random.default_rng(0), 120
    return {
        "v_template": rng.normal(size=(count, 3)), "shapedirs": rng.normal(size=(count, 3, 302)).astype(np.float32),
        "weights": rng.uniform(size=(count, 5)), "J_regressor": csc_matrix(rng.uniform(size=(5, count)) > 0.5, dtype=float),
        "posedirs": rng.normal(size=(count, 3, 36)), "f": rng.integers(0, count, (200, 3)).astype(np.uint32),
        "kintree_table": np.zeros((2, 5), np.int64), "bs_type": "lrotmin", "scale": np.float64(1.5),
    }  # fmt: skip


def _write_packed(folder: Path) -> None:
    """The models of Basel once more, packed."""
    import h5py
    from facetex_plugins.fit.bfm import CELLS
    from facetex_plugins.fit.readers.matlab import read_mat
    from scipy.io import savemat

    savemat(folder / "packed.mat", read_mat((folder / "bfm.mat").read_bytes()), do_compression=True)
    with h5py.File(folder / "bfm.h5") as plain, h5py.File(folder / "packed.h5", "w", libver="latest") as packed:
        names: list[str] = []
        plain.visit(names.append)
        for name in names:
            if isinstance(plain[name], h5py.Dataset) and plain[name].shape:
                packed.create_dataset(
                    name, data=plain[name][()], chunks=True, compression="gzip", shuffle=True, fletcher32=True
                )
        assert CELLS in packed


def bent_npz(rng: np.random.Generator, content: bytes) -> bytes:
    """Other arrays than there were, or a promise of too many numbers."""
    with np.load(io.BytesIO(content)) as file:
        arrays = bent_arrays(rng, dict(file))
    return npz(arrays, str(pick(rng, sorted(arrays))) if arrays and rng.random() < 0.3 else "")


def torch_pickled(rng: np.random.Generator, content: bytes) -> bytes:
    """A file of torch's whose pickle is spoiled, inside its zip or as it lies."""
    return formats.zipped(rng, content, formats.pickled) if content.startswith(b"PK") else formats.pickled(rng, content)


def archived(rng: np.random.Generator, content: bytes) -> bytes:
    """An archive of either kind."""
    return formats.zipped(rng, content) if content.startswith(b"PK") else formats.tarred(rng, content)


def marked(*marks: bytes, span: int = 96) -> Spoil:
    """Sizes that lie near the marks."""
    return lambda rng, content: formats.sizes(rng, content, marks, span)


def _read_members(path: Path) -> None:
    from facetex_model_zoo.folders import read_members
    from facetex_plugins.fit.ict import read_triangles, read_vertices

    for _, content in read_members(path, ".obj"):
        read_vertices(content)
        read_triangles(content)


def _take_in_network(path: Path) -> None:
    from facetex_plugins.describe import vgg19

    vgg19.take_in(path, path.with_name("taken.onnx"))


@cache
def kinds() -> dict[str, Kind]:
    """All readers by name."""
    from facetex_cli.read_head import read_head
    from facetex_model_zoo.folders import UNREADABLE
    from facetex_plugins.describe import vgg19
    from facetex_plugins.fit.bfm import BfmFitter
    from facetex_plugins.fit.flame import FlameFitter
    from facetex_plugins.fit.sfm import SfmFitter

    from facetex_core.descriptors.bank_file import load_bank
    from facetex_core.geometry.model_file import load_morphable_model
    from facetex_core.lighting.panorama import read_panorama
    from facetex_core.workbench.evaluation.suite_mesh import read_mesh

    hdf5 = marked(b"TREE", b"SNOD", b"HEAP", b"OHDR", b"\x89HDF", b"FRHP", b"BTHD", b"\x08\0\x18\0", b"\x03\0\x08\0")
    mat = marked(b"\x0e\0\0\0", b"\x0f\0\0\0", b"\x06\0\0\0", span=64)
    flame = ("flame0.pkl", "flame2.pkl", "flame5.pkl")
    return {
        "pickle": Kind(flame, (formats.pickled,) * 3, FlameFitter.read, UNREADABLE),
        "mat": Kind(("bfm.mat", "packed.mat"), (mat,), BfmFitter.read, UNREADABLE),
        "hdf5": Kind(("bfm.h5", "packed.h5"), (hdf5, hdf5, formats.linked), BfmFitter.read, UNREADABLE),
        "sfm": Kind(("sfm_shape_3448.bin",), (marked(),), SfmFitter.read, UNREADABLE),
        "onnx": Kind(("vgg.onnx",), (formats.message,) * 2, _take_in_network, (ModelError,)),
        "torch": Kind(("new.pth", "old.pth"), (torch_pickled,) * 3, vgg19.read_source, (ModelError,)),
        "archive": Kind(("x.tar", "x.zip"), (archived,) * 3, _read_members, UNREADABLE),
        "npz": Kind(("bfm.npz",), (bent_npz, formats.zipped), load_morphable_model, (ModelError,)),
        "bank": Kind(("toy.bank",), (bent_npz, formats.zipped), load_bank, (ModelError,)),
        "mesh": Kind(("head.obj", "mesh.ply"), (formats.words,) * 2, read_mesh, (ConfigError,)),
        "glb": Kind(("head.glb",), (bent_glb,) * 2, read_head, (ConfigError,)),
        "hdr": Kind(("environment.hdr",), (formats.words,), read_panorama, (ConfigError,)),
    }


def case(kind: Kind, rng: np.random.Generator, originals: Path, work: Path) -> Path:
    """A spoiled file of the kind, in the folder; what lies beside the original lies beside it."""
    name = pick(rng, kind.originals)
    content = (originals / name).read_bytes()
    if rng.random() < 0.97:
        content = pick(rng, (spoiled, *kind.spoils))(rng, content)
    path = work / name
    path.write_bytes(content)
    if name.startswith("sfm"):
        beside = "expression_blendshapes_3448.bin"
        other = (originals / beside).read_bytes()
        (work / beside).write_bytes(spoiled(rng, other) if rng.random() < 0.3 else other)
    return path
