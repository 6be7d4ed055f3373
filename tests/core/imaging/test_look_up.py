"""Maps between the centres of their texels."""

import numpy as np
from numpy.testing import assert_allclose

from facetex_core.imaging.look_up import look_up


def test_a_ramp_is_read_where_one_asks():
    ramp = np.repeat(((np.arange(32, dtype=np.float32) + 0.5) / 32)[None, :, None], 32, 0).repeat(3, -1)
    u = np.random.default_rng(0).uniform(0.02, 0.98, 5000).astype(np.float32)
    found = look_up(ramp, np.stack([u, u[::-1]], 1))
    assert_allclose(found[:, 0], u, atol=1 / 32 / 32)  # OpenCV's weights are multiples of 1/32 texel


def test_a_map_of_one_channel_gives_numbers():
    ramp = np.repeat(np.linspace(0, 1, 16, dtype=np.float32)[None], 16, 0)
    assert look_up(ramp, np.array([[0.5, 0.5]])).shape == (1,)


def test_no_places_have_no_values():
    assert look_up(np.zeros((4, 4, 3), np.float32), np.zeros((0, 2), np.float32)).shape == (0, 3)
