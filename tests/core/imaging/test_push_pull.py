"""Filling from what is known."""

import numpy as np
import pytest

from facetex_core.imaging.push_pull import fill_smooth


@pytest.mark.parametrize("level", [1.0, 0.8732, 0.0031])
def test_no_filled_value_leaves_the_range_of_the_known_ones(level):
    rng = np.random.default_rng(0)
    weight = (rng.random((61, 47)) < 0.2) * rng.random((61, 47)).astype(np.float32)
    picture = np.full((61, 47, 3), level, np.float32)
    filled = fill_smooth(picture, weight.astype(np.float32))
    assert (filled.min(), filled.max()) == (np.float32(level), np.float32(level))


def test_where_nothing_is_known_it_is_black():
    filled = fill_smooth(np.ones((20, 20, 3), np.float32), np.zeros((20, 20), np.float32))
    assert not filled.any()
