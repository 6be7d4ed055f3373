"""The steps by which a model is made from the data, and the command that takes them: python -m training.MODEL STEP.

`all` takes every step in order and leaves out those that were done with the same settings.
"""

import hashlib
import shutil
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Generic, TypeVar

import click
import cv2
import msgspec
import torch

from training.common.data import DATA, FILES, WORK
from training.common.loop import Machine

Settings = TypeVar("Settings", bound=msgspec.Struct)


@dataclass(frozen=True)
class Run(Generic[Settings]):
    """What a step is given."""

    settings: Settings
    root: Path
    """The folder of all models' work."""
    name: str
    """The model's."""
    machine: Machine = field(default_factory=Machine)
    jobs: int = 1
    """Processes that make the data."""

    @property
    def work(self) -> Path:
        """The model's own folder."""
        return self.of(self.name)

    def of(self, model: str) -> Path:
        """The folder of a model."""
        folder = self.root / model
        folder.mkdir(parents=True, exist_ok=True)
        return folder


Step = Callable[[Run[Settings]], None]


@dataclass(frozen=True)
class Model(Generic[Settings]):
    """A model that ships."""

    file: str
    """The name of what the steps write into the model's folder; empty where it is data for others and does not ship."""
    settings: type[Settings]
    """Read from settings.toml beside the package's steps."""
    steps: Mapping[str, Step[Settings]]

    def take(self, step: str, run: Run[Settings]) -> None:
        """One step; notes that it was done."""
        self.steps[step](run)
        self._mark(step, run).write_text(self._hash(run), "utf-8")

    def take_all(self, run: Run[Settings]) -> None:
        """What is not done yet, and every step after the first of those."""
        done = [self._is_done(step, run) for step in self.steps]
        first = done.index(False) if False in done else len(done)
        for number, step in enumerate(self.steps):
            click.echo(f"{run.name}: {step}" + (" is done" if number < first else ""))
            if number >= first:
                self.take(step, run)

    def install(self, run: Run[Settings]) -> None:
        """Puts the file that was made in the place of the one that ships."""
        shutil.copyfile(run.work / self.file, FILES / self.file)

    def _is_done(self, step: str, run: Run[Settings]) -> bool:
        mark = self._mark(step, run)
        return mark.exists() and mark.read_text("utf-8") == self._hash(run)

    def _mark(self, step: str, run: Run[Settings]) -> Path:
        return run.work / f".{step}.done"

    def _hash(self, run: Run[Settings]) -> str:
        return hashlib.sha256(msgspec.json.encode(run.settings)).hexdigest()


def read_settings(kind: type[Settings], path: Path) -> Settings:
    """A TOML file; ends with one line where a name or a value is wrong."""
    try:
        return msgspec.toml.decode(path.read_bytes(), type=kind)
    except (OSError, msgspec.DecodeError) as error:
        raise click.UsageError(f"{path}: {error}") from None


def command(package: Path, model: Model[Settings]) -> click.Command:
    """The command of a package, whose folder holds settings.toml."""

    @click.command(
        package.name, help=f"Makes {model.file or 'data'}: {', '.join(model.steps)}; all: these in order; install: ships it."
    )
    @click.argument("step", type=click.Choice([*model.steps, "all", *(["install"] if model.file else [])]))
    @click.option("--work", type=click.Path(path_type=Path), default=WORK, help="Folder of caches and checkpoints.")
    @click.option("--settings", type=click.Path(path_type=Path), default=package / "settings.toml", help="TOML.")
    @click.option("--device", default="auto", show_default=True, help="cpu, cuda, cuda:1 ...; auto: CUDA where there is one.")
    @click.option("--workers", default=1, show_default=True, help="Processes that draw batches.")
    @click.option("--threads", default=1, show_default=True, help="Of the processor, for the network.")
    @click.option("--jobs", default=1, show_default=True, help="Processes that make the data.")
    def main(step: str, work: Path, settings: Path, device: str, workers: int, threads: int, jobs: int) -> None:
        if not DATA.is_dir():
            raise click.UsageError("the data are not there: FACETEX_SHARED names the folder that holds them")
        cv2.setNumThreads(1)
        machine = Machine(device, workers, threads)
        run = Run(read_settings(model.settings, settings), work, package.name, machine, jobs)
        torch.manual_seed(0)
        if step == "all":
            model.take_all(run)
        elif step == "install":
            model.install(run)
        else:
            model.take(step, run)

    return main


def start(file: str, model: Model[Settings]) -> None:
    """What `__main__.py` of a package calls."""
    command(Path(file).resolve().parent, model)(prog_name=f"python -m training.{Path(file).resolve().parent.name}")
    sys.exit()
