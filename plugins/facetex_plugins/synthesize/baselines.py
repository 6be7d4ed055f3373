"""The simplest completions of an albedo: what every other one has to be better than. Own texels stay; no bank is asked."""

import numpy as np
from jaxtyping import Float32

from facetex_core import DelitView, Fit, Target, Texture, hookimpl
from facetex_core.lazy import cv2
from facetex_core.lighting.estimate_lighting import albedo_model
from facetex_core.lighting.thresholds import ALBEDO_NOISE, INDEPENDENT
from facetex_core.texture.expected_albedo import DARKEST, expected_albedo
from facetex_core.texture.regions import resize_texture
from facetex_plugins.synthesize.texture.completion import completed, confidence

STAYS_SMOOTH = ("comes_nearer_to_the_wanted_correlations",)
"""What none of the three promises: hidden skin stays smooth."""

api_version = 2


@hookimpl
def synthesizers() -> dict[str, type]:
    """Three."""
    return {"lowfrequency": LowFrequencySynthesizer, "mirror": MirrorSynthesizer, "pca": PcaSynthesizer}


class LowFrequencySynthesizer:
    """Visible texels, and the rest from the fit's low-frequency albedo: a baseline."""

    waived_checks = STAYS_SMOOTH

    def synthesize(self, view: DelitView, target: Target, rng: np.random.Generator) -> Texture:  # noqa: ARG002  # of the stage
        """Smooth where the photo shows nothing."""
        albedo, fit = view.albedo, view.fit
        return completed(albedo, confidence(albedo, fit), expected_albedo(view.appearance, albedo.size), fit)


class MirrorSynthesizer:
    """Visible texels, their visible mirror images, and the fit's low-frequency albedo elsewhere: a baseline."""

    waived_checks = STAYS_SMOOTH

    def synthesize(self, view: DelitView, target: Target, rng: np.random.Generator) -> Texture:  # noqa: ARG002  # of the stage
        """The other side's texels as they are, colour and all."""
        albedo, fit = view.albedo, view.fit
        own = confidence(albedo, fit)
        mirrored = own[:, ::-1, None]
        rest = mirrored * albedo.rgb[:, ::-1] + (1 - mirrored) * expected_albedo(view.appearance, albedo.size)
        return completed(albedo, own, rest, fit)


class PcaSynthesizer:
    """Visible texels, and the rest from the albedo model's modes, fitted to the visible texels: a baseline."""

    waived_checks = STAYS_SMOOTH

    def synthesize(self, view: DelitView, target: Target, rng: np.random.Generator) -> Texture:  # noqa: ARG002  # of the stage
        """Smooth where the photo shows nothing, in the colour of what it shows."""
        albedo, fit = view.albedo, view.fit
        rest = cv2.resize(projected(albedo, fit), (albedo.size, albedo.size), interpolation=cv2.INTER_LINEAR)
        return completed(albedo, confidence(albedo, fit), rest, fit)


def projected(albedo: Texture, fit: Fit) -> Float32[np.ndarray, "small small 3"]:
    """The albedo model's likeliest face: min_c sum_i v_i |log a_i - mean_i - modes_i . c|^2 / noise^2 + |c|^2.

    v_i is a texel's visibility; linear, at the model's own size.
    """
    model = albedo_model(fit.model)
    seen = resize_texture(albedo, len(model.mean))
    on = seen.visibility > 0
    design = model.modes[:, on].reshape(len(model.modes), -1).T.astype(np.float64)
    target = (np.log(np.maximum(seen.rgb[on], DARKEST)) - model.mean[on]).ravel()
    weight = np.repeat(seen.visibility[on], 3) * INDEPENDENT / ALBEDO_NOISE**2
    weighted = (design * weight[:, None]).T
    coefficients = np.linalg.solve(weighted @ design + np.eye(design.shape[1]), weighted @ target)
    return np.exp(model.mean + np.tensordot(coefficients, model.modes, 1)).astype(np.float32)
