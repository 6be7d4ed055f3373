"""What the light leaves in an albedo that it does not explain."""

import numpy as np
from facetex_plugins.delight.residuals import _clear_of_outline, _near_outline, _without_fringe
from sampled import tiny_fit

from facetex_core.texture.regions import region

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


def outlined(*, bearded):
    """What is left at the outline of a face that is dark there below the brows, and on the chin where it has a beard."""
    size, fit = 128, tiny_fit()
    shown = (region(fit.model, ("face", "chin"), size) > 0.5).astype(np.float32)
    above = region(fit.model, ("forehead", "scalp"), size) > 0
    rim = (_near_outline(shown.astype(np.uint8)) > 0) & ~above
    dark = rim | (region(fit.model, "chin", size) > 0.3) if bearded else rim
    albedo = np.where(dark[..., None], np.float32([0.1] * 3), np.float32(0.4))
    clear = _clear_of_outline(albedo, np.full((size, size, 3), 0.4, np.float32), shown, fit)
    return clear[(_near_outline(shown.astype(np.uint8)) > 0.9) & (shown > 0) & ~above]


def test_what_is_dark_at_the_outline_goes_and_a_beard_stays():
    assert np.median(outlined(bearded=False)) < 0.3
    assert np.median(outlined(bearded=True)) > 0.9
