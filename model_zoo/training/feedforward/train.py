"""Trains the decoder of the synthesizer `feedforward`: portraits with a part hidden, whose hidden skin it is to give back.

Some examples are told the correlations that the bank's blend wants, the others those of what is hidden, after its skin has
been made finer or coarser: only what is wanted tells that, so the decoder learns to obey it.
"""

from pathlib import Path
from typing import Any

import click
import numpy as np
import torch
from facetex_plugins.synthesize.texture.onnx_torch import Network
from torch import Tensor

from training.common.averaged import Plan, learn, load, plan_options, save
from training.common.data import DATA
from training.feedforward.data import extract
from training.feedforward.examples import Example, Faces
from training.feedforward.loss import WEIGHTS, descriptor, errors, look, moments
from training.feedforward.net import LAYERS, OWN, Decoder, export

BATCH = 4
OUT = Path(__file__).parents[2] / "facetex_model_zoo/files/feedforward.onnx"


class Trainer:
    """Draws batches and tells how well they were met."""

    def __init__(self, faces: Faces, seed: int) -> None:
        self.faces, self.rng = faces, np.random.default_rng(seed)
        self.network = descriptor()
        self.recent: dict[str, float] = {}

    def loss(self, net: Decoder) -> tuple[Tensor, str]:
        """The weighted sum of the terms, and a running mean of each in words."""
        examples = [self.faces.draw(self.rng) for _ in range(BATCH)]
        with torch.autocast("cpu", torch.bfloat16):
            parts = run(net, self.network, examples, self.rng)
        total = torch.stack([weight * parts[name].mean() for name, weight in WEIGHTS.items()]).sum()
        for name, part in parts.items():
            value = float(part.detach().mean())
            self.recent[name] = 0.98 * self.recent.get(name, value) + 0.02 * value
        return total, " ".join(f"{name} {value:.3f}" for name, value in self.recent.items())


def run(net: Decoder, network: Network, examples: list[Example], rng: np.random.Generator) -> dict[str, Tensor]:
    """The errors of what the decoder makes of a batch."""
    maps, truth, known, judged = (
        torch.from_numpy(np.stack([getattr(each, name) for each in examples])) for name in ("maps", "truth", "known", "judged")
    )
    low, own = maps[:, :3], maps[:, OWN]
    features = look(network, low, truth, known)
    wanted = {layer: moments(features[layer], judged[:, 2:3])[0] for layer in LAYERS}
    for row, each in enumerate(examples):
        for layer, gram in (each.wanted or {}).items():
            wanted[layer][row] = torch.from_numpy(gram)
    noise = torch.from_numpy(rng.standard_normal((len(maps), 1, *maps.shape[2:])).astype(np.float32))
    detail = net(maps.contiguous(memory_format=torch.channels_last), noise, wanted).float()
    return errors(network, features, maps, own * truth + (1 - own) * detail, truth, known, judged)


@click.command()
@click.option("--photos", type=click.Path(path_type=Path), default=DATA / "photos/bank", show_default=True)
@click.option("--people", default=1000, show_default=True, help="At most so many of them, by name.")
@click.option("--out", type=click.Path(path_type=Path), default=OUT)
@plan_options
def main(photos: Path, people: int, out: Path, threads: int, **plan: Any) -> None:  # noqa: ANN401  # click's
    """Makes the examples (unless they are there), trains, and writes feedforward.onnx."""
    told = Plan(**plan)
    told.begin(threads)
    extract(photos, told.work / "examples", people, threads)
    faces = Faces(told.work / "examples", held_out=False)
    click.echo(f"{len(faces.people)} people to learn from")
    net = Decoder()
    net.code.measure(faces.wanted())
    if told.start is not None:
        load(net, told.start)
    net.to(memory_format=torch.channels_last)
    kept = learn(net, told, Trainer(faces, told.seed).loss, lambda mean: save(mean, told.work / "net.npz"), clip=1.0)
    save(kept, told.work / "net.npz")
    export(kept.to(memory_format=torch.contiguous_format), out)
    click.echo(f"{out}: {out.stat().st_size} bytes")


if __name__ == "__main__":
    main()
