"""The skin network: a small U-Net from 256 x 256 sRGB-coded pixels to bare skin; beside it a decoder of hair and background."""

from itertools import pairwise
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn import functional

from training.common.blocks import convolution, fold
from training.common.export import write_onnx

WIDTHS = (12, 20, 32, 56, 72, 96)
"""Channels of the encoder, fine to coarse."""
OWN_WIDTHS = (16, 32, 48, 64)
"""Channels of the second decoder, fine to coarse."""


def halving(inputs: int, outputs: int) -> nn.Sequential:
    """3 x 3 with stride 2, normalised, rectified."""
    return nn.Sequential(nn.Conv2d(inputs, outputs, 3, 2, 1), nn.BatchNorm2d(outputs), nn.ReLU())


def doubled(value: Tensor) -> Tensor:
    """Every pixel four times."""
    return functional.interpolate(value, scale_factor=2.0, mode="nearest")


class Residual(nn.Module):
    """x + conv(x), rectified."""

    def __init__(self, width: int) -> None:
        """One normalised convolution."""
        super().__init__()
        self.body = nn.Sequential(nn.Conv2d(width, width, 3, padding=1), nn.BatchNorm2d(width))

    def forward(self, value: Tensor) -> Tensor:
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

    def skips(self, image: Tensor) -> list[Tensor]:
        """What the encoder gives at each resolution, fine to coarse: (batch, WIDTHS[level], side >> level, side >> level)."""
        skips = [self.stem(image)]
        for block in self.down:
            skips.append(block(skips[-1]))
        return skips

    def forward(self, image: Tensor) -> Tensor:
        """Logits (batch, 1, height, width)."""
        skips = self.skips(image)
        value = skips.pop()
        for block in self.up:
            value = block(torch.cat([doubled(value), skips.pop()], 1))
        return self.head(value)


class SurroundingsNet(nn.Module):
    """Nearest-neighbour doublings from the coarsest skip up; for the last one, channels become neighbouring pixels."""

    def __init__(self) -> None:
        """Blocks, coarse to fine."""
        super().__init__()
        widths, skips = (*OWN_WIDTHS, WIDTHS[-1])[::-1], WIDTHS[-2:0:-1]
        self.up = nn.ModuleList(
            convolution(below + skip, own) for (below, own), skip in zip(pairwise(widths), skips, strict=True)
        )
        self.finest = nn.Conv2d(WIDTHS[0], OWN_WIDTHS[0], 2, 2)
        self.head = nn.Sequential(nn.Conv2d(2 * OWN_WIDTHS[0], 12, 3, padding=1), nn.PixelShuffle(2))

    def forward(self, *skips: Tensor) -> Tensor:
        """Logits of the rest, hair and background (batch, 3, height, width)."""
        value = skips[-1]
        for block, skip in zip(self.up, skips[-2:0:-1], strict=True):
            value = block(torch.cat([doubled(value), skip], 1))
        return self.head(torch.cat([value, functional.relu(self.finest(skips[0]))], 1))


class Probabilities(nn.Module):
    """Hair and background, which leave what is left to the rest."""

    def __init__(self, net: SurroundingsNet) -> None:
        """Of a trained net."""
        super().__init__()
        self.net = fold(net)

    def forward(self, *skips: Tensor) -> Tensor:
        """(batch, 2, height, width)."""
        # ONNX Runtime's softmax over so few channels takes five times as long.
        logits = self.net(*skips)
        odds = torch.exp(logits - logits.amax(1, keepdim=True))
        return odds[:, 1:] / odds.sum(1, keepdim=True)


def export(net: SkinNet, path: Path) -> None:
    """Write ONNX that ends in the probability."""
    axes = {name: {0: "batch"} for name in ("image", "skin")}
    whole, example = nn.Sequential(fold(net), nn.Sigmoid()), (torch.zeros(1, 3, 256, 256),)
    write_onnx(whole, path, example, input_names=["image"], output_names=["skin"], dynamic_axes=axes)


def export_decoder(net: SurroundingsNet, path: Path) -> list[str]:
    """Write ONNX from the encoder's skips to the probabilities; gives the names of the inputs, fine to coarse."""
    names = [f"skip{level}" for level in range(len(WIDTHS))]
    axes = {name: {0: "batch"} for name in (*names, "surroundings")}
    example = tuple(torch.zeros(1, width, 256 >> level, 256 >> level) for level, width in enumerate(WIDTHS))
    write_onnx(Probabilities(net), path, example, input_names=names, output_names=["surroundings"], dynamic_axes=axes)
    return names
