"""`facetex eval depth`: depth maps of fits against true ones."""

from pathlib import Path

import click

from facetex_cli.cases import CASES, Sampling, asked_for
from facetex_cli.folders import refuse_unwritable
from facetex_cli.plugin_options import plugin_options

FILE = click.Path(path_type=Path)
FITTERS = "posterior,landmarks"


@click.command("depth", short_help="Compare the depth maps of fits with true ones.")
@click.argument("suite", metavar="SUITE")
@click.option(
    "--fitter", metavar="NAME[+DETAILER],...", default=FITTERS, show_default=True, help="Plugins for the fitter, to compare."
)
@click.option(
    "--cases", type=click.IntRange(min=1), metavar="N", help=f"The largest number of cases.  [default: all; {CASES} synthetic]"
)
@click.option("--seed", type=click.IntRange(min=0), metavar="N", help="Synthetic: random seed of the heads.  [default: 0]")
@click.option("--hdri", type=FILE, multiple=True, metavar="FILE", help="Synthetic: light from a .hdr panorama; repeatable.")
@click.option("-o", "--out", metavar="OUT", type=FILE, help="Folder for depth.json and depth.csv.")
@plugin_options
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.option("-q", "--quiet", is_flag=True, help="Hide the progress.")
def command(
    suite: str,
    *,
    fitter: str,
    cases: int | None,
    seed: int | None,
    hdri: tuple[Path, ...],
    out: Path | None,
    as_json: bool,
    quiet: bool,
) -> int:
    """Compare the depth maps of fits with true ones.

    SUITE is a folder of cases with mesh and camera (docs/reference/suites.md), or `synthetic`. The depth that a fit's camera
    sees in the photo is compared with the true one, pixel by pixel of the face, after a scale and an offset found by RANSAC.
    Errors are in percent of the true depth's range: mean, standard deviation, median and 90 % over all pixels of all heads,
    then by expression. `posterior+shading` is a whole run of the preset `draft` with that fitter and that detailer, whose
    relief moves the surface. The mean head under the first fitter's camera is a row of its own (docs/reference/benchmarks.md).
    """
    if out:
        refuse_unwritable(out)
    from facetex_cli.eval_depth_run import bench, scores, show
    from facetex_core.registry import Registry

    registry = Registry()
    stages = bench(registry, fitter)
    count, found = asked_for(suite, registry, cases, Sampling(seed, hdri=hdri))
    done = scores(found, count, stages, quiet)
    show(done, out, as_json)
    return 0 if any(each.errors is not None for each in done) else 2
