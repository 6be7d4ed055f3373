"""Runs `facetex eval leave-one-out` over a folder, with progress, and shows what came out."""

import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import cast

import click
import numpy as np
from facetex_model_zoo import is_installed, model_path, open_bank

from facetex_cli.tables import print_json, print_table, write_record
from facetex_core.config import load_preset
from facetex_core.errors import ConfigError, PhotoError
from facetex_core.io.photo_file import load_photo
from facetex_core.listeners import warn
from facetex_core.pipeline import Pipeline
from facetex_core.registry import Registry
from facetex_core.stages import Synthesizer
from facetex_core.workbench.evaluation.hidden_error import FeatureNetwork
from facetex_core.workbench.evaluation.leave_one_out import SPLITS, Score, examine, summary, trials
from facetex_core.workbench.evaluation.pictures import Pixels, hidden_row, save_sheet

LAYERS = ("conv1_1", "conv2_1", "conv3_1")
NETWORKS = ("descriptor", "vgg19")
"""Networks of the zoo that look at the skin; those that are installed."""
ERROR_KINDS = ("correlation", "centred")
DECIDING = "descriptor feature"
"""By which the synthesizer that is best at a person is told."""
SKIN_SHOWN = 150
"""Rows of the sheet of pictures: a JPEG has an end."""
LISTS = ("photos.json", "../photos.json")
"""Where people's sex may stand, seen from their folder: a list of tables with `file` and `sex` or `gender`."""


@dataclass(frozen=True, slots=True)
class Context:
    """What every face goes through."""

    pipeline: Pipeline
    synthesizers: Mapping[str, Synthesizer]
    eyes: Mapping[str, FeatureNetwork]


def bench(names: Sequence[str], size: int) -> Context:
    """The stages of a plain run, and the synthesizers of these names."""
    registry, recipe = Registry(), replace(load_preset("embedded"), size=size)
    made = {name: recipe.choosing("synthesizer", name).make("synthesizer", registry) for name in names}
    eyes = {name: FeatureNetwork(name, model_path(name), LAYERS) for name in NETWORKS if is_installed(name)}
    return Context(recipe.build(registry, open_bank(recipe.bank)), made, eyes)


def score(bench: Context, photos: Sequence[Path], splits: Sequence[str], out: Path | None, quiet: bool) -> list[Score]:
    """Every synthesizer at every part of every usable photo; with a folder, the sheet of pictures is written there."""
    from tqdm import tqdm

    sexes = sexes_of(photos[0].parent)
    scores: list[Score] = []
    rows: list[Pixels] = []
    hidden = quiet or not sys.stderr.isatty()
    each = sum(len(SPLITS[split]) for split in splits) + 1
    with tqdm(total=each * len(photos), unit="part", leave=False, file=sys.stderr, disable=hidden) as bar:
        for number, photo in enumerate(photos):
            bar.set_description_str(photo.stem)
            try:
                for found, pictures in _face(bench, photo, splits, sexes.get(photo.name, "")):
                    scores += found
                    if out and len(rows) < SKIN_SHOWN:
                        rows.append(pictures)
                    bar.update()
            except PhotoError as error:
                warn(f"left out: {error}")
            bar.update(each * (number + 1) - bar.n)
    if out and rows:
        save_sheet(out / "leave-one-out.jpg", np.concatenate(rows))
    return scores


def _face(bench: Context, photo: Path, splits: Sequence[str], sex: str) -> Iterator[tuple[list[Score], Pixels]]:
    """For each hidden part the scores, and a row of pictures."""
    subject = examine(bench.pipeline, load_photo(photo))
    for trial in trials(bench.pipeline, subject, splits, bench.synthesizers, bench.eyes):
        whose = (subject.name, subject.tone, sex, trial.split, trial.part)
        found = [Score(*whose, name, errors) for name, errors in trial.errors.items()]
        yield found, hidden_row(subject, trial, DECIDING)


def sexes_of(folder: Path) -> dict[str, str]:
    """By the photos' names, where the folder or the one above it has a photos.json that tells."""
    for place in LISTS:
        file = folder / place
        if file.is_file():
            try:
                table = json.loads(file.read_text("utf-8"))
                told = [(Path(entry["file"]).name, entry.get("sex") or entry.get("gender")) for entry in table]
            except (ValueError, TypeError, KeyError, AttributeError):
                raise ConfigError(f"{file.resolve()}: is no list of tables with `file` and `sex`") from None
            return {name: str(sex) for name, sex in told if sex}
    return {}


def show(scores: Sequence[Score], out: Path | None, as_json: bool) -> None:
    """The tables on stdout, or all as JSON; leave-one-out.json and .csv in the folder."""
    rows = summary(scores, DECIDING)
    record, cases = {"summary": rows}, [each.table() for each in scores]
    if out:
        write_record(record, cases, out, "leave-one-out")
    if as_json:
        print_json({**record, "cases": cases})
        return
    everybody = [row for row in rows if row["group"] == "all"]
    eyes = [name for name in NETWORKS if f"{name} feature" in everybody[0]]
    heads = ["hidden", "synthesizer", "people", "correlations", "centred", *(f"{name} feature" for name in eyes), "best at"]
    print_table([*heads, "PSNR dB", "energy", "seam", "tone"], [_line(row, eyes) for row in everybody])
    click.echo()
    _print_groups(rows)


def _line(row: Mapping[str, object], eyes: Sequence[str]) -> list[str]:
    """Correlations are means, by layer; the other measures median / mean / 90 %."""
    by_layer = [
        "/".join(f"{_value(row, f'{NETWORKS[0]} {what} {layer}', 'mean'):.3f}" for layer in LAYERS) for what in ERROR_KINDS
    ]
    features = [_three(row, f"{name} feature", 3) for name in eyes]
    best = f"{100 * cast('float', row['best']):.0f} %"
    others = [_three(row, "psnr_db", 1), *(_three(row, name, 2) for name in ("energy", "seam", "tone"))]
    return [*(str(row[name]) for name in ("split", "synthesizer", "people")), *by_layer, *features, best, *others]


def _print_groups(rows: Sequence[Mapping[str, object]]) -> None:
    """The deciding measure's mean for each group of people that occurs."""
    groups = list(dict.fromkeys(str(row["group"]) for row in rows))
    found = {(row["split"], row["synthesizer"], row["group"]): row for row in rows}
    lines = []
    for split, name in dict.fromkeys((row["split"], row["synthesizer"]) for row in rows):
        of = [found.get((split, name, group)) for group in groups]
        cells = [f"{_value(row, DECIDING, 'mean'):.3f} ({row['people']})" if row else "-" for row in of]
        lines.append([str(split), str(name), *cells])
    print_table([f"{DECIDING}:", "mean (people)", *groups], lines)


def _value(row: Mapping[str, object], measure: str, which: str) -> float:
    return cast("Mapping[str, float]", row[measure])[which]


def _three(row: Mapping[str, object], measure: str, digits: int) -> str:
    return " / ".join(f"{_value(row, measure, which):.{digits}f}" for which in ("median", "mean", "p90"))
