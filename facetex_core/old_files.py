"""What files of facetex 0.1 meant: records and presets from before hidden skin was told by a stage of its own."""

from collections.abc import Mapping
from typing import Any

from facetex_core.messages import warn

CARRYING = ("least-squares", "affine")
"""Blend solvers of 0.1 with which the own face had a say in what was told of its hidden skin."""


def record_of_01(table: Mapping[str, Any], version: object) -> Mapping[str, Any]:
    """The recipe of a facetex.json as this facetex repeats it."""
    stages: Any = table.get("stages") if isinstance(table, Mapping) else None
    old = str(version).startswith("0.1.") and isinstance(stages, Mapping) and "hidden_predictor" not in stages
    if old and not set(_solvers(stages.get("blend_solver"))) <= set(CARRYING):
        return {**table, "stages": {**stages, "hidden_predictor": {"use": "none"}}}
    return table


def warn_of_old_choices(stages: Any, name: str) -> None:  # noqa: ANN401  # whatever a preset or a grid holds
    """A preset or grid does not say which facetex it was written for."""
    if isinstance(stages, Mapping) and "hidden_predictor" not in stages:
        for solver in _solvers(stages.get("blend_solver")):
            if solver not in CARRYING:
                told = f"{name}: blend_solver {solver!r} and no hidden_predictor: the default predictor is used"
                warn(f'{told}; for the blend alone, as in facetex 0.1, add hidden_predictor = {{ use = "none" }}')


def _solvers(entry: object) -> list[str]:
    """The blend solvers that a stage's entry names: a name, a table, or a list of them."""
    entries = entry if isinstance(entry, list) else [entry]
    names = [each.get("use") if isinstance(each, Mapping) else each for each in entries]
    return [name for name in names if isinstance(name, str)]
