"""What every light estimator promises."""

from functools import cached_property

import numpy as np
from jaxtyping import Float, Float32

from facetex_core.lazy import cv2
from facetex_core.lighting.estimate_lighting import normal_map
from facetex_core.lighting.harmonics import shade
from facetex_core.structures import Appearance, DelitView, Lighting, Texture, View
from facetex_core.testing.contract import Contract, demand
from facetex_core.testing.delighter import LIGHT
from facetex_core.testing.samples import SIZE, half_seen, sheet_fit, sheet_observation, skin, view_of
from facetex_core.values import locked

AGREE, OFF = 0.9, 0.1


def blotchy() -> Float32[np.ndarray, "size size 3"]:
    """Skin that is redder towards the chin: its colour is no function of its lightness, as it is on grey photos."""
    ramp = np.linspace(0.92, 1.08, SIZE)[:, None, None]
    return np.asarray(skin() * ramp ** np.array([1.0, -1.0, -0.5]), np.float32)


class LightEstimatorContract(Contract):
    """Light and albedo together explain the photo; the light has the right direction."""

    role = "light_estimator"

    @cached_property
    def normals(self) -> Float32[np.ndarray, "size size 3"]:
        """Of the sheet, by texel."""
        return normal_map(sheet_fit(), SIZE)

    @property
    def lit(self) -> Texture:
        """Skin in a light that is known, part of it seen."""
        return half_seen(blotchy() * shade(LIGHT, self.normals))

    def given(self) -> tuple[View]:
        """Before delighting."""
        return (view_of(self.lit),)

    def test_the_light_comes_from_where_it_came_from(self) -> None:
        """Its shading goes with the true one."""
        seen = self.lit.visibility > 0
        found, true = (shade(light, self.normals)[seen].mean(-1) for light in (self.result.lighting, LIGHT))
        agree = float(np.corrcoef(found, true)[0, 1]) if float(found.std()) > 1e-6 else 0.0
        told = f"estimate().lighting: its shading and the true one agree by {agree:.2f}; at least {AGREE}"
        demand(agree >= AGREE, f"{told}: shading(n) = sum_k coefficients[k] Y_k(n), world normals, z out of the face")

    def test_light_and_colour_explain_the_photo(self) -> None:
        """Within a tenth."""
        albedo = cv2.resize(self.result.albedo, (SIZE, SIZE), interpolation=cv2.INTER_LINEAR)
        self._demand_explained(self.result.lighting, albedo, "light and low-frequency albedo")

    def test_after_delighting_the_light_joins_albedo_and_photo(self) -> None:
        """Asked again with the true albedo."""
        albedo = half_seen(blotchy())
        view = locked(DelitView(sheet_observation(), sheet_fit(), self.lit, self.result, albedo))
        again: Appearance = self.plugin.estimate(view)
        self._demand_explained(again.lighting, albedo.rgb, "the light after delighting and the albedo")

    def _demand_explained(self, lighting: Lighting, albedo: Float[np.ndarray, "size size 3"], what: str) -> None:
        seen = self.lit.visibility > 0
        left = (albedo * shade(lighting, self.normals) - self.lit.rgb)[seen]
        off = float(np.sqrt((left**2).mean() / (self.lit.rgb[seen] ** 2).mean()))
        told = f"estimate(): {what} leave {off:.0%} of the photo unexplained; at most {OFF:.0%}"
        demand(off <= OFF, f"{told}: their product is what the photo shows, in linear light")
