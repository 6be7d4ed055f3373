"""What a model file may try, reader by reader: each is refused in one line, and nothing that it asks for is done."""

import gzip
import io
import os
import struct
import tarfile
import zipfile
import zlib

import h5py
import numpy as np
import onnx
import pytest
from facetex_model_zoo.folders import read_members
from facetex_plugins.describe import vgg19
from facetex_plugins.fit.bfm import BfmFitter
from facetex_plugins.fit.readers.hdf5 import read_hdf5
from facetex_plugins.fit.readers.matlab import read_mat
from foreign import stand_in, write_bfm, write_bfm_2009
from fuzzing.formats import tar_of
from hostile import BOMB, home, refused  # noqa: F401  # fixtures are used by their names
from numpy.testing import assert_array_equal
from onnx import TensorProto, helper
from scipy.io import savemat

from facetex_core import ModelError
from facetex_core.io import declared
from facetex_core.io.declared import LARGEST, Allowance, read_file
from facetex_core.io.npz import read_arrays


def test_a_mat_file_unfolds_no_further_than_it_may(tmp_path, capsys):
    packed = zlib.compress(BOMB + BOMB)
    head = b"MATLAB 5.0 MAT-file".ljust(124) + b"\0\1IM"
    (tmp_path / "x.mat").write_bytes(head + struct.pack("<II", 15, len(packed)) + packed)
    refused(capsys, "bfm", tmp_path / "x.mat", "declares more data than a file of its length may hold")


def test_of_a_mat_file_objects_are_left_and_shapes_must_fit(tmp_path):
    savemat(tmp_path / "x.mat", {"cell": np.array([{"a": 1}, "x"], object), "a": np.zeros((2, 3)), "s": {"b": np.ones(3)}})
    content = (tmp_path / "x.mat").read_bytes()
    assert list(read_mat(content)) == ["a"]
    for side in (-1, 2**31 - 1):
        with pytest.raises(ValueError, match=r"impossible shape|declares more"):
            read_mat(content.replace(struct.pack("<II", 5, 8) + struct.pack("<ii", 2, 3), struct.pack("<IIii", 5, 8, side, 3)))


@pytest.mark.parametrize("way", ["external link", "soft link", "external storage", "virtual", "text", "huge", "bomb", "filter"])
def test_an_hdf5_file_is_read_from_itself_alone(tmp_path, capsys, way):
    path, name, rows = write_bfm(tmp_path / "x.h5", stand_in(triangles=200, modes=2, expressions=1)), "shape/model/mean", 3000
    (tmp_path / "secret").write_bytes(bytes(8 * rows))
    with h5py.File(path, "a") as file, h5py.File(tmp_path / "other.h5", "w") as other:
        other["x"] = np.zeros(rows)
        del file[name]
        if way.endswith("link"):
            file[name] = h5py.SoftLink("/expression/model/mean") if way == "soft link" else h5py.ExternalLink("other.h5", "x")
        elif way == "external storage":
            file.create_dataset(name, (rows,), "f8", external=[(str(tmp_path / "secret"), 0, 8 * rows)])
        elif way == "virtual":
            layout = h5py.VirtualLayout((rows,), "f8")
            layout[:] = h5py.VirtualSource("other.h5", "x", (rows,))
            file.create_virtual_dataset(name, layout)
        elif way == "text":
            file.create_dataset(name, data=np.array(["a"], object), dtype=h5py.string_dtype())
        elif way == "huge":
            file.create_dataset(name, (2**40,), "f4")
        elif way == "bomb":
            data = file.create_dataset(name, (1000,), "f8", chunks=(1000,), compression=9)
            data.id.write_direct_chunk((0,), zlib.compress(BOMB))
        else:
            file.create_dataset(name, data=np.zeros(rows), compression="lzf")
    said = {"huge": "declares more", "bomb": "declares more", "text": "holds no numbers", "filter": "unsupported compression"}
    links = {"external link": "is a link", "soft link": "is a link"}
    refused(capsys, "bfm", path, (said | links).get(way, "are in other files"))


def test_packed_and_shuffled_chunks_of_hdf5_are_read_as_hdf5_reads_them(tmp_path):
    values = np.random.default_rng(0).normal(size=(70, 45)).astype(">f4")
    how = {"chunks": (32, 16), "compression": "gzip", "shuffle": True, "fletcher32": True}
    with h5py.File(tmp_path / "x.h5", "w") as file:
        file.create_dataset("a/packed", data=values, **how)
        file.create_dataset("a/plain", data=values, chunks=(9, 45))
    found = read_hdf5(tmp_path / "x.h5", ("a/packed", "a/plain"))
    assert_array_equal(found["a/packed"], values)
    assert_array_equal(found["a/plain"], values)


