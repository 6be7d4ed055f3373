"""`facetex eval`: fitters against heads whose truth is known, and what else is a command below it."""

from pathlib import Path

import click

from facetex_cli.cases import CASES, Sampling, asked_for
from facetex_cli.eval_benchmark import command as benchmark
from facetex_cli.eval_depth import command as depth
from facetex_cli.eval_identity import command as identity
from facetex_cli.eval_likeness import command as likeness
from facetex_cli.folders import refuse_unwritable
from facetex_cli.plugin_options import plugin_options
from facetex_core.config import SIZES
from facetex_core.errors import ConfigError, did_you_mean

FILE = click.Path(path_type=Path)
DELIGHTERS = "network,none"
COMPLETIONS = "complete,feedforward,mirror,pca,quilting,lowfrequency"
SPLIT_NAMES = ("left", "far", "lower", "centre")


class Evaluations(click.Group):
    """What is none of its commands is the suite of `facetex eval suite`."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """`facetex eval SUITE` is `facetex eval suite SUITE`."""
        if args and args[0] not in {*self.commands, *ctx.help_option_names}:
            args = ["suite", *args]
        return super().parse_args(ctx, args)


@click.group("eval", cls=Evaluations)
def command() -> None:
    """Measure errors against ground truth.

    `facetex eval SUITE` is short for `facetex eval suite SUITE`.
    """


command.add_command(benchmark)
command.add_command(depth)
command.add_command(identity)
command.add_command(likeness)


@command.command("leave-one-out", short_help="Let synthesizers predict skin that was hidden from them.")
@click.argument("folder", metavar="PHOTO_FOLDER", type=FILE)
@click.option("--synthesizer", metavar="NAME,...", default=COMPLETIONS, show_default=True, help="Plugins to compare.")
@click.option("--split", metavar="NAME,...", default=",".join(SPLIT_NAMES), show_default=True, help="The hidden parts.")
@click.option("--size", type=int, metavar="N", default=512, show_default=True, help="Texels along a side of the UV map.")
@click.option("-o", "--out", metavar="OUT", type=FILE, help="Folder for leave-one-out.json, .csv and .jpg.")
@plugin_options
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.option("-q", "--quiet", is_flag=True, help="Hide the progress.")
def hidden_skin(folder: Path, *, synthesizer: str, split: str, size: int, out: Path | None, as_json: bool, quiet: bool) -> int:
    """Let synthesizers predict skin that was hidden from them, and compare.

    A part of every face in PHOTO_FOLDER that looks at the camera within 10 degrees is hidden: one half, the far side of a
    view from 40 degrees, the lower face or the centre. The rest goes through the stages of a run, and the result of each
    synthesizer is compared with the hidden part (docs/reference/leave-one-out.md). The people must not be in the bank; the
    card of the shipped bank says whose portraits it contains.
    """
    if out:
        refuse_unwritable(out)
    splits = _names(split)
    for name in splits:
        if name not in SPLIT_NAMES:
            raise ConfigError(f"no split {name!r}; {did_you_mean(name, SPLIT_NAMES)}")
    if size not in SIZES:
        raise ConfigError(f"size {size} is none of {', '.join(map(str, SIZES))}")
    from facetex_cli.bank_run import photos_in
    from facetex_cli.leave_one_out_run import bench, score, show

    photos = photos_in(folder)
    scores = score(bench(_names(synthesizer), size), photos, splits, out, quiet)
    if not scores:
        raise ConfigError(f"{folder}: no usable photo; a photo must show a face that looks at the camera")
    show(scores, out, as_json)
    return 0


def _names(text: str) -> tuple[str, ...]:
    """A list by comma, each once."""
    return tuple(dict.fromkeys(name.strip() for name in text.split(",")))


@command.command("suite", short_help="Run fitters and delighters on heads with ground truth.")
@click.argument("suite", metavar="SUITE")
@click.option(
    "--fitter", metavar="NAME,...", default="posterior", show_default=True, help="Plugins for the fitter, to compare."
)
@click.option(
    "--delighter", metavar="NAME,...", default=DELIGHTERS, show_default=True, help="Plugins for the delighter, or '' for none."
)
@click.option("-o", "--out", metavar="OUT", type=FILE, help="Folder for eval.json, eval.csv, eval.jpg and the albedo files.")
@click.option(
    "--cases", type=click.IntRange(min=1), metavar="N", help=f"The largest number of cases.  [default: all; {CASES} synthetic]"
)
@click.option("--seed", type=click.IntRange(min=0), metavar="N", help="Synthetic: random seed of the heads.  [default: 0]")
@click.option("--model", metavar="NAME", help="Synthetic: sample the heads from this fitter's model.  [default: basis]")
@click.option("--hdri", type=FILE, multiple=True, metavar="FILE", help="Synthetic: light from a .hdr panorama; repeatable.")
@click.option("--save", type=FILE, metavar="FOLDER", help="Synthetic: keep the cases as a suite.")
@plugin_options
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.option("-q", "--quiet", is_flag=True, help="Hide the progress.")
def evaluate_suite(
    suite: str,
    *,
    fitter: str,
    delighter: str,
    out: Path | None,
    cases: int | None,
    seed: int | None,
    model: str | None,
    hdri: tuple[Path, ...],
    save: Path | None,
    as_json: bool,
    quiet: bool,
) -> int:
    """Run fitters and delighters on heads with ground truth.

    SUITE is a folder of cases (docs/reference/suites.md), or `synthetic`: heads sampled from a morphable model, under
    synthetic light or panoramas, half of them with a yaw of 0 to 30 degrees and half with 30 to 60. The detector finds the
    landmarks, as in a run. Each figure is median / mean / 90 % over the heads. If the true albedo is known, a second table
    gives the errors of the delighters, with the first fitter and the preset `draft`: means over the heads.
    """
    for folder in filter(None, (out, save)):
        refuse_unwritable(folder)
    from facetex_cli.eval_run import albedo_pipelines, bench, score, show
    from facetex_core.registry import Registry

    registry = Registry()
    observer, fitters = bench(registry, fitter)
    pipelines = albedo_pipelines(registry, delighter)
    count, found = asked_for(suite, registry, cases, Sampling(seed, model, hdri, save))
    done, albedos = score(found, count, observer, fitters, pipelines, out, quiet)
    show(done, albedos, out, as_json)
    return 0 if any(not each.failed for each in done) else 2
