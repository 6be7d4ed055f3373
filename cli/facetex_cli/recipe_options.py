"""The options that choose what a run is made of, and from them to a recipe."""

import json
from collections.abc import Callable, Container, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import click

from facetex_core.choices_file import preset_names, read_choices, record_of_01
from facetex_core.config import SIZES, Recipe, load_preset, recipe_from
from facetex_core.errors import ConfigError, did_you_mean
from facetex_core.stages import CHAINED, STAGES

SHORT = {role.split("_")[0]: role for role in STAGES}
"""The stages as the command line calls them: `descriptor` for descriptor_extractor, `blend` for blend_solver."""
preset_option = click.option(
    "--preset", metavar="NAME", help=f"{', '.join(preset_names())}, one of a plugin, or a .toml file.  [default: embedded]"
)

size_option = click.option(
    "--size",
    type=int,
    metavar="N",
    help=f"Texels along a side of the UV map: {', '.join(map(str, SIZES))}.  [default: the preset's]",
)
face_option = click.option(
    "--face", type=click.IntRange(min=1), metavar="N", help="Use face number N, counted by size.  [default: the largest]"
)

focal_option = click.option(
    "--focal",
    type=click.FloatRange(8, 2000),
    metavar="MM",
    help="Focal length of the photos, for 35 mm film.  [default: what the files tell]",
)


def stage_options(roles: Container[str], *, one: bool = True) -> Callable[[Any], Any]:
    """One option a stage of these roles, in running order; it takes the name of one plugin, or a list of names by commas."""

    def decorated(command: Any) -> Any:  # noqa: ANN401  # a function or a command, as click's own decorators take
        for short, role in reversed(SHORT.items()):
            if role in roles:
                several = "; several by +" if one and role in CHAINED else ""
                text = f"Plugin{'' if one else 's'} for the {role.replace('_', ' ')}{several}."
                command = click.option(f"--{short}", role, metavar="NAME" if one else "NAME,...", help=text)(command)
        return command

    return decorated


def order(
    preset: str | None,
    saved: Path | None,
    stages: Mapping[str, str | None],
    settings: Sequence[str],
    plain: Mapping[str, object],
) -> Recipe:
    """The preset, or what a facetex.json holds, with everything that was given put over it."""
    if preset and saved:
        raise ConfigError("--preset and --from exclude each other: each sets the starting point")
    recipe = repeat(saved) if saved else load_preset(preset or "embedded")
    for role, name in stages.items():
        recipe = recipe.choosing(role, name) if name else recipe
    for setting in settings:
        recipe = recipe.setting(*read_setting(setting))
    return replace(recipe, **{key: value for key, value in plain.items() if value is not None})  # type: ignore[arg-type]  # click has read them by type


def repeat(saved: Path) -> Recipe:
    """The recipe that a facetex.json holds."""
    try:
        written = json.loads(read_choices(saved))
        table = record_of_01(written["recipe"], written.get("versions", {}).get("facetex"))
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        raise ConfigError(f"{saved}: is no facetex.json of a run") from None
    return recipe_from(table, saved.name)


def read_setting(text: str) -> tuple[str, str, str]:
    """Role, option and value of `stage.option=value`."""
    where, equals, value = text.partition("=")
    stage, point, option = where.strip().partition(".")
    if not (equals and point and stage and option):
        raise ConfigError(f"--set takes stage.option=value, such as fitter.iterations=20, not {text!r}")
    role = SHORT.get(stage, stage)
    if role not in STAGES:
        raise ConfigError(f"no stage {stage!r}; {did_you_mean(stage, SHORT)}")
    return role, option, value
