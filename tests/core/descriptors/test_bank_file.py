"""Files of banks whose parts do not belong together, or hold numbers that are none: each is refused with what is wrong."""

import numpy as np
import pytest
from test_bank import LAYER, bank_of, faces

from facetex_core import ModelError
from facetex_core.descriptors.bank_file import LARGEST_NUMBER, load_bank, save_bank

NONE = np.float32(np.nan)


def first(value):
    """What changes the first number of an array."""

    def change(array):
        array = array.copy()
        array.flat[0] = value
        return array

    return change


CHANGES = {
    "another version": (
        "version",
        lambda old: old + 1,
        "has version 3, this facetex reads 2: facetex bank build makes it again",
    ),
    "a basis that is no number": (f"basis/{LAYER}", first(NONE), f"a number of {LAYER} is missing"),
    "support beyond bounds": (f"mass/{LAYER}", first(LARGEST_NUMBER), f"a number of {LAYER} is missing"),
    "negative support": (f"mass/{LAYER}", first(-1), f"a support of {LAYER} is missing"),
    "fewer names": ("names", lambda old: old[1:], f"a cell of {LAYER} is missing"),
    "no size": ("size", lambda _: np.array(0), "an exemplar is missing"),
    "a layout that is no number": ("layout", first(NONE), "layout is missing"),
    "a layout of seven points": ("layout", lambda old: old[:7], "layout is missing"),
    "albedo that is no number": ("albedo", first(NONE), "albedo is missing"),
    "albedo of fewer": ("albedo", lambda old: old[1:], "albedo or textures of an exemplar is missing"),
    "textures of one": ("textures", lambda _: np.zeros((1, 8, 8, 4), np.uint8), "albedo or textures of an exemplar is missing"),
}


@pytest.mark.parametrize("name", CHANGES)
def test_a_bank_whose_parts_do_not_belong_together_is_refused(tmp_path, name):
    key, change, words = CHANGES[name]
    path = tmp_path / "x.bank"
    save_bank(bank_of(faces(*"abc")), path)
    with np.load(path) as file:
        arrays = dict(file)
    with path.open("wb") as file:
        np.savez(file, **{**arrays, key: change(arrays[key])})
    with pytest.raises(ModelError, match=rf"^x\.bank .*{words}"):
        load_bank(path)


def test_a_bank_without_layers_is_refused(tmp_path):
    path = tmp_path / "x.bank"
    save_bank(bank_of(faces(*"abc")), path)
    with np.load(path) as file:
        arrays = {name: array for name, array in file.items() if name != f"mass/{LAYER}"}
    with path.open("wb") as file:
        np.savez(file, **arrays)
    with pytest.raises(ModelError, match="every layer is missing"):
        load_bank(path)
