"""The decoder on people that it has not seen: the training's errors, beside those of the plain completion that it begins with.

python model_zoo/training/feedforward_eval.py --work W (after feedforward.py --work W)
"""

from pathlib import Path

import click
import numpy as np
import torch

from facetex_core.workbench.evaluation.leave_one_out import SPLITS
from training.common.averaged import load
from training.feedforward.examples import Faces
from training.feedforward.loss import WEIGHTS, descriptor
from training.feedforward.net import Decoder
from training.feedforward.train import run


@click.command(help=__doc__)
@click.option("--work", type=click.Path(path_type=Path), required=True)
@click.option("--people", default=100, show_default=True, help="At most so many.")
@click.option("--threads", default=1, show_default=True)
def main(work: Path, people: int, threads: int) -> None:
    """Means over the people held out, part by part."""
    torch.set_num_threads(threads)
    torch.manual_seed(0)
    plain, decoder, network = Decoder(), Decoder(), descriptor()
    load(decoder, work / "net.npz")
    faces = Faces(work / "examples", held_out=True)
    faces.people = faces.people[:people]
    click.echo(f"{len(faces.people)} people; {', '.join(WEIGHTS)}")
    for part in (name for split in SPLITS.values() for name in split):
        examples = list(faces.part(part))
        for name, net in (("plain", plain), ("decoder", decoder)):
            with torch.no_grad():
                found = [run(net, network, [each], np.random.default_rng(0)) for each in examples]
            means = [np.mean([float(each[term]) for each in found]) for term in WEIGHTS]
            click.echo(f"{part:18} {name:8} {len(found):3} " + " ".join(f"{mean:.3f}" for mean in means))


if __name__ == "__main__":
    main()
