"""Runs the cases of `facetex eval depth`, with progress, and shows what came out."""

import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import click
import numpy as np
from facetex_model_zoo import open_bank
from jaxtyping import Float32

from facetex_cli import eval_run
from facetex_cli.tables import print_json, print_table, write_record
from facetex_core.config import load_preset
from facetex_core.errors import ConfigError, FacetexError
from facetex_core.observe import Observer
from facetex_core.pipeline import Pipeline
from facetex_core.registry import Registry
from facetex_core.stages import Fitter
from facetex_core.structures import Detail, Fit
from facetex_core.workbench.evaluation.depth_error import (
    TrueDepth,
    depth_errors,
    expression_of,
    fitted_depth,
    mean_head,
    statistics,
    true_depth,
)
from facetex_core.workbench.evaluation.suite import Case

MEAN_HEAD = "mean head"
DEPTH_COLUMNS = {"mean": "mean", "std": "std", "median": "median", "p90": "90 %"}
PUBLISHED = {"mean": 3.61, "std": 2.99, "median": 2.72, "p90": 6.82}
"""Richardson et al. 2017 on BU-3DFE, as Sela et al. 2017 give it."""
ABOUT = (
    "Percent of the true depth's range. Richardson et al. 2017, as given by Sela et al. 2017: mean {mean} / std {std} / median "
    "{median} / 90 % {p90}, on BU-3DFE: those data differ, so do not compare the figures directly."
)


@dataclass(frozen=True, eq=False, slots=True)
class Stages:
    """What comes before a fit, the fitters by name, and whole runs by the names of a fitter and a detailer."""

    observer: Observer
    fitters: Mapping[str, Fitter]
    runs: Mapping[str, Pipeline]

    @property
    def names(self) -> list[str]:
        """All methods."""
        return [*self.fitters, *self.runs]


@dataclass(frozen=True, eq=False, slots=True)
class DepthScore:
    """One method at one head."""

    case: str
    method: str
    expression: str
    errors: Float32[np.ndarray, "pixels"] | None = None
    """Percent of the true range."""
    compared: float | None = None
    """Share of the face's pixels at which the fit shows anything."""
    failed: str = ""

    def row(self) -> dict[str, object]:
        """For a table of all heads."""
        figures: dict[str, float | None] = dict.fromkeys(DEPTH_COLUMNS)
        figures |= {} if self.errors is None else statistics([self.errors])
        about = {"case": self.case, "fitter": self.method, "expression": self.expression}
        return {**about, **figures, "compared": self.compared, "failed": self.failed}


def bench(registry: Registry, names: str) -> Stages:
    """The methods of a list by comma: a fitter, or a fitter and a detailer joined by +."""
    wanted = list(dict.fromkeys(name.strip() for name in names.split(",")))
    recipe, joined = load_preset("draft"), [name for name in wanted if "+" in name]
    for name in joined:
        if name.count("+") > 1:
            raise ConfigError(f"--fitter {name}: one fitter and one detailer were expected, such as posterior+shading")
    bank = open_bank(recipe.bank) if joined else None
    runs: dict[str, Pipeline] = {}
    for name in joined:
        fitter, detailer = name.split("+")
        chosen = recipe.choosing("fitter", fitter).choosing("detailer", detailer)
        runs |= {name: chosen.build(registry, bank)} if bank is not None else {}
    observer, fitters = eval_run.bench(registry, ",".join(name for name in wanted if "+" not in name) or "posterior")
    return Stages(observer, {name: each for name, each in fitters.items() if name in wanted}, runs)


def scores(cases: Iterator[Case], count: int, stages: Stages, quiet: bool) -> list[DepthScore]:
    """Every method at every case."""
    from tqdm import tqdm

    found: list[DepthScore] = []
    hidden = quiet or not sys.stderr.isatty()
    with tqdm(total=count, unit="head", leave=False, file=sys.stderr, disable=hidden) as bar:
        for case in cases:
            found += _of_case(case, stages)
            bar.update()
    return found


def _of_case(case: Case, stages: Stages) -> list[DepthScore]:
    """A row for each method; the mean head stands where the first method's camera sees it."""
    true = true_depth(case.truth)
    if true is None:
        return [DepthScore(case.name, name, "not told", failed="no mesh or no camera is known") for name in stages.names]
    rows: list[DepthScore] = []
    for name in stages.names:
        try:
            fit, detail = _made(case, name, stages)
        except FacetexError as error:
            rows.append(DepthScore(case.name, name, "not told", failed=str(error)))
            continue
        if all(row.method != MEAN_HEAD for row in rows):
            rows.insert(0, _score(case, MEAN_HEAD, true, mean_head(fit), None))
        rows.append(_score(case, name, true, fit, detail))
    return rows


def _made(case: Case, name: str, stages: Stages) -> tuple[Fit, Detail | None]:
    if name in stages.runs:
        head = stages.runs[name].run(case.photo).head
        return head.fit, head.detail
    (fit,) = stages.fitters[name].fit([stages.observer.observe(case.photo)])
    return fit, None


def _score(case: Case, name: str, true: TrueDepth, fit: Fit, detail: Detail | None) -> DepthScore:
    told = case.truth.about.get("model", fit.model.name)
    mood = expression_of(case.truth, fit.model.expression_names if told == fit.model.name else ())
    depth = fitted_depth(true, fit, detail)
    errors = depth_errors(true, depth)
    failed = "" if errors is not None else "the fit lies beside the face"
    return DepthScore(case.name, name, mood, errors, float(np.isfinite(depth).mean()), failed)


def summary(found: Sequence[DepthScore]) -> list[dict[str, object]]:
    """For each method a row over all heads, then one for each expression that occurs."""
    rows = []
    moods = sorted({each.expression for each in found if each.errors is not None})
    for mood in ("all", *(moods if len(moods) > 1 else ())):
        for method in dict.fromkeys(each.method for each in found):
            own = [each for each in found if each.method == method and mood in ("all", each.expression)]
            errors = [each.errors for each in own if each.errors is not None]
            about = {"fitter": method, "expression": mood, "heads": len(own), "fitted": len(errors)}
            shares = [each.compared for each in own if each.errors is not None and each.compared is not None]
            if errors:
                rows.append({**about, **statistics(errors), "compared": float(np.mean(shares))})
    return rows


def show(found: Sequence[DepthScore], out: Path | None, as_json: bool) -> None:
    """The table on stdout, or all as JSON; depth.json and depth.csv in the folder."""
    rows, cases = summary(found), [each.row() for each in found]
    record: dict[str, object] = {"unit": "percent of the true depth's range", "published": PUBLISHED, "summary": rows}
    if out:
        write_record(record, cases, out, "depth")
    if as_json:
        print_json({**record, "cases": cases})
    else:
        lines = [
            [str(row["fitter"]), str(row["expression"]), f"{row['fitted']}/{row['heads']}"]
            + [f"{row[key]:.2f}" for key in DEPTH_COLUMNS]
            + [f"{100 * float(str(row['compared'])):.0f} %"]
            for row in rows
        ]
        print_table(["fitter", "expression", "heads", *DEPTH_COLUMNS.values(), "compared"], lines)
        click.echo(ABOUT.format(**PUBLISHED))
    for each in found:
        if each.failed:
            click.echo(f"{each.case}: {each.method}: {each.failed}", err=True)
