"""Files of pictures and their truth: HDF5, chunked and compressed by picture, written whole or not at all."""

import os
from collections.abc import Iterable, Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import cache
from multiprocessing import get_context
from pathlib import Path
from typing import TYPE_CHECKING, Any

import cv2
import h5py
import numpy as np
from jaxtyping import Shaped
from tqdm import tqdm

from facetex_core.io.atomic import replacing
from training.common.portraits import basis
from training.common.steps import Run
from training.world.figure import Maker, Wardrobe
from training.world.render import Arrays, shot
from training.world.settings import Settings

if TYPE_CHECKING:
    from multiprocessing.queues import Queue


def write_shard(path: Path, pictures: Iterable[Arrays], count: int) -> None:
    """One file; its fields get their shapes from the first picture."""
    with replacing(path) as half, h5py.File(half, "w") as file:
        for number, fields in enumerate(pictures):
            for name, value in fields.items():
                if number == 0:
                    packed: dict[str, Any] = {"compression": "lzf", "shuffle": True} if np.ndim(value) else {}
                    file.create_dataset(name, (count, *np.shape(value)), value.dtype, chunks=(1, *np.shape(value)), **packed)
                file[name][number] = value


class World(Sequence[Arrays]):
    """The pictures of a folder; a file is opened in the process that reads it."""

    def __init__(self, folder: Path, fields: tuple[str, ...] = ()) -> None:
        self.paths, self.fields = sorted(folder.glob("*.h5")), fields
        self.starts = np.cumsum([0, *(_count(path) for path in self.paths)])
        self._open: dict[tuple[int, Path], h5py.File] = {}

    def __len__(self) -> int:
        """Of all files."""
        return int(self.starts[-1])

    def __getitem__(self, index: int) -> Arrays:  # type: ignore[override]  # no slices
        """The fields asked for, or all; depth in metres from the camera, 0 outside of the head, and normals of length 1."""
        if not 0 <= index < len(self):
            raise IndexError(index)
        shard = int(np.searchsorted(self.starts, index, "right")) - 1
        file, row = self._file(self.paths[shard]), index - int(self.starts[shard])
        return {name: _decoded(name, file, row) for name in self.fields or tuple(file)}

    def _file(self, path: Path) -> h5py.File:
        key = os.getpid(), path
        if key not in self._open:
            self._open[key] = h5py.File(path)
        return self._open[key]

    def __getstate__(self) -> dict[str, Any]:
        """Without open files."""
        return {**self.__dict__, "_open": {}}


def _count(path: Path) -> int:
    with h5py.File(path) as file:
        return len(file["number"])


def _decoded(name: str, file: h5py.File, row: int) -> Shaped[np.ndarray, "..."]:
    value = np.asarray(file[name][row])
    if name == "depth":
        inside = file["triangle"][row] >= 0
        return np.where(inside, value.astype(np.float32) + np.float32(file["origin"][row]), 0)
    if name == "normals":
        normals = value.astype(np.float32)
        return normals / np.maximum(np.linalg.norm(normals, axis=-1, keepdims=True), 1e-6)
    return value


@cache
def maker(assets: Path, texels: int) -> Maker:
    """A process's own."""
    cv2.setNumThreads(1)
    return Maker(basis(with_colour=True), Wardrobe.read(assets), texels)


def make_shard(path: Path, assets: Path, settings: Settings, first: int, count: int) -> Path:
    """Pictures from a number on, unless the file is there."""
    if not path.exists():
        own = maker(assets, settings.texels)
        write_shard(path, (shot(own, first + k, settings) for k in range(count)), count)
    return path


def _to_one_core(numbers: "Queue[int]") -> None:
    """Each process on a core of its own: the ray caster starts a thread a core, and two such processes take twice as long."""
    if hasattr(os, "sched_setaffinity"):
        cores = sorted(os.sched_getaffinity(0))
        os.sched_setaffinity(0, {cores[numbers.get() % len(cores)]})


def render(run: Run[Settings]) -> None:
    """Writes shards/*.h5."""
    settings, folder = run.settings, run.work / "shards"
    whole = settings.heads * settings.views
    firsts = range(0, whole, settings.shard)
    context = get_context("spawn")  # threads of libraries do not survive a fork
    numbers = context.Queue()
    for number in range(run.jobs):
        numbers.put(number)
    with ProcessPoolExecutor(run.jobs, context, _to_one_core, (numbers,)) as pool:
        jobs = [
            pool.submit(
                make_shard, folder / f"{first:07}.h5", run.work / "assets", settings, first, min(settings.shard, whole - first)
            )
            for first in firsts
        ]
        for job in tqdm(jobs, unit="shard"):
            job.result()
