"""Ways to spoil a file that know its format: what bytes alone would hit once in a million cases."""

import gzip
import io
import pickletools
import struct
import tarfile
import zipfile

import numpy as np

from fuzzing.mutate import spoiled

HUGE = (0, 1, 2**15, 2**31 - 1, 2**31, 2**32 - 1, 2**40, 2**62, 2**63 - 1, 2**63, 2**64 - 1)
"""Sizes that a header may declare."""
DTYPE = b"cnumpy\ndtype\n"
STEPS = (
    *(bytes([step]) for step in b"Rb012(tldeusao.N)]}Q\x81\x92\x93\x94\x91\x90\x8f\x97\x98"),
    b"\x85" * 3000, b"2\x86" * 40, b"(" * 500, b"2" * 500, b"P0\n", b"\x82\x01", b"\x84\x01\0\0\0", b"r\xff\xff\xff\xff",
    b"p99999999999999999999\n", b"h\0", b"j\0\0\0\0", b"I" + b"9" * 5000 + b"\n", b"\x8b\xff\xff\xff\x7f",
    b"\x8e" + b"\xff" * 8, b"\x8d\0\0\0\0\xff\0\0\0", b"\x96\0\0\0\0\1\0\0\0", b"\x95" + b"\xff" * 8,
    b"T\xff\xff\xff\xff", b"J\xff\xff\xff\xff", b"G\x7f\xf0\0\0\0\0\0\0", b"\x8a\x09" + b"\x7f" * 9,
    b"cos\nsystem\n", b"cbuiltins\neval\n", b"cnumpy\nndarray\n", DTYPE, DTYPE + b"U\x02O8\x89\x88\x87R",
    DTYPE + b"U\x02f8\x89\x88\x87R(K\x03U\x01|NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\0tb",
    b"cnumpy.core.multiarray\nscalar\n", b"c_codecs\nencode\n", b"ccollections\nOrderedDict\n", b"cchumpy.ch\nCh\n)\x81}b",
    b"ccopy_reg\n_reconstructor\n", b"c__builtin__\nset\n", b"ctorch\nFloatStorage\n",
)  # fmt: skip
"""Steps of pickles that ask for much, or for what is not theirs."""


def pick(rng: np.random.Generator, things):
    return things[int(rng.integers(len(things)))]


def pickled(rng: np.random.Generator, content: bytes) -> bytes:
    """Steps put in, taken out, doubled or swapped at places where a step begins."""
    try:
        places = [place for _, _, place in pickletools.genops(content)]
    except ValueError:
        return spoiled(rng, content)
    for _ in range(rng.integers(1, 4)):
        at = min(pick(rng, places), len(content))
        end = min(pick(rng, [place for place in places if place >= at][:6] or [at]), len(content))
        match rng.integers(4):
            case 0:
                content = content[:at] + content[end:]
            case 1:
                content = content[:end] + content[at:end] + content[end:]
            case _:
                content = content[:at] + pick(rng, STEPS) + content[at:]
    return content


def sizes(rng: np.random.Generator, content: bytes, marks: tuple[bytes, ...] = (), span: int = 96) -> bytes:
    """Numbers of two to eight bytes that become huge, near marks of the format where it has any."""
    data = bytearray(content)
    starts = [at for mark in marks for at in _all(content, mark)] or [0]
    for _ in range(rng.integers(1, 4)):
        at = pick(rng, starts) + int(rng.integers(span)) // 2 * 2 if rng.random() < 0.9 else int(rng.integers(len(data)))
        form = pick(rng, ("<H", "<I", "<Q", ">I", ">Q", "<B"))
        wide = struct.calcsize(form)
        data[at : at + wide] = struct.pack(form, pick(rng, HUGE) % 2 ** (8 * wide))
    return bytes(data)


def _all(content: bytes, mark: bytes) -> list[int]:
    found, at = [], content.find(mark)
    while at >= 0 and len(found) < 500:
        found.append(at)
        at = content.find(mark, at + 1)
    return found


def zipped(rng: np.random.Generator, content: bytes, inner=spoiled) -> bytes:
    """The same archive with one member spoiled, a lie about a size, a bomb, a link, or a name from outside."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        members = {info.filename: archive.read(info) for info in archive.infolist()}
    name = pick(rng, sorted(members))
    how = rng.integers(6)
    if how < 3:
        members[name] = inner(rng, members[name])
    elif how == 3:
        members[name] += bytes(int(pick(rng, (10**5, 10**8))))
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", pick(rng, (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_DEFLATED))) as archive:
        for each, data in members.items():
            info = zipfile.ZipInfo(pick(rng, ("../", "/", "")) + each if how == 4 else each)
            info.compress_type = archive.compression
            info.external_attr = 0o120777 << 16 if how == 4 and rng.random() < 0.3 else 0
            archive.writestr(info, data)
    return sizes(rng, out.getvalue(), (b"PK\x01\x02", b"PK\x03\x04", b"PK\x05\x06"), 46) if how == 5 else out.getvalue()


def tarred(rng: np.random.Generator, content: bytes) -> bytes:
    """Headers whose fields lie, with the checksum that belongs to them; sometimes packed, sometimes spoiled after that."""
    data = bytearray(content)
    for _ in range(rng.integers(1, 3)):
        at = 512 * int(rng.integers(max(len(data) // 512, 1)))
        header = bytearray(data[at : at + 512].ljust(512, b"\0"))
        match rng.integers(5):
            case 0:
                header[156:157] = pick(rng, (b"1", b"2", b"3", b"4", b"5", b"6", b"7", b"S", b"L", b"K", b"x", b"g", b"\0"))
            case 1:
                header[124:136] = b"\x80" + int(pick(rng, HUGE)).to_bytes(11)
            case 2:
                header[124:136] = b"\xff" * 4 + int(pick(rng, HUGE)).to_bytes(8)
            case 3:
                header[:100] = pick(rng, (b"/etc/a.obj", b"../../a.obj", b"a\nb.obj", b"\xff.obj")).ljust(100, b"\0")
            case _:
                header = bytearray(spoiled(rng, bytes(header))[:512].ljust(512, b"\0"))
        header[148:156] = b" " * 8
        header[148:156] = b"%06o\0 " % sum(header)
        data[at : at + 512] = header
    out = bytes(data) if rng.random() < 0.6 else gzip.compress(bytes(data) + bytes(pick(rng, (0, 10**6, 10**8))), 1)
    return spoiled(rng, out) if rng.random() < 0.2 else out


def tar_of(members: dict[str, bytes]) -> bytes:
    """An archive of these."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as archive:
        for name, content in members.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    return out.getvalue()


