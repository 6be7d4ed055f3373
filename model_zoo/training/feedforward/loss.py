"""How far the decoder's skin is from what was hidden: as a network sees it, by octave, and in tone."""

from collections.abc import Callable, Mapping
from math import log

import torch
from facetex_model_zoo import model_path
from facetex_plugins.synthesize.texture.onnx_torch import Network, read_network
from torch import Tensor
from torch.nn import functional

from training.common.colour import coded
from training.feedforward.examples import Batch
from training.feedforward.net import LAYERS, OWN, sources

LIGHTEST = 3e-3
"""Deviation of log lightness that is no texture any more."""
PATCH = 16
"""Texels over which an octave's energy is taken."""
FAINT = 0.7
"""Share of an octave's energy from which it is strong enough: a guess that is as strong as the truth is farther from it."""
WEIGHTS = {"correlation": 1.0, "centred": 0.75, "feature": 4.0, "energy": 1.0, "tone": 6.0, "chroma": 10.0, "unseen": 5.0}

Features = Mapping[str, Tensor]
"""By layer."""
Decode = Callable[[Tensor, Tensor, Features], Tensor]
"""A decoder: maps, noise and wanted correlations to detail."""


def descriptor(device: str) -> Network:
    """The network that looks at skin, on `cpu` or `cuda`."""
    return read_network(model_path("descriptor"), tuple(LAYERS), device)


def picture(low: Tensor, detail: Tensor, known: Tensor) -> Tensor:
    """What the network sees; the base where nothing is known of the truth."""
    return coded(torch.exp(low + known * detail))


def moments(feature: Tensor, mask: Tensor) -> tuple[Tensor, Tensor]:
    """F F^T / M and the covariance under the masks (batch, 1, height, width)."""
    weight = functional.avg_pool2d(mask, mask.shape[-1] // feature.shape[-1]).flatten(2)
    weight = weight / weight.sum(2, keepdim=True).clamp_min(1e-6)
    flat = feature.float().flatten(2)
    gram = (flat * weight) @ flat.mT
    mean = (flat * weight).sum(2, keepdim=True)
    return gram, gram - mean @ mean.mT


def relative(guess: Tensor, true: Tensor) -> Tensor:
    """||G - W||_F / ||W||_F, each of the batch."""
    return (guess - true).flatten(1).norm(dim=1) / true.flatten(1).norm(dim=1).clamp_min(1e-6)


def feature_error(guess: Tensor, true: Tensor, mask: Tensor) -> Tensor:
    """Relative squared difference place by place."""
    weight = functional.avg_pool2d(mask, mask.shape[-1] // guess.shape[-1])
    wrong, whole = ((part.float().square() * weight).sum((1, 2, 3)) for part in (guess - true, true))
    return wrong / whole.clamp_min(1e-6)


def energy_error(guess: Tensor, true: Tensor, mask: Tensor) -> Tensor:
    """How far the log of the ratio of the octaves' energies is outside of FAINT to 1, patch by patch."""
    errors = []
    for _ in range(4):
        smaller = [functional.avg_pool2d(plane, 2) for plane in (guess, true)]
        bands = [
            plane - functional.interpolate(small, scale_factor=2.0, mode="bilinear", align_corners=False)
            for plane, small in zip((guess, true), smaller, strict=True)
        ]
        inside = functional.avg_pool2d(mask, PATCH)
        energies = [functional.avg_pool2d(band.square() * mask, PATCH) / inside.clamp_min(0.05) for band in bands]
        ratio = torch.log((energies[0] + LIGHTEST**2) / (energies[1] + LIGHTEST**2))
        off = functional.relu(ratio) + functional.relu(log(FAINT) - ratio)
        errors.append((off * inside).sum((1, 2, 3)) / inside.sum((1, 2, 3)).clamp_min(1e-3))
        guess, true = smaller
        mask = functional.avg_pool2d(mask, 2)
        mask = mask * (mask > 0.9)
    return torch.stack(errors).mean(0)


def tone_error(guess: Tensor, true: Tensor, mask: Tensor) -> Tensor:
    """Mean absolute difference of colours, averaged over 2 to 16 texels."""
    errors = []
    for step in (2, 4, 8, 16):
        inside = functional.avg_pool2d(mask, step)
        off = functional.avg_pool2d((guess - true) * mask, step).abs().mean(1, keepdim=True)
        errors.append(off.sum((1, 2, 3)) / inside.sum((1, 2, 3)).clamp_min(1e-3))
    return torch.stack(errors).mean(0)


def chroma(detail: Tensor) -> Tensor:
    """What of the logarithms is no lightness."""
    return detail - detail.mean(1, keepdim=True)


def mean_off(difference: Tensor, mask: Tensor) -> Tensor:
    """Mean absolute value under the mask."""
    return (difference.abs().mean(1, keepdim=True) * mask).sum((1, 2, 3)) / mask.sum((1, 2, 3)).clamp_min(1.0)


def correlation_errors(features: Features, true: Features, mask: Tensor) -> dict[str, Tensor]:
    """Relative errors of correlations and of covariances under the mask, means over layers."""
    layers = [
        [relative(*pair) for pair in zip(moments(features[layer], mask), moments(true[layer], mask), strict=True)]
        for layer in LAYERS
    ]
    gram, covariance = (torch.stack(column).mean(0) for column in zip(*layers, strict=True))
    return {"correlation": gram, "centred": covariance}


def errors(network: Network, true: Features, batch: Batch, detail: Tensor) -> dict[str, Tensor]:
    """Every term, each of the batch; `true` are the features of the truth.

    At the rims of what is known, where no network can tell, tone and chroma hold the decoder; what nobody shows is to stay
    as the sum of the sources has it.
    """
    low, truth, known = batch["maps"][:, :3], batch["truth"], batch["known"]
    everything, clear, skin, unseen = torch.split(batch["judged"], 1, 1)
    guess = picture(low, detail, known)
    features = network(guess)
    near, fine = (feature_error(features[layer], true[layer], clear) for layer in ("conv3_1", "conv2_1"))
    lightness, true_lightness = ((known * light).mean(1, keepdim=True) for light in (detail, truth))
    return {
        **correlation_errors(features, true, skin),
        "feature": near + 0.5 * fine,
        "energy": energy_error(lightness, true_lightness, skin),
        "tone": tone_error(guess, picture(low, truth, known), everything),
        "chroma": mean_off(chroma(detail) - chroma(truth), everything),
        "unseen": mean_off(detail - torch.stack(sources(batch["maps"])).sum(0), unseen),
    }


def errors_of(decode: Decode, network: Network, batch: Batch) -> dict[str, Tensor]:
    """The errors of what a decoder makes of a batch, each of the batch."""
    maps, truth = batch["maps"], batch["truth"]
    with torch.no_grad():
        true = network(picture(maps[:, :3], truth, batch["known"]))
        given = batch["given"][:, None, None]
        wanted = {layer: torch.where(given, batch[layer], moments(true[layer], batch["judged"][:, 2:3])[0]) for layer in LAYERS}
    own, detail = maps[:, OWN], decode(maps, batch["noise"], wanted).float()
    return errors(network, true, batch, own * truth + (1 - own) * detail)
