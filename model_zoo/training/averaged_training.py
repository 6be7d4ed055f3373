"""Training over wall-clock time with a running mean of the weights: the face finder's and the landmark net's."""

import copy
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import click
import cv2
import numpy as np
import torch
from torch import Tensor, nn

Net = TypeVar("Net", bound=nn.Module)


@dataclass(frozen=True)
class Plan:
    """What the command line says of a training."""

    work: Path
    minutes: float
    rate: float
    """The highest learning rate."""
    every: int
    """Steps between snapshots."""
    seed: int
    start: Path | None
    """Weights to begin from (.npz), else drawn."""

    def begin(self, threads: int) -> None:
        """Everything that is drawn follows from the seed."""
        torch.set_num_threads(threads)
        cv2.setNumThreads(1)
        torch.manual_seed(self.seed)


def plan_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """The options of `main(threads, **plan)`."""
    for option in reversed(
        (
            click.option("--work", type=click.Path(path_type=Path), required=True, help="Folder of the caches."),
            click.option("--minutes", default=40.0, show_default=True),
            click.option("--rate", default=2e-3, show_default=True, help="Highest learning rate."),
            click.option("--every", default=500, show_default=True, help="Steps between snapshots."),
            click.option("--seed", default=0, show_default=True),
            click.option("--start", type=click.Path(path_type=Path), help="Weights to go on from, .npz."),
            click.option("--threads", default=1, show_default=True),
        )
    ):
        command = option(command)
    return command


def average(target: nn.Module, net: nn.Module, step: int) -> None:
    """Running mean of the weights, quick at first."""
    decay = min(0.999, (step + 1) / (step + 20))
    with torch.no_grad():
        for kept, new in zip(target.state_dict().values(), net.state_dict().values(), strict=True):
            if kept.is_floating_point():
                kept.lerp_(new, 1 - decay)


def save(net: nn.Module, path: Path) -> None:
    """The weights as plain arrays."""
    np.savez(path, **{name: value.numpy() for name, value in net.state_dict().items()})


def load(net: nn.Module, path: Path) -> None:
    """The weights that `save` wrote."""
    with np.load(path) as rows:
        net.load_state_dict({name: torch.from_numpy(rows[name]) for name in rows.files})


def store_halved(path: Path) -> None:
    """Keeps the weights of an ONNX file in half precision; a cast before each lets the network compute in single precision."""
    import onnx
    from onnx import numpy_helper

    model = onnx.load(path)
    casts = []
    for weight in model.graph.initializer:
        values = numpy_helper.to_array(weight)
        if values.dtype == np.float32 and values.size > 64:
            name = f"{weight.name}_half"
            casts.append(onnx.helper.make_node("Cast", [name], [weight.name], to=onnx.TensorProto.FLOAT))
            weight.CopyFrom(numpy_helper.from_array(values.astype(np.float16), name))
    del model.graph.value_info[:]
    nodes = [*casts, *model.graph.node]
    del model.graph.node[:]
    model.graph.node.extend(nodes)
    onnx.checker.check_model(model)
    onnx.save(model, path)


def learn(
    net: Net, plan: Plan, loss_of: Callable[[Net], tuple[Tensor, str]], snapshot: Callable[[Net], None], *, clip: float
) -> Net:
    """One schedule: short warm-up, then a cosine to nothing; gives the mean of the weights.

    `loss_of` draws a batch, and says in words how it went; `snapshot` is given the mean so far.
    """
    kept = copy.deepcopy(net)
    click.echo(f"{sum(part.numel() for part in net.parameters())} parameters")
    optimizer = torch.optim.AdamW(net.parameters(), lr=plan.rate, weight_decay=0.02)
    begin, step = time.monotonic(), 0
    while (done := (time.monotonic() - begin) / (60 * plan.minutes)) < 1:
        optimizer.param_groups[0]["lr"] = plan.rate * min(1, (step + 1) / 200) * 0.5 * (1 + np.cos(np.pi * done))
        loss, words = loss_of(net)
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(net.parameters(), clip)
        optimizer.step()
        average(kept, net, step)
        if step % 50 == 0:
            click.echo(f"{step} {done:.3f} loss {loss:.3f} {words}")
        if step % plan.every == plan.every - 1:
            snapshot(kept)
        step += 1
    return kept
