"""The delighter's network: a lit face, its mirror and its normals to the logarithm of its shading."""

import json
from pathlib import Path

import numpy as np
import onnx
import torch
from facetex_plugins.delight.network import NETWORK_SIDE
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional

from training.common.blocks import PlainResidual
from training.common.export import store_halved, write_onnx

PLANES = 24
WIDTHS = (16, 32, 56, 80, 96)
"""Channels from NETWORK_SIDE texels down to a sixteenth of it."""


class ShadingNet(nn.Module):
    """A U-Net; what it finds over the whole face scales and shifts its levels on the way up."""

    def __init__(self) -> None:
        """Levels fine to coarse."""
        super().__init__()
        levels = len(WIDTHS) - 1
        self.stem = nn.Conv2d(PLANES, WIDTHS[0], 3, padding=1)
        self.down = nn.ModuleList(nn.Conv2d(WIDTHS[i], WIDTHS[i + 1], 4, 2, 1) for i in range(levels))
        self.before = nn.ModuleList(PlainResidual(width) for width in WIDTHS[1:])
        self.after = nn.ModuleList(PlainResidual(width) for width in WIDTHS)
        self.up = nn.ModuleList(nn.Conv2d(WIDTHS[i + 1], WIDTHS[i], 1) for i in range(levels))
        wide = WIDTHS[-1]
        self.whole = nn.Sequential(nn.Linear(wide, 96), nn.ReLU(), nn.Linear(96, 2 * sum(WIDTHS) + 3))
        self.head = nn.Conv2d(WIDTHS[0], 3, 3, padding=1)
        for weights in (*self.head.parameters(), *self.whole[2].parameters()):
            nn.init.normal_(weights, 0, 1e-3 if weights.ndim > 1 else 0)

    def forward(self, maps: Tensor, shading: Tensor) -> Tensor:
        """Log shading (batch, 3, NETWORK_SIDE, NETWORK_SIDE) from the maps and log shading in harmonics."""
        value, skips = self.stem(maps), []
        for down, block in zip(self.down, self.before, strict=True):
            skips.append(value)
            value = block(down(functional.relu(value)))
        *scales, tone = torch.split(self.whole(value.mean((2, 3)))[..., None, None], [2 * w for w in WIDTHS] + [3], 1)
        value = self._level(len(skips), value, scales)
        for level in reversed(range(len(skips))):
            larger = functional.interpolate(self.up[level](functional.relu(value)), scale_factor=2.0, mode="bilinear")
            value = self._level(level, skips[level] + larger, scales)
        return shading + tone + self.head(functional.relu(value))

    def _level(self, level: int, value: Tensor, scales: list[Tensor]) -> Tensor:
        scale, shift = torch.chunk(scales[level], 2, 1)
        return self.after[level](value * (1 + scale) + shift)


def export(net: ShadingNet, layout: Float[np.ndarray, "68 2"], path: Path) -> None:
    """Write ONNX: inputs `maps` and `shading`, output `found`; `layout` says which UV map it knows."""
    example = torch.zeros(1, PLANES, NETWORK_SIDE, NETWORK_SIDE), torch.zeros(1, 3, NETWORK_SIDE, NETWORK_SIDE)
    write_onnx(net, path, example, input_names=["maps", "shading"], output_names=["found"])
    store_halved(path)
    model = onnx.load(path)
    onnx.helper.set_model_props(model, {"layout": json.dumps(np.round(layout, 5).tolist())})
    onnx.save(model, path)
