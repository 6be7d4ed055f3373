"""What each threshold of a subject moves: all others held, it is set a quarter lower and a quarter higher.

python tests/benchmarks/thresholds.py SUBJECT [NAME ...] --photos FOLDER [--every N] [--size 512]

The subjects are the files called thresholds.py (docs/reference/thresholds.md). Only the default stage that reads the file is
run again. Of what it gives, the mean change over the photos is printed, and in brackets that of the photo that changes most.
To compare with, the same for the photo saved once more as JPEG at quality 90 (its face held), and for another seed. `-`: no
photo reaches this bound, or a stage reads it that is not a default. Defaults of options are left out: `--set` moves them.

Before it, figures of the photos as they are (least, median, largest): `restore`, blockiness as they are and saved at
qualities 20, 10 and 5; `segment`, what the mask misses round the eyes and how clear rims are; `clean`, what plain skin loses.
"""

import logging
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from importlib import import_module
from pathlib import Path
from unittest.mock import patch

import click
import numpy as np
from facetex_model_zoo import open_bank
from facetex_plugins.restore.deblock import blockiness
from facetex_plugins.segment import glasses

from facetex_core import PhotoError, Pipeline, Registry, load_preset
from facetex_core.geometry.landmarks import eye_distance
from facetex_core.imaging.colour import encode_srgb
from facetex_core.io.photo_file import load_photo
from facetex_core.texture.regions import plain_skin

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "support"))
from irises import iris_texels
from staged import STEPS, Way, saved

AGAIN = 90
LEFT_OUT = ("MIN_SCORE", "MIRROR")
"""Defaults of options, which are read once."""
QUANTILES = ("BRIGHT", "IRIS_LIGHT")
"""What is no more than 1 by its nature, and is held there."""
Found = dict[str, np.ndarray]
"""By unit; nan where nothing is compared."""


RESULTS: dict[str, Callable[[Way], Found]] = {
    "face": lambda w: {"% of eyes": 100 * w["face"].landmarks / eye_distance(w["face"].landmarks)},
    "restored": lambda w: {"levels": coded(w.in_box(w["restored"].rgb))},
    "observation": lambda w: {"% of the box": 100 * w.in_box(w["observation"].segmentation.skin)},
    "fit": lambda w: {"mm": 1000 * w["fit"].vertices[w["fit"].model.regions["face"] > 0.5]},
    "unwrapped": lambda w: {"% of the face": w.on_face(100 * w["unwrapped"].lit.visibility)},
    "cleaned": lambda w: {"% of the face": w.on_face(100.0 * (w["cleaned"].lit.visibility > 0))},
    "lit": lambda w: {"levels": coded(w["lit"].appearance.albedo)},
    "delit": lambda w: {
        "levels": w.on_face(coded(w["delit"].albedo.rgb), w["delit"].albedo.visibility > 0),
        "% of the face": w.on_face(100.0 * (w["delit"].albedo.visibility > 0)),
    },
    "target": lambda w: {f"% of {layer}": in_percent(gram) for layer, gram in w["target"].plain.correlations.items()},
    "skinned": lambda w: {"levels": w.on_face(coded(w["skinned"].rgb), w["skinned"].visibility == 0)},
    "painted": lambda w: {"levels": coded(w["painted"].rgb[iris_texels(w["fit"].model, w.pipeline.size)])},
    "relief": lambda w: {"micrometres": w.on_face(1e6 * w["relief"])},
}
"""What is compared of each step."""
SUBJECTS = {
    "detect": ("facetex_plugins.detect", "face"),
    "restore": ("facetex_plugins.restore", "restored"),
    "segment": ("facetex_plugins.segment", "observation"),
    "fit": ("facetex_plugins.fit", "fit"),
    "visibility": ("facetex_core.texture", "unwrapped"),
    "clean": ("facetex_plugins.clean", "cleaned"),
    "light": ("facetex_core.lighting", "lit"),
    "delight": ("facetex_plugins.delight", "delit"),
    "predict": ("facetex_plugins.predict", "target"),
    "synthesize": ("facetex_plugins.synthesize", "skinned"),
    "paint": ("facetex_plugins.paint", "painted"),
    "detail": ("facetex_plugins.detail", "relief"),
}
"""The folder of thresholds.py, and the step that reads it."""


def in_percent(gram: np.ndarray) -> np.ndarray:
    return 100 * gram * len(gram) / np.linalg.norm(gram)


def coded(rgb: np.ndarray) -> np.ndarray:
    return 255 * encode_srgb(rgb.astype(np.float32))


