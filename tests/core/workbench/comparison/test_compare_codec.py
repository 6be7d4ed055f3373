"""Values in parts: what is packed comes back to the byte, and is named by all that it is."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from numpy.testing import assert_array_equal
from same_values import same
from sampled import all_skin, tiny_appearance, tiny_fit, tiny_head, tiny_model, tiny_texture, view_of

from facetex_core.structures import (
    Bank,
    Camera,
    Corrective,
    Descriptor,
    Detail,
    DetailLayer,
    Face,
    LitView,
    Merged,
    OwnDescriptors,
    Photo,
    Target,
    Texture,
    View,
)
from facetex_core.workbench.comparison.codec import NOUNS, Codec

PHOTO = Photo(np.full((8, 6, 3), 0.4, np.float32), "ü.jpg")
GREY = Descriptor("net", {"a": np.eye(3, dtype=np.float32)}, {"a": 1.0})
LAYER = DetailLayer(np.zeros((4, 4), np.float32), np.ones((4, 4, 3), np.float32), np.ones((4, 4), np.float32))
VALUES = {
    "head": tiny_head(),
    "faces": (Face(np.zeros(4, np.float32), np.zeros((68, 2), np.float32), np.zeros((0, 2), np.float32), 0.1),),
    "no faces": (),
    "descriptor": Descriptor("net", {name: np.eye(3, dtype=np.float32) for name in "ba"}, {"b": 1 / 3, "a": 0.0}),
    "camera": Camera(np.eye(3, dtype=np.float32), np.eye(4, dtype=np.float32), (3, 4)),
    "bank": Bank("net", 8, {}, {}, {"a": np.ones((2, 4), np.float32)}, ("x", "y")),
    "words": {"none": None, "yes": True, "list": [1, 2.5, "ü"], "bytes": b"\0\1", "point": np.array(2.0)},
    "view": view_of(tiny_texture()),
    "lit view": LitView(all_skin(PHOTO), tiny_fit(), tiny_texture(), tiny_appearance()),
    "plain view": View(all_skin(PHOTO), tiny_fit(), tiny_texture()),
    "merged": Merged(tiny_texture(), np.ones((1, 64, 64), np.float32)),
    "relief": Detail(np.zeros((4, 4), np.float32), np.zeros((4, 4, 3), np.float32), {"brow": LAYER}),
    "own": OwnDescriptors((GREY,), (GREY, GREY)),
    "target": Target(GREY, GREY),
    "corrective": Corrective(0, np.zeros(2, np.int32), np.ones(3, np.int32), np.ones((2, 3), np.float32)),
    "fit": replace(tiny_fit(), residual_flow=np.zeros((len(tiny_model().mean), 2), np.float32)),
}  # fmt: skip


@pytest.mark.parametrize("name", VALUES)
def test_what_is_packed_comes_back(name):
    codec = Codec(lambda _: pytest.fail("the model is known"))
    packed = codec.pack(VALUES[name])
    found = codec.unpack(packed)
    same(found, VALUES[name])
    assert codec.pack(found).digest == packed.digest


def nouns_in(value):
    """The names of all nouns that the value is made of."""
    if isinstance(value, dict):
        return set().union(*map(nouns_in, value.values()))
    if isinstance(value, tuple | list):
        return set().union(*map(nouns_in, value))
    if type(value).__name__ not in NOUNS:
        return set()
    parts = [getattr(value, name) for name in type(value).__dataclass_fields__]
    return {type(value).__name__, *nouns_in(parts)}


def test_every_noun_can_be_packed():
    assert set(NOUNS) - nouns_in(VALUES) == {"AlbedoModel"}, "put the new noun into VALUES"


def test_arrays_come_back_read_only_and_row_by_row():
    codec = Codec(lambda _: pytest.fail("there is no model"))
    rgb = np.asfortranarray(np.random.default_rng(0).random((8, 8, 3)).astype(np.float32))
    found = codec.unpack(codec.pack(Texture(rgb, np.ones((8, 8), np.float32))))
    assert found.rgb.flags.c_contiguous
    assert not found.rgb.flags.writeable
    assert rgb.flags.writeable
    assert_array_equal(found.rgb, rgb)


@pytest.mark.parametrize("value", [{1, 2}, object(), np.array([object()]), Path("x")])
def test_what_facetex_has_no_word_for_is_refused(value):
    with pytest.raises(TypeError, match="none of facetex's values"):
        Codec(lambda _: pytest.fail("there is no model")).pack(value)


def test_a_head_is_named_by_all_that_it_is():
    codec = Codec(lambda _: pytest.fail("the model is known"))
    head = tiny_head()
    others = replace(head, name="other"), replace(head, roughness=head.albedo.visibility)
    digests = {codec.pack(each).digest for each in (head, *others)}
    assert len(digests) == 3
    assert codec.pack(tiny_head()).digest in digests
