"""CoarseNet in small: half the input's side, three of the four published stages of residual blocks, not quite their widths.

Identity and expression are told anew at every look, the pose as an update of the one that was rendered: what moves a rendered
head onto the photo stands in the picture, what an estimate held before it does not.
"""

from itertools import pairwise
from pathlib import Path

import torch
from facetex_plugins.fit.feedback.channels import PLANES
from facetex_plugins.fit.feedback.estimate import POSE
from facetex_plugins.fit.feedback.face_square import SEEN_SIDE
from jaxtyping import Float
from torch import Tensor, nn

from training.common.blocks import Residual, unit
from training.common.export import store_halved, write_onnx

WIDTHS = (24, 48, 96, 192)
SQUEEZED, HIDDEN = 24, 256
OUTPUTS = ("identity", "expression", "pose", "deviation")
USUAL = -2.5
"""The logit of an expression's coefficient before anything is learned."""
Answer = dict[str, Tensor]


class CoarseNet(nn.Module):
    """Grey photo, PNCC and normals -> identity, expression, update of the pose, deviation of each identity coefficient."""

    def __init__(self, modes: int, expressions: int) -> None:
        super().__init__()
        stem = nn.Sequential(nn.Conv2d(PLANES, WIDTHS[0], 7, 2, 3, bias=False), nn.BatchNorm2d(WIDTHS[0]), nn.ReLU())
        stages = [
            nn.Sequential(unit(entering, leaving, 2), Residual(leaving), Residual(leaving))
            for entering, leaving in pairwise(WIDTHS)
        ]
        self.trunk = nn.Sequential(stem, *stages)
        cells = (-(-SEEN_SIDE // 16)) ** 2
        self.squeeze = nn.Sequential(nn.Conv2d(WIDTHS[-1], SQUEEZED, 1), nn.ReLU())
        self.hidden = nn.Sequential(
            nn.Linear(SQUEEZED * cells + WIDTHS[-1], HIDDEN), nn.ReLU(), nn.Linear(HIDDEN, HIDDEN), nn.ReLU()
        )
        sizes = {"identity": modes, "expression": expressions, "pose": POSE, "deviation": modes}
        self.tell = nn.ModuleDict({name: nn.Linear(HIDDEN, size) for name, size in sizes.items()})
        self._start()

    def _start(self) -> None:
        """At the mean head, where it is."""
        with torch.no_grad():
            for head in self.tell.values():
                head.weight.mul_(0.1)  # type: ignore[operator]  # torch's stub
                head.bias.zero_()  # type: ignore[operator]
            self.tell["expression"].bias.fill_(USUAL)  # type: ignore[operator]

    def forward(self, picture: Float[Tensor, "batch 7 side side"]) -> Answer:
        """By name, in single precision; expressions from 0 to 1."""
        deep = self.trunk(picture)
        seen = torch.cat([self.squeeze(deep).flatten(1), deep.mean((2, 3))], 1)
        hidden = self.hidden(seen)
        with torch.autocast(picture.device.type, enabled=False):
            told = {name: head(hidden.float()) for name, head in self.tell.items()}
        told["expression"] = torch.sigmoid(told["expression"])
        told["deviation"] = torch.exp(told["deviation"].clamp(-4, 2))
        return told


class Deployed(nn.Module):
    """What the ONNX file computes."""

    def __init__(self, net: CoarseNet) -> None:
        super().__init__()
        self.net = net

    def forward(self, picture: Tensor) -> tuple[Tensor, ...]:
        """In the order of OUTPUTS."""
        told = self.net(picture)
        return tuple(told[name] for name in OUTPUTS)


def export(net: CoarseNet, path: Path) -> None:
    """Writes the ONNX file, with a free batch size."""
    axes = {name: {0: "batch"} for name in ("picture", *OUTPUTS)}
    example = (torch.rand(2, PLANES, SEEN_SIDE, SEEN_SIDE),)
    write_onnx(Deployed(net), path, example, input_names=["picture"], output_names=list(OUTPUTS), dynamic_axes=axes)
    store_halved(path)
