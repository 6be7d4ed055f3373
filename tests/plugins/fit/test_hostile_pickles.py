"""What a pickled model may try, FLAME's or torch's: it is read as numbers or refused in one line, and nothing is run."""

import pickle  # noqa: TID251  # to write what facetex must read without it
import struct
import zipfile

import numpy as np
import pytest
import torch
from facetex_plugins.fit.readers.inert_pickle import Inert, array_of, read_pickle
from hostile import BOMB, home, refused  # noqa: F401  # fixtures are used by their names
from numpy.testing import assert_array_equal

DTYPE = b"cnumpy\ndtype\n"
EIGHT_BYTES = DTYPE + b"U\x02f8\x89\x88\x87R"
POINTERS = DTYPE + b"X\x02\0\0\0O8\x89\x88\x87R(K\x03X\x01\0\0\0|NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\0tb"
ARRAY = b"cnumpy.core.multiarray\n_reconstruct\ncnumpy\nndarray\nK\x00\x85U\x01b\x87R"


def test_a_pickle_cannot_set_the_state_of_a_dtype(tmp_path, capsys):
    """With its flags cleared, numpy takes eight bytes of the file for a pointer."""
    scalar = (
        b"cnumpy.core.multiarray\nscalar\n" + POINTERS + b"c_codecs\nencode\nX\x08\0\0\0AAAAAAAAX\x06\0\0\0latin1\x86R\x86R"
    )
    (tmp_path / "x.pkl").write_bytes(b"\x80\x02}X\x0a\0\0\0v_template" + scalar + b"s.")
    refused(capsys, "flame", tmp_path / "x.pkl", "an array of kind 'O8', which no model needs")


def test_of_a_dtype_s_state_the_byte_order_alone_counts():
    state = b"(K\x03U\x01>NNNK\x07K\x07K\x3ftb"
    data = b"\x80\x02" + ARRAY + b"(K\x01K\x02\x85" + EIGHT_BYTES + state + b"\x89U\x10" + struct.pack(">2d", 1.5, -2) + b"tb."
    assert_array_equal(array_of(read_pickle(data)), [1.5, -2])


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (ARRAY + b"(K\x01K\x03\x85" + EIGHT_BYTES + b"\x89U\x10" + bytes(16) + b"tb.", "cannot reshape"),
        (ARRAY + b"(K\x01J\xff\xff\xff\xff\x85" + EIGHT_BYTES + b"\x89U\x08" + bytes(8) + b"tb.", "impossible shape"),
        (ARRAY + b"(K\x01J\xff\xff\xff\x7f\x85" + EIGHT_BYTES + b"\x89U\x08" + bytes(8) + b"tb.", "declares more"),
        (ARRAY + b"(K\x01K\x01\x85" + EIGHT_BYTES + b"\x89](K\x01etb.", "something else"),
        (ARRAY + b"(K\x01K\x01\x85U\x02f8\x89U\x08" + bytes(8) + b"tb.", "something else"),
        (b"cchumpy.ch\nCh\n(N}X\x01\0\0\0xK\x01stb.", "would change what is no object of ours"),
        (b"c_codecs\nencode\n}X\x0c\0\0\0__defaults__)sb.", "would change what is no object of ours"),
        (b"cbuiltins\ngetattr\n.", "asks for builtins.getattr"),
        (b"cnumpy\nload\n.", "asks for numpy.load"),
        (b"c\x1b[2J\nx\n.", r"asks for \?\[2J\.x"),
        (b"K\x01)R.", "would call what is no name"),
        (b"cchumpy.ch\nCh\n)}X\x01\0\0\0aK\x01s\x92.", "with keywords"),
        (b"\x82\x01.", "is not known"),
        (b"\x97.", "is not known"),
        (b"Pplace\n.", "outside of it"),
        (b"K\x01Q.", "outside of it"),
        (b"\x96" + b"\xff" * 8 + b".", "ends too early"),
        (b"T\xff\xff\xff\xff.", "ends too early"),
        (b"a.", "pop from empty"),
        (b"\x8b\0\x10\0\0" + bytes(4096) + b".", "number is too long"),
        (b"t.", "pop from empty"),
        (b"c_codecs\nencode\n)" + b"2\x86" * 60 + b"\x85R.", "no text"),
        (b"(" + b")" + b"2\x86" * 60 + b"N\x93.", "no text"),
        (DTYPE + b")" + b"2\x86" * 60 + b"\x85R.", "kind unknown"),
    ],
)  # fmt: skip
def test_a_pickle_is_numbers_or_a_value_error(data, said):
    with pytest.raises(ValueError, match=said):
        read_pickle(data)


