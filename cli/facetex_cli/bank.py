"""`facetex bank`: a bank of one's own, from a folder of portraits."""

from pathlib import Path

import click

from facetex_cli.device import DEVICE_CHOICES
from facetex_cli.plugin_options import plugin_options
from facetex_cli.recipe_options import order, preset_option, stage_options
from facetex_core.observe import FrontHalf

FILE = click.Path(path_type=Path)
ROLES = (*FrontHalf.roles(), "descriptor_extractor")
"""The stages that a portrait goes through."""
BANK_SIZES = (256, 512, 1024)


@click.group("bank", short_help="Banks of portraits: build, look into, merge.")
def command() -> None:
    """Banks of portraits: build, look into, merge.

    A bank holds statistics of many faces, by which `facetex run` tells what a photo hides.
    """


@command.command("build")
@click.argument("folder", metavar="FOLDER", type=FILE)
@click.option(
    "-o", "--out", metavar="FILE", type=FILE, required=True, help="The bank; FILE.html beside it shows every portrait."
)
@preset_option
@stage_options(ROLES)
@click.option("--set", "settings", metavar="STAGE.OPTION=VALUE", multiple=True, help="An option of a plugin; repeatable.")
@click.option(
    "--size", type=click.Choice([str(size) for size in BANK_SIZES]), default="512", show_default=True, help="Side of the map."
)
@click.option("--jobs", type=click.IntRange(min=1), metavar="N", help="Portraits at a time.  [default: one a processor]")
@click.option("--keep-textures", is_flag=True, help="Keep the albedos themselves: needs the rights in the portraits.")
@click.option("--anonymous", is_flag=True, help="Number the exemplars instead of naming them after their files.")
@click.option("--device", type=click.Choice(DEVICE_CHOICES), default="cpu", show_default=True)
@plugin_options
@click.option("-q", "--quiet", is_flag=True, help="Only warnings and errors.")
def build(
    folder: Path,
    *,
    out: Path,
    preset: str | None,
    settings: tuple[str, ...],
    size: str,
    jobs: int | None,
    keep_textures: bool,
    anonymous: bool,
    device: str,
    quiet: bool,
    **stages: str | None,
) -> int:
    """Build a bank from the portraits in FOLDER.

    Portraits that would spoil it are refused: turned, blurred, behind glasses, half hidden, in hard light, with an open
    mouth. An interrupted build goes on where it stopped when it is called again.
    """
    recipe = order(preset, None, stages, settings, {})
    from facetex_cli.bank_run import BankBuildOptions, build_bank

    return build_bank(BankBuildOptions(folder, out, recipe, int(size), jobs, keep_textures, anonymous, device, quiet))


@command.command("info")
@click.argument("file", metavar="FILE", type=FILE)
@click.option("--json", "as_json", is_flag=True, help="JSON on stdout.")
def info(file: Path, as_json: bool) -> None:
    """What the bank FILE holds."""
    from facetex_cli.bank_facts import show

    show(file, as_json)


@command.command("merge")
@click.argument("first", metavar="A", type=FILE)
@click.argument("second", metavar="B", type=FILE)
@click.option("-o", "--out", metavar="FILE", type=FILE, required=True, help="The bank of both.")
def merge(first: Path, second: Path, out: Path) -> None:
    """Put the banks A and B into one.

    They must be of one descriptor and one map; a name that comes twice gets a number.
    """
    from facetex_cli.bank_facts import merge_banks

    merge_banks(first, second, out)
