"""What the landmark net learns from and is measured on: a file of pictures a step, in the model's folder of work."""

from functools import partial
from pathlib import Path
from typing import Annotated

import click
import msgspec
import numpy as np
from msgspec import Meta

from training.common.data import save_arrays
from training.common.loop import Schedule
from training.common.making import needed, spread, stacked
from training.common.steps import Run
from training.landmarks.backgrounds import pool
from training.landmarks.heads import sampler, seen_marks, views
from training.landmarks.labels import Row, label_photo, photographs
from training.landmarks.morphs import Portrait, morph, pairs
from training.landmarks.skins import write_skin
from training.landmarks.turned import turned

LEARNED, TESTED, HARDER = "bank", "dev", "extra"
"""Folders of `photos`."""
Count = Annotated[int, Meta(ge=1)]


class Mining(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How false faces are looked for."""

    portraits: Count = 1000
    """Pictures with a face, beside which they are looked for."""
    backgrounds: Count = 1000
    """Pictures without one."""
    least: Annotated[float, Meta(ge=0, le=1)] = 0.05
    """Score from which a false face is kept."""
    seed: int = 5


class Settings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """settings.toml."""

    train: Schedule
    refine: Schedule
    """With the false faces that were mined."""
    mine: Mining = Mining()
    photos: Annotated[int, Meta(ge=0)] = 0
    """Of every folder, for a small run; 0: all."""
    morphs: Count = 1104
    views: Count = 4
    """Turned pictures of every portrait."""
    morph_views: Count = 1
    heads: Count = 400
    test_heads: Count = 60
    head_views: Count = 5
    mark_heads: Count = 60
    """Heads by which the marks of the sampled ones are moved to where the teachers see them."""
    faces: Count = 48
    """Of a batch."""
    others: Count = 16
    """Crops of a batch that are no face."""


def paths_of(folder: str, run: Run[Settings]) -> list[Path]:
    """The photographs that a run uses."""
    return photographs(folder)[: run.settings.photos or None]


def read_rows(path: Path) -> list[Row]:
    """What `stacked` put together."""
    with np.load(path, allow_pickle=False) as arrays:
        columns = {name: arrays[name] for name in arrays.files}
    return [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]


def write(run: Run[Settings], name: str, rows: list[Row]) -> None:
    """A file of rows."""
    save_arrays(run.work / f"{name}.npz", stacked(rows))
    click.echo(f"{name}: {len(rows)}")


def labels(run: Run[Settings]) -> None:
    """The photographs of each folder with their points."""
    for folder in (LEARNED, TESTED, HARDER):
        paths = paths_of(folder, run)
        rows = list(spread(label_photo, paths, run.jobs, folder))
        for path in (path for path, row in zip(paths, rows, strict=True) if not row):
            click.echo(f"no face: {path.name}")
        write(run, folder, [row for row in rows if row])


def morphs(run: Run[Settings]) -> None:
    """Faces between two of those that teach."""
    rows = read_rows(needed(run.work / "bank.npz", "landmarks labels"))
    portraits = [Portrait(row["rgb"], row["mask"], row["dense"][:, :2]) for row in rows]
    chosen = pairs([str(row["names"]) for row in rows], run.settings.morphs)
    items = [(number, portraits[one], portraits[other]) for number, (one, other) in enumerate(chosen)]
    write(run, "morphs", list(spread(morph, items, run.jobs, "morphs")))


def turn(run: Run[Settings]) -> None:
    """Portraits and faces between two, seen from the side by their own geometry."""
    counts = {LEARNED: run.settings.views, "morphs": run.settings.morph_views, TESTED: run.settings.views}
    for name, count in counts.items():
        rows = read_rows(needed(run.work / f"{name}.npz", f"landmarks {'morphs' if name == 'morphs' else 'labels'}"))
        made = spread(partial(turned, views=count), list(enumerate(rows)), run.jobs, f"{name} turned")
        write(run, f"turned_{name}", [row for views in made for row in views])


def skins(run: Run[Settings]) -> None:
    """What the heads wear."""
    for folder in (LEARNED, TESTED):
        target = skins_of(folder, run)
        target.mkdir(exist_ok=True)
        for line in spread(partial(write_skin, folder=target), paths_of(folder, run), run.jobs, f"skins of {folder}"):
            if line:
                click.echo(line)


def skins_of(folder: str, run: Run[Settings]) -> Path:
    """Where the skins of a folder's portraits lie."""
    return run.work / f"textures_{folder}"


def heads(run: Run[Settings]) -> None:
    """Heads sampled from the face basis: those that teach, and others that test, with skins of other people."""
    marks = seen_marks(sampler(needed(skins_of(LEARNED, run), "landmarks skins")), run.settings.mark_heads)
    for seed, (folder, count) in enumerate(((LEARNED, run.settings.heads), (TESTED, run.settings.test_heads))):
        work = partial(views, skins=skins_of(folder, run), marks=marks, count=run.settings.head_views)
        made = spread(work, [(seed, number) for number in range(count)], run.jobs, f"heads like {folder}")
        write(run, f"heads_{folder}", [row for rows in made for row in rows])


def backgrounds(run: Run[Settings]) -> None:
    """What is no face."""
    pictures = pool(needed(run.work / "bank.npz", "landmarks labels"))
    save_arrays(run.work / "backgrounds.npz", {f"{number:05d}": picture for number, picture in enumerate(pictures)})
    click.echo(f"{len(pictures)} backgrounds")
