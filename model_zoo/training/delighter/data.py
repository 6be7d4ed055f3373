"""What the delighter's network learns from: a file a head, and a file of what its skin sends back under some lights."""

import logging
import zlib
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Annotated

import msgspec
import numpy as np
from jaxtyping import Shaped
from msgspec import Meta
from tqdm import tqdm

from facetex_core import FacetexError
from training.common.data import DATA, save_arrays
from training.common.loop import Schedule
from training.common.making import needed, spread
from training.common.steps import Run
from training.delighter.heads import made_up_head, portrait_head
from training.delighter.light import mean_of, panorama, shine_on

HELD_OUT = 12
"""One head in so many is not learned from."""

Arrays = dict[str, Shaped[np.ndarray, "..."]]
Job = tuple[Callable[[], Arrays], Path]


class Settings(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """settings.toml."""

    every: Annotated[int, Meta(ge=1)] = 1
    """One portrait of so many is used; more than 1 to try the steps out."""
    made_up: Annotated[int, Meta(ge=0)]
    """Heads that do not exist."""
    lights: Annotated[int, Meta(ge=1)]
    """For each head."""
    batch: Annotated[int, Meta(ge=1)]
    judged: Annotated[int, Meta(ge=1)]
    """Pairs of a head and a light that are held out."""
    train: Schedule
    seed: int = 0


def lit(head: Path, lights: int) -> Arrays:
    """By light the planes of `shine_on` in half precision, by number; and `means` of the lights over the sphere."""
    rng = np.random.default_rng(zlib.crc32(head.stem.encode()))
    made = np.stack([panorama(rng) for _ in range(lights)])
    planes = np.clip(shine_on(read_arrays(head), made), 0, 60000).astype(np.float16)
    return {"means": mean_of(made), **{str(number): plane for number, plane in enumerate(planes)}}


def read_arrays(path: Path) -> Arrays:
    """All of a file."""
    with np.load(path, allow_pickle=False) as file:
        return dict(file)


def _write(job: Job) -> str:
    logging.getLogger("facetex").setLevel(logging.ERROR)
    make, target = job
    try:
        save_arrays(target, make())
    except FacetexError as error:
        return f"left out {error}"
    return ""


def write_all(jobs: Sequence[Job], processes: int, title: str) -> None:
    """What is there already is not made again."""
    for line in spread(_write, [job for job in jobs if not job[1].exists()], processes, title):
        if line:
            tqdm.write(line)


def make_heads(run: Run[Settings]) -> None:
    """Portraits as facetex fits and delights them, and heads that are made up."""
    folder, photos = run.of("delighter/heads"), sorted((DATA / "photos/bank").glob("*.jpg"))[:: run.settings.every]
    jobs: list[Job] = [(partial(portrait_head, path), folder / f"portrait-{path.stem}.npz") for path in photos]
    jobs += [(partial(made_up_head, seed), folder / f"made-up-{seed:03}.npz") for seed in range(run.settings.made_up)]
    write_all(jobs, run.jobs, "heads")


def make_light(run: Run[Settings]) -> None:
    """Every head under lights of its own."""
    folder = run.of("delighter/light")
    jobs: list[Job] = [(partial(lit, head, run.settings.lights), folder / head.name) for head in heads(run.work)]
    write_all(jobs, run.jobs, "light")


def heads(work: Path) -> list[Path]:
    """The files of all heads."""
    return sorted(needed(work / "heads", "delighter heads").glob("*.npz"))


def split(work: Path, *, held_out: bool) -> list[Path]:
    """The files of the heads to learn from, or of those held out."""
    return [path for number, path in enumerate(heads(work)) if (number % HELD_OUT == 0) == held_out]
