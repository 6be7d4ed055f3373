"""`facetex eval benchmark`: published benchmarks, for people who hold their data."""

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from facetex_cli.folders import refuse_unwritable
from facetex_cli.plugin_options import plugin_options
from facetex_cli.tables import print_json, print_table
from facetex_core.errors import ConfigError, FacetexError

if TYPE_CHECKING:
    from facetex_core.observe import Observer
    from facetex_core.stages import Fitter
    from facetex_core.workbench.evaluation.benchmarks.benchmark import Benchmark, Figures, Item

FILE = click.Path(path_type=Path)
NAMES = ("now", "realy", "facescape")


@click.command("benchmark", short_help="Run a published benchmark on data that you hold.")
@click.argument("name", metavar="|".join(NAMES), type=click.Choice(NAMES))
@click.argument("folder", metavar="FOLDER", type=FILE)
@click.option("-o", "--out", metavar="OUT", type=FILE, required=True, help="Folder for the predictions and benchmark.json.")
@click.option("--fitter", metavar="NAME", default="posterior", show_default=True, help="Plugin for the fitter.")
@click.option("--images", metavar="FOLDER", type=FILE, help="The pictures, if not where the download puts them.")
@click.option("--cases", type=click.IntRange(min=1), metavar="N", help="The largest number of pictures.  [default: all]")
@plugin_options
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.option("-q", "--quiet", is_flag=True, help="Hide the progress.")
def command(
    name: str, folder: Path, *, out: Path, fitter: str, images: Path | None, cases: int | None, as_json: bool, quiet: bool
) -> int:
    """Run a published benchmark on data that you hold.

    FOLDER is the benchmark's own: NoW, REALY or FaceScape's wild set (docs/reference/benchmarks.md says how it must look). A
    fitter is run on its pictures; the predictions are written to OUT/predicted as the benchmark's own evaluation reads them.
    Where the folder has the truth, the published figures are printed beside those of other methods.
    """
    for given in filter(None, (folder, images)):
        if not given.is_dir():
            raise ConfigError(f"{given}: no such folder")
    refuse_unwritable(out)
    from facetex_cli.eval_run import bench
    from facetex_core.registry import Registry

    if "," in fitter:
        raise ConfigError(f"--fitter takes one name, not {fitter!r}: predictions of two would overwrite each other")
    benchmark = _benchmark(name)
    pictures = benchmark.items(folder, images)[:cases]
    observer, fitters = bench(Registry(), fitter)
    measured, failed = _run(benchmark, folder, pictures, observer, fitters[fitter.strip()], out, quiet)
    _show(benchmark, name, fitter, measured, pictures, failed, out=out, as_json=as_json)
    return 0 if len(failed) < len(pictures) else 2


def _benchmark(name: str) -> "Benchmark":
    from facetex_core.workbench.evaluation.benchmarks.facescape import FACESCAPE
    from facetex_core.workbench.evaluation.benchmarks.now import NOW
    from facetex_core.workbench.evaluation.benchmarks.realy import REALY

    return dict(zip(NAMES, (NOW, REALY, FACESCAPE), strict=True))[name]


def _run(
    benchmark: "Benchmark",
    folder: Path,
    pictures: "Sequence[Item]",
    observer: "Observer",
    fitter: "Fitter",
    out: Path,
    quiet: bool,
) -> "tuple[list[tuple[Item, Figures]], list[str]]":
    """What was measured, and why some pictures have no prediction."""
    from tqdm import tqdm

    from facetex_core.io.photo_file import load_photo

    measured, failed = [], []
    for item in tqdm(pictures, unit="picture", leave=False, file=sys.stderr, disable=quiet or not sys.stderr.isatty()):
        try:
            (fit,) = fitter.fit([observer.observe(load_photo(item.photo))])
        except FacetexError as error:
            failed.append(f"{item.name}: {error}")
            continue
        benchmark.write(item, fit, out)
        figures = benchmark.measure(folder, item, fit)
        measured += [] if figures is None else [(item, figures)]
    return measured, failed


def _show(
    benchmark: "Benchmark",
    name: str,
    fitter: str,
    measured: "Sequence[tuple[Item, Figures]]",
    pictures: "Sequence[Item]",
    failed: Sequence[str],
    *,
    out: Path,
    as_json: bool,
) -> None:
    import json

    import numpy as np

    rows = benchmark.rows(measured) if measured else {}
    each = [
        {"picture": item.name, **{key: float(np.mean(values)) for key, values in figures.items()}} for item, figures in measured
    ]
    counts = {"pictures": len(pictures), "predicted": len(pictures) - len(failed), "measured": len(measured)}
    record = {"benchmark": name, "fitter": fitter, **counts, "headings": benchmark.headings, "rows": rows}
    record |= {"published": benchmark.published, "conditions": benchmark.conditions, "each": each, "failed": failed}
    plain = json.loads(json.dumps(record), parse_constant=lambda _: None)  # no NaN in a file for other programs
    out.mkdir(parents=True, exist_ok=True)
    (out / "benchmark.json").write_text(json.dumps(plain, indent=2) + "\n", "utf-8")
    if as_json:
        print_json(plain)
    else:
        lines = [[f"{fitter}, {part}", *_cells(figures, benchmark.digits)] for part, figures in rows.items()]
        lines += [
            [f"published: {method}", *_cells(figures, benchmark.digits)] for method, figures in benchmark.published.items()
        ]
        print_table(["method", *benchmark.headings], lines)
        click.echo(
            "{predicted} of {pictures} pictures predicted, {measured} measured. ".format(**counts) + benchmark.conditions
        )
    for line in failed:
        click.echo(line, err=True)


def _cells(figures: Sequence[float], digits: int) -> list[str]:
    return [f"{value:.{digits}f}" if value == value else "-" for value in figures]  # noqa: PLR0124  # NaN alone is not itself
