"""Light estimator `example`: the light that explains one even skin best."""

import numpy as np
from facetex_core import Appearance, DelitView, Lighting, View
from facetex_core.lighting.estimate_lighting import normal_map
from facetex_core.lighting.harmonics import harmonics


class Example:
    """Nine harmonics a channel by least squares; the skin is `tone`, in linear light, all over."""

    def __init__(self, tone: float = 0.4) -> None:
        self.tone = tone

    def estimate(self, view: View) -> Appearance:
        """Before delighting under an even skin; after it under the albedo that was found."""
        albedo = view.albedo.rgb if isinstance(view, DelitView) else np.full_like(view.lit.rgb, self.tone)
        seen = view.lit.visibility > 0
        basis = harmonics(normal_map(view.fit, view.lit.size))[seen]
        light = np.zeros((9, 3), np.float32)
        for channel in range(3):
            design = basis * albedo[seen][:, channel, None]
            light[:, channel] = np.linalg.lstsq(design, view.lit.rgb[seen][:, channel], rcond=None)[0]
        kept = view.appearance.albedo if isinstance(view, DelitView) else np.full((4, 4, 3), self.tone, np.float32)
        return Appearance(Lighting(light), kept)
