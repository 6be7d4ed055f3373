"""One loop for every network: by steps, on any device, the same weights from the same seed, resumed where it was stopped.

The batch of a step is drawn from the seed and the number of the step alone, so neither the speed of a machine, nor a stop,
nor the number of processes that draw changes what is learned.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Generic, Protocol, TypeVar

import msgspec
import numpy as np
import torch
from msgspec import Meta
from torch import Tensor, nn
from torch.optim.swa_utils import AveragedModel
from torch.utils.data import DataLoader, Dataset
from tqdm import tqdm

from training.common.log import Log

Batch = TypeVar("Batch")
Net = TypeVar("Net", bound=nn.Module)
Net_contra = TypeVar("Net_contra", bound=nn.Module, contravariant=True)
EVERY = 10
"""Steps between rows of the log, which hold means."""


class Schedule(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """AdamW: a short warm-up, then a cosine to nothing."""

    steps: Annotated[int, Meta(ge=1)]
    rate: Annotated[float, Meta(gt=0)]
    """The highest learning rate."""
    warm_up: Annotated[int, Meta(ge=1)] = 200
    """Steps."""
    weight_decay: Annotated[float, Meta(ge=0)] = 0.02
    clip: Annotated[float, Meta(gt=0)] = 10.0
    """The largest norm of a gradient."""
    settle: Annotated[float, Meta(ge=0, le=1)] = 1.0
    """Share of the steps after which normalisations stand still, as they will in use."""
    every: Annotated[int, Meta(ge=1)] = 500
    """Steps between checkpoints."""
    seed: int = 0

    def rate_at(self, step: int) -> float:
        """The learning rate of a step."""
        return self.rate * min(1, (step + 1) / self.warm_up) * 0.5 * (1 + math.cos(math.pi * step / self.steps))


@dataclass(frozen=True)
class Machine:
    """What a training runs on."""

    device: str = "auto"
    """A device of torch; auto: CUDA where there is one."""
    workers: int = 1
    """Processes that draw batches; 0: the training's own draws them."""
    threads: int = 1
    """Of the processor, for the network."""

    def torch(self) -> torch.device:
        """The device."""
        chosen = "cuda" if torch.cuda.is_available() else "cpu"
        return torch.device(chosen if self.device == "auto" else self.device)


class Task(Protocol[Net_contra, Batch]):
    """What a network learns."""

    def batch(self, rng: np.random.Generator) -> Batch:
        """Tensors, in tuples, lists or dictionaries: what `losses` is given, on the device."""

    def losses(self, net: Net_contra, batch: Batch) -> dict[str, Tensor]:
        """Scalars; the first is made small, all are logged."""

    def judge(self, net: Net_contra) -> dict[str, float]:
        """Figures of the averaged weights on what is held out; {} where nothing is."""


class Batches(Dataset[Batch], Generic[Net, Batch]):
    """The batch of every step."""

    def __init__(self, task: Task[Net, Batch], seed: int) -> None:
        self.task, self.seed = task, seed

    def __getitem__(self, step: int) -> Batch:
        """Drawn from the seed and the step."""
        return self.task.batch(np.random.default_rng([self.seed, step]))


def on_device(value: Any, device: torch.device) -> Any:  # noqa: ANN401  # a tree
    """A batch on the device, pictures with their channels last."""
    if isinstance(value, Tensor):
        layout = torch.channels_last if value.ndim == 4 and value.is_floating_point() else torch.preserve_format
        return value.to(device, non_blocking=True, memory_format=layout)
    if isinstance(value, dict):
        return {name: on_device(each, device) for name, each in value.items()}
    if isinstance(value, tuple | list):
        return type(value)(on_device(each, device) for each in value)
    return value


def mean_so_far(mean: Tensor, new: Tensor, count: Tensor | int) -> Tensor:
    """A running mean of the weights, quick at first."""
    decay = min(0.999, (int(count) + 1) / (int(count) + 20))
    return mean.lerp(new, 1 - decay) if mean.is_floating_point() else new


def autocast(device: torch.device) -> torch.autocast:
    """Brain floats where they are quick: a processor that has no instructions for them takes eight times as long by them."""
    quick = device.type != "cpu" or torch.cpu._is_avx512_bf16_supported()  # noqa: SLF001
    return torch.autocast(device.type, torch.bfloat16, enabled=quick)


