"""What stands in a page is the same head, coarser: valid, near, and small."""

from dataclasses import replace
from io import BytesIO

import numpy as np
import pytest
from facetex_plugins.export.glb import GlbExporter
from facetex_plugins.fit.basis import BasisFitter
from glb_parts import parts, whole
from PIL import Image
from sampled import tiny_head
from validated_glb import validated

from facetex_core import Fit
from facetex_core.delivery.viewer.small_glb import LONGEST_TEXTURE, ROUNDED_TO, small_glb
from facetex_core.delivery.viewer.view import packed


@pytest.fixture(scope="module")
def glb(tmp_path_factory):
    """Our basis's mean head, its jaw open, with a map of 2048."""
    head, model = tiny_head(2048), BasisFitter().model
    open_jaw = np.eye(len(model.expression), dtype=np.float32)[model.expression_names.index("jawOpen")]
    fit = Fit(model, np.zeros(len(model.identity), np.float32), open_jaw, head.fit.camera)
    return GlbExporter().export(replace(head, fit=fit), tmp_path_factory.mktemp("glb"))[0]


@pytest.fixture(scope="module")
def pair(glb):
    content = glb.read_bytes()
    return parts(content), parts(small_glb(content))


def floats(document, binary, number):
    view = document["bufferViews"][number]
    return np.frombuffer(binary, "<f4", view["byteLength"] // 4, view["byteOffset"])


def test_it_is_valid(glb, tmp_path):
    (tmp_path / "small.glb").write_bytes(small_glb(glb.read_bytes()))
    assert validated(tmp_path / "small.glb") in (None, validated(glb))


def test_places_normals_and_moves_are_near(pair):
    (document, binary), (small, content) = pair
    primitive = document["meshes"][0]["primitives"][0]
    numbers = {
        name: document["accessors"][number]["bufferView"]
        for name, number in primitive["attributes"].items()
        if name in ROUNDED_TO
    }
    jaw = primitive["targets"][document["meshes"][0]["extras"]["targetNames"].index("jawOpen")]["POSITION"]
    for name, number in (*numbers.items(), ("POSITION", document["accessors"][jaw]["sparse"]["values"]["bufferView"])):
        one, other = floats(document, binary, number), floats(small, content, number)
        assert 0 < np.abs(one - other).max() <= ROUNDED_TO[name] / 2, name


def test_all_else_is_the_same(pair):
    (document, binary), (small, content) = pair
    moved = {"accessors", "bufferViews", "buffers", "images"}
    assert {key: value for key, value in small.items() if key not in moved} == {
        key: value for key, value in document.items() if key not in moved
    }
    indices = document["accessors"][document["meshes"][0]["primitives"][0]["indices"]]["bufferView"]
    one, other = (each["bufferViews"][indices] for each in (document, small))
    same = binary[one["byteOffset"] :][: one["byteLength"]], content[other["byteOffset"] :][: other["byteLength"]]
    assert same[0] == same[1]


def test_pictures_are_small_and_look_the_same(pair):
    for images in zip(*(map(lambda each, held=held: picture(held, each), held[0]["images"]) for held in pair), strict=True):
        assert images[1].format == "JPEG"
        assert max(images[1].size) == LONGEST_TEXTURE
        one, other = (np.asarray(each.convert("RGB").resize((256, 256), Image.Resampling.BOX), float) for each in images)
        assert np.abs(one - other).mean() < 2


def picture(held, image):
    view = held[0]["bufferViews"][image["bufferView"]]
    return Image.open(BytesIO(held[1][view["byteOffset"] :][: view["byteLength"]]))


def test_what_is_see_through_stays_so(glb):
    document, binary = parts(glb.read_bytes())
    view = document["bufferViews"][document["images"][0]["bufferView"]]
    file, lashes = BytesIO(), np.zeros((8, 8, 4), np.uint8)
    lashes[:4] = 255
    Image.fromarray(lashes).save(file, "PNG")
    view.update(byteOffset=len(binary), byteLength=len(file.getvalue()))
    small = parts(small_glb(whole(document, binary + file.getvalue())))
    assert small[0]["images"][0]["mimeType"] == "image/png"
    assert np.array_equal(np.asarray(picture(small, small[0]["images"][0])), lashes)


def test_a_picture_that_cannot_be_read_stays_as_it_is(glb):
    document, binary = parts(glb.read_bytes())
    document["images"][0]["mimeType"] = "image/ktx2"
    document["bufferViews"][document["images"][0]["bufferView"]].update(byteOffset=len(binary), byteLength=4)
    small, content = parts(small_glb(whole(document, binary + b"KTX2")))
    view = small["bufferViews"][small["images"][0]["bufferView"]]
    assert content[view["byteOffset"] :][: view["byteLength"]] == b"KTX2"
    assert small["images"][0]["mimeType"] == "image/ktx2"


def test_a_page_holds_less_than_half_of_the_file_and_the_same_every_time(glb):
    content = glb.read_bytes()
    assert len(packed(content)) < len(content) / 2
    assert packed(content) == packed(content)
