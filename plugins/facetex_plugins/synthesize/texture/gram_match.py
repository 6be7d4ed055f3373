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

from facetex_core import Descriptor
from facetex_core.imaging.colour import decode_srgb, encode_srgb
from facetex_plugins.synthesize.texture.lbfgs import HISTORY, Evaluate, lbfgs
from facetex_plugins.synthesize.texture.objective import Objective
from facetex_plugins.synthesize.texture.onnx_torch import Network
from facetex_plugins.synthesize.thresholds import CONTENT, CONTENT_BLUR, STRONGEST_BAND

if TYPE_CHECKING:
    import torch

FIRST_STEP = 0.003
"""Root mean square of the first change of sRGB-coded values."""
SHORT_HISTORY = 3
"""Pairs that L-BFGS remembers of a picture too large for the memory: at 8192 each pair takes 0.8 GB."""
CODED = 2.2
"""A change of log linear light is about this much larger than that of sRGB-coded values."""

Picture = Float32[np.ndarray, "height width 3"]
Plane = Float32[np.ndarray, "height width"]


def match_correlations(  # noqa: PLR0913  # the picture, what is wanted of it, and when to stop
    network: Network,
    start: Picture,
    free: Plane,
    window: Plane,
    wanted: Descriptor,
    *,
    iterations: int,
    layout: Picture | None = None,
    enough: float = 0.0,
    half: bool = False,
    tile: int | None = None,
    progress: Callable[[int, int], None] = lambda *_: None,
) -> Picture:
    """The picture, changed where `free`, after at most `iterations` or when the loss falls below `enough`.

    Correlations are taken under `window`. Linear RGB in and out; the network sees sRGB-coded pixels. `layout` is I_0, whose
    low frequency is kept: the start's where there is none. `half` and `tile` are Objective's.
    """
    import torch

    image, mask = to_pixels(start, network), to_plane(free, network)
    objective = Objective(network, wanted, to_plane(window, network), half=half, tile=tile)
    whole = with_layout(objective, image if layout is None else to_pixels(layout, network))

    def evaluate(change: torch.Tensor) -> tuple[float, torch.Tensor]:
        loss, gradient = whole(image + mask * change.view_as(image))
        return loss, gradient.mul_(mask).flatten()

    change = lbfgs(
        evaluate,
        torch.zeros_like(image).flatten(),
        iterations=iterations,
        first_step=FIRST_STEP,
        enough=enough,
        history=HISTORY if objective.whole else SHORT_HISTORY,
        progress=progress,
    )
    height, width = free.shape
    result = (image + mask * change.view_as(image))[0, :, :height, :width].permute(1, 2, 0).cpu().numpy()
    return np.where(free[..., None] > 0, decode_srgb(result), start).astype(np.float32)


def with_layout(objective: Evaluate, layout: "torch.Tensor") -> Evaluate:
    """The objective of pictures (1, 3, height, width) with the content term: the low frequency of the layout is to stay."""
    import torch

    blurred = torch.nn.functional.avg_pool2d(layout, CONTENT_BLUR)

    def evaluate(picture: torch.Tensor) -> tuple[float, torch.Tensor]:
        loss, gradient = objective(picture)
        drift = torch.nn.functional.avg_pool2d(picture, CONTENT_BLUR) - blurred
        pull = (drift * (2 * CONTENT / drift.numel() / CONTENT_BLUR**2)).repeat_interleave(CONTENT_BLUR, 2)
        gradient[..., : pull.shape[2], : drift.shape[3] * CONTENT_BLUR] += pull.repeat_interleave(CONTENT_BLUR, 3)
        return loss + CONTENT * float(drift.square().mean()), gradient

    return evaluate


def match_strengths(
    network: Network,
    start: Picture,
    bands: Float32[np.ndarray, "bands height width 3"],
    window: Plane,
    wanted: Descriptor,
    *,
    iterations: int,
    progress: Callable[[int, int], None] = lambda *_: None,
) -> Float32[np.ndarray, "bands"]:
    """Factors in [0, STRONGEST_BAND] of the bands (log linear light): start * exp(sum_b factor_b band_b) then comes nearest.

    They begin at 1: the bands are expected to be about right.
    """
    import torch

    image = to_pixels(start, network)
    layers = _padded(torch.from_numpy(np.array(bands / CODED)).permute(0, 3, 1, 2), network, "replicate")
    objective = Objective(network, wanted, to_plane(window, network))
    unit = 0.0

    def evaluate(raw: torch.Tensor) -> tuple[float, torch.Tensor]:
        nonlocal unit
        raw = raw.detach().requires_grad_()
        factors = STRONGEST_BAND * torch.sigmoid(raw)
        picture = image * torch.exp((factors[:, None, None, None] * layers).sum(0))
        loss, gradient = objective(picture.detach())
        (slope,) = torch.autograd.grad(picture, raw, gradient)
        unit = unit or max(loss, 1e-20)  # grain is a small part of a correlation: without it the steps would end at once
        return loss / unit, slope / unit

    begin = torch.full((len(bands),), -float(np.log(STRONGEST_BAND - 1)), device=network.device)
    raw = lbfgs(evaluate, begin, iterations=iterations, first_step=1.0, progress=progress)
    return np.asarray((STRONGEST_BAND * torch.sigmoid(raw)).cpu().numpy(), np.float32)


def correlations_of(network: Network, name: str, picture: Picture, window: Plane) -> Descriptor:
    """The correlations that the picture has under the window, by the network called `name`."""
    found = Objective(network, Descriptor(name, {}, {}), to_plane(window, network)).correlations(to_pixels(picture, network))
    return Descriptor(
        name, {layer: gram.cpu().numpy() for layer, gram in found.items()}, dict.fromkeys(found, float(window.sum()))
    )


def to_pixels(picture: Picture, network: Network) -> "torch.Tensor":
    """What the network sees: (1, 3, height, width), sRGB-coded, the border continued to what the network needs."""
    import torch

    return _padded(torch.from_numpy(encode_srgb(picture)).permute(2, 0, 1)[None], network, "replicate")


def to_plane(mask: Plane, network: Network) -> "torch.Tensor":
    """(1, 1, height, width); zero beyond the border."""
    import torch

    return _padded(torch.from_numpy(np.array(mask, np.float32))[None, None], network, "constant")


def _padded(planes: "torch.Tensor", network: Network, mode: str) -> "torch.Tensor":
    """To whole multiples of the network's step."""
    import torch

    height, width = planes.shape[-2:]
    spare = (0, -width % network.stride, 0, -height % network.stride)
    return torch.nn.functional.pad(planes, spare, mode).contiguous().to(network.device)
