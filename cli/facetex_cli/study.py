"""`facetex study`: a page that asks people which of two pictures, and what their answers tell."""

from pathlib import Path

import click

from facetex_core.errors import ConfigError
from facetex_core.workbench.study.pictures import CROPS

FILE = click.Path(path_type=Path)
CROP_HELP = "; ".join(f"{name}: {what}" for name, what in CROPS.items()) + "."


@click.group("study", short_help="Make a user study (which of two pictures?) and evaluate its answers.")
def command() -> None:
    """Make a user study (which of two pictures?) and evaluate its answers.

    A two-alternative forced choice: real against synthesised, or variant against variant.
    """


@command.command("make", short_help="Make the page of a study, and its key.")
@click.argument("folders", metavar="FOLDER...", nargs=-1, required=True, type=FILE)
@click.option("-o", "--out", metavar="FILE", type=FILE, default="study.html", show_default=True, help="The page.")
@click.option("--photos", is_flag=True, help="Add the photos of the runs as a variant; with one FOLDER, always.")
@click.option("--crop", type=click.Choice(tuple(CROPS)), default="face", show_default=True, help=CROP_HELP)
@click.option("--seconds", type=float, metavar="S", help="How long a pair is shown.  [default: until it is answered]")
@click.option("--question", metavar="TEXT", help="[default: which one is the photograph, or looks more like one]")
@click.option(
    "--seed", type=click.IntRange(min=0), default=0, show_default=True, help="Random seed; the same seed gives the same page."
)
@click.option("-q", "--quiet", is_flag=True, help="Only warnings and errors.")
def make(
    folders: tuple[Path, ...],
    *,
    out: Path,
    photos: bool,
    crop: str,
    seconds: float | None,
    question: str | None,
    seed: int,
    quiet: bool,
) -> None:
    """Make the page of a study, and its key.

    Each FOLDER is a variant: a result of `facetex run`, a folder of such results, or a folder of pictures. Cases are
    matched by name. One folder of results is compared with its photos; several are compared with each other. The page is
    self-contained and does not reveal which picture is which. FILE.key.json does, and the report needs it: do not share it.
    """
    if seconds is not None and not 0.1 <= seconds <= 600:
        raise ConfigError(f"--seconds takes 0.1 to 600, not {seconds}")
    from facetex_cli.study_run import make_page

    make_page(folders, out, crop, question, photos=photos or len(folders) == 1, seconds=seconds, seed=seed, quiet=quiet)


@command.command("report", short_help="Evaluate the answers, with confidence intervals.")
@click.argument("answers", metavar="ANSWERS...", nargs=-1, required=True, type=FILE)
@click.option("--key", metavar="FILE", type=FILE, help="The study's key.  [default: the one *.key.json next to the answers]")
@click.option("-o", "--out", metavar="FILE", type=FILE, help="An HTML page with a plot of the intervals.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def report(answers: tuple[Path, ...], *, key: Path | None, out: Path | None, as_json: bool) -> None:
    """Evaluate the answers, with confidence intervals.

    ANSWERS are the files that participants saved. For each pair of variants, the report gives the share of choices of the
    first, over all participants, with Wilson's and the exact (Clopper-Pearson) interval of 95 % and the p-value of an even
    choice.
    """
    from facetex_cli.study_run import show_report

    show_report(answers, key, out, as_json)