def network():
    """VGG-19 as facetex writes it, as far as conv1_1."""
    rng = np.random.default_rng(0)
    layer = vgg19.Convolution(rng.normal(size=(64, 3, 3, 3)).astype(np.float32), np.zeros(64, np.float32))
    first = vgg19.Convolution(np.eye(3, dtype=np.float32)[..., None, None], np.zeros(3, np.float32))
    return vgg19.build(vgg19.Source(first, (layer,), reflects=False))


def loop(model):
    body = helper.make_graph(
        [helper.make_node("Identity", ["go"], ["on"])], "body",
        [helper.make_tensor_value_info(*each, []) for each in (("step", TensorProto.INT64), ("go", TensorProto.BOOL))],
        [helper.make_tensor_value_info("on", TensorProto.BOOL, [])],
    )  # fmt: skip
    model.graph.node.append(helper.make_node("Loop", ["", "image"], ["never"], body=body))


def elsewhere(model):
    tensor = model.graph.initializer[0]
    tensor.ClearField("raw_data")
    tensor.data_location = TensorProto.EXTERNAL
    tensor.external_data.add(key="location", value="/etc/hostname")


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (loop, "operator 'Loop' stands in it"),
        (lambda m: m.graph.node.append(helper.make_node("Foo", ["image"], ["y"], domain="com.x")), "operator 'Foo'"),
        (lambda m: m.graph.node.append(helper.make_node("ConstantOfShape", ["image"], ["y"])), "operator 'ConstantOfShape'"),
        (lambda m: setattr(m.graph.node[0], "op_type", "\x1b[2J\n"), r"operator '\x1b[2J\n'"),
        (lambda m: setattr(m.graph.node[0], "domain", "com.x"), "as facetex writes it"),
        (lambda m: setattr(m.opset_import[0], "version", 999), "as facetex writes it"),
        (lambda m: m.graph.node[0].attribute[0].ints.__setitem__(0, 2**40), "as facetex writes it"),
        (lambda m: m.graph.initializer[0].dims.__setitem__(0, 2**40), "as facetex writes it"),
        (elsewhere, "as facetex writes it"),
    ],
)
def test_a_network_is_vgg19_to_the_last_operator_or_refused_when_it_is_added(tmp_path, capsys, change, said):
    model = network()
    change(model)
    (tmp_path / "x.onnx").write_bytes(model.SerializeToString())
    refused(capsys, "vgg19", tmp_path / "x.onnx", said)


def test_a_network_of_ours_is_taken_with_its_numbers_and_nothing_else(tmp_path):
    model = network()
    model.graph.initializer.append(onnx.numpy_helper.from_array(np.zeros(1000), "stowaway"))
    model.graph.doc_string = "hello"
    (tmp_path / "with.onnx").write_bytes(model.SerializeToString())
    with pytest.raises(ModelError, match="as facetex writes it"):
        vgg19.take_in(tmp_path / "with.onnx", tmp_path / "taken.onnx")
    onnx.save(network(), str(tmp_path / "x.onnx"))
    vgg19.take_in(tmp_path / "x.onnx", tmp_path / "taken.onnx")
    assert (tmp_path / "taken.onnx").read_bytes() == (tmp_path / "x.onnx").read_bytes()


def sparse():
    """A tar whose member is all hole: six gibibytes."""
    info = tarfile.TarInfo("FaceXModel/generic_neutral_mesh.obj")
    header = bytearray(info.tobuf(tarfile.GNU_FORMAT))
    header[156:157] = b"S"
    header[386:410] = b"%011o\0%011o\0" % (0, 0)
    header[483:495] = b"\x80" + (6 * 2**30).to_bytes(11)
    header[148:156] = b" " * 8
    header[148:156] = b"%06o\0 " % sum(header)
    return bytes(header) + bytes(1024)


def tar_with(**fields):
    info = tarfile.TarInfo("a.obj")
    for name, value in fields.items():
        setattr(info, name, value)
    return info.tobuf(tarfile.GNU_FORMAT) + bytes(1024)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (sparse(), "declares more"),
        (tar_with(type=tarfile.SYMTYPE, linkname="/etc/hostname"), "a link, a device"),
        (tar_with(type=tarfile.LNKTYPE, linkname="b.obj"), "a link, a device"),
        (tar_with(type=tarfile.CHRTYPE), "a link, a device"),
        (tar_with(type=tarfile.FIFOTYPE), "a link, a device"),
        (tar_with(size=2**40), "declares more"),
        (tar_with(type=tarfile.XHDTYPE, size=2**40), "declares more"),
        (tar_with(type=tarfile.GNUTYPE_LONGNAME, size=-512), "declares more"),
        (tar_of({"../a.obj": b"v 0 0 0"}), "outside of its folder"),
        (tar_of({"/a.obj": b"v 0 0 0"}), "outside of its folder"),
    ],
)  # fmt: skip
def test_members_of_a_tar_are_plain_files_of_a_size_that_it_may_hold(tmp_path, capsys, content, said):
    (tmp_path / "x.tar").write_bytes(content)
    refused(capsys, "ict", tmp_path / "x.tar", said)


