"""The decoder on people that it has not seen: the loss's terms, beside those of the plain completion that it begins with."""

from collections.abc import Iterator, Mapping
from pathlib import Path

import click
import numpy as np
import torch
from torch import Tensor

from facetex_core.workbench.evaluation.leave_one_out import SPLITS
from training.common.steps import Run
from training.common.teacher import session
from training.feedforward.data import Settings
from training.feedforward.examples import Faces, together
from training.feedforward.loss import WEIGHTS, Decode, descriptor, errors_of
from training.feedforward.net import sources
from training.feedforward.train import FILE


def exported(path: Path) -> Decode:
    """The decoder of a file, an example at a time."""
    network = session(path, torch.get_num_threads())

    def decode(maps: Tensor, noise: Tensor, wanted: Mapping[str, Tensor]) -> Tensor:
        given = {"maps": maps, "noise": noise, **wanted}
        return torch.from_numpy(network.run(["detail"], {name: value.numpy() for name, value in given.items()})[0])

    return decode


def plain(maps: Tensor, noise: Tensor, wanted: Mapping[str, Tensor]) -> Tensor:  # noqa: ARG001  # as a decoder takes them
    """The sum of the sources."""
    return torch.stack(sources(maps)).sum(0)


def lines(faces: Faces, decoders: Mapping[str, Decode]) -> Iterator[str]:
    """Means over the people, part by part, a line a decoder."""
    network = descriptor("cpu")
    for part in (name for split in SPLITS.values() for name in split):
        batches = [together([example], np.random.default_rng(0)) for example in faces.part(part)]
        for name, decode in decoders.items():
            rows = [errors_of(decode, network, batch) for batch in batches]
            means = [np.mean([float(row[term]) for row in rows]) for term in WEIGHTS] if rows else []
            yield f"{part:18} {name:8} {len(rows):3} " + " ".join(f"{mean:.3f}" for mean in means)


def report(run: Run[Settings]) -> None:
    """At most so many of the people held out."""
    torch.set_num_threads(run.machine.threads)
    decoders = {"plain": plain, "decoder": exported(run.made_or_shipped(FILE))}
    faces = Faces(run.work, held_out=True)
    faces.people = faces.people[: run.settings.measured]
    click.echo(f"{len(faces.people)} people; {', '.join(WEIGHTS)}")
    with torch.no_grad():
        for line in lines(faces, decoders):
            click.echo(line)
