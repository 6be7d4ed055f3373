"""What trainings of geometry need of the world's pictures beside their pixels, written once: one file for each shard."""

from pathlib import Path
from typing import Any

import click
import numpy as np
from jaxtyping import UInt8
from tqdm import tqdm

from facetex_core.geometry.camera import project
from facetex_core.structures import Camera, MorphableModel
from training.common.data import save_arrays
from training.common.making import needed, stacked
from training.common.portraits import basis
from training.common.steps import Run
from training.world.model_truth import Row, Truths
from training.world.places import places
from training.world.render import Arrays
from training.world.shards import World

FIELDS = ("shape", "expression", "intrinsics", "world_to_camera")
KEPT = ("expression", "intrinsics")


def write_truths(run: Run[Any]) -> None:
    """Writes truths/*.npz, one for each shard that has none yet."""
    folder = run.of("world") / "truths"
    folder.mkdir(exist_ok=True)
    world, model = World(needed(run.of("world") / "shards", "world render"), FIELDS), basis(with_colour=True)
    truths = Truths(model)
    for path, first, end in tqdm(list(zip(world.paths, world.starts, world.starts[1:], strict=False)), unit="file"):
        if not (folder / f"{path.stem}.npz").exists():
            rows = [world[k] for k in range(first, end)]
            save_arrays(folder / f"{path.stem}.npz", stacked([true_of(row, truths, model) for row in rows]))
    click.echo(f"{len(list(folder.glob('*.npz')))} files of truths")


def true_of(item: Arrays, truths: Truths, model: MorphableModel) -> Row:
    """Identity and camera in the frame of the mean head; places of the head in pixels; expression and intrinsics."""
    head = model.mean + item["shape"] + np.tensordot(item["expression"], model.expression, 1)
    points = places().of(head, model)
    camera = Camera(item["intrinsics"], item["world_to_camera"], (1, 1))
    seen = project(camera, points.astype(np.float32)).astype(np.float32)
    return truths.of(item) | {"places": seen} | {name: item[name] for name in KEPT}


class KnownHeads:
    """Pictures of the world that have truths, by a number of their own."""

    def __init__(self, world: Path) -> None:
        folder = world / "truths"
        self.world = World(needed(world / "shards", "world render"), ("picture",))
        files = {path.stem: path for path in folder.glob("*.npz")}
        shards = [number for number, path in enumerate(self.world.paths) if path.stem in files]
        if not shards:
            needed(folder / "*.npz", "world truths")
        starts = self.world.starts
        self.places = np.concatenate([np.arange(starts[number], starts[number + 1]) for number in shards])
        self.numbers = _joined([files[self.world.paths[number].stem] for number in shards])

    def __len__(self) -> int:
        """How many there are."""
        return len(self.places)

    def picture(self, number: int) -> UInt8[np.ndarray, "side side 3"]:
        """One of them."""
        return np.asarray(self.world[int(self.places[number])]["picture"])

    def row(self, number: int) -> Row:
        """What is true of one."""
        return {name: values[number] for name, values in self.numbers.items()}


def _joined(files: list[Path]) -> Row:
    rows = []
    for path in files:
        with np.load(path, allow_pickle=False) as arrays:
            rows.append(dict(arrays))
    return {name: np.concatenate([row[name] for row in rows]) for name in rows[0]}
