"""What the trainings of descriptor.py and skin.py share: the schedule, and the way from a seed or a start to a model file."""

from collections.abc import Callable
from pathlib import Path
from typing import Protocol, TypeVar

import numpy as np
import torch
from torch import nn

Net = TypeVar("Net", bound=nn.Module)
Net_contra = TypeVar("Net_contra", bound=nn.Module, contravariant=True)


class Train(Protocol[Net_contra]):
    """Changes the weights of a net; smaller steps where it goes `further` from a start."""

    def __call__(self, net: Net_contra, work: Path, minutes: float, seed: int, *, further: bool) -> None:
        """Over `minutes`."""


def schedule(optimizer: torch.optim.Optimizer, progress: float, steps: int, peak: float, warm_up: int) -> None:
    """Warm-up over so many steps, then a cosine."""
    rate = min(1.0, (steps + 1) / warm_up) * (1 + np.cos(np.pi * progress)) / 2
    optimizer.param_groups[0]["lr"] = peak * max(rate, 1e-3)


def make_model(
    make: Callable[[], Net],
    train: Train[Net],
    export: Callable[[Net, Path], None],
    *,
    work: Path,
    minutes: float,
    seed: int,
    start: Path | None,
    output: Path,
) -> None:
    """Trains from random weights, or from those of a file, and writes the ONNX file."""
    torch.set_num_threads(1)
    torch.manual_seed(seed)
    net = make()
    if start is not None:
        net.load_state_dict(torch.load(start, weights_only=True))  # noqa: TID251  # tensors only
    train(net, work, minutes, seed, further=start is not None)
    torch.save(net.state_dict(), work / "net.pt")
    export(net.float().to(memory_format=torch.contiguous_format), output)
