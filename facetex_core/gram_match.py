"""Makes a picture carry wanted feature correlations, by L-BFGS on its texels (Gatys 2015; Saito 2017, equation 5).

    min_I  sum_l ||G_l(I) - G_l||_F^2 / ||G_l||_F^2 + content mean |blur(I) - blur(I_0)|^2

`match_correlations` frees every texel, as published. `match_strengths` frees only the strength of given bands of detail:
correlations under a mask also hold how colour and shade vary over a face, and texels that are free to would make up
for that with worms.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np
from jaxtyping import Float32

from facetex_core.colour import decode_srgb, encode_srgb
from facetex_core.onnx_torch import Network
from facetex_core.structures import Descriptor

if TYPE_CHECKING:
    import torch

BLOCK = 8
"""The picture's sides are multiples of this: what three poolings divide."""
CONTENT = 50.0
"""Weight of the low-frequency layout; between 20 and 200 the picture hardly changes (measured)."""
TRIES = 12
"""Steps that a line search may try: with one iteration at a time, the library would allow a single one."""
STRONGEST = 1.5
"""The largest factor of a band."""
CODED = 2.2
"""A change of log linear light is about this much larger than that of sRGB-coded values."""
CONTENT_BLUR = 4
"""Pooling by 16 texels stands for the blur."""


def match_correlations(  # noqa: PLR0913  # the picture, what is wanted of it, and when to stop
    network: Network,
    start: Float32[np.ndarray, "height width 3"],
    free: Float32[np.ndarray, "height width"],
    window: Float32[np.ndarray, "height width"],
    wanted: Descriptor,
    *,
    iterations: int,
    enough: float = 0.0,
    progress: Callable[[int, int], None] = lambda *_: None,
) -> Float32[np.ndarray, "height width 3"]:
    """The picture, changed where `free`, after at most `iterations` or when the loss falls below `enough`.

    Correlations are taken under `window`. Linear RGB in and out; the network sees sRGB-coded pixels.
    """
    import torch

    image = _pixels(start)
    mask = _plane(free)
    targets = _targets(wanted)
    positions = _plane(window)
    change = torch.zeros_like(image).requires_grad_()
    pool = 2**CONTENT_BLUR

    def loss() -> torch.Tensor:
        now = image + mask * change
        drift = torch.nn.functional.avg_pool2d(now - image, pool)
        return _total(network(now), targets, positions).to(now.device) + CONTENT * drift.square().mean()

    _descend(change, loss, iterations, enough, progress)
    result = (image + mask * change).detach()[0].permute(1, 2, 0).numpy()
    return np.where(free[..., None] > 0, decode_srgb(result), start).astype(np.float32)


def match_strengths(
    network: Network,
    start: Float32[np.ndarray, "height width 3"],
    bands: Float32[np.ndarray, "bands height width 3"],
    window: Float32[np.ndarray, "height width"],
    wanted: Descriptor,
    *,
    iterations: int,
    progress: Callable[[int, int], None] = lambda *_: None,
) -> Float32[np.ndarray, "bands"]:
    """Factors in [0, STRONGEST] of the bands (log linear light) with which start * exp(sum_b factor_b band_b) comes nearest.

    They begin at 1: the bands are expected to be about right.
    """
    import torch

    image = _pixels(start)
    layers = torch.from_numpy(np.ascontiguousarray(bands / CODED)).permute(0, 3, 1, 2).contiguous()
    targets = _targets(wanted)
    positions = _plane(window)
    raw = torch.full((len(bands),), -float(np.log(STRONGEST - 1))).requires_grad_()

    def distance() -> torch.Tensor:
        factors = STRONGEST * torch.sigmoid(raw)
        return _total(network(image * torch.exp((factors[:, None, None, None] * layers).sum(0))), targets, positions)

    unit = float(distance().detach())  # grain is a small part of a correlation: without it the steps would end at once

    def loss() -> torch.Tensor:
        return distance() / max(unit, 1e-20)

    _descend(raw, loss, iterations, 0.0, progress)
    return np.asarray((STRONGEST * torch.sigmoid(raw)).detach().numpy(), np.float32)


def _pixels(picture: Float32[np.ndarray, "height width 3"]) -> "torch.Tensor":
    """What the network sees: (1, 3, height, width), sRGB-coded."""
    import torch

    return torch.from_numpy(encode_srgb(picture)).permute(2, 0, 1)[None].contiguous()


def _plane(mask: Float32[np.ndarray, "height width"]) -> "torch.Tensor":
    """(1, 1, height, width)."""
    import torch

    return torch.from_numpy(np.ascontiguousarray(mask, np.float32))[None, None]


def _targets(wanted: Descriptor) -> "dict[str, torch.Tensor]":
    import torch

    return {layer: torch.from_numpy(np.ascontiguousarray(gram)) for layer, gram in wanted.correlations.items()}


def _descend(
    unknown: "torch.Tensor",
    loss: "Callable[[], torch.Tensor]",
    iterations: int,
    enough: float,
    progress: Callable[[int, int], None],
) -> None:
    """L-BFGS in place, for at most `iterations` or until the loss falls below `enough`."""
    import torch

    optimizer: torch.optim.Optimizer = torch.optim.LBFGS(
        [unknown],
        max_iter=1,
        max_eval=TRIES,
        history_size=10,
        line_search_fn="strong_wolfe",
        tolerance_grad=0,
        tolerance_change=0,
    )

    def closure() -> float:
        optimizer.zero_grad()
        value = loss()
        torch.autograd.backward(value)
        return float(value.detach())

    for done in range(iterations):
        if optimizer.step(closure) < enough:  # the loss before this step: one step more than needed
            break
        progress(done + 1, iterations)


def _total(features: "dict[str, torch.Tensor]", targets: "dict[str, torch.Tensor]", window: "torch.Tensor") -> "torch.Tensor":
    import torch

    return torch.stack([_distance(found, targets[layer], window) for layer, found in features.items()]).sum()


def correlations_of(
    network: Network, name: str, picture: Float32[np.ndarray, "height width 3"], window: Float32[np.ndarray, "height width"]
) -> Descriptor:
    """The correlations that the picture has under the window, by the network called `name`."""
    import torch

    positions = _plane(window)
    with torch.no_grad():
        found = {layer: _correlate(features, positions) for layer, features in network(_pixels(picture)).items()}
    return Descriptor(
        name, {layer: gram.cpu().numpy() for layer, gram in found.items()}, dict.fromkeys(found, float(window.sum()))
    )


def _distance(features: "torch.Tensor", target: "torch.Tensor", window: "torch.Tensor") -> "torch.Tensor":
    target = target.to(features.device)  # the network may run elsewhere
    return (_correlate(features, window) - target).square().sum() / target.square().sum().clamp_min(1e-12)


def _correlate(features: "torch.Tensor", window: "torch.Tensor") -> "torch.Tensor":
    """F diag(m) F^T / sum m, the window averaged to the layer's positions."""
    import torch

    step = window.shape[-1] // features.shape[-1]
    weight = torch.nn.functional.avg_pool2d(window.to(features.device), step)[..., : features.shape[-2], : features.shape[-1]]
    flat, m = features[0].flatten(1), weight.flatten()
    return (flat * m) @ flat.T / m.sum().clamp_min(1)
