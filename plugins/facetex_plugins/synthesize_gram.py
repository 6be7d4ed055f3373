"""Full re-synthesis, as published (Saito 2017, equation 5).

    min_I  sum_content ||F_l(I) - F_l(I_0)||^2 + alpha sum_correlation ||G_l(I) - G_l||^2

I_0 is the fit's low-frequency albedo, which is where the search starts; L-BFGS. Every texel of the face is free, also
those that the photo shows: what is published redraws brows and lips as strokes elsewhere, which is why it is not the
default. The content term here holds the low frequency of the picture, not features: no content weight removes the
strokes (measured).
"""

import numpy as np
from facetex_model_zoo import model_names, model_path

from facetex_core import ConfigError, Descriptor, Fit, Texture, hookimpl
from facetex_core.crop import face_slices, region, skin_texels
from facetex_core.fill import fill_smooth
from facetex_core.gram_match import BLOCK, match_correlations
from facetex_core.lazy import cv2
from facetex_core.onnx_torch import read_network
from facetex_core.progress import report_progress


@hookimpl
def synthesizers() -> dict[str, type]:
    """The paper's own."""
    return {"gram": GramSynthesizer}


class GramSynthesizer:
    """L-BFGS for `iterations` over all texels of the face, from the low-frequency albedo."""

    def __init__(self, iterations: int = 200, device: str = "cpu") -> None:
        self.iterations, self.device = iterations, device

    def synthesize(self, albedo: Texture, wanted: Descriptor, fit: Fit, rng: np.random.Generator) -> Texture:  # noqa: ARG002  # of the stage
        """The whole albedo; outside of the face's box it is the low frequency alone."""
        size = albedo.size
        start = np.maximum(cv2.resize(fit.albedo, (size, size), interpolation=cv2.INTER_LINEAR), 0)
        box = face_slices(fit.model, size, BLOCK)
        face = region(fit.model, "face", size)[box]
        if wanted.network not in model_names():
            raise ConfigError(
                f"gram needs a network's gradients and {wanted.network!r} is no network; use --synthesizer complete"
            )
        network = read_network(model_path(wanted.network), tuple(wanted.correlations), self.device)
        result = start.copy()
        result[box] = match_correlations(
            network, start[box], face, face, wanted, iterations=self.iterations, progress=report_progress
        )
        inside = skin_texels(fit.model, size).inside.astype(np.float32)
        return Texture(np.clip(fill_smooth(result.astype(np.float32), inside), 0, 1), albedo.visibility)
