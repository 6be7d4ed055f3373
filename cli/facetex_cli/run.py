"""`facetex run`: photos in, heads out."""

from pathlib import Path

import click

from facetex_cli.device import DEVICE_CHOICES
from facetex_cli.folders import refuse_unwritable
from facetex_cli.jobs import EXAMPLE, RunOptions, jobs_for
from facetex_cli.plugin_options import plugin_options
from facetex_cli.recipe_options import face_option, focal_option, order, preset_option, size_option, stage_options
from facetex_core.errors import ConfigError
from facetex_core.stages import STAGES

FILE = click.Path(path_type=Path)


@click.command("run", short_help="Make a 3D head from each photo, or one from all photos of a person.")
@click.argument("photos", metavar="PHOTO...", nargs=-1, type=FILE)
@click.option("-o", "--out", metavar="OUT", type=FILE, default="facetex-out", show_default=True, help="Folder for the results.")
@click.option("--example", is_flag=True, help="Use the astronaut picture of scikit-image.")
@preset_option
@click.option("--from", "saved", metavar="FILE", type=FILE, help="Repeat the settings of a facetex.json.")
@stage_options(STAGES)
@click.option("--set", "settings", metavar="STAGE.OPTION=VALUE", multiple=True, help="An option of a plugin; repeatable.")
@click.option("--bank", metavar="FILE", help="The bank of textures.  [default: the shipped one]")
@size_option
@click.option("--seed", type=int, metavar="N", help="Random seed; the same seed gives the same bytes.  [default: 0]")
@click.option("--device", type=click.Choice(DEVICE_CHOICES), help="[default: auto]")
@click.option("--same-person", is_flag=True, help="All photos show one person; make one head from them.")
@face_option
@focal_option
@plugin_options
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object per head.")
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
    focal: float | None,
    as_json: bool,
    quiet: bool,
    **stages: str | None,
) -> int:
    """Make a 3D head from each photo, or one from all photos of a person.

    The result is a folder with head.glb, head.obj, albedo.png, renders, report.html and facetex.json. Several photos get
    one folder each inside OUT. If a photo cannot be used, the others continue and the exit code is 2. With --same-person
    all photos make one head in OUT; a photo that cannot be used is left out with a warning. `facetex plugins` lists the
    plugins of each stage, `facetex plugins show NAME` the options for --set.
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

    return work(jobs, recipe, RunOptions(face, as_json, quiet, focal))