class Training(Generic[Net, Batch]):
    """The state of a training: weights, their mean, the optimizer's moments, the next step."""

    def __init__(self, net: Net, schedule: Schedule, device: torch.device) -> None:
        self.schedule, self.device, self.step = schedule, device, 0
        self.net = net.to(device, memory_format=torch.channels_last)  # type: ignore[call-overload]  # torch's stub
        self.mean = AveragedModel(self.net, avg_fn=mean_so_far, use_buffers=True)
        self.optimizer = torch.optim.AdamW(net.parameters(), schedule.rate, weight_decay=schedule.weight_decay)

    @property
    def _parts(self) -> dict[str, Any]:
        return {"net": self.net, "mean": self.mean, "optimizer": self.optimizer}

    def save(self, path: Path) -> None:
        """A checkpoint; one that is half written never has the name."""
        state = {name: part.state_dict() for name, part in self._parts.items()}
        part = path.with_suffix(".part")
        torch.save({**state, "step": self.step, "schedule": msgspec.json.encode(self.schedule).decode()}, part)
        part.replace(path)

    def resume(self, path: Path) -> None:
        """Goes on from a checkpoint of the same schedule."""
        if not path.exists():
            return
        state = torch.load(path, map_location=self.device, weights_only=True)  # noqa: TID251  # tensors only
        if state["schedule"] == msgspec.json.encode(self.schedule).decode():
            self.step = state["step"]
            for name, part in self._parts.items():
                part.load_state_dict(state[name])

    def update(self, task: Task[Net, Batch], batch: Batch) -> dict[str, Tensor]:
        """One step."""
        for group in self.optimizer.param_groups:
            group["lr"] = self.schedule.rate_at(self.step)
        self.net.train(self.step < self.schedule.settle * self.schedule.steps)
        with autocast(self.device):
            losses = task.losses(self.net, on_device(batch, self.device))
        self.optimizer.zero_grad()
        next(iter(losses.values())).backward()  # type: ignore[no-untyped-call]
        nn.utils.clip_grad_norm_(self.net.parameters(), self.schedule.clip)
        self.optimizer.step()
        self.mean.update_parameters(self.net)
        self.step += 1
        return {name: value.detach() for name, value in losses.items()}

    def batches(self, task: Task[Net, Batch], workers: int) -> Iterator[Batch]:
        """Those of the steps that are left."""
        steps, pinned = range(self.step, self.schedule.steps), self.device.type == "cuda"
        batches = Batches(task, self.schedule.seed)
        return iter(DataLoader(batches, batch_size=None, sampler=steps, num_workers=workers, pin_memory=pinned))

    def judged(self, task: Task[Net, Batch]) -> dict[str, float]:
        """The task's figures of the averaged weights."""
        self.mean.eval()
        with torch.no_grad(), autocast(self.device):
            return task.judge(self.mean.module)  # type: ignore[arg-type]  # torch keeps the class to itself


def learn(net: Net, task: Task[Net, Any], schedule: Schedule, folder: Path, machine: Machine = Machine()) -> Net:
    """Trains in a folder, which gets `checkpoint.pt` and `log.jsonl`, and gives the averaged weights, on the processor.

    Stopped, and called again with the same schedule, it goes on from the last checkpoint and ends in the same weights.
    """
    torch.set_num_threads(machine.threads)
    folder.mkdir(parents=True, exist_ok=True)
    training: Training[Net, Any] = Training(net, schedule, machine.torch())
    training.resume(folder / "checkpoint.pt")
    log, recent = Log(folder / "log.jsonl", training.step), []
    bar = tqdm(training.batches(task, machine.workers), total=schedule.steps, initial=training.step, unit="step")
    for batch in bar:
        recent.append(training.update(task, batch))
        pause = training.step % schedule.every == 0 or training.step == schedule.steps
        if pause or training.step % EVERY == 0:
            means = {name: float(torch.stack([row[name] for row in recent]).mean()) for name in recent[0]}
            log.add(training.step, means | {"rate": schedule.rate_at(training.step - 1)})
            bar.set_postfix({name: f"{value:.4g}" for name, value in means.items()})
            recent = []
        if pause:
            log.add(training.step, {f"held out {name}": value for name, value in training.judged(task).items()})
            training.save(folder / "checkpoint.pt")
    return training.mean.module.cpu().to(memory_format=torch.contiguous_format)  # type: ignore[call-overload]
