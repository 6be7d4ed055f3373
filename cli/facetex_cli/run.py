"""`facetex run`: photos in, heads out."""

from pathlib import Path

import click

from facetex_cli.device import DEVICE_CHOICES
from facetex_cli.folders import refuse_unwritable
from facetex_cli.jobs import EXAMPLE, RunOptions, jobs_for
from facetex_cli.plugin_options import plugin_options
from facetex_cli.recipe_options import order, preset_option, stage_options
from facetex_core.config import SIZES
from facetex_core.errors import ConfigError
from facetex_core.stages import STAGES

FILE = click.Path(path_type=Path)


@click.command("run", short_help="From a photo, or several, to heads.")
@click.argument("photos", metavar="PHOTO...", nargs=-1, type=FILE)
@click.option("-o", "--out", metavar="OUT", type=FILE, default="facetex-out", show_default=True, help="Folder for the results.")
@click.option("--example", is_flag=True, help="Take the astronaut picture that comes with scikit-image.")
@preset_option
@click.option("--from", "saved", metavar="FILE", type=FILE, help="Repeat the choices of a facetex.json.")
@stage_options(STAGES)
@click.option("--set", "settings", metavar="STAGE.OPTION=VALUE", multiple=True, help="An option of a plugin; repeatable.")
@click.option("--bank", metavar="FILE", help="A bank of textures.  [default: the one that ships]")
@click.option("--size", type=int, metavar="N", help=f"Side of the map: {', '.join(map(str, SIZES))}.  [default: of the preset]")
@click.option("--seed", type=int, metavar="N", help="Same seed, same bytes.  [default: 0]")
@click.option("--device", type=click.Choice(DEVICE_CHOICES), help="[default: auto]")
@click.option("--same-person", is_flag=True, help="All photos show one person: one head from all.")
@click.option("--face", type=click.IntRange(min=1), metavar="N", help="Face number N by size.  [default: the largest]")
@plugin_options
@click.option("--json", "as_json", is_flag=True, help="One JSON object a head on stdout.")
@click.option("-q", "--quiet", is_flag=True, help="Only warnings and errors.")
def command(
    photos: tuple[Path, ...],
    *,
    out: Path,
    example: bool,
    preset: str | None,
    saved: Path | None,
    settings: tuple[str, ...],
    bank: str | None,
    size: int | None,
    seed: int | None,
    device: str | None,
    same_person: bool,
    face: int | None,
    as_json: bool,
    quiet: bool,
    **stages: str | None,
) -> int:
    """From a photo, or several, to heads.

    The result is a folder with head.glb, head.obj, albedo.png, renders, report.html and facetex.json; several photos
    get a folder each inside OUT. A photo that cannot be used does not stop the others; the exit code is 2 if any failed.
    With --same-person all photos make one head in OUT; one that cannot be used is left out with a warning.
    `facetex plugins` lists what the stages can be, `facetex plugins show NAME` the options for --set.
    """
    sources = [*([EXAMPLE] if example else []), *photos]
    if not sources:
        raise ConfigError("no photo given: facetex run PHOTO... -o OUT, or facetex run --example")
    if same_person and len(sources) < 2:
        raise ConfigError("--same-person makes one head from several photos; one was given")
    if same_person and face:
        raise ConfigError(
            "--face and --same-person exclude each other: crop the photos so that the largest face is the person's"
        )
    device = device or (None if saved else "auto")
    recipe = order(preset, saved, stages, settings, {"bank": bank, "size": size, "seed": seed, "device": device})
    jobs = jobs_for(sources, out, same_person=same_person)
    for job in jobs:
        refuse_unwritable(job.folder)
    from facetex_cli.run_jobs import work

    return work(jobs, recipe, RunOptions(face, as_json, quiet))
