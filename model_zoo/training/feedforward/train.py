"""Trains the decoder of the synthesizer `feedforward`: portraits with a part hidden, whose hidden skin it is to give back.

Some examples are told the correlations that the bank's blend wants, the others those of what is hidden, after its skin has
been made finer or coarser: only what is wanted tells that, so the decoder learns to obey it.
"""

import click
import numpy as np
import torch
from torch import Tensor

from training.common.export import load, save
from training.common.loop import learn, on_device
from training.common.steps import Run
from training.feedforward.data import Settings
from training.feedforward.examples import Batch, Faces
from training.feedforward.loss import WEIGHTS, descriptor, errors_of
from training.feedforward.net import Decoder
from training.feedforward.net import export as write

FILE = "feedforward.onnx"


class Task:
    """Hidden skin, by every term of the loss."""

    def __init__(self, learned: Faces, held_out: Faces, settings: Settings, device: torch.device) -> None:
        """The people to learn from, and others."""
        self.learned, self.count, self.device = learned, settings.batch, device
        self.network = descriptor(device.type)
        rng = np.random.default_rng(settings.seed)
        self.others = [held_out.batch(1, rng) for _ in range(settings.judged)]

    def batch(self, rng: np.random.Generator) -> Batch:
        """Drawn parts of faces."""
        return self.learned.batch(self.count, rng)

    def losses(self, net: Decoder, batch: Batch) -> dict[str, Tensor]:
        """The weighted sum of the terms, and each of them."""
        terms = {name: term.mean() for name, term in errors_of(net, self.network, batch).items()}
        return {"loss": torch.stack([weight * terms[name] for name, weight in WEIGHTS.items()]).sum(), **terms}

    def judge(self, net: Decoder) -> dict[str, float]:
        """The same on drawn parts of people held out."""
        rows = [self.losses(net, on_device(batch, self.device)) for batch in self.others]
        return {name: float(torch.stack([row[name] for row in rows]).mean()) for name in rows[0]}


def train(run: Run[Settings]) -> None:
    """Writes weights.npz."""
    torch.manual_seed(run.settings.seed)
    learned, held_out = (Faces(run.work, held_out=held_out) for held_out in (False, True))
    click.echo(f"{len(learned.people)} people to learn from, {len(held_out.people)} held out")
    net = Decoder()
    net.code.measure(learned.wanted())
    task = Task(learned, held_out, run.settings, run.machine.torch())
    save(learn(net, task, run.settings.train, run.work, run.machine), run.work / "weights.npz")


def export(run: Run[Settings]) -> None:
    """Writes feedforward.onnx."""
    net = Decoder()
    load(net, run.work / "weights.npz")
    write(net, run.work / FILE)
    click.echo(f"{FILE}: {(run.work / FILE).stat().st_size} bytes")
