"""Lashes over the lids are hidden, make-up and lids of one colour stay, and models that do not know lashes lose nothing."""

from dataclasses import replace

import numpy as np
import pytest
from facetex_model_zoo import model_path
from facetex_plugins.clean.lashes import hide_lashes
from sampled import tiny_model

from facetex_core import Texture
from facetex_core.geometry.model_file import load_morphable_model
from facetex_core.texture.regions import region, skin_texels

SIZE = 512


@pytest.fixture(scope="module")
def model():
    return load_morphable_model(model_path("face_basis"))


@pytest.fixture(scope="module")
def lids(model):
    return region(model, "lashes", SIZE) > 0.5


def skin(model):
    seen = (region(model, "face", SIZE) > 0.5) & skin_texels(model, SIZE).inside
    return Texture(np.where(seen[..., None], np.float32([0.5, 0.35, 0.28]), 0).astype(np.float32), seen.astype(np.float32))


def test_strokes_over_the_lid_are_hidden_and_no_more(model, lids):
    lit = skin(model)
    strokes = lids & (np.arange(SIZE) % 5 == 0)
    rgb = np.where(strokes[..., None], 0.1 * lit.rgb, lit.rgb).astype(np.float32)
    found = hide_lashes(replace(lit, rgb=rgb), model)
    assert (found.visibility[strokes] == 0).all()
    far = region(model, "lashes", SIZE) == 0
    np.testing.assert_array_equal(found.visibility[far], lit.visibility[far])


@pytest.mark.parametrize("shade", [0.85, 1.0, 1.4])
def test_a_plain_or_slightly_shaded_lid_stays(model, lids, shade):
    lit = skin(model)
    rgb = np.where(lids[..., None], shade * lit.rgb, lit.rgb).astype(np.float32)
    np.testing.assert_array_equal(hide_lashes(replace(lit, rgb=rgb), model).visibility, lit.visibility)


def test_a_model_without_lashes_keeps_all():
    model = tiny_model()
    lit = skin(model)
    assert hide_lashes(lit, model) is lit
