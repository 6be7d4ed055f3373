"""Trains the delighter's network on heads in made-up light, whose albedo it is to find."""

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from facetex_core.descriptors.bank import layout_of
from training.common.colour import coded
from training.common.export import load, save
from training.common.loop import learn
from training.common.making import stacked
from training.common.portraits import basis
from training.common.steps import Run
from training.delighter.data import Settings, split
from training.delighter.examples import Examples
from training.delighter.net import ShadingNet
from training.delighter.net import export as write

WEIGHTS = {"texel": 10.0, "patch": 10.0, "tone": 10.0, "neighbours": 20.0}
AT_ONCE = 16

Batch = dict[str, Tensor]


def errors(shading: Tensor, batch: Batch) -> Batch:
    """Mean absolute difference of sRGB-coded albedos: by texel, over eight texels, of the whole face; of neighbours.

    `shading` is logarithmic: (batch, 3, side, side).
    """
    weight = batch["weight"]
    off = coded(batch["lit"] * torch.exp(-shading)) - coded(batch["albedo"])
    whole = weight.sum((2, 3), keepdim=True).clamp_min(1)
    inside = functional.avg_pool2d(weight, 8)
    smooth = functional.avg_pool2d(off * weight, 8)
    steps = [(weight * weight.roll(1, axis) * (off - off.roll(1, axis)).abs()).sum() for axis in (2, 3)]
    return {
        "texel": (off.abs() * weight).sum() / 3 / weight.sum(),
        "patch": smooth.abs().sum() / 3 / inside.sum(),
        "tone": ((off * weight).sum((2, 3), keepdim=True) / whole).abs().mean(),
        "neighbours": (steps[0] + steps[1]) / 6 / weight.sum(),
    }


def drawn(examples: Examples, count: int, rng: np.random.Generator) -> Batch:
    """A batch of so many."""
    rows = stacked([examples.draw(rng) for _ in range(count)])
    return {name: torch.from_numpy(array) for name, array in rows.items()}


def held_out_batches(examples: Examples, count: int) -> list[Batch]:
    """The same ones whenever figures are compared."""
    rng = np.random.default_rng(99)
    return [drawn(examples, min(AT_ONCE, count - start), rng) for start in range(0, count, AT_ONCE)]


class Task:
    """The shading under which the albedo is met."""

    def __init__(self, examples: Examples, held_out: Examples, count: int, judged: int) -> None:
        self.examples, self.count = examples, count
        self.judged = held_out_batches(held_out, judged)

    def batch(self, rng: np.random.Generator) -> Batch:
        """Faces in light."""
        return drawn(self.examples, self.count, rng)

    def losses(self, net: ShadingNet, batch: Batch) -> dict[str, Tensor]:
        """The weighted sum, and each term."""
        terms = errors(net(batch["maps"], batch["shading"]).float(), batch)
        return {"loss": torch.stack([WEIGHTS[name] * term for name, term in terms.items()]).sum()} | terms

    def judge(self, net: ShadingNet) -> dict[str, float]:
        """The same of heads that it has not seen."""
        device = next(net.parameters()).device
        rows = [self.losses(net, {name: part.to(device) for name, part in batch.items()}) for batch in self.judged]
        return {name: float(np.mean([float(row[name]) for row in rows])) for name in rows[0]}


def train(run: Run[Settings]) -> None:
    """Writes weights.npz."""
    torch.manual_seed(run.settings.seed)
    model = basis(with_colour=True)
    learned, held_out = (Examples(split(run.work, held_out=part), model) for part in (False, True))
    task = Task(learned, held_out, run.settings.batch, run.settings.judged)
    save(learn(ShadingNet(), task, run.settings.train, run.work, run.machine), run.work / "weights.npz")


def export(run: Run[Settings]) -> None:
    """Writes delighter.onnx."""
    net = ShadingNet()
    load(net, run.work / "weights.npz")
    write(net, layout_of(basis(with_colour=True)), run.work / "delighter.onnx")
