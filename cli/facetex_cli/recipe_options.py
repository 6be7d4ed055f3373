"""From the options of `facetex run` to a recipe."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from facetex_core.choices_file import read_choices
from facetex_core.config import Recipe, load_preset, recipe_from
from facetex_core.did_you_mean import did_you_mean
from facetex_core.errors import ConfigError
from facetex_core.old_files import record_of_01
from facetex_core.stages import STAGES

SHORT = {role.split("_")[0]: role for role in STAGES}
"""The stages as the command line calls them: `descriptor` for descriptor_extractor, `blend` for blend_solver."""


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
