"""Delighting as published, A(u, v) = I(u, v) / sum_k l_k Y_k(n(u, v)) (Saito 2017, section 4.1), and not at all."""

import numpy as np

from facetex_core import LitView, Texture, hookimpl
from facetex_core.lighting.estimate_lighting import normal_map
from facetex_core.lighting.harmonics import shade
from facetex_plugins.delight.thresholds import DARKEST_DIVISOR

api_version = 2


@hookimpl
def delighters() -> dict[str, type]:
    """What the default is measured against."""
    return {"division": DivisionDelighter, "none": NoDelighter}


class DivisionDelighter:
    """Division by second-order spherical harmonics alone, as published: highlights and cast shadow stay in the albedo."""

    def delight(self, view: LitView) -> Texture:
        """The albedo; nothing becomes hidden."""
        texture = view.lit
        seen = texture.visibility > 0
        if not seen.any():
            return texture
        shading = shade(view.appearance.lighting, normal_map(view.fit, texture.size))
        believed = np.maximum(shading, DARKEST_DIVISOR * np.median(shading[seen], axis=0))
        return Texture(
            np.where(seen[..., None], np.clip(texture.rgb / believed, 0, 1), 0).astype(np.float32), texture.visibility
        )


class NoDelighter:
    """Leaves the light in: the baseline for delighters."""

    waived_checks = ("gives_back_the_albedo_under_a_known_light",)

    def delight(self, view: LitView) -> Texture:
        """The texture as it was unwrapped."""
        return view.lit
