"""The network: the landmark net, two more refinements over all places of the basis, how sure it is of each, whose they are."""

import copy
from pathlib import Path

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional

from training.common.blocks import fold
from training.common.export import store_halved, stored, take, write_onnx
from training.landmarks.net import COEFFICIENTS as OLD
from training.landmarks.net import CROP, POINTS, READ, LandmarkNet
from training.world.places import Places

COEFFICIENTS = 120
CONTEXT = 128 + 64 + 64
"""Numbers by which the landmark net knows a face: of the whole crop, and of each look."""
KNOWN = CONTEXT + 2 * 128
"""The same of the whole network."""
AXES, FLOOR = 200, 0.004
"""Principal components of upright places that tell a person, and the deviation (crop units) below which one counts less."""
PERSON = 256
"""Units of each hidden layer."""
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


class Upright(nn.Module):
    """Places to what is left of them without place, size and roll, in units of its spread."""

    mean: Tensor
    axes: Tensor

    def __init__(self, mean: Float[Tensor, "places 2"], axes: Float[Tensor, "values components"]) -> None:
        super().__init__()
        self.register_buffer("mean", mean)
        self.register_buffer("axes", axes)

    def forward(self, points: Float[Tensor, "batch places 2"]) -> Float[Tensor, "batch components"]:
        """Laid onto the mean."""
        return self.laid(points)[0]

    def laid(
        self, points: Float[Tensor, "batch places 2"]
    ) -> tuple[Float[Tensor, "batch components"], Float[Tensor, "batch 4"]]:
        """By the similarity of least squares (Umeyama 1991; in the plane a complex quotient); and that, with the middle."""
        middle = points.mean(1)
        x, y = (points - middle[:, None]).unbind(2)
        u, v = self.mean.unbind(1)
        length = (x.square() + y.square()).sum(1, keepdim=True)
        along, across = ((x * u + y * v).sum(1, keepdim=True) / length, (x * v - y * u).sum(1, keepdim=True) / length)
        laid = torch.stack([along * x - across * y, across * x + along * y], 2)
        similarity = torch.cat([along - 1, across, middle - 0.5], 1)
        return (laid - self.mean).flatten(1) @ self.axes, similarity


class Reader(nn.Module):
    """What places say, straight, and what they say with the context, through two hidden layers."""

    def __init__(self, seen: int, told: int) -> None:
        super().__init__()
        self.straight = nn.Linear(seen, told)
        self.hidden = nn.Sequential(nn.Linear(seen + KNOWN, PERSON), nn.ReLU(), nn.Linear(PERSON, PERSON), nn.ReLU())
        self.bent = nn.Linear(PERSON, told)
        with torch.no_grad():
            for layer in (self.straight, self.bent):
                layer.weight.mul_(0.1)
                layer.bias.zero_()

    def read(self, seen: Float[Tensor, "batch seen"], known: Tensor) -> Float[Tensor, "batch told"]:
        """In single precision."""
        return self.straight(seen) + self.bent(self.hidden(torch.cat([seen, known.float()], 1)))


class Person(Reader):
    """Whose places they are: identity coefficients, the logarithms of their deviations; that of the camera's distance."""

    def __init__(self, upright: Upright, modes: int) -> None:
        super().__init__(AXES, 2 * modes + 2)
        self.upright, self.modes = upright, modes

    def forward(
        self, points: Float[Tensor, "batch places 2"], known: Tensor
    ) -> tuple[Float[Tensor, "batch modes"], Float[Tensor, "batch modes"], Float[Tensor, "batch 2"]]:
        """In single precision; the distance (logarithm of metres in the mean head's size) with its own deviation's."""
        with torch.autocast(points.device.type, enabled=False):
            told = self.read(self.upright(points.float()), known)
            return told[:, : self.modes], told[:, self.modes : -2].clamp(-4, 2), told[:, -2:]


