"""`facetex eval leave-one-out`: synthesizers against skin that was hidden from them."""

from pathlib import Path

import click

from facetex_cli.folders import refuse_unwritable
from facetex_cli.plugin_options import plugin_options
from facetex_core.config import SIZES
from facetex_core.errors import ConfigError, did_you_mean

FILE = click.Path(path_type=Path)
COMPLETIONS = "complete,feedforward,mirror,pca,quilting,lowfrequency"
SPLIT_NAMES = ("left", "far", "lower", "centre")


@click.command("leave-one-out", short_help="Let synthesizers predict skin that was hidden from them.")
@click.argument("folder", metavar="PHOTO_FOLDER", type=FILE)
@click.option("--synthesizer", metavar="NAME,...", default=COMPLETIONS, show_default=True, help="Plugins to compare.")
@click.option("--split", metavar="NAME,...", default=",".join(SPLIT_NAMES), show_default=True, help="The hidden parts.")
@click.option("--size", type=int, metavar="N", default=512, show_default=True, help="Texels along a side of the UV map.")
@click.option("-o", "--out", metavar="OUT", type=FILE, help="Folder for leave-one-out.json, .csv and .jpg.")
@plugin_options
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.option("-q", "--quiet", is_flag=True, help="Hide the progress.")
def command(folder: Path, *, synthesizer: str, split: str, size: int, out: Path | None, as_json: bool, quiet: bool) -> int:
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
