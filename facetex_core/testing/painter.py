"""What every painter promises."""

import numpy as np
from jaxtyping import Bool

from facetex_core.geometry.uv_raster import all_texels
from facetex_core.imaging.colour import luminance
from facetex_core.structures import DelitView
from facetex_core.testing.contract import Contract, demand, demand_near
from facetex_core.testing.samples import SIZE, portrait_view
from facetex_core.texture.regions import region, skin_texels

DIFFERENT = 0.05
"""Mean linear difference between eyeballs and the skin that was there before."""


class PainterContract(Contract):
    """Skin is unchanged, the map stays complete, and eyeballs are not skin."""

    role = "painter"

    def given(self) -> tuple[DelitView]:
        """A head whose map is skin all over."""
        return (portrait_view(),)

    def test_skin_stays(self) -> None:
        """Every texel of the face."""
        model = portrait_view().fit.model
        skin = skin_texels(model, SIZE).inside & (region(model, "face", SIZE) > 0.5)
        before = portrait_view().albedo.rgb[skin]
        demand_near(self.result.rgb[skin], before, "skin of the face", "paint eyes, teeth and mouth only", atol=1 / 255)

    def test_the_map_stays_whole(self) -> None:
        """No hole, and the photo's own visibility."""
        demand(float(luminance(self.result.rgb).max()) > 0, "paint().rgb is black all over")
        wanted = portrait_view().albedo.visibility
        demand_near(self.result.visibility, wanted, "visibility", "pass view.albedo.visibility on")

    def test_eyeballs_are_no_skin(self) -> None:
        """They differ from the skin that was there."""
        off = float(np.abs(self.result.rgb - portrait_view().albedo.rgb)[self._eyes()].mean())
        told = f"paint(): eyeballs differ from skin by {off:.3f}; at least {DIFFERENT}"
        demand(off >= DIFFERENT, f"{told}: paint the parts left_eye and right_eye, or say waived_checks = (...)")

    def _eyes(self) -> Bool[np.ndarray, "size size"]:
        model = portrait_view().fit.model
        texels, where = all_texels(model, SIZE), np.zeros((SIZE, SIZE), bool)
        for part in ("left_eye", "right_eye"):
            where |= texels.of(model.mesh, part)
        return where
