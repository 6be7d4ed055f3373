"""Completes an albedo: what the photo shows stays; what it hides comes from the best source at hand, in this order.

1. low frequency: the morphable model's albedo, corrected by what the visible skin (or its mirror) says;
2. detail: the face's own, then what the decoder of `feedforward` makes of its mirror, of the mean face (brows, lids, lips,
   the folds beside them) and of a random-phase texture of the face's own plain skin (Galerne et al. 2011). Scalp and neck,
   and faces that are described by another network than the decoder's, have these sources as they are;
3. the strength of what is laid where both sides are hidden, octave by octave, goes towards what brings that skin's
   correlations nearest to the wanted ones (Saito 2017, equation 5, features left out) together with the face's own, by the
   share of it that is shown; that of the decoder's octaves by a twentieth at most;
4. pores over all of it where the photo is coarser than the map.

Texels that are free to match correlations redraw folds as worms, and are farther from the truth than a mirror (measured). So
only strengths are matched.
"""

from itertools import pairwise
from typing import Annotated, Literal

import numpy as np
from facetex_model_zoo import model_names, model_path
from jaxtyping import Float, Float32

from facetex_core import ConfigError, DelitView, Descriptor, Device, Fit, Meta, Target, Texture, hookimpl, warn
from facetex_core.descriptors.correlations import mix
from facetex_core.imaging.push_pull import fill_smooth
from facetex_core.lazy import cv2
from facetex_core.progress import report_progress
from facetex_core.texture.expected_albedo import DARKEST
from facetex_core.texture.regions import NO_SKIN, face_slices, plain_skin, region, skin_texels
from facetex_plugins.synthesize.texture import completion
from facetex_plugins.synthesize.texture.decoder import Decoder, Sources, decoded_part
from facetex_plugins.synthesize.texture.gram_match import correlations_of, match_strengths
from facetex_plugins.synthesize.texture.onnx_torch import read_network
from facetex_plugins.synthesize.texture.pores import unresolved_pores
from facetex_plugins.synthesize.texture.scalp import with_hair
from facetex_plugins.synthesize.thresholds import OCTAVES, POLISHED, WORTH_MATCHING

MATCHED_SIZE = 512
"""The map's size at which correlations are matched: the bank's."""

Plane = Float32[np.ndarray, "size size"]
Picture = Float32[np.ndarray, "size size 3"]

api_version = 2


@hookimpl
def synthesizers() -> dict[str, type]:
    """The default."""
    return {"complete": CompleteSynthesizer}


class CompleteSynthesizer:
    """Visible texels, and a decoder's detail for the rest, with its strength matched to the target."""

    def __init__(
        self,
        match_iterations: Annotated[
            int, Meta(ge=0, description="iterations that match the strength of detail; 0 skips the matching")
        ] = 8,
        layers: Annotated[
            str,
            Meta(description="layers whose correlations are matched, separated by commas; from conv3_1 on they contain folds"),
        ] = "conv1_1,conv2_1",
        scalp: Annotated[
            Literal["photo", "hair", "skin"],
            Meta(description="close-cropped hair on the scalp: where the photo shows no bald head, always, or never"),
        ] = "photo",
        device: Device = "cpu",
    ) -> None:
        self.match_iterations, self.scalp, self.device = match_iterations, scalp, device
        self.layers = tuple(layer.strip() for layer in layers.split(","))
        self.decoder = Decoder(model_path("feedforward"), device)

    def synthesize(self, view: DelitView, target: Target, rng: np.random.Generator) -> Texture:
        """The whole albedo; its visibility is the photo's."""
        albedo, fit, wanted = view.albedo, view.fit, target.plain
        own = completion.confidence(albedo, fit)
        pores = unresolved_pores(albedo, fit, rng) * (1 - region(fit.model, NO_SKIN, albedo.size))
        base = completion.low_frequency(view, own)
        seen = completion.seen_detail(albedo, own, base)
        sources = Sources(base, own, seen, completion.noise_texture(seen, own, fit, rng))
        decoded = self.decoder.reads(wanted)
        known, texture = _detail(sources, fit)
        if decoded:
            known, texture = _divided(known + texture, self.decoder.detail(sources, wanted, fit, rng), own, fit)
        octaves = _octaves(texture, albedo.size)
        if self.match_iterations:
            strengths = self._strengths(base * np.exp(known), octaves, own, wanted, fit)
            strengths = np.clip(strengths, 1 / POLISHED, POLISHED) if decoded else strengths
            face = region(fit.model, "face", albedo.size)
            octaves = (1 + face * (strengths[:, None, None] - 1))[..., None] * octaves  # on a scalp it would be leather
        rgb = np.clip(base * np.exp(known + octaves.sum(0)), DARKEST, 1)
        rgb = (own[..., None] * albedo.rgb + (1 - own[..., None]) * rgb) * np.exp(pores[..., None])
        rgb = completion.darken_nostrils(rgb, own, fit)
        if self.scalp != "skin":
            rgb = with_hair(rgb, view, rng, always=self.scalp == "hair")
        rgb = fill_smooth(rgb.astype(np.float32), skin_texels(fit.model, albedo.size).inside.astype(np.float32))
        return Texture(np.clip(rgb, 0, 1).astype(np.float32), albedo.visibility)

    def _strengths(
        self, start: Picture, octaves: Float32[np.ndarray, "octaves size size 3"], own: Plane, wanted: Descriptor, fit: Fit
    ) -> Float32[np.ndarray, "octaves"]:
        """A factor for each octave, found at the bank's size; 1 where too little is hidden to tell, or nothing to tell by."""
        if wanted.network not in model_names():
            warn(f"{wanted.network!r} is no network: the strength of hidden detail is not matched to the bank")
            return np.ones(len(octaves), np.float32)
        small = min(len(start), MATCHED_SIZE)
        box = face_slices(fit.model, small)
        start, shown = (_shrink(picture, small)[box] for picture in (start, own))
        skin, known = plain_skin(fit.model, small)[box], np.maximum(shown, _shrink(own[:, ::-1], small)[box])
        hidden = skin * (known < 0.1)
        if hidden.mean() < WORTH_MATCHING:
            return np.ones(len(octaves), np.float32)
        layers = tuple(layer for layer in wanted.correlations if layer in self.layers)
        if not layers:
            raise ConfigError(f"the bank has no layer {', '.join(self.layers)}; it has: {', '.join(wanted.correlations)}")
        network = read_network(model_path(wanted.network), layers, self.device)
        target = _target(correlations_of(network, wanted.network, start, skin * shown), wanted, float(hidden.sum()))
        bands = np.stack([_shrink(octave, small)[box] for octave in octaves])
        return match_strengths(
            network, start, bands, hidden, target, iterations=self.match_iterations, progress=report_progress
        )


