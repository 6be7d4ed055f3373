"""What the light leaves in an albedo that it does not explain."""

import numpy as np
from facetex_plugins.delight.residuals import _without_fringe

SIDE = 32
SKIN = np.ones((SIDE, SIDE), np.float32)
EXPECTED = np.full((SIDE, SIDE, 3), 0.4, np.float32)


def tinted():
    """Skin whose left quarter is red."""
    albedo = EXPECTED.copy()
    albedo[:, : SIDE // 4] *= np.float32([1.3, 1.0, 0.8])
    return albedo


def test_a_tint_that_was_seen_slantwise_gives_way_to_the_models_colour():
    found = _without_fringe(tinted(), EXPECTED, SKIN, 0 * SKIN)
    np.testing.assert_allclose(found[0, 0] / found[0, 0].mean(), 1, atol=1e-5)


def test_a_tint_that_was_seen_straight_on_stays():
    np.testing.assert_allclose(_without_fringe(tinted(), EXPECTED, SKIN, SKIN), tinted(), rtol=1e-6)


def test_what_is_no_skin_keeps_its_tint():
    skin = SKIN.copy()
    skin[:, : SIDE // 4] = 0
    np.testing.assert_allclose(_without_fringe(tinted(), EXPECTED, skin, 0 * SKIN), tinted(), rtol=1e-5)
