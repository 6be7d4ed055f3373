"""The network: the landmark net, two more refinements over all places of the basis, and how sure it is of each."""

import copy
from pathlib import Path

import onnx
import torch
from jaxtyping import Float, Int64
from onnx import numpy_helper
from torch import Tensor, nn
from torch.nn import functional

from training.common.blocks import fold
from training.common.export import store_halved, write_onnx
from training.landmarks.net import COEFFICIENTS as OLD
from training.landmarks.net import CROP, POINTS, READ, LandmarkNet

WIDER = 1.212
"""Side of the crop over that of the square about the 68 landmarks: the face is as large as in the landmark net's crops."""
COEFFICIENTS = 120
CONTEXT = 128 + 64 + 64
"""Numbers by which the landmark net knows a face: of the whole crop, and of each look."""
START = -4.0
"""The logarithm of the deviations, in crop widths, that a network knows nothing begins with."""


class Look(nn.Module):
    """Reads features at the places: a linear step of each by its own, and shape coefficients by all of them."""

    def __init__(self, places: int) -> None:
        super().__init__()
        self.local = nn.Parameter(torch.zeros(places, READ, 2))
        self.gather = nn.Sequential(nn.Conv1d(READ, 6, 1), nn.ReLU())
        self.context = nn.Sequential(nn.Linear(6 * places + CONTEXT, 128), nn.ReLU())
        self.correct = nn.Linear(128, COEFFICIENTS)
        with torch.no_grad():
            self.correct.weight.mul_(0.1)
            self.correct.bias.zero_()

    def forward(self, maps: tuple[Tensor, ...], points: Tensor, known: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """Steps (batch, places, 2) in fiftieths of the crop, coefficients, context (batch, 128), what was read."""
        where = (2 * points.detach() - 1).unsqueeze(1)
        read = torch.cat([functional.grid_sample(part.float(), where, align_corners=False)[:, :, 0] for part in maps], 1)
        context = self.context(torch.cat([self.gather(read).flatten(1), known], 1))
        return torch.einsum("bcp,pcd->bpd", read, self.local), self.correct(context), context, read


class SurfaceNet(nn.Module):
    """Crop -> places in crop units (0 to 1), and the logarithm of each one's deviation in crop units."""

    def __init__(self, mean: Float[Tensor, " values"], basis: Float[Tensor, "values coefficients"]) -> None:
        super().__init__()
        self.places = len(mean) // 2
        self.first = LandmarkNet(torch.zeros(2 * POINTS), torch.zeros(2 * POINTS, OLD))
        self.more = nn.Linear(OLD + CONTEXT, 2 * (self.places - POINTS))
        self.shape = nn.Linear(COEFFICIENTS, 2 * self.places, bias=False)
        self.looks = nn.ModuleList([Look(self.places), Look(self.places)])
        self.unsure = nn.Linear(CONTEXT + 2 * 128, self.places)
        self.unsure_here = nn.Parameter(torch.zeros(self.places, READ))
        with torch.no_grad():
            self.shape.weight.copy_(basis)
            self.more.weight.mul_(0.1)
            self.more.bias.copy_(mean[2 * POINTS :])
            self.unsure.weight.mul_(0.1)
            self.unsure.bias.fill_(START)

    def _begin(self, x: Tensor) -> tuple[tuple[Tensor, Tensor], Tensor, Tensor]:
        """Feature maps, all places by the landmark net, and what it knows."""
        net = self.first
        finest, fine, deep = net.features(x)
        hidden = net.hidden(net.squeeze(deep).flatten(1))
        coefficients = net.pose(hidden)
        points, known = net.shaped(coefficients), [hidden]
        for look in net.looks:
            step, correction, context = look((fine, finest), points)
            points = points + 0.02 * step + net.shaped(correction) - net.shape.bias.view(POINTS, 2)
            coefficients, known = coefficients + correction, [*known, context]
        both = torch.cat([coefficients, *known], 1)
        more = self.more(both).float().unflatten(1, (-1, 2))
        return (fine, finest), torch.cat([points, more], 1), torch.cat(known, 1)

    def forward(self, x: Float[Tensor, "batch 3 112 112"]) -> tuple[list[Tensor], Tensor]:
        """First places and those after each look (batch, places, 2); logarithms of deviations (batch, places)."""
        maps, start, known = self._begin(x)
        points, contexts = [start], [known]
        for look in self.looks:
            step, coefficients, context, read = look(maps, points[-1], known)
            with torch.autocast(x.device.type, enabled=False):
                shift = self.shape(coefficients.float()).unflatten(1, (self.places, 2))
            points.append(points[-1] + 0.02 * step.float() + shift)
            contexts.append(context)
        local = torch.einsum("bcp,pc->bp", read.detach(), self.unsure_here)
        return points, (self.unsure(torch.cat(contexts, 1)) + local).float().clamp(-7, 0)


def take_landmark_net(net: SurfaceNet, path: Path) -> SurfaceNet:
    """The network with the weights of landmarks.onnx, whose normalisations are part of its convolutions."""
    fold(net)
    weights = onnx.load(path).graph.initializer
    stored = {weight.name: torch.from_numpy(numpy_helper.to_array(weight).astype("float32")) for weight in weights}
    folded = [value for name, value in stored.items() if name.startswith("onnx::Conv")]
    named = {
        name.removeprefix("net.").removesuffix("_half"): value for name, value in stored.items() if name.startswith("net.")
    }
    own = dict(net.first.named_parameters())
    units = [name for name in own if name.endswith("0.weight") and name.removesuffix(".weight") + ".bias" in own]
    trunk = [name for name in units if name not in named]
    trunk = [*(name for name in trunk if not name.startswith("fine")), "finest.0.weight", "fine.0.weight"]  # as they are called
    with torch.no_grad():
        for name, value in named.items():
            own[name].copy_(value)
        for name, weight, bias in zip(trunk, folded[::2], folded[1::2], strict=True):
            own[name].copy_(weight)
            own[name.removesuffix("weight") + "bias"].copy_(bias)
    return net


class Deployed(nn.Module):
    """What the ONNX file computes: the mean over the crop and its mirror image of places and deviations."""

    def __init__(self, net: SurfaceNet, flip: Int64[Tensor, " places"]) -> None:
        super().__init__()
        self.net = net
        self.register_buffer("flip", flip)

    def forward(self, crop: Tensor) -> tuple[Tensor, Tensor]:
        """Crop (batch, 3, 112, 112) sRGB-coded in [0, 1] to places and deviations in crop units."""
        points, unsure = self.net(torch.cat([crop, crop.flip(3)]) - 0.5)
        here, there = points[-1].chunk(2)
        x, y = there[:, self.flip].unbind(2)
        sure, mirrored = unsure.chunk(2)
        deviations = torch.exp((sure + mirrored[:, self.flip]) / 2)
        return (here + torch.stack([1 - x, y], 2)) / 2, deviations


def export(net: SurfaceNet, flip: Int64[Tensor, " places"], path: Path) -> None:
    """Writes the ONNX file, with a free batch size."""
    deployed = Deployed(copy.deepcopy(net), flip)
    axes = {name: {0: "batch"} for name in ("crop", "points", "deviations")}
    example = (torch.rand(2, 3, CROP, CROP),)
    write_onnx(deployed, path, example, input_names=["crop"], output_names=["points", "deviations"], dynamic_axes=axes)
    store_halved(path)