def _detail(sources: Sources, fit: Fit) -> tuple[Picture, Picture]:
    """Log albedo over the base without the decoder: what is known of it, and the texture for the rest."""
    own, size = sources.own, len(sources.own)
    by_mirror = (1 - own) * own[:, ::-1]
    from_mean = _unknown(own) * np.maximum(region(fit.model, NO_SKIN, size), region(fit.model, "face", size))
    parts = ((own, sources.seen), (by_mirror, sources.seen[:, ::-1]), (from_mean, completion.mean_detail(fit, size)))
    known = np.asarray(sum(weight[..., None] * detail for weight, detail in parts), np.float32)
    return known, _textured(own, fit)[..., None] * sources.noise_texture


def _divided(plain: Picture, decoded: Picture, own: Plane, fit: Fit) -> tuple[Picture, Picture]:
    """The decoder's detail where it has seen skin: what stays as it made it, and what is as strong as is wanted."""
    inside = decoded_part(fit, len(own))[..., None]
    detail = inside * decoded + (1 - inside) * plain
    texture = _textured(own, fit)[..., None] * detail
    return detail - texture, texture


def _unknown(own: Plane) -> Plane:
    """Where both sides are hidden."""
    return (1 - own) * (1 - own[:, ::-1])


def _textured(own: Plane, fit: Fit) -> Plane:
    """Skin of which both sides are hidden."""
    return _unknown(own) * (1 - region(fit.model, NO_SKIN, len(own)))


def _shrink(picture: Float[np.ndarray, "size size *channels"], size: int) -> Float32[np.ndarray, "small small *channels"]:
    return np.asarray(cv2.resize(np.asarray(picture, np.float32), (size, size), interpolation=cv2.INTER_AREA))


def _octaves(grain: Picture, size: int) -> Float32[np.ndarray, "octaves size size 3"]:
    """The texture in bands from fine to coarse, which add up to it."""
    blurred = [grain, *(cv2.GaussianBlur(grain, (0, 0), max(share * size, 0.3)) for share in OCTAVES)]
    bands = [finer - coarser for finer, coarser in pairwise(blurred)]
    return np.stack([*bands, blurred[-1]])


def _target(own: Descriptor, wanted: Descriptor, hidden: float) -> Descriptor:
    """What hidden skin should carry: the blend's correlations, and the face's own by the share that is shown.

    The low layers of one half of a face tell the other half's better than a bank does (measured: .115 against .133).
    """
    share = next(iter(own.support.values())) / (next(iter(own.support.values())) + hidden)
    same = Descriptor(wanted.network, {layer: wanted.correlations[layer] for layer in own.correlations}, own.support)
    return mix((same, own), np.array([1 - share, share], np.float32))
