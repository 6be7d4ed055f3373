"""Makes a picture carry wanted feature correlations, by L-BFGS on its texels (Gatys 2015; Saito 2017, equation 5).

    min_I  sum_l ||G_l(I) - G_l||_F^2 / ||G_l||_F^2 + content mean |blur(I) - blur(I_0)|^2

With `tint` the texels may change in colour; without, each is only made lighter or darker, I = I_0 exp(d).
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
    enough: float,
    tint: bool,
    progress: Callable[[int, int], None] = lambda *_: None,
) -> Float32[np.ndarray, "height width 3"]:
    """The picture, changed where `free`, after at most `iterations` or when the loss falls below `enough`.

    Correlations are taken under `window`. Linear RGB in and out; the network sees sRGB-coded pixels.
    """
    import torch

    image = torch.from_numpy(encode_srgb(start)).permute(2, 0, 1)[None].contiguous()
    mask = torch.from_numpy(np.ascontiguousarray(free, np.float32))[None, None]
    targets = {layer: torch.from_numpy(np.ascontiguousarray(g)) for layer, g in wanted.correlations.items()}
    positions = torch.from_numpy(np.ascontiguousarray(window, np.float32))[None, None]
    change = torch.zeros_like(image if tint else image[:, :1]).requires_grad_()
    pool = 2**CONTENT_BLUR

    def changed() -> torch.Tensor:
        return image + mask * change if tint else image * torch.exp(mask * change)

    def loss() -> torch.Tensor:
        now = changed()
        parts = [_distance(features, targets[layer], positions) for layer, features in network(now).items()]
        drift = torch.nn.functional.avg_pool2d(now - image, pool)
        return torch.stack(parts).sum().to(now.device) + CONTENT * drift.square().mean()

    optimizer: torch.optim.Optimizer = torch.optim.LBFGS([change], max_iter=1, history_size=10, line_search_fn="strong_wolfe")

    def closure() -> float:
        optimizer.zero_grad()
        value = loss()
        torch.autograd.backward(value)
        return float(value.detach())

    for done in range(iterations):
        if optimizer.step(closure) < enough:  # the loss before this step: one step more than needed
            break
        progress(done + 1, iterations)
    result = changed().detach()[0].permute(1, 2, 0).numpy()
    return np.where(free[..., None] > 0, decode_srgb(result), start).astype(np.float32)


def _distance(features: "torch.Tensor", target: "torch.Tensor", window: "torch.Tensor") -> "torch.Tensor":
    import torch

    target, window = target.to(features.device), window.to(features.device)  # the network may run elsewhere
    step = window.shape[-1] // features.shape[-1]
    weight = torch.nn.functional.avg_pool2d(window, step)[..., : features.shape[-2], : features.shape[-1]]
    flat = features[0].flatten(1)
    m = weight.flatten()
    found = (flat * m) @ flat.T / m.sum().clamp_min(1)
    return (found - target).square().sum() / target.square().sum().clamp_min(1e-12)
