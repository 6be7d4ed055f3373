"""Delighting by division: A(u, v) = I(u, v) / sum_k l_k Y_k(n(u, v)) (Saito 2017, section 4.1); the rest is taken out."""

from facetex_core import LitView, Texture, hookimpl
from facetex_core.lighting.estimate_lighting import normal_map
from facetex_core.lighting.harmonics import shade
from facetex_plugins.delight.residuals import Flatten, Matte, remove_residual_shading

api_version = 2


@hookimpl
def delighters() -> dict[str, type]:
    """One."""
    return {"harmonics": HarmonicsDelighter}


class HarmonicsDelighter:
    """Division by second-order spherical harmonics, then removal of residual shading."""

    def __init__(self, flatten: Flatten = 0.9, matte: Matte = 0.9) -> None:
        self.flatten, self.matte = flatten, matte

    def delight(self, view: LitView) -> Texture:
        """The albedo; texels in deep shade lose visibility, since nothing can be divided out of black."""
        shading = shade(view.appearance.lighting, normal_map(view.fit, view.lit.size))
        return remove_residual_shading(view, shading, flatten=self.flatten, matte=self.matte)
