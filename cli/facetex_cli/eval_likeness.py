"""`facetex eval likeness`: heads beside the photos that they were made of."""

from pathlib import Path

import click

from facetex_cli.folders import refuse_unwritable
from facetex_cli.plugin_options import plugin_options

FILE = click.Path(path_type=Path)


@click.command("likeness", short_help="Show heads beside their photos, and measure whether they are alike.")
@click.argument("folder", metavar="PHOTO_FOLDER", type=FILE)
@click.option("--fitter", metavar="NAME", help="Plugin for the fitter.  [default: that of the preset draft]")
@click.option("--cases", type=click.IntRange(min=1), metavar="N", help="The largest number of photos.  [default: all]")
@click.option("-o", "--out", metavar="OUT", type=FILE, help="Folder for likeness.jpg and likeness.json.")
@plugin_options
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.option("-q", "--quiet", is_flag=True, help="Hide the progress.")
def command(folder: Path, *, fitter: str | None, cases: int | None, out: Path | None, as_json: bool, quiet: bool) -> int:
    """Show heads beside their photos, and measure whether they are alike.

    Every photo becomes a head by the preset `draft`, which is rendered from 0, 30 and 60 degrees. With a plugin that offers a
    face embedding, each render is compared with all photos: is the nearest one of its own person, and how far are that
    person's photo and the nearest of another person? Photos of one person are called NAME-1.jpg, NAME-2.jpg: the hyphen and
    the number are no part of the name (docs/reference/benchmarks.md).
    """
    if out:
        refuse_unwritable(out)
    from facetex_cli.bank_run import photos_in
    from facetex_cli.eval_likeness_run import bench, render_photos, show

    stages = bench(fitter)
    rendered = render_photos(photos_in(folder)[:cases], stages, quiet)
    show(rendered, list(stages.embeddings), out, as_json)
    return 0 if any(not each.failed for each in rendered) else 2
