"""Runs the cases of `facetex eval`, with progress, and shows what came out."""

import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, cast

import click

from facetex_cli.answers import warnings_as_lines
from facetex_cli.tables import print_json, print_table, write_record
from facetex_core.evaluation.evaluate import METRICS, Score, attempts, summary
from facetex_core.evaluation.suite import Case
from facetex_core.recipe import load_preset
from facetex_core.registry import Registry
from facetex_core.stages import Detector, Fitter

if TYPE_CHECKING:
    import numpy as np

SHOWN = 80
"""Heads on the sheet of pictures: more cannot be looked at."""
UNITS = {"surface_mm": "surface mm", "surface_90_mm": "90 % of it", "pose_deg": "pose deg", "landmarks_percent": "landmarks %"}


def bench(registry: Registry, names: str) -> tuple[Detector, dict[str, Fitter]]:
    """The detector of a plain run, and the fitters of a list of names by comma."""
    recipe = load_preset("embedded")
    wanted = dict.fromkeys(name.strip() for name in names.split(","))
    made = {name: cast("Fitter", recipe.choosing("fitter", name).make("fitter", registry)) for name in wanted}
    return cast("Detector", recipe.make("detector", registry)), made


def score(
    cases: Iterator[Case],
    count: int,
    detector: Detector,
    fitters: Mapping[str, Fitter],
    out: Path | None,
    quiet: bool,
) -> list[Score]:
    """Every fitter at every case; with a folder, the sheet of pictures is written there."""
    from tqdm import tqdm

    scores: list[Score] = []
    rows: list[np.ndarray] = []
    hidden = quiet or not sys.stderr.isatty()
    with warnings_as_lines(), tqdm(total=count, unit="head", leave=False, file=sys.stderr, disable=hidden) as bar:
        for case in cases:
            done = list(attempts(case, detector, fitters))
            scores += [attempt.score for attempt in done]
            if out and len(rows) < SHOWN:
                from facetex_core.evaluation.pictures import row_of

                rows.append(row_of(case, done))
            bar.update()
    if out and rows:
        _write_sheet(out, rows)
    return scores


def _write_sheet(out: Path, rows: "Sequence[np.ndarray]") -> None:
    from PIL import Image

    from facetex_core.evaluation.pictures import sheet

    out.mkdir(parents=True, exist_ok=True)
    Image.fromarray(sheet(rows)).save(out / "eval.jpg", quality=88)


def show(scores: Sequence[Score], out: Path | None, as_json: bool) -> None:
    """The table on stdout, or all as JSON; eval.json and eval.csv in the folder."""
    rows = summary(scores)
    record, cases = {"metrics": METRICS, "summary": rows}, [each.table() for each in scores]
    if out:
        write_record(record, cases, out, "eval")
    if as_json:
        print_json({**record, "cases": cases})
        return
    print_table(["fitter", "yaw", "heads", *(UNITS.get(name, name) for name in METRICS)], [_line(row) for row in rows])
    for each in scores:
        if each.failed:
            click.echo(f"{each.case}: {each.fitter}: {each.failed}", err=True)


def _line(row: Mapping[str, object]) -> list[str]:
    heads = str(row["heads"]) if row["heads"] == row["fitted"] else f"{row['fitted']} of {row['heads']}"
    return [str(row["fitter"]), str(row["yaw"]), heads, *(_three(row[name]) for name in METRICS)]


def _three(values: object) -> str:
    """Median / mean / 90 %."""
    if not isinstance(values, Mapping):
        return "-"
    return " / ".join(f"{values[name]:.2f}" for name in ("median", "mean", "p90"))
