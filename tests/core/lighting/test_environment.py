"""Lighting as a panorama: what shines from all around gives a surface the light that the harmonics say."""

import numpy as np
from numpy.testing import assert_allclose

from facetex_core import Lighting
from facetex_core.imaging.colour import luminance
from facetex_core.lighting.environment import hdr_bytes, radiance_of, surroundings
from facetex_core.lighting.harmonics import ambient, shade
from facetex_core.lighting.panorama import panorama_directions
from facetex_core.lighting.studio import studio
from facetex_core.workbench.evaluation.environment import Environment, light_of

NORMALS = panorama_directions(12, 24).astype(np.float32)


def irradiance(panorama):
    return Environment(panorama, np.eye(3, dtype=np.float32)).irradiance(NORMALS)


def test_the_panorama_of_a_lighting_is_negative_nowhere_and_lights_as_it_does():
    panorama = surroundings(studio(), None)
    assert panorama.min() >= 0
    assert_allclose(irradiance(panorama), shade(studio(), NORMALS), atol=0.02)


def test_without_a_panorama_of_ones_own_it_is_the_lightings():
    np.testing.assert_array_equal(surroundings(studio(), None), radiance_of(studio()))


def test_even_light_comes_from_everywhere_alike():
    assert_allclose(radiance_of(ambient(0.7)), 0.7, atol=1e-3)


def test_a_panorama_of_ones_own_is_made_as_strong_as_the_lighting():
    mine = np.random.default_rng(0).uniform(0, 5, (16, 32, 3)).astype(np.float32)
    found = surroundings(ambient(0.5), mine)
    assert_allclose(found / mine, (found / mine).mean(), rtol=1e-4)
    assert_allclose(luminance(irradiance(found)).mean(), 0.5, rtol=0.02)


def test_darkness_makes_a_panorama_black():
    dark = Lighting(np.zeros((9, 3), np.float32))
    assert surroundings(dark, np.ones((8, 16, 3), np.float32)).max() == 0


def test_the_light_of_a_panorama_makes_the_brightest_white_just_white(tmp_path):
    path = tmp_path / "bright.hdr"
    path.write_bytes(hdr_bytes(np.full((64, 128, 3), 30, np.float32)))
    assert_allclose(shade(light_of(path), NORMALS), 1, atol=0.01)
