"""What files of facetex 0.1 meant: records and presets from before hidden skin was told by a stage of its own."""

from collections.abc import Mapping
from typing import Any

from facetex_core.messages import warn

CARRYING = ("least-squares", "affine")
"""Blend solvers of 0.1 with which the own face had a say in what was told of its hidden skin."""


def record_of_01(table: Mapping[str, Any], version: object) -> Mapping[str, Any]:
    """The recipe of a facetex.json as this facetex repeats it."""
    stages: Any = table.get("stages")
    if str(version).startswith("0.1.") and _without_predictor(stages):
        return {**table, "stages": {**stages, "hidden_predictor": {"use": "none"}}}
    return table


def warn_of_old_preset(stages: Any, name: str) -> None:  # noqa: ANN401  # whatever a file holds
    """A preset or grid does not say which facetex it was written for."""
    if _without_predictor(stages):
        solver = stages["blend_solver"]["use"]
        told = f"{name}: blend_solver {solver!r} and no hidden_predictor: the default tells the hidden skin"
        warn(f'{told}; in facetex 0.1 it was the blend alone: hidden_predictor = {{ use = "none" }}')


def _without_predictor(stages: object) -> bool:
    """Whether a blend solver is named that meant the blend alone, and no hidden predictor."""
    if not isinstance(stages, Mapping) or "hidden_predictor" in stages:
        return False
    solver = stages.get("blend_solver")
    return isinstance(solver, Mapping) and isinstance(solver.get("use"), str) and solver["use"] not in CARRYING
