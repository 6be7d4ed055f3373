"""Trains the small descriptor: features F with F F^T ~ P^T G P, where G are the correlations of VGG-19."""

import tempfile
import time
from pathlib import Path

import click
import numpy as np
import torch
from descriptor_data import make_crops, read_sources
from descriptor_net import CHANNELS, LEVELS, DescriptorNet, export
from descriptor_teacher import Teacher, channel_products, principal_directions, project
from shared_data import DATA
from timed_training import make_model, schedule

FILES = Path(__file__).parents[1] / "facetex_model_zoo" / "files"
WORK = Path(tempfile.gettempdir()) / "facetex-descriptor"
CROP = 160
# The student pads with zeros and the teacher by reflection: this margin is not scored.
MARGIN = 16
BATCH = 4
LEARNING_RATE = 6e-3


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
        principal_directions(total / count, channels) for total, count, channels in zip(sums, positions, CHANNELS, strict=True)
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
    sources = read_sources(DATA)
    teacher = Teacher(DATA / "models" / "features")
    first = make_crops(sources, 192, CROP, rng)
    directions = measure_directions(teacher, first)
    np.savez(folder / "directions.npz", **dict(zip(LEVELS, directions, strict=True)))
    for count in range(crops // 96):
        write_targets(teacher, make_crops(sources, 96, CROP, rng), folder, count)
        click.echo(f"chunk {count}")


class Dataset:
    """The chunks of a folder, memory-mapped."""

    def __init__(self, folder: Path) -> None:
        """Opens the files that `write_targets` wrote."""
        count = len(list(folder.glob("image_*.npy")))
        self.chunks = [
            {name: np.load(folder / f"{name}_{index:03d}.npy", mmap_mode="r") for name in ("image", *LEVELS)}
            for index in range(count)
        ]
        self.length = sum(len(chunk["image"]) for chunk in self.chunks)

    def batch(self, size: int, rng: np.random.Generator) -> tuple[torch.Tensor, list[torch.Tensor]]:
        """Random crops of one chunk."""
        chunk = self.chunks[rng.integers(len(self.chunks))]
        picks = np.sort(rng.choice(len(chunk["image"]), size, replace=False))
        images = torch.from_numpy(chunk["image"][picks].astype(np.float32) / 255)
        return images, [torch.from_numpy(chunk[name][picks].astype(np.float32)) for name in LEVELS]

    def channel_squares(self) -> list[torch.Tensor]:
        """Mean square of each channel of the targets."""
        return [
            torch.from_numpy(
                np.mean([np.square(chunk[name].astype(np.float32)).mean((0, 2, 3)) for chunk in self.chunks[:4]], 0)
            )
            for name in LEVELS
        ]


def level_loss(guess: torch.Tensor, truth: torch.Tensor, squares: torch.Tensor) -> torch.Tensor:
    """Relative squared error of the features, and of the correlations of each crop.

    Relative by crop and channel: plain squares would see noisy crops and the mean colour only. A channel's share
    is the root of its mean square, so that the weak directions, which carry the texture, count.
    """
    margin = MARGIN * guess.shape[-1] // CROP
    guess = guess.float()[..., margin:-margin, margin:-margin]
    truth = truth[..., margin:-margin, margin:-margin]
    share = squares.sqrt() / squares.sqrt().sum()
    reference = truth.square().mean((2, 3)) + 0.1 * squares
    feature = ((guess - truth).square().mean((2, 3)) / reference * share).sum(1)
    flat_guess, flat_truth = (each.flatten(2) / reference.pow(0.25)[..., None] for each in (guess, truth))
    wanted = flat_truth @ flat_truth.mT
    wrong = flat_guess @ flat_guess.mT - wanted
    return (feature + 0.3 * wrong.square().sum((1, 2)) / wanted.square().sum((1, 2))).mean()


def train(net: DescriptorNet, work: Path, minutes: float, seed: int, *, further: bool) -> None:
    """AdamW over the wall clock, in bfloat16.

    The normalisations learn for the first third only, and not at all where the training goes `further`: their
    statistics change from batch to batch; when they were stopped, the loss of conv1_1 fell from 0.27 to 0.07 at once.
    """
    rng = np.random.default_rng(seed + 1)
    net.to(memory_format=torch.channels_last)
    peak = LEARNING_RATE / 3 if further else LEARNING_RATE
    dataset = Dataset(work)
    squares = dataset.channel_squares()
    optimizer = torch.optim.AdamW(net.parameters(), peak, weight_decay=1e-4)
    start = time.monotonic()
    losses: list[list[float]] = []
    while (progress := (time.monotonic() - start) / (60 * minutes)) < 1:
        schedule(optimizer, progress, len(losses), peak, 100)
        net.train(not further and progress < 1 / 3)
        images, truths = dataset.batch(BATCH, rng)
        with torch.autocast("cpu", torch.bfloat16):
            guesses = net(images.contiguous(memory_format=torch.channels_last))
        parts = [level_loss(*each) for each in zip(guesses, truths, squares, strict=True)]
        optimizer.zero_grad()
        torch.stack(parts).sum().backward()
        torch.nn.utils.clip_grad_norm_(net.parameters(), 5.0)
        optimizer.step()
        losses.append([float(part.detach()) for part in parts])
        if len(losses) % 200 == 0:
            recent = np.mean(losses[-200:], 0).round(4).tolist()
            click.echo(f"{len(losses)} {time.monotonic() - start:.0f} s {recent}")
            torch.save(net.state_dict(), work / "net.pt")


@click.command()
@click.option("--work", type=click.Path(path_type=Path), default=WORK, help="folder of crops and checkpoints")
@click.option("--crops", default=1920, help="number of training crops to make")
@click.option("--minutes", default=13.0, help="length of the training")
@click.option("--seed", default=0)
@click.option("--start", type=click.Path(exists=True, path_type=Path), help="weights to go on from")
@click.option("--output", type=click.Path(path_type=Path), default=FILES / "descriptor.onnx")
def main(work: Path, crops: int, minutes: float, seed: int, start: Path | None, output: Path) -> None:
    """Make the data set (unless it is there), train, and write the ONNX file."""
    torch.set_num_threads(1)
    if not (work / "directions.npz").exists():
        make_dataset(work, crops, seed)
    make_model(DescriptorNet, train, export, work=work, minutes=minutes, seed=seed, start=start, output=output)


if __name__ == "__main__":
    main()
