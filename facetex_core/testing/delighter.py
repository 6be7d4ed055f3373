"""What every delighter promises."""

import numpy as np

from facetex_core.lighting.estimate_lighting import normal_map
from facetex_core.lighting.harmonics import ambient, shade
from facetex_core.promise import hold_range
from facetex_core.structures import Lighting, LitView, Texture
from facetex_core.testing.contract import Contract, demand, demand_near
from facetex_core.testing.samples import SIZE, half_seen, lit_view, sheet_fit, skin
from facetex_core.values import locked

LIGHT = Lighting(np.outer([0.8, 0.2, 0.1, 0.2, 0, 0, 0, 0, 0], [1.0, 0.9, 0.8]).astype(np.float32))
"""Warm light, half as strong on one side as on the other."""


class DelighterContract(Contract):
    """Recovers an albedo that was multiplied by known light; hidden texels stay hidden."""

    role = "delighter"

    @property
    def view(self) -> LitView:
        """Skin in a light that is known, part of it seen."""
        return lit_view(half_seen(skin() * shade(LIGHT, normal_map(sheet_fit(), SIZE))), LIGHT)

    def given(self) -> tuple[LitView]:
        """A view with estimated light."""
        return (self.view,)

    def test_gives_back_the_albedo_under_a_known_light(self) -> None:
        """Within a hundredth, where the result is sure of itself."""
        sure = self.result.visibility > 0.5
        demand(sure.mean() > 0.2, f"delight(): {sure.mean():.0%} of the map is left visible; at least 20% of 62%: hide less")
        mend = "divide by harmonics.shade(view.appearance.lighting, photometry.normal_map(view.fit, size)), in linear light"
        demand_near(self.result.rgb[sure], skin()[sure], "albedo under a known light", mend, rtol=0.01)

    def test_white_light_from_everywhere_changes_nothing(self) -> None:
        """Skin as it is."""
        texture = half_seen(skin())
        found = self.plugin.delight(lit_view(texture, ambient()))
        sure = found.visibility > 0.5
        mend = "shading is 1 in white light from everywhere"
        demand_near(found.rgb[sure], texture.rgb[sure], "albedo under white light from everywhere", mend, rtol=0.01)

    def test_visibility_never_grows(self) -> None:
        """It may shrink: nothing can be divided out of black."""
        grown = float((self.result.visibility - self.view.lit.visibility).max())
        mend = "the photo saw no more than before: np.minimum(visibility, texture.visibility)"
        demand(grown <= 0, f"delight().visibility grows by up to {grown:.3g}: {mend}")
        painted = float(self.result.rgb[self.result.visibility == 0].max(initial=0))
        demand(painted == 0, f"delight().rgb is up to {painted:.3g} where nothing was seen: leave 0 there")

    def test_an_albedo_sends_back_no_more_than_it_gets(self) -> None:
        """However bright the photo: all is in [0, 1]."""
        seen = half_seen(skin())
        white = locked(Texture(np.repeat(seen.visibility[..., None], 3, axis=2), seen.visibility))
        hold_range(self.plugin.delight(lit_view(white, LIGHT)).rgb, "delight().rgb of a burnt-out texture", 0, 1)
