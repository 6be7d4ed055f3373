"""A decoder of our own lays detail over the low frequency in one pass: no optimisation, seconds instead of minutes.

It was trained on hidden parts of portraits, so that the skin is near to the truth and carries the wanted correlations;
model_zoo/cards/feedforward.md. Scalp, neck and ears, which portraits hardly show, have mirror and texture alone.
"""

import numpy as np
from facetex_model_zoo import model_path

from facetex_core import ConfigError, DelitView, Device, Target, Texture, hookimpl
from facetex_core.texture.expected_albedo import DARKEST
from facetex_plugins.synthesize.texture import completion
from facetex_plugins.synthesize.texture.decoder import NETWORK, Decoder, Sources, decoded_part

api_version = 2


@hookimpl
def synthesizers() -> dict[str, type]:
    """One."""
    return {"feedforward": FeedforwardSynthesizer}


class FeedforwardSynthesizer:
    """Visible texels, and the rest from a small network trained for the target's correlations: seconds at any size."""

    def __init__(self, device: Device = "cpu") -> None:
        self.decoder = Decoder(model_path("feedforward"), device)

    def synthesize(self, view: DelitView, target: Target, rng: np.random.Generator) -> Texture:
        """The whole albedo; descriptors of another network than the decoder was trained for are refused."""
        albedo, fit, wanted = view.albedo, view.fit, target.plain
        if not self.decoder.reads(wanted):
            raise ConfigError(
                f"feedforward was trained for the layers {', '.join(self.decoder.layers)} of {NETWORK!r}, and this run's "
                f"descriptor makes {', '.join(wanted.correlations)} of {wanted.network!r}; take the descriptor small with "
                "a bank of it, or the synthesizer complete"
            )
        own = completion.confidence(albedo, fit)
        base = completion.low_frequency(view, own)
        seen = completion.seen_detail(albedo, own, base)
        sources = Sources(base, own, seen, completion.noise_texture(seen, own, fit, rng))
        inside = decoded_part(fit, albedo.size)[..., None]
        detail = inside * self.decoder.detail(sources, wanted, fit, rng) + (1 - inside) * sources.plain(fit)
        rest = completion.darken_nostrils(np.clip(base * np.exp(detail), DARKEST, 1), own, fit)
        return completion.completed(albedo, own, rest, fit)
