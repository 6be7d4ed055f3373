"""`facetex eval identity`: how much of a person a fitter finds."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

from facetex_cli.cases import stored
from facetex_cli.folders import refuse_no_file, refuse_unwritable
from facetex_cli.plugin_options import plugin_options
from facetex_core.errors import ConfigError

if TYPE_CHECKING:
    from facetex_core.observe import Observer
    from facetex_core.structures import Photo
    from facetex_core.workbench.evaluation.suite import Case

FILE = click.Path(path_type=Path)


@click.command("identity", short_help="Measure how much of a person's head shape fitters find.")
@click.argument("suites", metavar="[SUITE]...", nargs=-1, type=FILE)
@click.option(
    "--fitter", metavar="NAME,...", default="posterior", show_default=True, help="Plugins for the fitter, to compare."
)
@click.option("--scan", "scans", type=FILE, multiple=True, metavar="MESH", help="A textured .obj to photograph; repeatable.")
@click.option("--photos", type=FILE, metavar="FOLDER", help="Photos of different people, without truth.")
@click.option("--video", "videos", type=FILE, multiple=True, metavar="FILE", help="A clip of one person; repeatable.")
@click.option(
    "--cases", type=click.IntRange(min=1), metavar="N", help="The largest number of cases of a suite.  [default: all]"
)
@click.option("-o", "--out", metavar="OUT", type=FILE, help="Folder for identity.json and identity.csv.")
@plugin_options
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.option("-q", "--quiet", is_flag=True, help="Hide the progress.")
def command(
    suites: tuple[Path, ...],
    *,
    fitter: str,
    scans: tuple[Path, ...],
    photos: Path | None,
    videos: tuple[Path, ...],
    cases: int | None,
    out: Path | None,
    as_json: bool,
    quiet: bool,
) -> int:
    """Measure how much of a person's head shape fitters find.

    SUITE is a folder of cases (docs/reference/suites.md). Cases with neutral.npz are compared vertex by vertex: the share of
    the person's shape that was found, its correlation with the true one, and what is left as error. Cases whose mesh is at
    rest, and scans, are compared by surface. Photos and clips without truth are fitted again mirrored, cropped, darker and
    brighter: the same person should give the same head. The mean head, and half of what a fitter finds, are rows of each
    table (docs/reference/identity.md).
    """
    if not (suites or scans or photos or videos):
        raise ConfigError("nothing to measure: give a SUITE, --scan, --photos or --video")
    if out:
        refuse_unwritable(out)
    from facetex_cli.eval_identity_run import agreements, results, shapes, show
    from facetex_cli.eval_run import bench
    from facetex_core.registry import Registry

    observer, fitters = bench(Registry(), fitter)
    found = results({**_suites(suites, cases), **_scans(scans, observer)}, observer, fitters, quiet)
    made, failed = shapes(_people(photos, videos, cases), observer, fitters, quiet)
    show(found, agreements(made), failed, out, as_json)
    return 0 if any(not each.failed for each in found) or any(made.values()) else 2


def _suites(folders: tuple[Path, ...], most: int | None) -> "dict[str, tuple[int, Iterator[Case]]]":
    return {folder.name: stored(folder, most) for folder in folders}


def _scans(paths: tuple[Path, ...], observer: "Observer") -> "dict[str, tuple[int, Iterator[Case]]]":
    from facetex_core.workbench.evaluation.scan import SCAN_YAWS, scan_cases

    for path in paths:
        refuse_no_file(path)
    return {path.stem: (len(SCAN_YAWS), scan_cases(path, observer.detector)) for path in paths}


def _people(folder: Path | None, videos: tuple[Path, ...], most: int | None) -> "dict[str, list[Photo]]":
    """By person: each photo of the folder is another one's, the frames of a clip are of one."""
    from facetex_cli.bank_run import photos_in
    from facetex_core.io.photo_file import load_photo
    from facetex_core.workbench.evaluation.identity_agreement import frames

    for path in videos:
        refuse_no_file(path)
    people = {path.stem: [load_photo(path)] for path in (photos_in(folder)[:most] if folder else ())}
    return people | {path.stem: list(frames(path)) for path in videos}
