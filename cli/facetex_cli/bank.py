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


@click.group("bank", short_help="Build, inspect and merge banks of portraits.")
def command() -> None:
    """Build, inspect and merge banks of portraits.

    A bank holds statistics of many faces. `facetex run` uses it to predict the skin that a photo hides.
    """


@command.command("build")
@click.argument("folder", metavar="FOLDER", type=FILE)
@click.option(
    "-o", "--out", metavar="FILE", type=FILE, required=True, help="The bank; FILE.html next to it shows every portrait."
)
@preset_option
@stage_options(ROLES)
@click.option("--set", "settings", metavar="STAGE.OPTION=VALUE", multiple=True, help="An option of a plugin; repeatable.")
@click.option(
    "--size",
    type=click.Choice([str(size) for size in BANK_SIZES]),
    default="512",
    show_default=True,
    help="Texels along a side of the UV map.",
)
@click.option("--jobs", type=click.IntRange(min=1), metavar="N", help="Portraits at a time.  [default: one per processor]")
@click.option("--keep-textures", is_flag=True, help="Store the albedos themselves; you need the rights to the portraits.")
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

    Unsuitable portraits are refused: rotated, blurred, with glasses, half hidden, in hard light, or with an open mouth. The
    same command resumes an interrupted build.
    """
    recipe = order(preset, None, stages, settings, {})
    from facetex_cli.bank_run import BankBuildOptions, build_bank

    return build_bank(BankBuildOptions(folder, out, recipe, int(size), jobs, keep_textures, anonymous, device, quiet))


@command.command("info")
@click.argument("file", metavar="FILE", type=FILE)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def info(file: Path, as_json: bool) -> None:
    """Show the contents of the bank FILE."""
    from facetex_cli.bank_run import show

    show(file, as_json)


@command.command("merge")
@click.argument("first", metavar="A", type=FILE)
@click.argument("second", metavar="B", type=FILE)
@click.option("-o", "--out", metavar="FILE", type=FILE, required=True, help="The merged bank.")
def merge(first: Path, second: Path, out: Path) -> None:
    """Merge the banks A and B.

    Both must have the same descriptor and the same UV map. Duplicate names get a number.
    """
    from facetex_cli.bank_run import merge_banks

    merge_banks(first, second, out)
