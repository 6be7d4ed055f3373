"""How far a picture is from wanted feature correlations, and the gradient: whole, or by tiles with exact gradients.

    loss = sum_l ||G_l - W_l||^2 / ||W_l||^2,    G_l = sum_tiles F_l diag(m) F_l^T / M_l

A first pass over the tiles finds G_l, which gives d loss / d G_l = 2 (G_l - W_l) / ||W_l||^2 in closed form; a second pass
takes that back through each tile's features. Tiles overlap by the network's reach, and only positions of their own count,
so that nothing is approximated.
"""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from facetex_core import Descriptor, warn
from facetex_plugins.synthesize.texture.onnx_torch import Network

if TYPE_CHECKING:
    import torch

TILE = 512
"""Texels along a tile's side: the overlap is a tenth of the work."""
SMALLEST_TILE = 64
"""A tile below which memory is not what is missing."""
COPIES = 8
"""Bytes for every number that the network computes of a texel: itself and its gradient."""
USABLE = 0.5
"""Share of the free memory that the features may take."""
UNKNOWN = 4e9
"""Bytes of memory where the system does not tell."""

Place = tuple[slice, slice]
"""Rows and columns."""


class Objective:
    """Loss and gradient of pictures (1, 3, height, width) whose sides are multiples of the network's step.

    `half` computes features in bfloat16. `tile` is the side of the tiles; None takes the picture whole where the memory
    suffices. Out of memory, it goes on with smaller tiles and says so.
    """

    def __init__(
        self, network: Network, wanted: Descriptor, window: "torch.Tensor", *, half: bool = False, tile: int | None = None
    ) -> None:
        import torch

        height, width = window.shape[-2:]
        self.network, self.half = network, half
        self.window = window.to(network.device)
        self.wanted = {
            layer: torch.from_numpy(np.array(gram, np.float32)).to(network.device)
            for layer, gram in wanted.correlations.items()
        }
        self._weights: dict[int, torch.Tensor] = {}
        self.tile = tile or (max(height, width) if self._fits(height * width) else TILE)

    @property
    def whole(self) -> bool:
        """Whether one tile covers the picture."""
        return self.tile >= max(self.window.shape[-2:])

    def __call__(self, picture: "torch.Tensor") -> "tuple[float, torch.Tensor]":
        """The loss and its gradient by the picture."""
        while True:
            try:
                return self._evaluate(picture)
            except RuntimeError as error:
                if not out_of_memory(error):
                    raise
                smaller = min(TILE, self.tile // 2)
                if smaller < SMALLEST_TILE:
                    raise MemoryError from None
                self.tile = smaller
            warn(f"out of memory: the synthesis goes on with tiles of {self.tile} texels")

    def correlations(self, picture: "torch.Tensor") -> "dict[str, torch.Tensor]":
        """G_l of the picture under the window."""
        import torch

        total: dict[str, torch.Tensor] = {}
        with torch.no_grad():
            for place in self._tiles():
                for layer, part in self._parts(self._features(picture[..., *place[1]]), *place).items():
                    total[layer] = total[layer] + part if layer in total else part
        return total

    def _evaluate(self, picture: "torch.Tensor") -> "tuple[float, torch.Tensor]":
        import torch

        gradient = torch.zeros_like(picture)
        total = None if self.whole else self.correlations(picture)
        loss = 0.0
        for own, around in self._tiles():
            pixels = picture[..., *around].detach().requires_grad_()
            features = self._features(pixels)
            with torch.no_grad():
                loss, pull = self._distance(total or self._parts(features, own, around))
                back = [self._pulled(found, pull[layer], own, around) for layer, found in features.items()]
            (by_pixels,) = torch.autograd.grad(list(features.values()), pixels, back)
            gradient[..., *around] += by_pixels
        return loss, gradient

    def _distance(self, found: "Mapping[str, torch.Tensor]") -> "tuple[float, dict[str, torch.Tensor]]":
        """The loss, and its derivative by the correlations."""
        loss, pull = 0.0, {}
        for layer, wanted in self.wanted.items():
            unit = float(wanted.square().sum().clamp_min(1e-12))
            loss += float((found[layer] - wanted).square().sum()) / unit
            pull[layer] = 2 * (found[layer] - wanted) / unit
        return loss, pull

    def _features(self, pixels: "torch.Tensor") -> "dict[str, torch.Tensor]":
        import torch

        with torch.autocast(self.network.device, torch.bfloat16, enabled=self.half):
            return self.network(pixels.contiguous(memory_format=torch.channels_last) if self.half else pixels)

    def _parts(self, features: "Mapping[str, torch.Tensor]", own: Place, around: Place) -> "dict[str, torch.Tensor]":
        """What a tile's own positions add to G_l."""
        parts = {}
        for layer, found in features.items():
            rows, _, weight = self._rows(found, own, around)
            parts[layer] = ((rows * weight).T @ rows).float()
        return parts

    def _pulled(self, features: "torch.Tensor", pull: "torch.Tensor", own: Place, around: Place) -> "torch.Tensor":
        """What d loss / d G_l, which is symmetric, is by a tile's features: 2 diag(m) F pull / M; zero beyond its own."""
        rows, place, weight = self._rows(features, own, around)
        by_features = features.new_zeros(features.shape)
        height, width = features[..., *place].shape[-2:]
        by_features[..., *place] = ((rows * weight) @ (2 * pull).to(rows.dtype)).T.reshape(-1, height, width)
        return by_features

    def _rows(self, features: "torch.Tensor", own: Place, around: Place) -> "tuple[torch.Tensor, Place, torch.Tensor]":
        """A tile's own positions as rows, where they lie in its features, and their weights m / M."""
        import torch

        step = (around[0].stop - around[0].start) // features.shape[-2]
        down, across = (
            slice((mine.start - edge.start) // step, (mine.stop - edge.start) // step)
            for mine, edge in zip(own, around, strict=True)
        )
        if step not in self._weights:
            pooled = torch.nn.functional.avg_pool2d(self.window, step)
            self._weights[step] = pooled / pooled.sum().clamp_min(1)
        high, wide = (slice(mine.start // step, mine.stop // step) for mine in own)
        weight = self._weights[step][0, 0, high, wide].reshape(-1, 1)
        rows = features[0, :, down, across].permute(1, 2, 0).flatten(0, 1)
        return rows, (down, across), weight.to(rows.dtype)

    def _tiles(self) -> Iterator[tuple[Place, Place]]:
        """Each tile's own texels, and these with what the network sees around them."""
        height, width = self.window.shape[-2:]
        step = self.network.stride
        side, reach = -(-self.tile // step) * step, -(-self.network.receptive_field // step) * step
        for top in range(0, height, side):
            for left in range(0, width, side):
                own = slice(top, min(top + side, height)), slice(left, min(left + side, width))
                wide = (
                    slice(max(mine.start - reach, 0), min(mine.stop + reach, most))
                    for mine, most in zip(own, (height, width), strict=True)
                )
                yield own, (next(wide), next(wide))

    def _fits(self, texels: int) -> bool:
        need = texels * self.network.activations * COPIES / (2 if self.half else 1)
        return need < USABLE * free_memory(self.network.device)


def bfloat16_is_fast(device: str) -> bool:
    """Whether the machine computes in bfloat16 itself: two to three times as fast then, slower where it is emulated."""
    import torch

    if device != "cpu":
        return torch.cuda.is_bf16_supported()
    return bool(getattr(torch.cpu, "_is_avx512_bf16_supported", lambda: False)())  # torch 2.4 cannot tell: full precision


def out_of_memory(error: RuntimeError) -> bool:
    """Whether torch found no room: its own class on a graphics card, a text from the processor's allocator."""
    import torch

    return isinstance(error, torch.OutOfMemoryError) or "allocate memory" in str(error)


def free_memory(device: str) -> float:
    """Bytes."""
    import torch

    if device != "cpu":
        return float(torch.cuda.mem_get_info()[0])
    try:
        lines = Path("/proc/meminfo").read_text("ascii").splitlines()
    except OSError:
        return UNKNOWN
    return next((1024.0 * int(line.split()[1]) for line in lines if line.startswith("MemAvailable")), UNKNOWN)
