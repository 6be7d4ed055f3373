"""`facetex study`: a page that asks people which of two pictures, and what their answers tell."""

from pathlib import Path

import click

from facetex_core.errors import ConfigError
from facetex_core.workbench.study.pictures import CROPS

FILE = click.Path(path_type=Path)
CROP_HELP = "; ".join(f"{name}: {what}" for name, what in CROPS.items()) + "."


@click.group("study", short_help="A user study: which of two pictures? The page, and what was answered.")
def command() -> None:
    """A user study: which of two pictures? The page, and what was answered.

    A two-alternative forced choice: real against synthesised, or variant against variant.
    """


@command.command("make", short_help="The page, and its key.")
@click.argument("folders", metavar="FOLDER...", nargs=-1, required=True, type=FILE)
@click.option("-o", "--out", metavar="FILE", type=FILE, default="study.html", show_default=True, help="The page.")
@click.option("--photos", is_flag=True, help="The photos of the runs are a variant, too; with one FOLDER they always are.")
@click.option("--crop", type=click.Choice(tuple(CROPS)), default="face", show_default=True, help=CROP_HELP)
@click.option("--seconds", type=float, metavar="S", help="How long a pair is shown.  [default: until it is answered]")
@click.option("--question", metavar="TEXT", help="[default: which one is the photograph, or looks more like one]")
@click.option("--seed", type=click.IntRange(min=0), default=0, show_default=True, help="Same seed, same page.")
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

    Each FOLDER is a variant: a result of `facetex run`, a folder of such results, or a folder of pictures; cases are matched
    by name. One folder of results is compared with the photos that they were made of, several with each other. The page needs
    nothing but itself and does not tell what is what; that is in FILE.key.json, which the report needs: do not pass it on.
    """
    if seconds is not None and not 0.1 <= seconds <= 600:
        raise ConfigError(f"--seconds takes 0.1 to 600, not {seconds}")
    from facetex_cli.study_run import make_page

    make_page(folders, out, crop, question, photos=photos or len(folders) == 1, seconds=seconds, seed=seed, quiet=quiet)


@command.command("report", short_help="What was answered, and how sure that is.")
@click.argument("answers", metavar="ANSWERS...", nargs=-1, required=True, type=FILE)
@click.option("--key", metavar="FILE", type=FILE, help="Of the study.  [default: the one *.key.json beside the answers]")
@click.option("-o", "--out", metavar="FILE", type=FILE, help="An HTML page with a picture of the intervals.")
@click.option("--json", "as_json", is_flag=True, help="JSON on stdout.")
def report(answers: tuple[Path, ...], *, key: Path | None, out: Path | None, as_json: bool) -> None:
    """What was answered, and how sure that is.

    ANSWERS are the files that participants saved. For each pair of variants: how often the first was chosen, over all
    participants, with Wilson's and the exact (Clopper-Pearson) interval of 95 % and the p-value of an even choice.
    """
    from facetex_cli.study_run import show_report

    show_report(answers, key, out, as_json)
