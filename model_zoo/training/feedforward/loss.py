"""How far the decoder's skin is from what was hidden: as a network sees it, by octave, and in tone."""

from collections.abc import Mapping
from math import log

import torch
from facetex_model_zoo import model_path
from facetex_plugins.synthesize.texture.onnx_torch import Network, read_network
from torch import Tensor
from torch.nn import functional

from training.feedforward.net import LAYERS, sources

LIGHTEST = 3e-3
"""Deviation of log lightness that is no texture any more."""
PATCH = 16
"""Texels over which an octave's energy is taken."""
FAINT = 0.7
"""Share of an octave's energy from which it is strong enough: a guess that is as strong as the truth is farther from it."""
WEIGHTS = {"correlation": 1.0, "centred": 0.75, "feature": 4.0, "energy": 1.0, "tone": 6.0, "chroma": 10.0, "unseen": 5.0}

Features = Mapping[str, Tensor]


def descriptor() -> Network:
    """The network that looks at skin."""
    return read_network(model_path("descriptor"), tuple(LAYERS))


def coded(light: Tensor) -> Tensor:
    """The curve of sRGB for linear light."""
    light = light.clamp(1e-4, 1)
    return torch.where(light <= 0.0031308, 12.92 * light, 1.055 * light ** (1 / 2.4) - 0.055)


def picture(low: Tensor, detail: Tensor, known: Tensor) -> Tensor:
    """What the network sees; the base where nothing is known of the truth."""
    return coded(torch.exp(low + known * detail)).contiguous(memory_format=torch.channels_last)


def moments(feature: Tensor, mask: Tensor) -> tuple[Tensor, Tensor]:
    """F F^T / M and the covariance under the masks (batch, 1, height, width)."""
    weight = functional.avg_pool2d(mask, mask.shape[-1] // feature.shape[-1]).flatten(2)
    weight = weight / weight.sum(2, keepdim=True).clamp_min(1e-6)
    flat = feature.float().flatten(2)
    gram = (flat * weight) @ flat.mT
    mean = (flat * weight).sum(2, keepdim=True)
    return gram, gram - mean @ mean.mT


def relative(found: Tensor, true: Tensor) -> Tensor:
    """||G - W||_F / ||W||_F, each of the batch."""
    return (found - true).flatten(1).norm(dim=1) / true.flatten(1).norm(dim=1).clamp_min(1e-6)


def feature_error(found: Tensor, true: Tensor, mask: Tensor) -> Tensor:
    """Relative squared difference place by place."""
    weight = functional.avg_pool2d(mask, mask.shape[-1] // found.shape[-1])
    wrong, whole = ((part.float().square() * weight).sum((1, 2, 3)) for part in (found - true, true))
    return wrong / whole.clamp_min(1e-6)


def energy_error(found: Tensor, true: Tensor, mask: Tensor) -> Tensor:
    """How far the log of the ratio of the octaves' energies is outside of FAINT to 1, patch by patch."""
    errors = []
    for _ in range(4):
        smaller = [functional.avg_pool2d(each, 2) for each in (found, true)]
        bands = [
            each - functional.interpolate(small, scale_factor=2.0, mode="bilinear", align_corners=False)
            for each, small in zip((found, true), smaller, strict=True)
        ]
        inside = functional.avg_pool2d(mask, PATCH)
        energies = [functional.avg_pool2d(band.square() * mask, PATCH) / inside.clamp_min(0.05) for band in bands]
        ratio = torch.log((energies[0] + LIGHTEST**2) / (energies[1] + LIGHTEST**2))
        off = functional.relu(ratio) + functional.relu(log(FAINT) - ratio)
        errors.append((off * inside).sum((1, 2, 3)) / inside.sum((1, 2, 3)).clamp_min(1e-3))
        found, true = smaller
        mask = functional.avg_pool2d(mask, 2)
        mask = mask * (mask > 0.9)
    return torch.stack(errors).mean(0)


def tone_error(found: Tensor, true: Tensor, mask: Tensor) -> Tensor:
    """Mean absolute difference of colours, averaged over 2 to 16 texels."""
    errors = []
    for step in (2, 4, 8, 16):
        inside = functional.avg_pool2d(mask, step)
        off = functional.avg_pool2d((found - true) * mask, step).abs().mean(1, keepdim=True)
        errors.append(off.sum((1, 2, 3)) / inside.sum((1, 2, 3)).clamp_min(1e-3))
    return torch.stack(errors).mean(0)


def chroma(detail: Tensor) -> Tensor:
    """What of the logarithms is no lightness."""
    return detail - detail.mean(1, keepdim=True)


def mean_off(difference: Tensor, mask: Tensor) -> Tensor:
    """Mean absolute value under the mask."""
    return (difference.abs().mean(1, keepdim=True) * mask).sum((1, 2, 3)) / mask.sum((1, 2, 3)).clamp_min(1.0)


def look(network: Network, low: Tensor, truth: Tensor, known: Tensor) -> Features:
    """What the network makes of the truth."""
    with torch.no_grad():
        return network(picture(low, truth, known))


def errors(
    network: Network, true_features: Features, maps: Tensor, found: Tensor, truth: Tensor, known: Tensor, judged: Tensor
) -> dict[str, Tensor]:
    """Every term, each of the batch.

    `judged` is what was hidden, what of it a network can tell, the plain skin of that, and what nobody shows. At the rims of
    what is known, where no network can tell, tone and chroma hold the decoder; what nobody shows is to stay as the sum of
    the sources has it.
    """
    low, plain = maps[:, :3], torch.stack(sources(maps)).sum(0)
    everything, clear, skin, unseen = torch.split(judged, 1, 1)
    guess = picture(low, found, known)
    features = network(guess)
    terms: dict[str, list[Tensor]] = {"correlation": [], "centred": []}
    for layer in LAYERS:
        pairs = zip(moments(features[layer], skin), moments(true_features[layer], skin), strict=True)
        for kind, (one, other) in zip(terms, pairs, strict=True):
            terms[kind].append(relative(one, other))
    return {
        **{kind: torch.stack(each).mean(0) for kind, each in terms.items()},
        "feature": feature_error(features["conv3_1"], true_features["conv3_1"], clear)
        + 0.5 * feature_error(features["conv2_1"], true_features["conv2_1"], clear),
        "energy": energy_error(*((known * each).mean(1, keepdim=True) for each in (found, truth)), skin),
        "tone": tone_error(guess, picture(low, truth, known), everything),
        "chroma": mean_off(chroma(found) - chroma(truth), everything),
        "unseen": mean_off(found - plain, unseen),
    }
