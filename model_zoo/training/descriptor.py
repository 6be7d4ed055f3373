"""Trains the small descriptor: its features F satisfy F F^T ~ P^T G P, G the correlations of VGG-19 (Gatys 2015, equation 3)."""

import os
import tempfile
import time
from pathlib import Path

import click
import numpy as np
import torch
from descriptor_data import make_crops, read_sources
from descriptor_net import CHANNELS, LEVELS, DescriptorNet, export
from descriptor_teacher import Teacher, channel_products, principal_directions, project

SHARED = Path(os.environ.get("FACETEX_SHARED", "../shared"))
FILES = Path(__file__).parents[1] / "facetex_model_zoo" / "files"
CROP = 160
# The student pads with zeros and the teacher by reflection: this margin is not scored.
MARGIN = 8


def measure_directions(teacher: Teacher, crops: np.ndarray) -> list[np.ndarray]:
    """Principal directions of the teacher's features over the crops."""
    sums = [0.0] * len(LEVELS)
    positions = [0] * len(LEVELS)
    for batch in np.array_split(crops, max(1, len(crops) // 8)):
        for level, features in enumerate(teacher(batch)):
            products, count = channel_products(features)
            sums[level] = sums[level] + products
            positions[level] += count
    return [
        principal_directions(total / count, channels)
        for total, count, channels in zip(sums, positions, CHANNELS, strict=True)
    ]


def write_targets(teacher: Teacher, crops: np.ndarray, folder: Path, count: int) -> None:
    """Append a chunk of crops and of their projected teacher features, in 16 bits."""
    directions = np.load(folder / "directions.npz")
    chunk: dict[str, np.ndarray] = {"image": (crops * 255).round().astype(np.uint8)}
    rounded = chunk["image"].astype(np.float32) / 255
    parts: list[list[np.ndarray]] = [[] for _ in LEVELS]
    for batch in np.array_split(rounded, max(1, len(crops) // 8)):
        for level, features in enumerate(teacher(batch)):
            projected = project(features, directions[LEVELS[level]])
            parts[level].append(projected.astype(np.float16))
    chunk |= {name: np.concatenate(part) for name, part in zip(LEVELS, parts, strict=True)}
    for name, values in chunk.items():
        np.save(folder / f"{name}_{count:03d}.npy", values)


def make_dataset(folder: Path, crops: int, seed: int) -> None:
    """Directions once, then chunks of 96 crops."""
    folder.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(seed)
    sources = read_sources(SHARED / "data")
    teacher = Teacher(SHARED / "data" / "models" / "features")
    first = make_crops(sources, 192, CROP, rng)
    directions = measure_directions(teacher, first)
    np.savez(folder / "directions.npz", **dict(zip(LEVELS, directions, strict=True)))
    for count in range(crops // 96):
        write_targets(teacher, make_crops(sources, 96, CROP, rng), folder, count)
        click.echo(f"chunk {count}")


class Dataset:
    """The chunks of a folder, memory-mapped."""

    def __init__(self, folder: Path) -> None:
        count = len(list(folder.glob("image_*.npy")))
        self.chunks = [
            {
                name: np.load(folder / f"{name}_{index:03d}.npy", mmap_mode="r")
                for name in ("image", *LEVELS)
            }
            for index in range(count)
        ]
        self.length = sum(len(chunk["image"]) for chunk in self.chunks)

    def batch(
        self, size: int, rng: np.random.Generator
    ) -> tuple[torch.Tensor, list[torch.Tensor]]:
        """Random crops of one chunk."""
        chunk = self.chunks[rng.integers(len(self.chunks))]
        picks = np.sort(rng.choice(len(chunk["image"]), size, replace=False))
        images = torch.from_numpy(chunk["image"][picks].astype(np.float32) / 255)
        return images, [torch.from_numpy(chunk[name][picks].astype(np.float32)) for name in LEVELS]

    def channel_weights(self) -> list[torch.Tensor]:
        """1/sqrt(mean square) a channel, mean 1: weak directions carry the texture, strong ones the mean colour."""
        weights = []
        for name in LEVELS:
            squares = np.mean(
                [np.square(chunk[name].astype(np.float32)).mean((0, 2, 3)) for chunk in self.chunks[:4]], 0
            )
            weight = torch.from_numpy(1 / np.sqrt(squares))
            weights.append((weight / (weight * torch.from_numpy(squares)).sum()).float())
        return weights


def level_loss(guess: torch.Tensor, truth: torch.Tensor, weight: torch.Tensor) -> torch.Tensor:
    """Weighted squared feature error plus relative squared error of each crop's correlations."""
    scale = CROP // guess.shape[-1]
    margin = MARGIN // scale
    guess = guess.float()[..., margin:-margin, margin:-margin]
    truth = truth[..., margin:-margin, margin:-margin]
    feature = ((guess - truth).square().mean((0, 2, 3)) * weight).sum()
    flat_guess, flat_truth = guess.flatten(2), truth.flatten(2)
    gram_guess = flat_guess @ flat_guess.mT
    gram_truth = flat_truth @ flat_truth.mT
    root = weight.sqrt() / weight.sqrt().max()
    scaled = (gram_guess - gram_truth) * root[:, None] * root
    reference = gram_truth * root[:, None] * root
    relative = scaled.square().sum((1, 2)) / reference.square().sum((1, 2))
    return feature + 0.3 * relative.mean()


def train(folder: Path, minutes: float, seed: int) -> DescriptorNet:
    """AdamW with a cosine over the wall clock; bfloat16 where the processor is faster with it."""
    torch.manual_seed(seed)
    rng = np.random.default_rng(seed + 1)
    net = DescriptorNet().to(memory_format=torch.channels_last)
    dataset = Dataset(folder)
    weights = dataset.channel_weights()
    optimizer = torch.optim.AdamW(net.parameters(), 3e-3, weight_decay=1e-4)
    start = time.monotonic()
    losses: list[list[float]] = []
    while (progress := (time.monotonic() - start) / (60 * minutes)) < 1:
        optimizer.param_groups[0]["lr"] = 3e-3 * max(
            1e-2, min(1.0, len(losses) / 100) * (1 + np.cos(np.pi * progress)) / 2
        )
        images, truths = dataset.batch(8, rng)
        with torch.autocast("cpu", torch.bfloat16):
            guesses = net(images.contiguous(memory_format=torch.channels_last))
        parts = [level_loss(*each) for each in zip(guesses, truths, weights, strict=True)]
        optimizer.zero_grad()
        sum(parts).backward()
        torch.nn.utils.clip_grad_norm_(net.parameters(), 5.0)
        optimizer.step()
        losses.append([float(part.detach()) for part in parts])
        if len(losses) % 100 == 0:
            recent = np.mean(losses[-100:], 0).round(4).tolist()
            click.echo(f"{len(losses)} {time.monotonic() - start:.0f} s {recent}")
            torch.save(net.state_dict(), folder / "net.pt")
    return net


@click.command()
@click.option("--work", type=click.Path(path_type=Path), default=Path(tempfile.gettempdir()) / "facetex-descriptor", help="folder of crops and checkpoints")
@click.option("--crops", default=2880, help="number of training crops to make")
@click.option("--minutes", default=12.0, help="length of the training")
@click.option("--seed", default=0)
@click.option("--output", type=click.Path(path_type=Path), default=FILES / "descriptor.onnx")
def main(work: Path, crops: int, minutes: float, seed: int, output: Path) -> None:
    """Make the data set (unless it is there), train, and write the ONNX file."""
    torch.set_num_threads(1)
    if not (work / "directions.npz").exists():
        make_dataset(work, crops, seed)
    net = train(work, minutes, seed)
    torch.save(net.state_dict(), work / "net.pt")
    export(net.float().to(memory_format=torch.contiguous_format), output)


if __name__ == "__main__":
    main()
