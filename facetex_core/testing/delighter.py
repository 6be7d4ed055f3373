"""What every delighter promises."""

import numpy as np
import pytest

from facetex_core.harmonics import ambient, shade
from facetex_core.photometry import normal_map
from facetex_core.stages import Delighter
from facetex_core.structures import Fit, Lighting, Texture
from facetex_core.testing.contract import Contract
from facetex_core.testing.read_only import read_only
from facetex_core.testing.samples import SIZE, fit_of, half_seen, skin

FROM_THE_LEFT = np.outer([0.8, 0.2, 0.1, 0.2, 0, 0, 0, 0, 0], [1.0, 0.9, 0.8])
"""Warm light, half as strong on one side as on the other."""


class DelighterContract(Contract):
    """What was multiplied by known light comes back; what was hidden stays hidden."""

    @pytest.fixture
    def fit(self) -> Fit:
        """The light is known."""
        return fit_of(Lighting(FROM_THE_LEFT.astype(np.float32)))

    @pytest.fixture
    def lit(self, fit: Fit) -> Texture:
        """Skin in this light, part of it seen."""
        return half_seen(skin() * shade(fit.lighting, normal_map(fit, SIZE)))

    def test_gives_back_the_albedo_under_a_known_light(self, plugin: Delighter, lit: Texture, fit: Fit) -> None:
        """Within a hundredth, where the result is sure of itself."""
        found = plugin.delight(lit, fit)
        sure = found.visibility > 0.5
        assert sure.mean() > 0.2, "hardly anything is left"
        np.testing.assert_allclose(found.rgb[sure], skin()[sure], rtol=0.01)

    def test_white_light_from_everywhere_changes_nothing(self, plugin: Delighter) -> None:
        """Skin as it is."""
        texture = half_seen(skin())
        found = plugin.delight(texture, fit_of(ambient()))
        sure = found.visibility > 0.5
        np.testing.assert_allclose(found.rgb[sure], texture.rgb[sure], rtol=0.01)

    def test_visibility_never_grows(self, plugin: Delighter, lit: Texture, fit: Fit) -> None:
        """It may shrink: nothing can be divided out of black."""
        found = plugin.delight(lit, fit)
        assert (found.visibility <= lit.visibility).all()
        assert not found.rgb[found.visibility == 0].any()

    def test_an_albedo_sends_back_no_more_than_it_gets(self, plugin: Delighter, fit: Fit) -> None:
        """However bright the photo: all is in [0, 1]."""
        found = plugin.delight(read_only(Texture(*_burnt_out())), fit)
        assert found.rgb.min() >= 0
        assert found.rgb.max() <= 1

    def test_the_same_texture_gives_the_same_albedo(self, plugin: Delighter, lit: Texture, fit: Fit) -> None:
        """To the bit."""
        np.testing.assert_array_equal(plugin.delight(lit, fit).rgb, plugin.delight(lit, fit).rgb)


def _burnt_out() -> tuple[np.ndarray, np.ndarray]:
    seen = half_seen(skin())
    return np.repeat(seen.visibility[..., None], 3, axis=2), seen.visibility