class SurfaceNet(nn.Module):
    """Crop -> places in crop units (0 to 1), the logarithm of each one's deviation in crop units, and the person."""

    def __init__(
        self, mean: Float[Tensor, " values"], basis: Float[Tensor, "values coefficients"], upright: Upright, modes: int
    ) -> None:
        super().__init__()
        self.places = len(mean) // 2
        self.first = LandmarkNet(torch.zeros(2 * POINTS), torch.zeros(2 * POINTS, OLD))
        self.more = nn.Linear(OLD + CONTEXT, 2 * (self.places - POINTS))
        self.shape = nn.Linear(COEFFICIENTS, 2 * self.places, bias=False)
        self.looks = nn.ModuleList([Look(self.places), Look(self.places)])
        self.unsure = nn.Linear(KNOWN, self.places)
        self.unsure_here = nn.Parameter(torch.zeros(self.places, READ))
        self.person = Person(upright, modes)
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

    def forward(self, x: Float[Tensor, "batch 3 112 112"]) -> tuple[list[Tensor], Tensor, tuple[Tensor, ...]]:
        """First places and those after each look (batch, places, 2); logarithms of deviations (batch, places); the person."""
        points, unsure, known = self.located(x)
        return points, unsure, self.person(points[-1].detach(), known)

    def located(self, x: Float[Tensor, "batch planes 112 112"]) -> tuple[list[Tensor], Tensor, Float[Tensor, "batch known"]]:
        """The same without the person, and what the network knows by then."""
        maps, start, known = self._begin(x)
        points, contexts = [start], [known]
        for look in self.looks:
            step, coefficients, context, read = look(maps, points[-1], known)
            with torch.autocast(x.device.type, enabled=False):
                shift = self.shape(coefficients.float()).unflatten(1, (self.places, 2))
            points.append(points[-1] + 0.02 * step.float() + shift)
            contexts.append(context)
        local = torch.einsum("bcp,pc->bp", read.detach(), self.unsure_here)
        known = torch.cat(contexts, 1)
        return points, (self.unsure(known) + local).float().clamp(-7, 0), known


def take_landmark_net(net: SurfaceNet, path: Path) -> SurfaceNet:
    """The network with the weights of landmarks.onnx, whose normalisations are part of its convolutions."""
    fold(net)
    take(net.first, path, ("finest", "fine"))
    return net


def take_surface_net(net: SurfaceNet, path: Path) -> SurfaceNet:
    """The network, whose normalisations are folded, with the weights of surface_points.onnx."""
    weights = stored(path)
    weights["shape.weight"] = next(value for name, value in weights.items() if "MatMul" in name).T
    weights.setdefault("person.bent.bias", weights["person.straight.bias"])  # the exporter stores what is equal once
    held = {name: own for name, own in net.state_dict().items() if not name.startswith("first.score.")}  # it is not stored
    net.load_state_dict({name: weights[name].view(own.shape) for name, own in held.items()}, strict=False)
    return net


class Deployed(nn.Module):
    """What the ONNX file computes: means over the crop and its mirror image. Where the places are it holds beside them."""

    flip: Tensor
    mirror: Tensor
    triangles: Tensor
    weights: Tensor

    def __init__(self, net: SurfaceNet, places: Places, mirror: Float[Tensor, "modes modes"]) -> None:
        super().__init__()
        self.net = net
        self.register_buffer("flip", torch.from_numpy(places.mirror).long())
        self.register_buffer("mirror", mirror)
        self.register_buffer("triangles", torch.from_numpy(places.triangles).long())
        self.register_buffer("weights", torch.from_numpy(places.weights))

    def forward(self, crop: Tensor) -> tuple[Tensor, ...]:
        """Crop (batch, 3, 112, 112) sRGB-coded in [0, 1] to OUTPUTS; places and their deviations in crop units."""
        points, unsure, person = self.net(torch.cat([crop, crop.flip(3)]) - 0.5)
        here, there = points[-1].chunk(2)
        x, y = there[:, self.flip].unbind(2)
        sure, mirrored = unsure.chunk(2)
        identity, other = person[0].chunk(2)
        means = [torch.stack(each.chunk(2)).mean(0) for each in person[1:]]
        return (
            (here + torch.stack([1 - x, y], 2)) / 2,
            torch.exp((sure + mirrored[:, self.flip]) / 2),
            (identity + other @ self.mirror) / 2,
            torch.exp(means[0]),
            torch.stack([means[1][:, 0], torch.exp(means[1][:, 1])], 1),
            self.triangles,
            self.weights,
        )


OUTPUTS = ("points", "deviations", "identity", "identity_deviations", "distance", "triangles", "weights")


def export(net: SurfaceNet, places: Places, mirror: Float[Tensor, "modes modes"], path: Path) -> None:
    """Writes the ONNX file, with a free batch size."""
    deployed = Deployed(copy.deepcopy(net), places, mirror)
    axes = {name: {0: "batch"} for name in ("crop", *OUTPUTS[:-2])}
    example = (torch.rand(2, 3, CROP, CROP),)
    write_onnx(deployed, path, example, input_names=["crop"], output_names=list(OUTPUTS), dynamic_axes=axes)
    store_halved(path)
