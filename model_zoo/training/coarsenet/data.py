"""The heads that CoarseNet learns from: pictures of the rendered world, and what is true of them in the model's terms."""

from pathlib import Path
from typing import Annotated

import click
import msgspec
from msgspec import Meta
from tqdm import tqdm

from training.coarsenet.truth import Row, Truths
from training.common.data import save_arrays
from training.common.loop import Schedule
from training.common.making import needed, stacked
from training.common.portraits import basis
from training.common.steps import Run
from training.world.settings import Degradation
from training.world.shards import World

NUMBERS = ("shape", "expression", "points", "intrinsics", "world_to_camera")


class Settings(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """settings.toml."""

    first_batch: Annotated[int, Meta(ge=1)]
    """Heads of a step of `begin`, which looks at each once."""
    batch: Annotated[int, Meta(ge=1)]
    """Heads of a step of `train`."""
    passes: Annotated[int, Meta(ge=1)]
    """Looks at each in `train`."""
    held: Annotated[int, Meta(ge=1)] = 200
    """Heads that nothing is learned from: the first ones of the world."""
    begin: Schedule
    train: Schedule
    degradation: Degradation


def world_folder(run: Run[Settings]) -> Path:
    """Of the rendered heads."""
    return needed(run.of("world") / "shards", "world render")


def heads(run: Run[Settings]) -> None:
    """Writes heads/*.npz, one for each file of the world that has none yet."""
    folder = run.work / "heads"
    folder.mkdir(exist_ok=True)
    world, truths = World(world_folder(run), NUMBERS), Truths(basis(with_colour=False))
    for path, first, end in tqdm(list(zip(world.paths, world.starts, world.starts[1:], strict=False)), unit="file"):
        if not (folder / f"{path.stem}.npz").exists():
            save_arrays(folder / f"{path.stem}.npz", stacked([numbers_of(world[k], truths) for k in range(first, end)]))
    click.echo(f"{len(list(folder.glob('*.npz')))} files of heads")


def numbers_of(item: Row, truths: Truths) -> Row:
    """What a crop needs of a picture, beside its pixels."""
    kept = {"expression": item["expression"], "landmarks": item["points"][:68], "intrinsics": item["intrinsics"]}
    return truths.of(item) | kept
