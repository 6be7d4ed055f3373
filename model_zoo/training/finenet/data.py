"""Rendered heads with true relief and bank portraits, each with the coarse head that the default fit lays over it."""

from pathlib import Path

import msgspec
from tqdm import tqdm

from facetex_core.io.photo_file import load_photo
from training.common.data import DATA, ROOT, save_arrays
from training.common.making import needed, spread, stacked
from training.common.steps import Run, read_settings
from training.finenet.crops import head_crops, laid, portrait_crop
from training.finenet.settings import Settings
from training.world.model_truth import Row
from training.world.settings import Settings as WorldSettings
from training.world.shards import World, make_shard

FIELDS = ("picture", "depth", "relief", "normals", "label", "intrinsics", "world_to_camera", "number")
SEED = 5
"""The world's other pictures have other ones."""


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
