"""What the face finder learns from: pictures of the landmark net (labels, turned, backgrounds), and heads of the world."""

from typing import Annotated

import msgspec
import numpy as np
from jaxtyping import UInt8
from msgspec import Meta

from training.common.loop import Schedule
from training.common.making import needed
from training.common.steps import Run
from training.faces.pictures import SIZE, Pictures
from training.landmarks.data import Mining
from training.landmarks.sources import Backgrounds, load_portraits, load_turned, load_world


class Settings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """settings.toml."""

    train: Schedule
    refine: Schedule
    """With the false faces that were mined."""
    mine: Mining = Mining()
    batch: Annotated[int, Meta(ge=1)] = 24
    heads: Annotated[int, Meta(ge=1)] = 3000
    """Of the world."""


def read_pictures(run: Run[Settings], mined: UInt8[np.ndarray, "n 112 112 3"]) -> Pictures:
    """From the landmarks' folder of work."""
    folder = run.of("landmarks")
    front = load_portraits(needed(folder / "bank.npz", "landmarks labels"))
    sides = load_turned(needed(folder / "turned_bank.npz", "landmarks turned"))
    sides += load_world(run.of("world"), run.settings.heads)
    return Pictures(front, sides, Backgrounds(needed(folder / "backgrounds.npz", "landmarks backgrounds"), SIZE), mined)
