"""Light from all around: whole on cheeks, little in nostrils and ears, and behind the lips as if they were open."""

from dataclasses import replace

import numpy as np
import pytest
from facetex_plugins.fit.basis import BasisFitter
from sampled import tiny_head

from facetex_core import Fit, Texture
from facetex_core.geometry.uv_raster import all_texels
from facetex_core.texture.ambient_occlusion_map import PASSED_ON, ambient_occlusion_map
from facetex_core.texture.regions import region

SIZE = 256


@pytest.fixture(scope="module")
def head():
    head, model = tiny_head(), BasisFitter().model
    rest = np.zeros(len(model.identity), np.float32), np.zeros(len(model.expression), np.float32)
    blank = Texture(np.zeros((SIZE, SIZE, 3), np.float32), np.ones((SIZE, SIZE), np.float32))
    return replace(head, fit=Fit(model, *rest, head.fit.camera), albedo=blank)


def of_region(head, name):
    return ambient_occlusion_map(head)[region(head.fit.model, name, SIZE) > 0.9]


def of_part(head, name):
    which, texels = head.fit.model.mesh.parts[name], all_texels(head.fit.model, SIZE)
    return ambient_occlusion_map(head)[(texels.triangle >= which.start) & (texels.triangle < which.stop)]


def test_hollows_are_darker_than_cheeks(head):
    cheeks = np.median(of_region(head, "cheeks"))
    assert cheeks > 0.95
    assert np.median(of_region(head, "nostrils")) < 0.45
    assert np.percentile(of_region(head, "ears"), 25) < 0.8 * cheeks
    assert of_region(head, "lips").min() < 0.5
    assert np.percentile(of_part(head, "left_eye"), 75) < cheeks


def test_teeth_and_tongue_are_seen_when_the_mouth_opens(head):
    assert of_part(head, "teeth").min() >= PASSED_ON - 1e-6
    assert np.median(of_part(head, "teeth")) > 0.8
    assert np.median(of_part(head, "gums")) > 0.6
    assert np.median(of_part(head, "mouth")) < np.median(of_part(head, "gums"))


def test_the_map_is_even_on_both_sides_and_goes_on_beyond_the_islands(head):
    found = ambient_occlusion_map(head)
    assert found.shape == (SIZE, SIZE)
    assert found.min() >= 0
    assert found.max() <= 1
    inside = all_texels(head.fit.model, SIZE).inside
    assert np.abs(found - found[:, ::-1])[inside & inside[:, ::-1]].mean() < 0.01
    assert (found[~inside] > 0.1).mean() > 0.9
