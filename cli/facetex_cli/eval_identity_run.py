"""Runs the pictures of `facetex eval identity`, with progress, and shows what came out."""

import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import click
import numpy as np
from tqdm import tqdm

from facetex_cli.tables import print_json, print_table, write_record
from facetex_core.errors import FacetexError
from facetex_core.observe import Observer
from facetex_core.stages import Fitter
from facetex_core.structures import Photo
from facetex_core.workbench.evaluation.evaluate import measured
from facetex_core.workbench.evaluation.identity_agreement import Agreement, Shape, agreement, shape_of, versions
from facetex_core.workbench.evaluation.identity_error import (
    HALF,
    Compared,
    compared_vertices,
    products,
    surface_errors,
)
from facetex_core.workbench.evaluation.suite import Case

IDENTITY_METRICS = {
    "share": "p.d / d.d: d the true neutral head minus the mean head, p the fitted one minus the mean head, over the face",
    "correlation": "p.d / sqrt(p.p d.d)",
    "error": "|p - d| / |d|",
    "depth_share": "the share along the axis of sight of a frontal photo",
    "slope": "p.d / p.p: 1 where what was found is of the right size, less where it is too much",
    "surface": "mean distance from the true surface, in parts of the mean head's",
    "surface_mm": "mean distance from the true surface",
    "pose_deg": "rotation of the head as its camera sees it, median",
}
"""What is measured of a suite's heads."""
AGREEMENT = {
    "within_mm": "root mean square distance of two heads of one person",
    "between_mm": "of heads of two people",
    "size_mm": "of a head from the mean head",
    "ratio": "within / between",
}
"""What is measured of photos without truth."""
CENTRED_FROM = 10
"""Heads of a suite from which on its means are told from one person's shape."""
HEADINGS = ("share", "corr", "error", "depth", "slope", "surface", "mm", "pose deg")


@dataclass(frozen=True, eq=False, slots=True)
class Result:
    """One fitter at one head whose truth is known."""

    suite: str
    case: str
    fitter: str
    compared: Compared | None = None
    surface: Mapping[str, float] | None = None
    pose_deg: float | None = None
    failed: str = ""

    def row(self) -> dict[str, object]:
        """For a table of all heads."""
        figures = products([self.compared]).figures if self.compared else {}
        surface = {f"surface_{name}_mm": value for name, value in (self.surface or {}).items()}
        named = {name: figures.get(name) for name in ("share", "correlation", "error", "depth_share", "slope")}
        blank: dict[str, object] = dict.fromkeys(("surface_found_mm", "surface_half_mm", "surface_mean_mm"))
        about = {"suite": self.suite, "case": self.case, "fitter": self.fitter, "pose_deg": self.pose_deg}
        return {**about, **named, **blank, **surface, "failed": self.failed}


def results(
    suites: Mapping[str, tuple[int, Iterator[Case]]], observer: Observer, fitters: Mapping[str, Fitter], quiet: bool
) -> list[Result]:
    """Every fitter at every head."""
    found: list[Result] = []
    for name, (count, cases) in suites.items():
        with _bar(count, name, quiet) as bar:
            for case in cases:
                found += _of_case(name, case, observer, fitters)
                bar.update()
    return found


def _of_case(suite: str, case: Case, observer: Observer, fitters: Mapping[str, Fitter]) -> list[Result]:
    rows = []
    for name, fitter in fitters.items():
        try:
            (fit,) = fitter.fit([observer.observe(case.photo)])
        except FacetexError as error:
            rows.append(Result(suite, case.name, name, failed=str(error)))
            continue
        pose = measured(case, name, fit, 0.0).score.pose_deg
        rows.append(Result(suite, case.name, name, compared_vertices(case.truth, fit), surface_errors(case.truth, fit), pose))
    return rows


def shapes(
    people: Mapping[str, Sequence[Photo]], observer: Observer, fitters: Mapping[str, Fitter], quiet: bool
) -> tuple[dict[str, list[Shape]], list[str]]:
    """The heads that each fitter makes of every picture of a person and of its copies; and what could not be fitted."""
    found: dict[str, list[Shape]] = {name: [] for name in fitters}
    failed = []
    with _bar(sum(map(len, people.values())), "agreement", quiet) as bar:
        for person, photos in people.items():
            for photo in photos:
                failed += _of_photo(person, photo, observer, fitters, found)
                bar.update()
    return found, failed


def _of_photo(
    person: str, photo: Photo, observer: Observer, fitters: Mapping[str, Fitter], found: dict[str, list[Shape]]
) -> list[str]:
    faces = observer.detector.detect(photo)
    if len(faces) != 1:
        return [f"{photo.name}: {len(faces)} faces found; a picture of one person is needed"]
    failed, copies = list[str](), versions(photo, faces[0])
    for version, copy in copies:
        for name, fitter in fitters.items():
            try:
                (fit,) = fitter.fit([observer.observe(copy)])
                found[name].append(shape_of(person, version, fit))
            except FacetexError as error:
                failed.append(f"{version or 'as it is'}: {name}: {error}")
    return failed


