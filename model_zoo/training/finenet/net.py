"""The network: a hypercolumn of four resolutions read off pixel by pixel, fully convolutional."""

from pathlib import Path

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional

from training.common.blocks import unit
from training.common.export import store_halved, write_onnx
from training.landmarks.net import LandmarkNet

PLANES = 4
"""Grey photo, and the coarse normals: x right, y down, z to the camera."""
WIDTHS = (16, 32, 64, 128)
"""Channels at the whole, a half, a quarter and an eighth of the resolution."""
DILATIONS = (1, 2, 4, 1)
"""Of the convolutions at an eighth: together they see most of a face. The paper has no eighth, and four times the channels."""
READ = (50, 50, 10)
"""Of the convolutions by pixel, as published."""
KNOWN = (16, 32, 96)
"""Channels of what the landmark trunk tells at a quarter, an eighth and a thirty-second of the resolution."""
SEEN = 192
"""Pixels of a crop in training, for the 200 published; in use any multiple of 32."""


class FineNet(nn.Module):
    """What is added to the coarse depth, in pixels towards the camera.

    A convolution by pixel over the hypercolumn is a sum over its parts: each is taken where it is made, and what is smaller is
    enlarged afterwards, for a third of the time. Beside it each smaller resolution tells a height in its own pixels: what is
    broad is hard to tell pixel by pixel. The trunk of the network of surface points, which knows where the parts of a face are,
    looks at the photo at half its resolution; at first it does not learn.
    """

    def __init__(self, trunk: LandmarkNet) -> None:
        super().__init__()
        full, half, quarter, eighth = WIDTHS
        self.trunk = trunk.requires_grad_(requires_grad=False)
        entering = (quarter + KNOWN[1] + KNOWN[2], *(eighth for _ in DILATIONS[1:]))
        self.levels = nn.ModuleList(
            [
                nn.Sequential(unit(PLANES, full), unit(full, full)),
                nn.Sequential(unit(full, half), unit(half, half)),
                nn.Sequential(unit(half + KNOWN[0], quarter), unit(quarter, quarter), unit(quarter, quarter)),
                nn.Sequential(*(unit(width, eighth, dilation=each) for width, each in zip(entering, DILATIONS, strict=True))),
            ]
        )
        self.heights = nn.ModuleList([nn.Conv2d(width, 1, 1) for width in WIDTHS[1:]])
        self.columns = nn.ModuleList([nn.Conv2d(width, READ[0], 1) for width in (PLANES, *WIDTHS)])
        first, second, third = READ
        self.read = nn.Sequential(nn.ReLU(), nn.Conv2d(first, second, 1), nn.ReLU(), nn.Conv2d(second, third, 1), nn.ReLU())
        self.depth = nn.Conv2d(third, 1, 1)
        with torch.no_grad():
            for told in (self.depth, *self.heights):
                told.weight.mul_(0.1)
                told.bias.zero_()

    def forward(self, picture: Float[Tensor, "batch 4 rows columns"]) -> Float[Tensor, "batch rows columns"]:
        """Rows and columns are multiples of 32."""
        first, second, *columns = self.columns
        levels = [self.levels[0](picture)]
        for convolutions, known in zip(self.levels[1:], ((), *self._known(picture)), strict=True):
            levels.append(convolutions(torch.cat([functional.max_pool2d(levels[-1], 2), *known], 1)))
        read, height = picture.new_zeros(()), picture.new_zeros(())
        for level, column, told in zip(levels[:0:-1], columns[::-1], self.heights[::-1], strict=True):
            read = enlarged(read + column(level))
            with torch.autocast(picture.device.type, enabled=False):
                height = 2 * enlarged(height + told(level.float()))
        read = self.read(first(picture) + second(levels[0]) + read)
        with torch.autocast(picture.device.type, enabled=False):
            return (height + self.depth(read.float()))[:, 0]

    def _known(self, picture: Tensor) -> tuple[tuple[Tensor, ...], tuple[Tensor, ...]]:
        """What the trunk tells at a quarter, and at an eighth."""
        grey = functional.avg_pool2d(picture[:, :1], 2)
        finest, fine, deep = self.trunk.features(grey.expand(-1, 3, -1, -1))
        return (finest,), (fine, enlarged(deep, 4))


def enlarged(planes: Tensor, times: int = 2) -> Tensor:
    """Bilinear."""
    return functional.interpolate(planes, scale_factor=float(times), mode="bilinear")


def export(net: FineNet, path: Path) -> None:
    """Writes the ONNX file, with free sizes."""
    axes = {"picture": {0: "batch", 2: "rows", 3: "columns"}, "change": {0: "batch", 1: "rows", 2: "columns"}}
    example = (torch.rand(2, PLANES, SEEN, SEEN),)
    write_onnx(net, path, example, input_names=["picture"], output_names=["change"], dynamic_axes=axes)
    store_halved(path)
