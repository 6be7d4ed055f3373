"""Runs the cases of `facetex eval`, with progress, and shows what came out."""

import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path

import click
from facetex_model_zoo import open_bank

from facetex_cli.tables import print_json, print_table, write_record
from facetex_core.config import load_preset
from facetex_core.errors import PhotoError
from facetex_core.observe import Observer
from facetex_core.pipeline import Pipeline
from facetex_core.registry import Registry
from facetex_core.stages import Fitter
from facetex_core.structures import Face
from facetex_core.workbench.evaluation.albedo import ALBEDO_METRICS, AlbedoScore, albedo_attempts, albedo_summary
from facetex_core.workbench.evaluation.evaluate import SURFACE_METRICS, Attempt, Score, attempts, failed, summary
from facetex_core.workbench.evaluation.pictures import Pixels, albedo_row, row_of, save_sheet, sheet
from facetex_core.workbench.evaluation.suite import Case

CASES_SHOWN = 80
"""Heads on the sheet of pictures: more cannot be looked at."""
ALBEDO_UNITS = {"seen_db": "seen dB", "even_db": "even dB", "whole_db": "whole dB", "tone": "tone CIEDE2000"}
UNITS = {"surface_mm": "surface mm", "surface_90_mm": "90 % of it", "pose_deg": "pose deg", "landmarks_percent": "landmarks %"}


def bench(registry: Registry, names: str) -> tuple[Observer, dict[str, Fitter]]:
    """What comes before the fit in a plain run, and the fitters of a list of names by comma."""
    recipe = load_preset("embedded")
    wanted = dict.fromkeys(name.strip() for name in names.split(","))
    made = {name: recipe.choosing("fitter", name).make("fitter", registry) for name in wanted}
    return Observer(**recipe.make_all(Observer.roles(), registry)), made


def albedo_pipelines(registry: Registry, names: str) -> dict[str, Pipeline]:
    """Quick runs that differ by their delighters; none for an empty list of names."""
    recipe = load_preset("draft")
    wanted = dict.fromkeys(filter(None, (name.strip() for name in names.split(","))))
    bank = open_bank(recipe.bank) if wanted else None
    return {name: recipe.choosing("delighter", name).build(registry, bank) for name in wanted if bank is not None}


def score(
    cases: Iterator[Case],
    count: int,
    observer: Observer,
    fitters: Mapping[str, Fitter],
    pipelines: Mapping[str, Pipeline],
    out: Path | None,
    quiet: bool,
) -> tuple[list[Score], list[AlbedoScore]]:
    """Every fitter at every case, and every delighter where the albedo is known; with a folder, sheets of pictures."""
    from tqdm import tqdm

    scores: list[Score] = []
    albedos: list[AlbedoScore] = []
    rows: list[Pixels] = []
    albedo_rows: list[Pixels] = []
    hidden = quiet or not sys.stderr.isatty()
    with tqdm(total=count, unit="head", leave=False, file=sys.stderr, disable=hidden) as bar:
        for case in cases:
            done, face = _fitted(case, observer, fitters)
            scores += [attempt.score for attempt in done]
            if out and len(rows) < CASES_SHOWN:
                rows.append(row_of(case, done))
            fit = done[0].fit
            if fit is not None and face is not None and case.truth.albedo is not None and pipelines:
                tried = albedo_attempts(case, face, fit, pipelines)
                albedos += [attempt.score for attempt in tried]
                if out and len(albedo_rows) < CASES_SHOWN:
                    albedo_rows.append(albedo_row(case, tried, fit.model))
            bar.update()
    for name, pictures in (("eval.jpg", rows), ("albedo.jpg", albedo_rows)):
        if out and pictures:
            save_sheet(out / name, sheet(pictures))
    return scores, albedos


def _fitted(case: Case, observer: Observer, fitters: Mapping[str, Fitter]) -> tuple[list[Attempt], Face | None]:
    """The fitters' attempts, and the face that they were given."""
    try:
        observation = observer.observe(case.photo)
    except PhotoError as error:
        return [failed(case, name, error) for name in fitters], None
    return list(attempts(case, observation, fitters)), observation.face


def show(scores: Sequence[Score], albedos: Sequence[AlbedoScore], out: Path | None, as_json: bool) -> None:
    """The tables on stdout, or all as JSON; eval.json and eval.csv in the folder, albedo.json and albedo.csv beside them."""
    rows, albedo_rows = summary(scores), albedo_summary(albedos)
    record: dict[str, object] = {"metrics": SURFACE_METRICS, "summary": rows}
    cases = [asdict(each) for each in scores]
    more: dict[str, object] = {"metrics": ALBEDO_METRICS, "summary": albedo_rows}
    if out:
        write_record(record, cases, out, "eval")
        if albedos:
            write_record(more, [asdict(each) for each in albedos], out, "albedo")
    if as_json:
        print_json({**record, "cases": cases, "albedo": {**more, "cases": [asdict(each) for each in albedos]}})
        return
    print_table(["fitter", "yaw", "heads", *(UNITS.get(name, name) for name in SURFACE_METRICS)], [_line(row) for row in rows])
    if albedos:
        click.echo()
        print_table(["delighter", "light", "yaw", "heads", *ALBEDO_UNITS.values()], [_albedo_line(row) for row in albedo_rows])
    everything: list[tuple[Score | AlbedoScore, str]] = [(each, each.fitter) for each in scores]
    everything += [(each, each.delighter) for each in albedos]
    for each, plugin in everything:
        if each.failed:
            click.echo(f"{each.case}: {plugin}: {each.failed}", err=True)


def _albedo_line(row: Mapping[str, object]) -> list[str]:
    figures = [f"{value:.2f}" if isinstance(value := row[name], float) else "-" for name in ALBEDO_UNITS]
    return [str(row["delighter"]), str(row["light"]), str(row["yaw"]), _heads(row["heads"], row["done"]), *figures]


def _heads(every: object, done: object) -> str:
    return str(every) if every == done else f"{done} of {every}"


def _line(row: Mapping[str, object]) -> list[str]:
    figures = [_three(row[name]) for name in SURFACE_METRICS]
    return [str(row["fitter"]), str(row["yaw"]), _heads(row["heads"], row["fitted"]), *figures]


def _three(values: object) -> str:
    """Median / mean / 90 %."""
    if not isinstance(values, Mapping):
        return "-"
    return " / ".join(f"{values[name]:.2f}" for name in ("median", "mean", "p90"))