def _bar(count: int, name: str, quiet: bool) -> "tqdm[Any]":
    hidden = quiet or not sys.stderr.isatty()
    return tqdm(total=count, desc=name, unit="head", leave=False, file=sys.stderr, disable=hidden)


def summary(found: Sequence[Result]) -> list[dict[str, object]]:
    """For each suite the mean head, then each fitter with what it found, half of it, and without the suite's means."""
    rows = []
    for suite in dict.fromkeys(each.suite for each in found):
        mine = [each for each in found if each.suite == suite]
        rows.append(_row(suite, "mean head", mine, 0.0, "mean"))
        for fitter in dict.fromkeys(each.fitter for each in mine):
            own = [each for each in mine if each.fitter == fitter]
            rows += [_row(suite, fitter, own, 1.0, "found"), _row(suite, f"half of {fitter}", own, HALF, "half")]
            if sum(each.compared is not None for each in own) >= CENTRED_FROM:
                rows.append(_row(suite, f"{fitter}, centred", own, 1.0, ""))
    return rows


def _row(suite: str, name: str, found: Sequence[Result], factor: float, which: str) -> dict[str, object]:
    heads = [each.compared for each in found if each.compared]
    surfaces = [each.surface for each in found if each.surface]
    poses = [each.pose_deg for each in found if each.pose_deg is not None] if which == "found" else []
    done = {each.case for each in found if not each.failed}
    row: dict[str, object] = {"suite": suite, "fitter": name, "heads": len({each.case for each in found}), "fitted": len(done)}
    sums = products(heads, centred=not which).scaled(factor) if heads else None
    row |= {"share": None, "correlation": None, "error": None, "slope": None, "depth_share": None}
    row |= sums.figures if sums else {}
    own, mean = (float(np.mean([each[part] for each in surfaces])) if surfaces and which else None for part in (which, "mean"))
    row |= {"surface_mm": own, "surface": own / mean if own and mean else None}
    row["pose_deg"] = float(np.median(poses)) if poses else None
    if sums and which in ("found", ""):
        row["regions"] = {name: ratios.table() for name, ratios in sums.by_region().items()}
        row["axes"] = {name: ratios.table() for name, ratios in sums.by_axis().items()}
    return row


def agreements(found: Mapping[str, Sequence[Shape]]) -> dict[str, Agreement]:
    """Of each fitter that made any head."""
    return {name: agreement(shapes) for name, shapes in found.items() if shapes}


def show(
    found: Sequence[Result], agreed: Mapping[str, Agreement], failed: Sequence[str], out: Path | None, as_json: bool
) -> None:
    """The tables on stdout, or all as JSON; identity.json and identity.csv in the folder."""
    rows = summary(found)
    table = {name: {**asdict(each), "ratio": each.ratio} for name, each in agreed.items()}
    record: dict[str, object] = {
        "metrics": IDENTITY_METRICS,
        "summary": rows,
        "agreement_metrics": AGREEMENT,
        "agreement": table,
    }
    cases = [each.row() for each in found]
    if out and cases:
        write_record(record, cases, out, "identity")
    if as_json:
        print_json({**record, "cases": cases})
    else:
        _print(rows, agreed)
    for line in [*(f"{each.suite}/{each.case}: {each.fitter}: {each.failed}" for each in found if each.failed), *failed]:
        click.echo(line, err=True)


def _print(rows: Sequence[Mapping[str, object]], agreed: Mapping[str, Agreement]) -> None:
    keys = ("share", "correlation", "error", "depth_share", "slope", "surface", "surface_mm", "pose_deg")
    if rows:
        lines = [
            [str(row["suite"]), str(row["fitter"]), f"{row['fitted']}/{row['heads']}", *(_two(row[key]) for key in keys)]
            for row in rows
        ]
        print_table(["suite", "identity", "heads", *HEADINGS], lines)
    regions = [row for row in rows if "regions" in row]
    if regions:
        click.echo()
        names = [*_ratios(regions[0], "regions"), *_ratios(regions[0], "axes")]
        print_table(["suite", "share / error", *names], [_regions_line(row) for row in regions])
    if agreed:
        click.echo()
        lines = [
            [name, f"{each.within:.2f}", f"{each.between:.2f}", f"{each.size:.2f}", _two(each.ratio)]
            for name, each in agreed.items()
        ]
        print_table(["agreement", "within mm", "between mm", "from the mean mm", "within / between"], lines)


def _ratios(row: Mapping[str, object], which: str) -> dict[str, dict[str, float]]:
    found = row[which]
    return found if isinstance(found, dict) else {}


def _regions_line(row: Mapping[str, object]) -> list[str]:
    both = {**_ratios(row, "regions"), **_ratios(row, "axes")}
    figures = [f"{each['share']:.2f} / {each['error']:.2f}" for each in both.values()]
    return [str(row["suite"]), str(row["fitter"]), *figures]


def _two(value: object) -> str:
    return f"{value:.2f}" if isinstance(value, float) and np.isfinite(value) else "-"