def test_a_pickle_takes_as_many_steps_as_models_do(monkeypatch):
    monkeypatch.setattr("facetex_model_zoo.pickle_machine.MOST_STEPS", 1000)
    assert read_pickle(b"N" * 999 + b".") is None
    with pytest.raises(ValueError, match="more than 1000 steps, which no model needs"):
        read_pickle(b"N" * 1000 + b".")


def test_what_a_pickle_stores_far_away_takes_no_memory():
    assert read_pickle(b"K\x07r\xff\xff\xff\xffj\xff\xff\xff\xff.") == 7


def test_nothing_is_hashed_that_a_file_has_made():
    """Nested tuples of some bytes take hours to hash, or end the process."""
    nested = b")" + b"2\x86" * 60
    assert read_pickle(b"}" + nested + b"K\x01s.") == {}
    assert read_pickle(b"\x8f(" + nested + b"\x90.") != []
    assert isinstance(read_pickle(b"cchumpy.ch\nCh\n)\x81}" + nested + b"K\x01sb."), Inert)
    deep = read_pickle(b")" + b"\x85" * 30_000 + b"0N.")
    assert deep is None


@pytest.mark.parametrize(
    ("ends", "said"),
    [
        ([0, 2**62, -(2**63), -(2**62), 0], "is damaged"),  # they add up to 0, modulo 2**64
        ([0, 5, 3, 2], "is damaged"),
        ([0, 1, 2, 2**40], "is damaged"),
        ([], "is damaged"),
        ([0, 1, 1, 2], ""),
    ],
)
def test_a_sparse_matrix_counts_no_further_than_its_numbers(ends, said):
    """numpy writes as many numbers as the counts are, wherever that is."""
    state = {"indptr": np.array(ends, np.int64), "indices": np.array([0, 1]), "data": np.array([3.0, 4.0]), "_shape": (3, 2)}
    matrix = Inert()
    matrix.attributes = {name: read_pickle(pickle.dumps(value)) for name, value in state.items()}
    if said:
        with pytest.raises(ValueError, match=said):
            array_of(matrix)
    else:
        assert_array_equal(array_of(matrix), [[3, 0], [0, 0], [0, 4]])


@pytest.mark.parametrize("pairs", [b"]](X\x01\0\0\0aK\x07ea", b"](U\x01aK\x07\x86e"])
def test_an_ordered_dictionary_of_python_2_is_read(pairs):
    assert read_pickle(b"ccollections\nOrderedDict\n" + pairs + b"\x85R.") == {"a": 7}


def test_a_dictionary_is_not_made_again_and_again():
    again = b"h\0h\1\x85R0" * 2000
    data = b"ccollections\nOrderedDict\nq\0]q\1(" + b"X\x01\0\0\0aK\x07\x86" * 10_000 + b"e0" + again + b"N."
    with pytest.raises(ValueError, match="declares more"):
        read_pickle(data)


def weights(path, **tensors):
    torch.save({"features.0.weight": torch.zeros(64, 3, 3, 3), "features.0.bias": torch.zeros(64)} | tensors, path)
    return path


@pytest.mark.parametrize("change", ["short storage", "huge tensor", "bomb"])
def test_weights_of_torch_lie_inside_of_their_storages(tmp_path, capsys, change):
    """torch itself believes what the pickle says of a storage's size."""
    huge = {"features.2.weight": torch.zeros(1, 1, 1, 1).expand(2**40, 1, 1, 1), "features.2.bias": torch.zeros(1)}
    path = weights(tmp_path / "x.pth", **huge if change == "huge tensor" else {})
    with zipfile.ZipFile(path) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            short = change == "short storage" and name.endswith("data/0")
            archive.writestr(name, content[:4] if short else content + BOMB if change == "bomb" else content)
    refused(capsys, "vgg19", path, "x.pth is no")
