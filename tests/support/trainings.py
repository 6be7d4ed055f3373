"""Twenty steps of a training on data made up here."""

from functools import cache

import msgspec
import numpy as np
from training.common.log import read
from training.common.loop import Machine, Schedule
from training.common.steps import Run

SCHEDULE = Schedule(steps=20, rate=2e-3, warm_up=2, every=10)
"""What a smoke test trains."""


def short_run(name: str, settings: msgspec.Struct, folder) -> Run:
    """A step's argument, on the processor, in one process."""
    return Run(settings, folder, name, Machine("cpu", workers=0))


def losses(folder) -> list[float]:
    """What the log says of the twenty steps: the mean of the first ten, and of the others."""
    rows = [row for row in read(folder / "log.jsonl") if "loss" in row]
    assert [row["step"] for row in rows] == [10, 20]
    return [row["loss"] for row in rows]


def shipped_settings(package: str, kind: type):
    """settings.toml of a package, which has to be of its kind."""
    from training.common.data import ROOT
    from training.common.steps import read_settings

    return read_settings(kind, ROOT / "model_zoo/training" / package / "settings.toml")


@cache
def bare_heads(count: int) -> list[dict[str, np.ndarray]]:
    """Pictures of the world and their truth: heads without hair, photographed skins or panoramas."""
    from training.common.portraits import basis
    from training.world.figure import Maker, Wardrobe
    from training.world.render import shot
    from training.world.settings import Settings

    settings = msgspec.structs.replace(shipped_settings("world", Settings), side=96, texels=128, heads=count, yaw=20.0)
    maker = Maker(basis(with_colour=True), Wardrobe.empty(), settings.texels)
    return [shot(maker, number, settings) for number in range(count)]
