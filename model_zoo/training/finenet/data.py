"""Rendered heads with true relief and bank portraits, each with the coarse head that the default fit lays over it."""

from pathlib import Path
from typing import Annotated

import msgspec
from msgspec import Meta
from tqdm import tqdm

from facetex_core.io.photo_file import load_photo
from training.common.data import DATA, ROOT, save_arrays
from training.common.loop import Schedule
from training.common.making import needed, spread, stacked
from training.common.steps import Run, read_settings
from training.finenet.crops import head_crops, laid, portrait_crop
from training.finenet.net import SEEN
from training.world.model_truth import Row
from training.world.settings import Degradation
from training.world.settings import Settings as WorldSettings
from training.world.shards import World, make_shard

FIELDS = ("picture", "depth", "relief", "normals", "label", "intrinsics", "world_to_camera", "number")
SEED = 5
"""The world's other pictures have other ones."""


class Settings(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """settings.toml."""

    heads: Annotated[int, Meta(ge=1)]
    held: Annotated[int, Meta(ge=1)]
    side: Annotated[int, Meta(ge=64, le=1024)]
    yaw: Annotated[float, Meta(ge=0, le=90)]
    crops: Annotated[int, Meta(ge=1)]
    """Of each head,"""
    window: Annotated[int, Meta(ge=16, le=SEEN)]
    """and the pixels of the part of one that is learned from at a time."""
    batch: Annotated[int, Meta(ge=1)]
    portraits: Annotated[int, Meta(ge=0)]
    """Of a batch, in the second part of the training."""
    shading: Annotated[float, Meta(ge=0)]
    fidelity: Annotated[float, Meta(ge=0)]
    smooth: Annotated[float, Meta(ge=0)]
    """Weights of the unsupervised loss beside a pixel of depth."""
    train: Schedule
    refine: Schedule
    together: Schedule
    degradation: Degradation


def pictures(run: Run[Settings]) -> None:
    """Writes shards/*.h5: pictures of the world, larger than its own."""
    s = run.settings
    world = read_settings(WorldSettings, ROOT / "model_zoo/training/world/settings.toml")
    world = msgspec.structs.replace(world, heads=s.heads, side=s.side, yaw=s.yaw, seed=SEED, texels=2 * world.texels)
    assets, folder = needed(run.of("world") / "assets", "world assets"), run.work / "shards"
    jobs = [
        (folder / f"{first:07}.h5", assets, world, first, min(world.shard, s.heads - first))
        for first in range(0, s.heads, world.shard)
    ]
    for path in spread(_make, jobs, run.jobs, "shard"):
        tqdm.write(path.name)


def _make(job: tuple[Path, Path, WorldSettings, int, int]) -> Path:
    return make_shard(*job)


def crops(run: Run[Settings]) -> None:
    """Writes crops/*.npz, a file for each shard that has none yet."""
    folder = run.work / "crops"
    folder.mkdir(exist_ok=True)
    world = World(needed(run.work / "shards", "finenet pictures"), FIELDS)
    paths = [folder / f"{shard.stem}.npz" for shard in world.paths]
    parts = zip(paths, world.starts, world.starts[1:], strict=False)
    jobs = [(world, run.settings.crops, path, range(first, end)) for path, first, end in parts if not path.exists()]
    for path in spread(_cut, jobs, run.jobs, "file"):
        tqdm.write(path.name)


def _cut(job: tuple[World, int, Path, range]) -> Path:
    """Of these heads those whose face is found."""
    world, count, path, numbers = job
    rows = [row for number in numbers for row in head_crops(world[number], count)]
    save_arrays(path, stacked(rows))
    return path


def portraits(run: Run[Settings]) -> None:
    """Writes portraits.npz of the bank's photographs and unseen.npz of some that do not teach."""
    for folder, file in (("bank", "portraits.npz"), ("dev", "unseen.npz")):
        paths = sorted(path for path in (DATA / "photos" / folder).iterdir() if path.suffix in (".jpg", ".png"))
        rows = [row for row in spread(_portrait, paths, run.jobs, folder) if row]
        save_arrays(run.work / file, stacked(rows))


def _portrait(path: Path) -> Row | None:
    one = laid(load_photo(path))
    return portrait_crop(one) if one else None
