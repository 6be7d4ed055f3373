"""Runs the photos of `facetex eval likeness`, with progress, and shows what came out."""

import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import click
import numpy as np
from facetex_model_zoo import open_bank
from jaxtyping import UInt8

from facetex_cli.tables import print_json, print_table
from facetex_core.config import load_preset
from facetex_core.errors import PhotoError
from facetex_core.geometry.camera import photo_view, portrait_camera
from facetex_core.imaging.colour import to_bytes
from facetex_core.io.photo_file import load_photo
from facetex_core.lighting.studio import studio
from facetex_core.metrics import FaceEmbedding
from facetex_core.pipeline import Pipeline
from facetex_core.registry import Registry
from facetex_core.stages import Renderer
from facetex_core.structures import Photo
from facetex_core.workbench.evaluation.likeness import LIKENESS_YAWS, Likeness, Seen, distance, likeness, person_of, vector_of
from facetex_core.workbench.evaluation.pictures import save_sheet, sheet, tile

PIXELS = 400
"""Along the sides of a render."""
SHOWN = 200
"""Rows of the sheet: a JPEG has an end."""
NO_EMBEDDING = "no plugin offers a face embedding: likeness is to be judged by eye (docs/reference/benchmarks.md says more)"


@dataclass(frozen=True, slots=True)
class Stages:
    """What every photo goes through."""

    pipeline: Pipeline
    renderer: Renderer
    embeddings: Mapping[str, FaceEmbedding]


@dataclass(frozen=True, eq=False, slots=True)
class RenderedPhoto:
    """What became of one photo."""

    photo: str
    seen: Mapping[str, Sequence[Seen]]
    """By embedding: the photo, then its renders."""
    pictures: UInt8[np.ndarray, "side wide 3"] | None = None
    failed: str = ""


def bench(fitter: str | None) -> Stages:
    """The preset `draft`, its renderer, and every face embedding that a plugin offers."""
    registry, recipe = Registry(), load_preset("draft")
    if fitter:
        recipe = recipe.choosing("fitter", fitter)
    pipeline, renderer = recipe.build(registry, open_bank(recipe.bank)), recipe.make("renderer", registry)
    return Stages(pipeline, renderer, registry.extensions.face_embeddings)


def render_photos(photos: Sequence[Path], stages: Stages, quiet: bool) -> list[RenderedPhoto]:
    """Every photo as it is, one row each."""
    from tqdm import tqdm

    hidden = quiet or not sys.stderr.isatty()
    return [_rendered(path, stages) for path in tqdm(photos, unit="photo", leave=False, file=sys.stderr, disable=hidden)]


def _rendered(path: Path, stages: Stages) -> RenderedPhoto:
    try:
        run = stages.pipeline.run(load_photo(path))
    except PhotoError as error:
        return RenderedPhoto(path.name, {}, failed=str(error))
    head, view = run.head, run.views[0]
    renders = [stages.renderer.render(head, portrait_camera(head.fit, yaw, PIXELS), studio()) for yaw in LIKENESS_YAWS]
    seen: dict[str, list[Seen]] = {}
    for name, embed in stages.embeddings.items():
        vector = vector_of(name, embed, view.photo, view.observation.face)
        seen[name] = [Seen(path.name, person_of(path.stem), None, vector)]
        seen[name] += [_seen(path, yaw, name, render, stages) for yaw, render in zip(LIKENESS_YAWS, renders, strict=True)]
    tiles = [tile(to_bytes(photo_view(head.fit, view.photo, PIXELS)[1].rgb), path.stem)]
    tiles += [tile(to_bytes(render.rgb), f"{yaw} degrees") for yaw, render in zip(LIKENESS_YAWS, renders, strict=True)]
    return RenderedPhoto(path.name, seen, np.concatenate(tiles, 1))


def _seen(path: Path, yaw: int, name: str, render: Photo, stages: Stages) -> Seen:
    faces = stages.pipeline.detector.detect(render)
    vector = vector_of(name, stages.embeddings[name], render, faces[0]) if faces else None
    return Seen(path.name, person_of(path.stem), yaw, vector)


def show(rendered: Sequence[RenderedPhoto], names: Sequence[str], out: Path | None, as_json: bool) -> None:
    """The table on stdout, or all as JSON; likeness.jpg and likeness.json in the folder."""
    seen = {name: [each for one in rendered for each in one.seen.get(name, ())] for name in names}
    rows = {name: likeness(each) for name, each in seen.items()}
    record: dict[str, object] = {
        "unit": "distance of unit vectors, 0 to 2",
        "photos": [{"photo": each.photo, "failed": each.failed} for each in rendered],
        "likeness": {name: [asdict(row) for row in each] for name, each in rows.items()},
        "distances": {name: _distances(each) for name, each in seen.items()},
    }
    pictures = [each.pictures for each in rendered if each.pictures is not None]
    if out:
        out.mkdir(parents=True, exist_ok=True)
        (out / "likeness.json").write_text(json.dumps(record, indent=2) + "\n", "utf-8")
        if pictures:
            save_sheet(out / "likeness.jpg", sheet(pictures[:SHOWN]))
    if as_json:
        print_json(record)
    elif names:
        lines = [_line(name, row) for name, each in rows.items() for row in each]
        print_table(["embedding", "yaw", "faces found", "rank 1", "own photo", "nearest other person"], lines)
    else:
        click.echo(f"{len(pictures)} of {len(rendered)} heads made; {NO_EMBEDDING}")
    for each in rendered:
        if each.failed:
            click.echo(each.failed, err=True)


def _distances(seen: Sequence[Seen]) -> list[dict[str, object]]:
    """Of every picture from every photo."""
    photos = [each for each in seen if each.yaw is None]
    return [
        {"photo": one.photo, "yaw": one.yaw, "to": {each.photo: round(distance(one, each), 4) for each in photos}}
        for one in seen
        if one.vector is not None
    ]


def _line(name: str, row: Likeness) -> list[str]:
    figures = ["-" if value is None else f"{value:.3f}" for value in (row.own, row.other)]
    rank = "-" if row.rank1 is None else f"{100 * row.rank1:.0f} %"
    return [name, str(row.yaw), f"{row.found} of {row.renders}", rank, *figures]
