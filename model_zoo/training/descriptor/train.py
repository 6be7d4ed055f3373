"""Trains the small descriptor: features F with F F^T ~ P^T G P, where G are the correlations of VGG-19."""

import numpy as np
import torch
from torch import Tensor

from training.common.export import load, save
from training.common.loop import learn
from training.common.steps import Run
from training.descriptor.data import CROP, Examples, Settings
from training.descriptor.net import DescriptorNet
from training.descriptor.net import export as write

# The student pads with zeros and the teacher by reflection: this margin is not scored.
MARGIN = 16


def level_loss(guess: Tensor, truth: Tensor, squares: Tensor) -> Tensor:
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


class Task:
    """The features of every level."""

    def __init__(self, examples: Examples, count: int) -> None:
        self.examples, self.count = examples, count
        self.squares = examples.channel_squares()

    def batch(self, rng: np.random.Generator) -> tuple[Tensor, list[Tensor]]:
        """Crops and the teacher's features."""
        return self.examples.batch(self.count, rng)

    def losses(self, net: DescriptorNet, batch: tuple[Tensor, list[Tensor]]) -> dict[str, Tensor]:
        """The sum, and each level's."""
        images, truths = batch
        squares = [each.to(images.device) for each in self.squares]
        levels = [level_loss(*each) for each in zip(net(images), truths, squares, strict=True)]
        return {"loss": torch.stack(levels).sum()} | {f"level {number}": level for number, level in enumerate(levels, 1)}

    def judge(self, net: DescriptorNet) -> dict[str, float]:  # noqa: ARG002
        """Nothing is held out: eval.py measures on other portraits."""
        return {}


def train(run: Run[Settings]) -> None:
    """Writes weights.npz."""
    torch.manual_seed(run.settings.seed)
    task = Task(Examples(run.work), run.settings.batch)
    save(learn(DescriptorNet(), task, run.settings.train, run.work, run.machine), run.work / "weights.npz")


def export(run: Run[Settings]) -> None:
    """Writes descriptor.onnx."""
    net = DescriptorNet()
    load(net, run.work / "weights.npz")
    write(net, run.work / "descriptor.onnx")
