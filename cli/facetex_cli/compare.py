"""`facetex compare`: photos through every combination of plugins, side by side."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from facetex_cli.device import DEVICE_CHOICES
from facetex_cli.folders import refuse_unwritable
from facetex_cli.jobs import EXAMPLE, RunOptions
from facetex_cli.plugin_options import plugin_options
from facetex_cli.recipe_options import SHORT, face_option, focal_option, preset_option, read_setting, size_option, stage_options
from facetex_core.config import Choice, load_preset
from facetex_core.errors import ConfigError
from facetex_core.stages import STAGES

if TYPE_CHECKING:
    from facetex_core.workbench.comparison.grid import Grid

FILE = click.Path(path_type=Path)


@click.command("compare", short_help="Run photos through every combination of plugins, side by side.")
@click.argument("photos", metavar="PHOTO...", nargs=-1, type=FILE)
@click.option(
    "-o", "--out", metavar="OUT", type=FILE, default="facetex-compare", show_default=True, help="Folder for the results."
)
@click.option("--example", is_flag=True, help="Use the astronaut picture of scikit-image.")
@click.option("--grid", metavar="FILE", type=FILE, help="A grid of plugins and options, as a .toml file.")
@preset_option
@stage_options([role for role in STAGES if role != "exporter"], one=False)
@click.option(
    "--set",
    "settings",
    metavar="STAGE.OPTION=VALUE",
    multiple=True,
    help="An option of a plugin; give it twice to compare two values.",
)
@click.option("--bank", "banks", metavar="FILE", multiple=True, help="A bank of textures; repeat it, one per descriptor.")
@size_option
@click.option("--seed", type=int, metavar="N", help="Random seed; the same seed gives the same bytes.  [default: 0]")
@click.option("--device", type=click.Choice(DEVICE_CHOICES), help="[default: auto]")
@face_option
@focal_option
@plugin_options
@click.option("--json", "as_json", is_flag=True, help="Print the content of compare.json.")
@click.option("-q", "--quiet", is_flag=True, help="Only warnings and errors.")
def command(
    photos: tuple[Path, ...],
    *,
    out: Path,
    example: bool,
    grid: Path | None,
    preset: str | None,
    settings: tuple[str, ...],
    banks: tuple[str, ...],
    size: int | None,
    seed: int | None,
    device: str | None,
    face: int | None,
    focal: float | None,
    as_json: bool,
    quiet: bool,
    **stages: str | None,
) -> int:
    """Run photos through every combination of plugins, side by side.

    Each stage takes a comma-separated list: `--fitter basis,landmarks --delighter network,none` gives four variants. A
    PHOTO may also be a case of a suite: a folder with photo.png and its ground truth. The result is a folder with
    compare.html, tables, pictures and variants.glb. Work that variants share is done once and cached in OUT/cache:
    an interrupted comparison resumes, and one with more variants computes only what is new. If a variant or photo fails,
    the others continue; the exit code is then 2.
    """
    sources = [*([EXAMPLE] if example else []), *photos]
    if not sources:
        raise ConfigError("no photo given: facetex compare PHOTO... --fitter NAME,NAME -o OUT, or facetex compare --example")
    found = order(grid, preset, stages, settings, {"size": size, "seed": seed, "device": device or (None if grid else "auto")})
    variants = found.variants()
    refuse_unwritable(out)
    from facetex_cli.compare_run import run_comparison

    banks = banks or found.banks or (found.base.bank,)
    return run_comparison(sources, variants, banks, out, RunOptions(face, as_json, quiet, focal))


def order(
    grid: Path | None,
    preset: str | None,
    stages: Mapping[str, str | None],
    settings: Sequence[str],
    plain: Mapping[str, object],
) -> "Grid":
    """The grid of the file, or the preset, with everything that was given put over it."""
    from facetex_core.workbench.comparison.grid import Grid, read_grid

    if grid and preset:
        raise ConfigError("--grid and --preset exclude each other: a grid names its own preset")
    found = read_grid(grid) if grid else Grid(load_preset(preset or "embedded"), {})
    given = {key: value for key, value in plain.items() if value is not None}
    found = replace(found, base=replace(found.base, **given))  # type: ignore[arg-type]  # click has read them by type
    for role, names in stages.items():
        if names is not None:
            found = found.offering(role, [Choice(name) for name in _names(role, names)])
    values: dict[tuple[str, str], list[str]] = {}
    for role, option, value in map(read_setting, settings):
        values.setdefault((role, option), []).append(value)
    for (role, option), several in values.items():
        found = found.setting(role, option, several)
    return found


def _names(role: str, text: str) -> list[str]:
    names = [name.strip() for name in text.split(",")]
    if not all(names):
        short = next(short for short, known in SHORT.items() if known == role)
        raise ConfigError(f"--{short} takes names by commas, such as NAME,NAME, not {text!r}")
    return names
