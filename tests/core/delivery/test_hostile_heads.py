"""What a head, a mesh or a panorama may try that somebody hands over: each is refused in one line."""

import json
import struct
import zlib

import numpy as np
import pytest
from facetex_cli.read_head import read_head
from fuzzing.originals import write_head
from numpy.testing import assert_array_equal

from facetex_core import ConfigError
from facetex_core.lighting.panorama import read_panorama
from facetex_core.workbench.evaluation.suite_mesh import read_mesh


@pytest.fixture(scope="module")
def glb(tmp_path_factory):
    folder = tmp_path_factory.mktemp("head")
    write_head(folder)
    return (folder / "head.glb").read_bytes()


def changed(glb, change):
    """The same buffers under another document."""
    length = int.from_bytes(glb[12:16], "little")
    document = json.loads(glb[20 : 20 + length])
    rest = change(document, glb[20 + length :])
    text = json.dumps(document).encode()
    text += b" " * (-len(text) % 4)
    return glb[:8] + struct.pack("<II", 20 + len(text) + len(rest), len(text)) + b"JSON" + text + rest


def endless(document, rest):
    """Rows of which the file holds none."""
    accessor = document["accessors"][document["meshes"][0]["primitives"][0]["attributes"]["POSITION"]]
    del accessor["bufferView"]
    accessor["count"] = 2**40
    return rest


def huge_picture(document, rest):
    """A PNG that declares ten thousand million pixels."""

    def chunk(kind, content):
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))

    picture = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", 100_000, 100_000, 8, 2, 0, 0, 0))
    picture += chunk(b"IDAT", zlib.compress(bytes(1000))) + chunk(b"IEND", b"")
    view = document["bufferViews"][next(image for image in document["images"] if image["name"] == "albedo")["bufferView"]]
    view["byteLength"] = len(picture)
    at = 8 + view["byteOffset"]
    return rest[:at] + picture + rest[at + len(picture) :]


def nameless(document, rest):
    """A list where the photo's name should stand."""
    document["asset"]["extras"]["photo"] = ["me.jpg"]
    return rest


@pytest.mark.parametrize("change", [endless, huge_picture, nameless])
def test_a_head_promises_no_more_than_it_holds(glb, tmp_path, change):
    (tmp_path / "head.glb").write_bytes(changed(glb, lambda _, rest: rest))
    read_head(tmp_path / "head.glb")
    (tmp_path / "head.glb").write_bytes(changed(glb, change))
    with pytest.raises(ConfigError, match="is damaged or is not a head made by facetex"):
        read_head(tmp_path / "head.glb")


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"#?RADIANCE\nFORMAT=32-bit_rle_rgbe\n\n-Y 40000 +X 40000\n" + bytes(1000), r"declares more .*19200 MB"),
        (b"#?RADIANCE\n-Y 4 +X 8\nFORMAT=32-bit_rle_rgbe\n\n-Y 40000 +X 40000\n", r"declares more .*19200 MB"),
        (b"#?RADIANCE\nFORMAT=32-bit_rle_rgbe\n\n-Y 4 +X 8\n", "Radiance"),
        (b"#?RADIANCE\n" + b"x" * 70000, "does not begin as one"),
        (b"II*\0" + bytes(100), "does not begin as one"),
        (b"", "does not begin as one"),
    ],
)
def test_a_panorama_promises_no_more_than_it_holds(tmp_path, content, said):
    (tmp_path / "x.hdr").write_bytes(content)
    with pytest.raises(ConfigError, match=rf"^x\.hdr: .*{said}.*$"):
        read_panorama(tmp_path / "x.hdr")


PLY = """ply
format {form} 1.0
comment a square and a triangle
element vertex 4
property float x
property float y
property float z
element face 2
property list uchar int vertex_indices
end_header
"""


@pytest.mark.parametrize("form", ["ascii", "binary_little_endian", "binary_big_endian"])
def test_polygons_of_a_ply_file_are_fanned_however_it_is_written(tmp_path, form):
    places = [[0, 0, 0], [1, 0, 0], [1, 1, 0], [0, 1, 0]]
    if form == "ascii":
        body = "\n".join(" ".join(map(str, row)) for row in (*places, (4, 0, 1, 2, 3), (3, 0, 1, 2))).encode()
    else:
        order = "<" if "little" in form else ">"
        body = np.array(places, order + "f4").tobytes() + struct.pack(order + "B4iB3i", 4, 0, 1, 2, 3, 3, 0, 1, 2)
    (tmp_path / "x.ply").write_bytes(PLY.format(form=form).encode() + body)
    mesh = read_mesh(tmp_path / "x.ply")
    assert_array_equal(mesh.vertices, places)
    assert_array_equal(mesh.triangles, [[0, 1, 2], [0, 2, 3], [0, 1, 2]])


@pytest.mark.parametrize(
    "change",
    [
        ("element vertex 4", "element vertex 999999999999"),
        ("element face 2", "element face 999999999999"),
        ("property float x", "property " + "9" * 6000 + " x"),  # open3d's reader overflows over this word
        ("property float x", "property list uchar float x"),
        ("element face 2", "element face 2\nelement nothing 999999999999"),
        ("format ascii", "format ebcdic"),
        ("0 1 2 3", "0 1 2 4"),
        ("0 1 2 3", "0 1 nan 3"),
        ("4 0 1 2 3", "99999999 0 1 2 3"),
    ],
)
def test_a_ply_file_promises_no_more_than_it_holds(tmp_path, change):
    text = PLY.format(form="ascii") + "0 0 0\n1 0 0\n1 1 0\n0 1 0\n4 0 1 2 3\n3 0 1 2\n"
    (tmp_path / "x.ply").write_text(text.replace(*change), "utf-8")
    with pytest.raises(ConfigError, match=r"x\.ply: is damaged|holds no triangles"):
        read_mesh(tmp_path / "x.ply")


@pytest.mark.parametrize("line", ["f 1 2 99999999999999999999", "f 1 2 " + "9" * 5000, "v 1e999 0 0", "f 1 2 -99"])
def test_an_obj_file_counts_what_is_there(tmp_path, line):
    (tmp_path / "x.obj").write_text(f"v 0 0 0\nv 1 0 0\nv 0 1 0\nf 1 2 3\n{line}\n", "utf-8")
    with pytest.raises(ConfigError, match=r"x\.obj: (is damaged|holds no triangles)"):
        read_mesh(tmp_path / "x.obj")
