"""The face finder: a small fully convolutional net that marks face centres (CenterNet, Zhou et al. 2019)."""

import copy
from pathlib import Path

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional

from training.common.blocks import Residual, unit
from training.common.export import store_halved, write_onnx

STRIDE = 8  # pixels per cell of the map
UNIT = 48.0  # pixels; sizes are logarithms of side / UNIT
SMALLEST, LARGEST = 22.0, 150.0  # pixels: the face squares that one scale of the pyramid answers for


class FaceNet(nn.Module):
    """Picture -> map of (logit, x and y within the cell, log size, cosine and sine of the roll)."""

    def __init__(self) -> None:
        super().__init__()
        self.quarter = nn.Sequential(unit(3, 12, 2), unit(12, 24, 2), Residual(24))
        self.eighth = nn.Sequential(unit(24, 48, 2), Residual(48), Residual(48))
        self.sixteenth = nn.Sequential(unit(48, 80, 2), Residual(80), Residual(80), Residual(80))
        self.narrow = nn.Conv2d(80, 48, 1)
        last = nn.Conv2d(48, 6, 1)
        last.bias = nn.Parameter(torch.tensor([-4.0, 0.5, 0.5, 0.0, 1.0, 0.0]))  # a face is rare and upright
        self.merge = nn.Sequential(unit(48, 48), last)

    def forward(self, x: Float[Tensor, "batch 3 height width"]) -> Float[Tensor, "batch 6 rows columns"]:
        """Height and width are multiples of 16."""
        eighth = self.eighth(self.quarter(x))
        deep = functional.interpolate(self.narrow(self.sixteenth(eighth)), scale_factor=2.0)
        return self.merge(functional.relu(eighth + deep)).float()


class Deployed(nn.Module):
    """What the ONNX file computes: probabilities, and faces in pixels."""

    def __init__(self, net: FaceNet) -> None:
        super().__init__()
        self.net = net

    def forward(self, picture: Tensor) -> tuple[Tensor, Tensor]:
        """sRGB-coded in [0, 1] to heat (batch, rows, columns) and (offset x, offset y, side, cosine, sine)."""
        maps = self.net(picture - 0.5)
        side = UNIT * torch.exp(maps[:, 3:4])
        return torch.sigmoid(maps[:, 0]), torch.cat([maps[:, 1:3] * STRIDE, side, maps[:, 4:]], 1)


def export(net: FaceNet, path: Path) -> None:
    """Writes the ONNX file, with free batch, height and width."""
    axes = {"picture": {0: "batch", 2: "height", 3: "width"}, "heat": {0: "batch", 1: "rows", 2: "columns"}}
    axes["geometry"] = {0: "batch", 2: "rows", 3: "columns"}
    example, outputs = (torch.rand(1, 3, 160, 160),), ["heat", "geometry"]
    write_onnx(Deployed(copy.deepcopy(net)), path, example, input_names=["picture"], output_names=outputs, dynamic_axes=axes)
    store_halved(path)
