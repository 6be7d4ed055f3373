"""Trains the skin network on the portraits of the bank, labelled by skin_labels.py."""

import time
from pathlib import Path

import click
import numpy as np
import torch
from torch.nn import functional

from training.common.timed import make_model, schedule
from training.skin.augment import example, shrink
from training.skin.labels import IGNORE, SKIN, WORK, Labelled, read_labelled
from training.skin.net import SkinNet, export

FILES = Path(__file__).parents[2] / "facetex_model_zoo" / "files"
BATCH = 12
LEARNING_RATE = 4e-3


def batch(faces: list[Labelled], rng: np.random.Generator) -> tuple[torch.Tensor, torch.Tensor]:
    """Images and labels."""
    images, labels = zip(*(example(faces, rng) for _ in range(BATCH)), strict=True)
    fed = torch.from_numpy(np.stack(images)).contiguous(memory_format=torch.channels_last)
    return fed, torch.from_numpy(np.stack(labels))


def loss_of(logits: torch.Tensor, label: torch.Tensor) -> torch.Tensor:
    """Cross entropy plus soft Dice over the pixels that are known."""
    known = (label != IGNORE).float()
    truth = (label == SKIN).float()
    value = logits[:, 0].float()
    entropy = (functional.binary_cross_entropy_with_logits(value, truth, reduction="none") * known).sum() / known.sum()
    guess = torch.sigmoid(value) * known
    overlap = 2 * (guess * truth).sum((1, 2)) + 1
    dice = 1 - overlap / (guess.sum((1, 2)) + (truth * known).sum((1, 2)) + 1)
    return entropy + 0.5 * dice.mean()


def train(net: SkinNet, work: Path, minutes: float, seed: int, *, further: bool) -> None:
    """AdamW over the wall clock, in bfloat16.

    For the last sixth, and where the training goes `further`, the normalisations stand still, as they will in use.
    """
    rng = np.random.default_rng(seed + 1)
    faces = [shrink(face) for face in read_labelled(work, "bank")]
    net.to(memory_format=torch.channels_last)
    peak = LEARNING_RATE / 2 if further else LEARNING_RATE
    optimizer = torch.optim.AdamW(net.parameters(), peak, weight_decay=1e-3)
    start = time.monotonic()
    losses: list[float] = []
    while (progress := (time.monotonic() - start) / (60 * minutes)) < 1:
        schedule(optimizer, progress, len(losses), peak, 50)
        net.train(not further and progress < 5 / 6)
        images, labels = batch(faces, rng)
        with torch.autocast("cpu", torch.bfloat16):
            logits = net(images)
        loss = loss_of(logits, labels)
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(net.parameters(), 5.0)
        optimizer.step()
        losses.append(float(loss.detach()))
        if len(losses) % 50 == 0:
            click.echo(f"{len(losses)} {time.monotonic() - start:.0f} s {np.mean(losses[-50:]):.4f}")
            torch.save(net.state_dict(), work / "net.pt")


@click.command(help=__doc__)
@click.option("--work", type=click.Path(path_type=Path), default=WORK, help="folder of the labels and checkpoints")
@click.option("--minutes", default=12.0, help="length of the training")
@click.option("--seed", default=0)
@click.option("--start", type=click.Path(exists=True, path_type=Path), help="weights to go on from")
@click.option("--output", type=click.Path(path_type=Path), default=FILES / "skin.onnx")
def main(work: Path, minutes: float, seed: int, start: Path | None, output: Path) -> None:
    """Train and write the ONNX file."""
    make_model(SkinNet, train, export, work=work, minutes=minutes, seed=seed, start=start, output=output)


if __name__ == "__main__":
    main()
