"""The skin network: a small U-Net from 256 x 256 sRGB-coded pixels to logits of bare skin."""

from itertools import pairwise
from pathlib import Path

import torch
from torch import nn
from torch.nn import functional

from training.common.blocks import convolution, fold

WIDTHS = (12, 20, 32, 56, 72, 96)


def halving(inputs: int, outputs: int) -> nn.Sequential:
    """3 x 3 with stride 2, normalised, rectified."""
    return nn.Sequential(nn.Conv2d(inputs, outputs, 3, 2, 1), nn.BatchNorm2d(outputs), nn.ReLU())


class Residual(nn.Module):
    """x + conv(x), rectified."""

    def __init__(self, width: int) -> None:
        """One normalised convolution."""
        super().__init__()
        self.body = nn.Sequential(nn.Conv2d(width, width, 3, padding=1), nn.BatchNorm2d(width))

    def forward(self, value: torch.Tensor) -> torch.Tensor:
        """The same shape."""
        return functional.relu(value + self.body(value))


class SkinNet(nn.Module):
    """Five halvings down, skips across, nearest-neighbour doublings up."""

    def __init__(self) -> None:
        """Blocks down and up, fine to coarse and back."""
        super().__init__()
        self.stem = convolution(3, WIDTHS[0])
        self.down = nn.ModuleList(
            nn.Sequential(halving(inputs, outputs), Residual(outputs)) for inputs, outputs in pairwise(WIDTHS)
        )
        self.up = nn.ModuleList(
            convolution(below + across, across) for below, across in zip(WIDTHS[:0:-1], WIDTHS[-2::-1], strict=True)
        )
        self.head = nn.Conv2d(WIDTHS[0], 1, 3, padding=1)

    def forward(self, image: torch.Tensor) -> torch.Tensor:
        """Logits (batch, 1, height, width)."""
        skips = [self.stem(image)]
        for block in self.down:
            skips.append(block(skips[-1]))
        value = skips.pop()
        for block in self.up:
            larger = functional.interpolate(value, scale_factor=2.0, mode="nearest")
            value = block(torch.cat([larger, skips.pop()], 1))
        return self.head(value)


def export(net: SkinNet, path: Path) -> None:
    """Write ONNX that ends in the probability."""
    whole = nn.Sequential(fold(net), nn.Sigmoid())
    torch.onnx.export(
        whole,
        (torch.zeros(1, 3, 256, 256),),
        str(path),
        input_names=["image"],
        output_names=["skin"],
        dynamic_axes={"image": {0: "batch"}, "skin": {0: "batch"}},
        opset_version=17,
        dynamo=False,
    )
