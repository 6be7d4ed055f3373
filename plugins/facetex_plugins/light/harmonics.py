"""Light estimators: second-order spherical harmonics of the light, and with them the low-frequency colour of the skin.

    I(u, v) = A(u, v) sum_k l_k Y_k(n(u, v))

the photo-consistency term of Saito 2017 (section 4.1) with the shape held. The default's priors, without which the product
does not tell skin from light, stand in facetex_core/lighting/estimate_lighting.py.
"""

import numpy as np
from jaxtyping import Float32

from facetex_core import Appearance, DelitView, Lighting, View, hookimpl
from facetex_core.lighting.estimate_lighting import SIZE, albedo_model, estimate_appearance, normal_map, refit_lighting
from facetex_core.lighting.harmonics import ambient, harmonics
from facetex_core.texture.regions import region, resize_texture

PLAIN_RIDGE = 1e-3
"""Of the plain least squares, relative to a texel's weight: a face shows only half of all directions."""

api_version = 2


@hookimpl
def light_estimators() -> dict[str, type]:
    """The default, the published way, and none."""
    return {"harmonics": HarmonicsEstimator, "least-squares": LeastSquaresEstimator, "none": NoEstimator}


class HarmonicsEstimator:
    """Alternates between light and skin colour, robustly and with priors; after delighting, fits the light to the albedo."""

    def estimate(self, view: View) -> Appearance:
        """Before delighting both; after it the light anew, and the colour as it was."""
        if isinstance(view, DelitView):
            return Appearance(refit_lighting(view), view.appearance.albedo, view.appearance.residuals)
        return estimate_appearance(view.lit, view.fit)


class LeastSquaresEstimator:
    """Least-squares light for the mean skin: nine coefficients per channel, without priors of skin or light."""

    def estimate(self, view: View) -> Appearance:
        """After delighting, the light that explains the albedo best."""
        lit, albedo = resize_texture(view.lit, SIZE), np.exp(albedo_model(view.fit.model).mean)
        weight = lit.visibility * region(view.fit.model, "face", SIZE)
        if isinstance(view, DelitView):
            found = resize_texture(view.albedo, SIZE)
            albedo, weight = found.rgb, np.minimum(weight, found.visibility)
        on = weight > 0
        light = _solved(harmonics(normal_map(view.fit, SIZE))[on], albedo[on], lit.rgb[on], weight[on])
        kept = view.appearance.albedo if isinstance(view, DelitView) else albedo
        return Appearance(Lighting(light), np.asarray(kept, np.float32))


class NoEstimator:
    """White light from all directions, and the mean skin."""

    waived_checks = (
        "the_light_comes_from_where_it_came_from",
        "light_and_colour_explain_the_photo",
        "after_delighting_the_light_joins_albedo_and_photo",
    )

    def estimate(self, view: View) -> Appearance:
        """The same for every photo."""
        return Appearance(ambient(), np.exp(albedo_model(view.fit.model).mean).astype(np.float32))


def _solved(
    basis: Float32[np.ndarray, "texels 9"],
    albedo: Float32[np.ndarray, "texels 3"],
    seen: Float32[np.ndarray, "texels 3"],
    weight: Float32[np.ndarray, "texels"],
) -> Float32[np.ndarray, "9 3"]:
    """Each channel by itself: min_l sum_i w_i |I_i - A_i Y_i . l|^2 + ridge |l|^2."""
    light = np.zeros((9, 3), np.float32)
    for channel in range(3):
        design = basis * albedo[:, channel, None].astype(np.float64)
        matrix = (design * weight[:, None]).T @ design + PLAIN_RIDGE * max(float(weight.sum()), 1.0) * np.eye(9)
        light[:, channel] = np.linalg.solve(matrix, (design * weight[:, None]).T @ seen[:, channel])
    return light
