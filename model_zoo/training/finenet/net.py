"""The network: a hypercolumn of three resolutions read off pixel by pixel, fully convolutional."""

from pathlib import Path

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional

from training.common.blocks import unit
from training.common.export import store_halved, write_onnx

PLANES = 4
"""Grey photo, and the coarse normals: x right, y down, z to the camera."""
WIDTHS = (32, 64, 128)
"""Channels at the whole, a half and a quarter of the resolution; the paper has twice as many, at four times the time."""
READ = (50, 50, 10)
"""Of the convolutions by pixel, as published."""
SEEN = 200
"""Pixels of a crop in training, as published; in use any multiple of 4."""


class FineNet(nn.Module):
    """What is added to the coarse depth, in pixels towards the camera.

    A convolution by pixel over the hypercolumn is a sum over its parts: each is taken where it is made, and what is smaller is
    enlarged afterwards. It is the same function as published, for a third of the time.
    """

    def __init__(self) -> None:
        super().__init__()
        full, half, quarter = WIDTHS
        self.whole = nn.Sequential(unit(PLANES, full), unit(full, full))
        self.halved = nn.Sequential(unit(full, half), unit(half, half))
        self.quartered = nn.Sequential(unit(half, quarter), unit(quarter, quarter), unit(quarter, quarter))
        self.columns = nn.ModuleList([nn.Conv2d(width, READ[0], 1) for width in (PLANES, *WIDTHS)])
        first, second, third = READ
        self.read = nn.Sequential(nn.ReLU(), nn.Conv2d(first, second, 1), nn.ReLU(), nn.Conv2d(second, third, 1), nn.ReLU())
        self.depth = nn.Conv2d(third, 1, 1)
        with torch.no_grad():
            self.depth.weight.mul_(0.1)
            self.depth.bias.zero_()  # type: ignore[union-attr]  # it has one

    def forward(self, picture: Float[Tensor, "batch 4 rows columns"]) -> Float[Tensor, "batch rows columns"]:
        """Rows and columns are multiples of 4."""
        full = self.whole(picture)
        half = self.halved(functional.max_pool2d(full, 2))
        quarter = self.quartered(functional.max_pool2d(half, 2))
        parts = [column(part) for column, part in zip(self.columns, (picture, full, half, quarter), strict=True)]
        wide = [
            functional.interpolate(part, scale_factor=times, mode="bilinear")
            for part, times in ((parts[2], 2.0), (parts[3], 4.0))
        ]
        read = self.read(parts[0] + parts[1] + wide[0] + wide[1])
        with torch.autocast(picture.device.type, enabled=False):
            return functional.conv2d(read.float(), self.depth.weight, self.depth.bias)[:, 0]


def export(net: FineNet, path: Path) -> None:
    """Writes the ONNX file, with free sizes."""
    axes = {"picture": {0: "batch", 2: "rows", 3: "columns"}, "change": {0: "batch", 1: "rows", 2: "columns"}}
    example = (torch.rand(2, PLANES, SEEN, SEEN),)
    write_onnx(net, path, example, input_names=["picture"], output_names=["change"], dynamic_axes=axes)
    store_halved(path)
