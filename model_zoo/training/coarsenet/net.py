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
            body.first.stem[0] = _with_planes(body.first.stem[0])
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


def _with_planes(colours: nn.Module) -> nn.Conv2d:
    """A convolution of three colours as one of grey and of planes that it takes no notice of yet."""
    assert isinstance(colours, nn.Conv2d)
    assert colours.bias is not None
    wider = nn.Conv2d(PLANES, colours.out_channels, 3, 2, 1)
    nn.init.zeros_(wider.weight)
    wider.weight[:, 0] = colours.weight.sum(1)
    assert wider.bias is not None
    wider.bias.copy_(colours.bias)
    return wider


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
