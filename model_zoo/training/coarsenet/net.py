"""CoarseNet with the body of the network of surface points: it finds places of the face, and what they tell.

It sees six more planes than that network, and grey instead of colours; it begins with its weights and takes no notice of
the feedback. Pose, identity and expression are told anew at every look.
"""

import copy
from pathlib import Path

import torch
from facetex_plugins.fit.feedback.channels import PLANES
from facetex_plugins.fit.feedback.estimate import POSE, SEEN_SIDE
from jaxtyping import Float
from torch import Tensor, nn

from training.common.export import store_halved, write_onnx
from training.surface_points.net import AXES, Reader, SurfaceNet

OUTPUTS = ("identity", "expression", "pose", "deviation")
USUAL = -2.5
"""The logit of an expression's coefficient before anything is learned."""
LAID, SPREAD = 4, 10.0
"""Numbers that place the points, and what brings them to the size of the rest."""
Answer = dict[str, Tensor]


class CoarseNet(nn.Module):
    """Grey photo, PNCC and normals -> pose, identity, expression, deviation of each identity coefficient, and places."""

    def __init__(self, body: SurfaceNet, expressions: int) -> None:
        super().__init__()
        self.body = body
        self.moved = Reader(AXES + LAID, POSE + expressions)
        with torch.no_grad():
            stem = body.first.stem[0]
            planes = torch.zeros(stem.out_channels, PLANES, *stem.kernel_size)  # type: ignore[arg-type]  # torch's stub
            planes[:, 0] = stem.weight.sum(1)  # type: ignore[operator]
            wider = nn.Conv2d(PLANES, stem.out_channels, 3, 2, 1)  # type: ignore[arg-type]
            wider.weight.copy_(planes)
            wider.bias.copy_(stem.bias)  # type: ignore[union-attr, arg-type]
            body.first.stem[0] = wider
            self.moved.straight.bias[POSE:] = USUAL

    def forward(self, picture: Float[Tensor, "batch 7 side side"]) -> Answer:
        """By name, in single precision; expressions from 0 to 1, places in crops at each stage."""
        points, _, known = self.body.located(torch.cat([picture[:, :1] - 0.5, picture[:, 1:]], 1))
        identity, deviation, _ = self.body.person(points[-1].detach(), known)
        with torch.autocast(picture.device.type, enabled=False):
            upright, laid = self.body.person.upright.laid(points[-1].float())
            told = self.moved.read(torch.cat([upright, SPREAD * laid], 1), known)
        return {
            "identity": identity,
            "expression": torch.sigmoid(told[:, POSE:]),
            "pose": told[:, :POSE],
            "deviation": torch.exp(deviation),
            "places": torch.stack(points, 1).float(),
        }


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
    deployed = Deployed(copy.deepcopy(net))
    write_onnx(deployed, path, example, input_names=["picture"], output_names=list(OUTPUTS), dynamic_axes=axes)
    store_halved(path)
