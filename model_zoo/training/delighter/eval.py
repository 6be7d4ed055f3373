"""Errors of delighter.onnx on heads that it has not seen, in light that was made up for them.

How well the delighter does from photo to albedo, under panoramas that are photographs, is measured by
`python tests/benchmarks/delight.py --hdri A --hdri B` and `facetex eval suite synthetic`.
"""

from collections.abc import Callable

import click
import numpy as np
import torch
from torch import Tensor

from training.common.portraits import basis
from training.common.steps import Run
from training.common.teacher import session
from training.delighter.data import Settings, split
from training.delighter.examples import Examples
from training.delighter.train import Batch, errors, held_out_batches

COLUMNS = {"texel": "by texel", "patch": "over eight texels", "tone": "of the whole face", "neighbours": "between neighbours"}


def line(title: str, shading: Callable[[Batch], Tensor], batches: list[Batch]) -> str:
    """The mean errors under a shading (batch, 3, side, side), in sRGB-coded values."""
    rows = [errors(shading(batch), batch) for batch in batches]
    means = (f"{label} {np.mean([float(row[name]) for row in rows]):.4f}" for name, label in COLUMNS.items())
    return f"  {title}: {', '.join(means)}"


def report(run: Run[Settings]) -> None:
    """A line for the network, and one each for what it has to be better than."""
    net, paths = session(run.work / "delighter.onnx"), split(run.work, held_out=True)
    batches = held_out_batches(Examples(paths, basis(with_colour=True)), run.settings.judged)

    def by_network(batch: Batch) -> Tensor:
        rows = zip(batch["maps"].numpy(), batch["shading"].numpy(), strict=True)
        return torch.from_numpy(
            np.concatenate([net.run(None, {"maps": maps[None], "shading": s[None]})[0] for maps, s in rows])
        )

    click.echo(f"{run.settings.judged} pairs of {len(paths)} heads held out and their lights")
    click.echo(line("undelit", lambda batch: torch.zeros_like(batch["shading"]), batches))
    click.echo(line("harmonics that suit mean skin", lambda batch: batch["shading"], batches))
    click.echo(line("network", by_network, batches))
