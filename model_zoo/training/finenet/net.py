"""The network: a hypercolumn of four resolutions read off pixel by pixel, fully convolutional."""

from pathlib import Path

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional

from training.common.blocks import unit
from training.common.export import store_halved, write_onnx

PLANES = 4
"""Grey photo, and the coarse normals: x right, y down, z to the camera."""
WIDTHS = (16, 32, 64, 128)
"""Channels at the whole, a half, a quarter and an eighth of the resolution."""
DILATIONS = (1, 2, 4, 1)
"""Of the convolutions at an eighth: together they see most of a face. The paper has no eighth, and four times the channels."""
READ = (50, 50, 10)
"""Of the convolutions by pixel, as published."""
SEEN = 200
"""Pixels of a crop in training, as published; in use any multiple of 8."""


class FineNet(nn.Module):
    """What is added to the coarse depth, in pixels towards the camera.

    A convolution by pixel over the hypercolumn is a sum over its parts: each is taken where it is made, and what is smaller is
    enlarged afterwards. It is the same function as published, for a third of the time.
    """

    def __init__(self) -> None:
        super().__init__()
        full, half, quarter, eighth = WIDTHS
        entering = (quarter, *(eighth for _ in DILATIONS[1:]))
        self.levels = nn.ModuleList(
            [
                nn.Sequential(unit(PLANES, full), unit(full, full)),
                nn.Sequential(unit(full, half), unit(half, half)),
                nn.Sequential(unit(half, quarter), unit(quarter, quarter), unit(quarter, quarter)),
                nn.Sequential(*(unit(width, eighth, dilation=each) for width, each in zip(entering, DILATIONS, strict=True))),
            ]
        )
        self.columns = nn.ModuleList([nn.Conv2d(width, READ[0], 1) for width in (PLANES, *WIDTHS)])
        first, second, third = READ
        self.read = nn.Sequential(nn.ReLU(), nn.Conv2d(first, second, 1), nn.ReLU(), nn.Conv2d(second, third, 1), nn.ReLU())
        self.depth = nn.Conv2d(third, 1, 1)
        with torch.no_grad():
            self.depth.weight.mul_(0.1)
            self.depth.bias.zero_()  # type: ignore[union-attr]  # it has one

    def forward(self, picture: Float[Tensor, "batch 4 rows columns"]) -> Float[Tensor, "batch rows columns"]:
        """Rows and columns are multiples of 8."""
        first, *columns = self.columns
        levels = [self.levels[0](picture)]
        for convolutions in self.levels[1:]:
            levels.append(convolutions(functional.max_pool2d(levels[-1], 2)))
        read = columns[-1](levels[-1])
        for column, level in zip(columns[-2::-1], levels[-2::-1], strict=True):
            read = column(level) + functional.interpolate(read, scale_factor=2.0, mode="bilinear")
        read = first(picture) + read
        with torch.autocast(picture.device.type, enabled=False):
            return functional.conv2d(self.read(read).float(), self.depth.weight, self.depth.bias)[:, 0]


def export(net: FineNet, path: Path) -> None:
    """Writes the ONNX file, with free sizes."""
    axes = {"picture": {0: "batch", 2: "rows", 3: "columns"}, "change": {0: "batch", 1: "rows", 2: "columns"}}
    example = (torch.rand(2, PLANES, SEEN, SEEN),)
    write_onnx(net, path, example, input_names=["picture"], output_names=["change"], dynamic_axes=axes)
    store_halved(path)