def words(rng: np.random.Generator, content: bytes) -> bytes:
    """Text of which some words became strange."""
    lines = content.split(b"\n")
    for _ in range(rng.integers(1, 6)):
        at = int(rng.integers(len(lines)))
        parts = lines[at].split(b" ") or [b""]
        strange = (
            b"-1",
            b"0",
            b"1e999",
            b"nan",
            b"9" * 30,
            b"9" * 6000,
            b"x",
            b"\xff",
            b"1/2/3/4",
            b"-99999999",
            b"2147483648",
            b"",
        )
        parts[int(rng.integers(len(parts)))] = pick(rng, strange)
        lines[at] = b" ".join(parts) if rng.random() < 0.9 else b"f" + b" 1/1" * 20000
    return b"\n".join(lines)


def message(rng: np.random.Generator, content: bytes) -> bytes:
    """A network with fields of the protocol buffers changed by name."""
    import onnx

    model = onnx.load_model_from_string(content)
    graph = model.graph
    for _ in range(rng.integers(1, 4)):
        node, tensor = pick(rng, graph.node), pick(rng, graph.initializer)
        match rng.integers(5):
            case 0:
                model.opset_import[0].version = pick(rng, (0, 1, 18, 999, 2**62))
            case 1:
                graph.node.add().CopyFrom(node)
            case 2 | 3:
                _bend_tensor(rng, tensor)
            case _:
                _bend_node(rng, node)
    return model.SerializeToString()


def _bend_tensor(rng: np.random.Generator, tensor) -> None:
    match rng.integers(4):
        case 0:
            tensor.data_location = 1
            tensor.external_data.add(key="location", value=pick(rng, ("/etc/passwd", "../x", "/dev/zero")))
        case 1:
            tensor.dims[:] = [pick(rng, HUGE[:9]) for _ in range(rng.integers(5))]
        case 2:
            tensor.raw_data = tensor.raw_data[: rng.integers(len(tensor.raw_data) + 1)]
        case _:
            tensor.data_type = int(rng.integers(30))


def _bend_node(rng: np.random.Generator, node) -> None:
    match rng.integers(4):
        case 0:
            node.op_type = pick(rng, ("Loop", "If", "Scan", "ConstantOfShape", "Pad", "Foo", "a\x1b[2Jb\n" * 30, ""))
        case 1:
            node.domain = pick(rng, ("com.x", "ai.onnx.ml"))
        case 2:
            node.input[:] = list(node.input)[: rng.integers(4)] + ["nowhere"] * int(rng.integers(2))
        case _:
            for attribute in node.attribute:
                attribute.ints[:] = [pick(rng, HUGE[:9])] * int(rng.integers(5))


def linked(rng: np.random.Generator, content: bytes) -> bytes:
    """An HDF5 file in which an array became a link, a view of other files, or one that promises much."""
    import h5py

    file = io.BytesIO(content)
    with h5py.File(file, "r+") as h5:
        names: list[str] = []
        h5.visit(names.append)
        name = pick(rng, sorted(name for name in names if isinstance(h5[name], h5py.Dataset)))
        old = h5[name][()]
        del h5[name]
        match rng.integers(8):
            case 0:
                h5[name] = h5py.ExternalLink("/etc/hostname", "/x")
            case 1:
                h5[name] = h5py.SoftLink("/" + name)
            case 2:
                h5.create_dataset(name, (2**20,), "f8", external=[("/dev/zero", 0, h5py.h5f.UNLIMITED)])
            case 3:
                layout = h5py.VirtualLayout((64, 3), "f8")
                layout[:] = h5py.VirtualSource("/etc/x.h5", "y", (64, 3))
                h5.create_virtual_dataset(name, layout)
            case 4:
                h5.create_dataset(name, pick(rng, ((2**40,), (2**31, 2**31), (10**9, 199), (0,))), "f4", chunks=True)
            case 5:
                h5.create_dataset(name, data=np.array([b"a", "b"], object), dtype=h5py.string_dtype())
            case 6:
                h5.create_dataset(name, (5000, 10000), "f4", chunks=(5000, 10000), compression=9)[:1] = 0
            case _:
                h5.create_dataset(name, data=np.asarray(old).ravel()[: rng.integers(np.size(old) + 1)], compression=None)
    return file.getvalue()
