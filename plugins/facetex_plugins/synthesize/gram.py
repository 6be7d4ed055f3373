"""Full re-synthesis: every texel of the face is free, also those that the photo shows (Saito 2017, equation 5).

    min_I  sum_content ||F_l(I) - F_l(I_0)||^2 + alpha sum_correlation ||G_l(I) - G_l||^2

I_0 is the fit's low-frequency albedo. As published the search starts there. The same loss is reached several times sooner
from I_0 with the face's own detail on it, mirrored where one side is hidden. Brows and lips are redrawn as strokes
elsewhere, which is why it is not the default. The content term here holds the low frequency of the picture, not features:
no content weight removes the strokes (measured).
"""

from typing import Annotated, Literal

import numpy as np
from facetex_model_zoo import model_names, model_path
from jaxtyping import Float32

from facetex_core import ConfigError, DelitView, Device, Fit, Meta, Target, Texture, hookimpl
from facetex_core.imaging.masked_blur import blur_where
from facetex_core.imaging.push_pull import fill_smooth
from facetex_core.progress import report_progress
from facetex_core.texture.expected_albedo import DARKEST, expected_albedo
from facetex_core.texture.regions import face_slices, region, skin_texels
from facetex_plugins.synthesize.texture.completion import confidence
from facetex_plugins.synthesize.texture.gram_match import match_correlations
from facetex_plugins.synthesize.texture.objective import bfloat16_is_fast
from facetex_plugins.synthesize.texture.onnx_torch import read_network
from facetex_plugins.synthesize.thresholds import DETAIL_BLUR

api_version = 2


@hookimpl
def synthesizers() -> dict[str, type]:
    """The paper's own."""
    return {"gram": GramSynthesizer}


class GramSynthesizer:
    """The published L-BFGS over all texels of the face, for at most `iterations` or until the loss is below `enough`.

    `schedule` fast: from own detail, in bfloat16 where the machine has it; published: from the low frequency, in full
    precision. The default of `enough` is what a target is uncertain by: the loss of true faces under what is predicted of
    them from one half (tests/benchmarks/synthesis.py); the paper has no such end: 0.
    """

    waived_checks = ("what_was_seen_stays",)

    def __init__(
        self,
        iterations: Annotated[int, Meta(ge=0, description="largest number of iterations")] = 200,
        schedule: Annotated[Literal["fast", "published"], Meta(description="start and precision of the optimisation")] = "fast",
        enough: Annotated[float, Meta(ge=0, description="loss at which the optimisation ends")] = 0.035,
        device: Device = "cpu",
    ) -> None:
        self.iterations, self.schedule, self.enough, self.device = iterations, schedule, enough, device

    def synthesize(self, view: DelitView, target: Target, rng: np.random.Generator) -> Texture:  # noqa: ARG002  # of the stage
        """The whole albedo; outside of the face's box it is the low frequency alone."""
        albedo, fit, wanted = view.albedo, view.fit, target.whole
        if wanted.network not in model_names():
            raise ConfigError(
                f"gram needs a network's gradients and {wanted.network!r} is no network; use --synthesizer complete"
            )
        network = read_network(model_path(wanted.network), tuple(wanted.correlations), self.device)
        fast, size = self.schedule == "fast", albedo.size
        box = face_slices(fit.model, size)
        face = region(fit.model, "face", size)[box]
        result = expected_albedo(view.appearance, size)
        layout = result[box].copy()
        result[box] = match_correlations(
            network,
            with_own_detail(layout, albedo, fit) if fast else layout,
            face,
            face,
            wanted,
            iterations=self.iterations,
            layout=layout,
            enough=self.enough,
            half=fast and bfloat16_is_fast(self.device),
            progress=report_progress,
        )
        inside = skin_texels(fit.model, size).inside.astype(np.float32)
        return Texture(np.clip(fill_smooth(result, inside), 0, 1), albedo.visibility)


def with_own_detail(
    layout: Float32[np.ndarray, "side side 3"], albedo: Texture, fit: Fit
) -> Float32[np.ndarray, "side side 3"]:
    """The low frequency of the face's box, and on it what the photo shows of the skin's detail, or its mirror."""
    own = confidence(albedo, fit)[..., None]
    logarithm = np.log(np.maximum(albedo.rgb, DARKEST))
    seen = own * (logarithm - blur_where(logarithm, own[..., 0], DETAIL_BLUR * albedo.size))
    both = seen + (1 - own) * seen[:, ::-1]
    return np.asarray(layout * np.exp(both[face_slices(fit.model, albedo.size)]), np.float32)