@pytest.mark.parametrize(
    ("way", "said"), [("link", "a link"), ("..", "outside"), ("bomb", "declares more"), ("lie", "declared size")]
)
def test_members_of_a_zip_are_plain_files_of_a_size_that_it_may_hold(tmp_path, capsys, way, said):
    info = zipfile.ZipInfo("../a.obj" if way == ".." else "a.obj")
    info.compress_type = zipfile.ZIP_DEFLATED
    info.external_attr = 0o120777 << 16 if way == "link" else 0
    with zipfile.ZipFile(tmp_path / "x.zip", "w") as archive:
        archive.writestr(info, BOMB if way in ("bomb", "lie") else b"/etc/hostname")
    if way == "lie":
        content = (tmp_path / "x.zip").read_bytes()
        (tmp_path / "x.zip").write_bytes(content.replace(struct.pack("<I", len(BOMB)), struct.pack("<I", 9)))
    refused(capsys, "ict", tmp_path / "x.zip", said if way != "lie" else "x.zip is no")


def test_a_packed_tar_is_read_as_a_plain_one(tmp_path):
    for name, pack in (("x.tar", bytes), ("x.tar.gz", gzip.compress)):
        (tmp_path / name).write_bytes(pack(tar_of({"x/a.obj": b"hi", "x/b.txt": b"no"})))
        assert {str(path): content for path, content in read_members(tmp_path / name, ".obj")} == {"x/a.obj": b"hi"}


def npz_of(header, length, *, method=zipfile.ZIP_DEFLATED):
    """An .npz with this text for the header of its one array."""
    text = repr(header).encode().ljust(117) + b"\n"
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", method) as archive:
        archive.writestr("a.npy", b"\x93NUMPY\1\0" + struct.pack("<H", len(text)) + text + bytes(length))
    return file.getvalue()


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (npz_of({"descr": "<f8", "fortran_order": False, "shape": (2**40,)}, 8), "declares more"),
        (npz_of({"descr": "<f8", "fortran_order": False, "shape": (-1,)}, 8), "impossible shape"),
        (npz_of({"descr": "|O", "fortran_order": False, "shape": (1,)}, 8), "neither numbers nor text"),
        (npz_of({"descr": [("a", "<f8")], "fortran_order": False, "shape": (1,)}, 8), "neither numbers nor text"),
        (npz_of({"descr": "<f8", "fortran_order": False, "shape": (len(BOMB) // 8,)}, len(BOMB)), "declares more"),
        (npz_of({"descr": "<f8", "fortran_order": False, "shape": (1,)}, 8, method=zipfile.ZIP_BZIP2), "unsupported comp"),
    ],
)
def test_arrays_of_a_zip_hold_what_they_declare(tmp_path, content, said):
    (tmp_path / "x.npz").write_bytes(content)
    with pytest.raises(ModelError, match=rf"x\.npz is no bank: .*{said}"):
        read_arrays(tmp_path / "x.npz", "bank")


def test_a_file_may_unfold_to_a_multiple_of_its_length_and_never_beyond_all_models():
    free = declared.FREE
    assert Allowance(0).take(free) == free
    with pytest.raises(ValueError, match="declares more data than a file of its length may hold"):
        Allowance(1).take(free + 101)
    with pytest.raises(ValueError, match="declares more"):
        Allowance(2**40).take(LARGEST + 1)
    with pytest.raises(ValueError, match="declares a size of -1"):
        Allowance(0).take(-1)
    twice = Allowance(0)
    twice.array((free // 16,), 8)
    with pytest.raises(ValueError, match="declares more"):
        twice.array((free // 8,), 8)


def test_what_may_never_end_is_no_model(tmp_path, capsys):
    os.mkfifo(tmp_path / "pipe.pkl")
    refused(capsys, "flame", tmp_path / "pipe.pkl", "is no file")
    (tmp_path / "ict").mkdir()
    os.mkfifo(tmp_path / "ict" / "a.obj")
    refused(capsys, "ict", tmp_path / "ict", "a.obj is no plain file")
    with (tmp_path / "hole").open("wb") as file:
        file.truncate(LARGEST + 1)
    with pytest.raises(ValueError, match="hole is larger than any model"):
        read_file(tmp_path / "hole")


def test_parts_of_a_model_that_do_not_belong_together_are_not_spread_over_each_other(tmp_path, capsys):
    """A column beside a row would become their product: terabytes from megabytes."""
    path = write_bfm(tmp_path / "x.h5", stand_in(triangles=200, modes=2, expressions=1))
    with h5py.File(path, "a") as file:
        del file["shape/model/pcaBasis"], file["shape/model/pcaVariance"]
        file["shape/model/pcaBasis"], file["shape/model/pcaVariance"] = np.ones((100_000, 1)), np.ones(100_000)
    refused(capsys, "bfm", path, "other numbers of deviations")
    old = write_bfm_2009(tmp_path / "x.mat", stand_in(triangles=200, modes=2, expressions=1))
    assert len(BfmFitter.read(old).identity) == 2
