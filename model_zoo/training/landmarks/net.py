"""The landmark net: a residual trunk, a linear shape layer, and two refinements from features read at the points."""

import copy
from pathlib import Path

import torch
from jaxtyping import Float, Int64
from torch import Tensor, nn
from torch.nn import functional

from training.common.blocks import Residual, unit
from training.common.export import store_halved, write_onnx
from training.landmarks.labels import flip_indices

CROP = 112
MARGIN = 1.4  # side of the crop over side of the face square
POINTS = 468 + 68
COEFFICIENTS = 72
READ = 48  # features read at a point


class Look(nn.Module):
    """Reads features at the points: a linear step of each point by its own, and shape coefficients by all of them."""

    def __init__(self) -> None:
        super().__init__()
        self.local = nn.Parameter(torch.zeros(POINTS, READ, 2))
        self.gather = nn.Sequential(nn.Conv1d(READ, 6, 1), nn.ReLU())
        self.context = nn.Sequential(nn.Linear(6 * POINTS, 64), nn.ReLU())
        self.correct = nn.Linear(64, COEFFICIENTS)
        with torch.no_grad():
            self.correct.weight.mul_(0.1)
            self.correct.bias.zero_()

    def forward(self, maps: tuple[Tensor, ...], points: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Steps (batch, 536, 2) in fiftieths of the crop, coefficients (batch, 72), context (batch, 64)."""
        where = (2 * points.detach() - 1).unsqueeze(1)
        seen = [functional.grid_sample(part.float(), where, align_corners=False)[:, :, 0] for part in maps]
        read = torch.cat(seen, 1)
        context = self.context(self.gather(read).flatten(1))
        return torch.einsum("bcp,pcd->bpd", read, self.local), self.correct(context), context


class LandmarkNet(nn.Module):
    """Crop -> points in crop units (0 to 1) and the logit of being a face."""

    def __init__(self, mean: Float[Tensor, " values"], basis: Float[Tensor, "values coefficients"]) -> None:
        super().__init__()
        self.stem = unit(3, 16, 2)
        self.quarter = nn.Sequential(unit(16, 32, 2), Residual(32))
        self.eighth = nn.Sequential(unit(32, 64, 2), Residual(64), Residual(64))
        self.sixteenth = nn.Sequential(unit(64, 96, 2), Residual(96), Residual(96))
        self.squeeze = nn.Sequential(nn.Conv2d(96, 16, 1), nn.ReLU())
        self.hidden = nn.Sequential(nn.Linear(16 * 49, 128), nn.ReLU())
        self.pose = nn.Linear(128, COEFFICIENTS)
        self.shape = nn.Linear(COEFFICIENTS, 2 * POINTS)
        self.side_quarter, self.side_eighth, self.side_sixteenth = (nn.Conv2d(width, 32, 1) for width in (32, 64, 96))
        self.fine, self.finest = unit(32, 32), unit(16, 16)
        self.looks = nn.ModuleList([Look(), Look()])
        self.score = nn.Sequential(nn.Linear(128 + 64, 32), nn.ReLU(), nn.Linear(32, 1))
        self._start(mean, basis)

    def _start(self, mean: Tensor, basis: Tensor) -> None:
        """The shape layer begins as the principal components of the training shapes."""
        with torch.no_grad():
            self.shape.weight.copy_(basis)
            self.shape.bias.copy_(mean)

    def features(self, x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """At a half and a quarter of the crop's side, and deep ones at a sixteenth."""
        half = self.stem(x)
        quarter = self.quarter(half)
        eighth = self.eighth(quarter)
        deep = self.sixteenth(eighth)
        merged = self.side_eighth(eighth) + functional.interpolate(self.side_sixteenth(deep), scale_factor=2.0)
        merged = self.side_quarter(quarter) + functional.interpolate(merged, scale_factor=2.0)
        return self.finest(half), self.fine(functional.relu(merged)), deep

    def shaped(self, coefficients: Float[Tensor, "batch coefficients"]) -> Float[Tensor, "batch points 2"]:
        """In single precision also in training: half of it rounds places by 0.2 % of an eye distance."""
        with torch.autocast(coefficients.device.type, enabled=False):
            return self.shape(coefficients.float()).unflatten(1, (POINTS, 2))

    def forward(self, x: Float[Tensor, "batch 3 112 112"]) -> tuple[list[Tensor], Tensor]:
        """First points and those after each look (batch, 536, 2), and logits (batch,)."""
        finest, fine, deep = self.features(x)
        hidden = self.hidden(self.squeeze(deep).flatten(1))
        points = [self.shaped(self.pose(hidden))]
        for look in self.looks:
            step, coefficients, context = look((fine, finest), points[-1])
            shift = self.shaped(coefficients) - self.shape.bias.view(POINTS, 2)
            points.append(points[-1] + 0.02 * step + shift)
        logit = self.score(torch.cat([hidden, context], 1)).flatten()
        return points, logit.float()


class Deployed(nn.Module):
    """What the ONNX file computes: the mean over the crop and its mirror image of dense points, 68 points, probability."""

    def __init__(self, net: LandmarkNet, flip: Int64[Tensor, " points"]) -> None:
        super().__init__()
        self.net = net
        self.register_buffer("flip", flip)

    def forward(self, crop: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Crop (batch, 3, 112, 112) sRGB-coded in [0, 1] to points in crop units."""
        points, logits = self.net(torch.cat([crop, crop.flip(3)]) - 0.5)
        here, there = points[-1].chunk(2)
        x, y = there[:, self.flip].unbind(2)
        points = (here + torch.stack([1 - x, y], 2)) / 2
        here, there = logits.chunk(2)
        return points[:, :468], points[:, 468:], torch.sigmoid((here + there) / 2)


def export(net: LandmarkNet, path: Path) -> None:
    """Writes the ONNX file, with a free batch size."""
    deployed = Deployed(copy.deepcopy(net), torch.from_numpy(flip_indices()))
    outputs = ["dense", "landmarks", "score"]
    axes = {name: {0: "batch"} for name in ("crop", *outputs)}
    example = (torch.rand(2, 3, CROP, CROP),)
    write_onnx(deployed, path, example, input_names=["crop"], output_names=outputs, dynamic_axes=axes)
    store_halved(path)
