"""`facetex render`: stills and turntables of a finished head."""

from pathlib import Path

import click

from facetex_cli.folders import refuse_unwritable
from facetex_cli.plugin_options import plugin_options
from facetex_cli.recipe_options import order
from facetex_core.errors import ConfigError, did_you_mean

FILE = click.Path(path_type=Path)
VIEWS = ("front", "three_quarter", "side")
MOST_FRAMES = 720


@click.command("render", short_help="Render a finished head: views and turntables, under any light.")
@click.argument("head", metavar="HEAD", type=FILE)
@click.option("-o", "--out", metavar="OUT", type=FILE, default="pictures", show_default=True, help="Folder for the pictures.")
@click.option("--renderer", metavar="NAME", default="raster", show_default=True, help="raster, mitsuba, cycles, or a plugin.")
@click.option(
    "--set", "settings", metavar="renderer.OPTION=VALUE", multiple=True, help="An option of the renderer; repeatable."
)
@click.option("--hdri", "hdris", metavar="FILE", type=FILE, multiple=True, help="Light from a .hdr panorama; repeatable.")
@click.option("--view", metavar="NAME,...", help=f"{', '.join(VIEWS)}.  [default: all, or none with --turntable]")
@click.option(
    "--turntable", metavar="N", type=click.IntRange(2, MOST_FRAMES), help="Frames of one turn; also writes an animated WebP."
)
@click.option("--size", type=click.IntRange(32, 4096), default=700, show_default=True, help="Pixels along a side of a picture.")
@plugin_options
@click.option("--json", "as_json", is_flag=True, help="Print a JSON object.")
@click.option("-q", "--quiet", is_flag=True, help="Only warnings and errors.")
def command(
    head: Path,
    *,
    out: Path,
    renderer: str,
    settings: tuple[str, ...],
    hdris: tuple[Path, ...],
    view: str | None,
    turntable: int | None,
    size: int,
    as_json: bool,
    quiet: bool,
) -> int:
    """Render a finished head: views and turntables, under any light.

    HEAD is a folder of `facetex run`, or a head.glb. Without --hdri the light is a studio; environment.hdr in the folder is
    the photo's own light. `raster` uses only the second-order harmonics of a panorama. `mitsuba` and `cycles` trace paths
    and use all of it; each needs another package. On the turntable the camera moves, and the light stays with the head.
    """
    names = _views(view, turntable)
    lights = {file.stem: file for file in hdris}
    if len(lights) < len(hdris):
        raise ConfigError("two panoramas have the same name, and their pictures would too; rename one")
    recipe = order(None, None, {"renderer": renderer}, settings, {})
    if any(not setting.strip().startswith("renderer.") for setting in settings):
        raise ConfigError("--set takes renderer.option=value here, such as renderer.samples=16: no other stage runs")
    refuse_unwritable(out)
    from facetex_cli.render_run import RenderOptions, work

    return work(head, RenderOptions(out, recipe, lights, names, turntable or 0, size, as_json, quiet))


def _views(view: str | None, turntable: int | None) -> tuple[str, ...]:
    if view is None:
        return () if turntable else VIEWS
    names = tuple(dict.fromkeys(name.strip() for name in view.split(",")))
    for name in names:
        if name not in VIEWS:
            raise ConfigError(f"no view {name!r}; {did_you_mean(name, VIEWS)}")
    return names
