"""Files of morphable models whose parts do not belong together: each is refused with what is wrong."""

from dataclasses import replace

import numpy as np
import pytest
from sampled import tiny_model

from facetex_core import ModelError
from facetex_core.geometry.model_file import REGIONS, arrays_of, load_morphable_model, with_albedo


def whole_model():
    """The tiny model, with every region that a file must have."""
    model = tiny_model()
    return replace(model, regions=model.regions | dict.fromkeys(REGIONS, np.ones(len(model.mean), np.float32)))


def first(value):
    """What changes the first number of an array."""

    def change(array):
        array = array.copy()
        array.flat[0] = value
        return array

    return change


CHANGES = {
    "a mean that is no number": ("mean", first(np.nan), "mean"),
    "an identity that is no number": ("identity", first(np.inf), "identity"),
    "an expression that is no number": ("expression", first(np.nan), "expression"),
    "a map that is no number": ("uvs", first(np.nan), "uvs"),
    "a corner that is none": ("triangles", first(10**6), "triangles"),
    "a corner below none": ("triangles", first(-1), "triangles"),
    "a corner of the map that is none": ("uv_triangles", first(10**6), "uv_triangles"),
    "a part beyond the triangles": ("part_ranges", lambda old: old * 1000, "part_ranges"),
    "no skin": ("part_names", lambda old: np.char.replace(old, "skin", "scalp"), "part_ranges"),
    "a landmark on no triangle": ("landmark_triangles", first(10**6), "landmark_barycentric"),
    "a weight that is no number": ("dense_barycentric", first(np.nan), "dense_barycentric"),
    "a name too few": ("expression_names", lambda old: old[1:], "a landmark or the name of an expression"),
    "no lips": ("region_names", lambda old: np.char.replace(old, "lips", "lids"), "a region"),
    "empty regions": ("regions", np.zeros_like, "a region"),
}


@pytest.mark.parametrize("name", CHANGES)
def test_a_model_whose_parts_do_not_belong_together_is_refused(tmp_path, name):
    key, change, words = CHANGES[name]
    arrays = arrays_of(whole_model())
    np.savez(tmp_path / "x.npz", **{**arrays, key: change(arrays[key])})
    with pytest.raises(ModelError, match=rf"^x\.npz is no morphable model of facetex: {words} is missing or of another shape$"):
        load_morphable_model(tmp_path / "x.npz")


def test_a_model_reads_back_as_written(tmp_path):
    model = whole_model()
    np.savez(tmp_path / "x.npz", **arrays_of(model))
    again = load_morphable_model(tmp_path / "x.npz")
    np.testing.assert_array_equal(again.mean, model.mean)
    np.testing.assert_allclose(again.identity, model.identity, atol=1e-4)
    assert (again.expression_names, again.mesh.parts) == (model.expression_names, model.mesh.parts)


def test_an_albedo_without_its_modes_says_so(tmp_path):
    np.savez(tmp_path / "albedo.npz", mean=np.zeros(3), detail=np.zeros(3))
    with pytest.raises(ModelError, match=r"^albedo\.npz is no albedo model of facetex: modes is missing$"):
        with_albedo(tiny_model(), tmp_path / "albedo.npz")
