"""The small descriptor network: four levels of linear features on a plain convolutional trunk."""

from pathlib import Path

import torch
from torch import nn

from training.common.blocks import convolution, fold
from training.common.export import write_onnx

LEVELS = ("conv1_1", "conv2_1", "conv3_1", "conv4_1")
CHANNELS = (16, 32, 64, 64)


class DescriptorNet(nn.Module):
    """VGG-19's plan to relu4_1 with fewer channels, and a linear 1 x 1 head at each level."""

    def __init__(self) -> None:
        """Blocks and heads, fine to coarse."""
        super().__init__()
        self.pool = nn.MaxPool2d(2)
        self.block1 = convolution(3, 32)
        self.block2 = nn.Sequential(convolution(32, 24), self.pool, convolution(24, 48))
        self.block3 = nn.Sequential(convolution(48, 48), self.pool, convolution(48, 96))
        self.block4 = nn.Sequential(convolution(96, 96), self.pool, convolution(96, 128), convolution(128, 128))
        widths = (32, 48, 96, 128)
        self.heads = nn.ModuleList(nn.Conv2d(width, channels, 1) for width, channels in zip(widths, CHANNELS, strict=True))

    def forward(self, image: torch.Tensor) -> tuple[torch.Tensor, ...]:
        """Features at 1, 1/2, 1/4 and 1/8 of the resolution of an sRGB-coded image."""
        trunk = image
        features = []
        blocks = (self.block1, self.block2, self.block3, self.block4)
        for block, head in zip(blocks, self.heads, strict=True):
            trunk = block(trunk)
            features.append(head(trunk))
        return tuple(features)


def export(net: DescriptorNet, path: Path) -> None:
    """Write ONNX with free batch, height and width; plain convolutions, rectifiers and pools."""
    axes = {0: "batch", 2: "height", 3: "width"}
    names = ("image", *LEVELS)
    shapes = {name: axes if name == "image" else {0: "batch", 2: f"{name}_height", 3: f"{name}_width"} for name in names}
    example = (torch.zeros(1, 3, 64, 64),)
    write_onnx(fold(net), path, example, input_names=["image"], output_names=list(LEVELS), dynamic_axes=shapes)