def figures(subject: str, way: Way) -> dict[str, float]:
    if subject == "restore":
        photos = {"as it is": way.photo, **{f"quality {each}": saved(way.photo, each) for each in (20, 10, 5)}}
        return {f"blockiness, {name}": blockiness(encode_srgb(way.in_box(each.rgb)).mean(-1)) for name, each in photos.items()}
    if subject == "clean":
        skin = way["unwrapped"].lit.visibility * (plain_skin(way["fit"].model, way.pipeline.size) > 0.5) > 0
        return {"lost of plain skin, %": 100 * float((way["cleaned"].lit.visibility[skin] == 0).mean())}
    if subject == "segment":
        with patch("facetex_plugins.segment.skin.within_rims", wraps=glasses.within_rims) as called:
            way.pipeline.segmenter.segment(way.photo, way["face"])
        crop, skin, eyes, unit = called.call_args.args
        return {"missed round the eyes": glasses.missed(skin, eyes, unit), "rims": glasses.rims_of(crop, eyes, unit)[1]}
    return {}


def scaled(value: object, by: float, quantile: bool = False) -> object:
    """Every number of a value; whole numbers stay whole."""
    if isinstance(value, tuple):
        return tuple(scaled(each, by, quantile) for each in value)
    new = round(value * by) if isinstance(value, int) else value * by  # type: ignore[operator]
    return min(new, 1.0) if quantile else new


@contextmanager
def moved(name: str, value: object, new: object) -> Iterator[None]:
    """The constant wherever it was imported to; what was remembered with the old one is forgotten."""
    holders = [each for key, each in list(sys.modules.items()) if key.startswith("facetex") and vars(each).get(name) is value]

    def put(now: object) -> None:
        for module in holders:
            setattr(module, name, now)
            for each in vars(module).values():
                if hasattr(each, "cache_clear"):
                    each.cache_clear()

    put(new)
    try:
        yield
    finally:
        put(value)


def found(step: str, base: Way, pipeline: Pipeline) -> Found:
    """What the step gives, those before it as they were."""
    before = list(STEPS)[: list(STEPS).index(step)]
    return RESULTS[step](Way(pipeline, base.photo, {each: base[each] for each in before if each in base}))


def changes(one: Found, other: Found) -> list[float]:
    same = all(one[unit].shape == other[unit].shape for unit in one)
    return [float(np.nanmean(np.abs(one[unit] - other[unit]))) if same else float("nan") for unit in one]


def line(name: str, columns: list[list[list[float]]]) -> None:
    """For each way of change and each unit the mean over the photos, and the largest."""
    cells = [(np.mean(each), max(each)) for photos in columns for each in zip(*photos, strict=True)]
    print(f"| {name} | {' | '.join(f'{mean:.2g} ({most:.2g})' if most else '-' for mean, most in cells)} |", flush=True)


def begun(pipeline: Pipeline, step: str, paths: list[Path]) -> Iterator[Way]:
    for path in paths:
        try:
            way = Way(pipeline, load_photo(path))
            RESULTS[step](way)
            yield way
        except (PhotoError, StopIteration) as error:
            print(f"left out: {path.name} {error}")


@click.command()
@click.argument("subject", type=click.Choice(list(SUBJECTS)))
@click.argument("names", nargs=-1)
@click.option("--photos", required=True, type=click.Path(exists=True, path_type=Path), help="A folder.")
@click.option("--every", default=1, show_default=True, help="Every N-th photo only.")
@click.option("--size", default=512, show_default=True)
def main(subject: str, names: tuple[str, ...], photos: Path, every: int, size: int) -> None:
    """Prints a table for one subject."""
    logging.getLogger("facetex").setLevel(logging.ERROR)
    recipe, (folder, step) = load_preset("embedded"), SUBJECTS[subject]
    pipeline = replace(recipe.build(Registry(), open_bank(recipe.bank)), size=size)
    ways = list(begun(pipeline, step, sorted(photos.glob("*.[jp][pn]g"))[::every]))
    told = [figures(subject, way) for way in ways]
    for name in told[0]:
        values = [each[name] for each in told]
        print(f"{name}: {min(values):.2g}, {np.median(values):.2g}, {max(values):.2g}")
    base = [RESULTS[step](way) for way in ways]
    titles = [f"{by}, {unit}" for by in ("-25 %", "+25 %") for unit in base[0]]
    print(f"\n{len(ways)} photos\n\n| | {' | '.join(titles)} |\n{'|---' * (1 + len(titles))}|")

    def changed(pipeline: Pipeline) -> list[list[float]]:
        return [changes(one, found(step, way, pipeline)) for one, way in zip(base, ways, strict=True)]

    for name, value in list(vars(import_module(f"{folder}.thresholds")).items()):
        if name.isupper() and name not in LEFT_OUT and (not names or name in names):
            columns = []
            for by in (0.75, 1.25):
                with moved(name, value, scaled(value, by, name in QUANTILES)):
                    columns.append(changed(pipeline))
            line(name, columns)
    again = []
    for one, way in zip(base, ways, strict=True):
        held = {} if step == "face" else {"face": way["face"]}
        again.append(changes(one, RESULTS[step](Way(pipeline, saved(way.photo, AGAIN), held))))
    line("saved again; another seed", [again, changed(replace(pipeline, seed=1))])


if __name__ == "__main__":
    main()
