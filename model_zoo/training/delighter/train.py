"""Trains the network of the delighter `network`: heads under made-up light, whose albedo it is to find."""

import logging
from pathlib import Path
from typing import Any

import click
import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from facetex_core.descriptors.bank import layout_of
from training.common.averaged import Plan, learn, load, plan_options, save
from training.common.data import DATA
from training.common.portraits import basis
from training.delighter.examples import Examples
from training.delighter.net import ShadingNet, export
from training.feedforward.loss import coded

BATCH = 8
OUT = Path(__file__).parents[2] / "facetex_model_zoo/files/delighter.onnx"


def errors(found: Tensor, lit: Tensor, albedo: Tensor, weight: Tensor) -> dict[str, Tensor]:
    """Mean absolute difference of sRGB-coded albedos: by texel, over eight texels, of the whole face; of neighbours."""
    off = coded(lit * torch.exp(-found)) - coded(albedo)
    whole = weight.sum((2, 3), keepdim=True).clamp_min(1)
    inside = functional.avg_pool2d(weight, 8)
    smooth = functional.avg_pool2d(off * weight, 8)
    steps = [(weight * weight.roll(1, axis) * (off - off.roll(1, axis)).abs()).sum() for axis in (2, 3)]
    return {
        "texel": (off.abs() * weight).sum() / 3 / weight.sum(),
        "patch": smooth.abs().sum() / 3 / inside.sum(),
        "tone": ((off * weight).sum((2, 3), keepdim=True) / whole).abs().mean(),
        "step": (steps[0] + steps[1]) / 6 / weight.sum(),
    }


WEIGHTS = {"texel": 10.0, "patch": 10.0, "tone": 10.0, "step": 20.0}


class Trainer:
    """Draws batches and tells how well they were met."""

    def __init__(self, examples: Examples, held_out: Examples, seed: int) -> None:
        self.examples, self.rng = examples, np.random.default_rng(seed)
        judge = np.random.default_rng(99)
        self.judged = [held_out.draw(judge) for _ in range(96)]
        self.recent: dict[str, float] = {}

    def loss(self, net: ShadingNet) -> tuple[Tensor, str]:
        """The weighted sum of the terms, and a running mean of each in words."""
        parts = run(net, [self.examples.draw(self.rng) for _ in range(BATCH)])
        for name, part in parts.items():
            self.recent[name] = 0.98 * self.recent.get(name, float(part)) + 0.02 * float(part)
        return sum(WEIGHTS[name] * part for name, part in parts.items()), self._words()

    def _words(self) -> str:
        return " ".join(f"{name} {value:.4f}" for name, value in self.recent.items())

    def judge(self, net: ShadingNet) -> str:
        """The same of heads that it has not seen."""
        with torch.no_grad():
            rows = [run(net, self.judged[i : i + 16]) for i in range(0, len(self.judged), 16)]
        return " ".join(f"{name} {np.mean([float(row[name]) for row in rows]):.4f}" for name in rows[0])


def run(net: ShadingNet, batch: list[tuple[np.ndarray, ...]]) -> dict[str, Tensor]:
    """The errors of a batch."""
    maps, shading, lit, albedo, weight = (torch.from_numpy(np.stack(each)) for each in zip(*batch, strict=True))
    with torch.autocast("cpu", torch.bfloat16):
        found = net(maps.contiguous(memory_format=torch.channels_last), shading).float()
    return errors(found, lit, albedo, weight)


@click.command()
@click.option("--photos", type=click.Path(path_type=Path), default=DATA / "photos/bank", show_default=True)
@click.option("--made-up", default=300, show_default=True, help="Heads that do not exist.")
@click.option("--lights", default=16, show_default=True, help="For each head.")
@click.option("--out", type=click.Path(path_type=Path), default=OUT)
@plan_options
def main(photos: Path, made_up: int, lights: int, out: Path, threads: int, **plan: Any) -> None:  # noqa: ANN401  # click's
    """Makes heads and lights them (unless they are there), trains, and writes delighter.onnx."""
    logging.getLogger("facetex").setLevel(logging.ERROR)
    told = Plan(**plan)
    told.begin(threads)
    model = basis(with_colour=True)
    examples, held_out = (Examples(told.work, photos, model, part, made_up, lights, threads) for part in (False, True))
    click.echo(f"{len(examples)} examples to learn from, {len(held_out)} held out")
    net = ShadingNet()
    if told.start is not None:
        load(net, told.start)
    net.to(memory_format=torch.channels_last)
    trainer = Trainer(examples, held_out, told.seed)

    def snapshot(mean: ShadingNet) -> None:
        save(mean, told.work / "net.npz")
        click.echo(f"held out: {trainer.judge(mean)}")

    kept = learn(net, told, trainer.loss, snapshot, clip=1.0)
    snapshot(kept)
    export(kept.to(memory_format=torch.contiguous_format), layout_of(model), out)
    click.echo(f"{out}: {out.stat().st_size} bytes")


if __name__ == "__main__":
    main()
