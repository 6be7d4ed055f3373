"""facetex.json: all that it takes to make a head again, and what was found on the way; no path, no metadata of the photo."""

import json
import platform
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from importlib.metadata import PackageNotFoundError, requires, version
from pathlib import PurePath

import numpy as np
from jaxtyping import Float32

from facetex_core.config import Recipe
from facetex_core.descriptors.correlations import relative_error
from facetex_core.geometry.camera import yaw_degrees
from facetex_core.pipeline import Run
from facetex_core.structures import LitView

WEIGHTS_SHOWN = 8
"""How many of the blend's weights are told."""


@dataclass(frozen=True, slots=True)
class Notes:
    """What only the caller knows of a run."""

    models: Mapping[str, Mapping[str, object]] = field(default_factory=dict)
    """Of each model that was used: sha256, licence, source, under `commercial` whether commercial use is free, and under
    `makes` what of the result rests on it."""
    exemplars: Sequence[str] = ()
    """What the bank's exemplars are called."""
    warnings: Sequence[str] = ()


def record_json(run: Run, recipe: Recipe, notes: Notes, seconds: Mapping[str, float]) -> str:
    """The record; `facetex_core.config.recipe_from` reads what stands under "recipe"."""
    fit = run.head.fit
    names = fit.model.expression_names
    record = {
        "photo": run.head.name,
        "photos": [_photo_table(view, share) for view, share in zip(run.views, shares_of(run), strict=True)],
        "recipe": recipe_table(recipe),
        "versions": versions(),
        "models": {name: dict(facts) for name, facts in notes.models.items()},
        "commercial_use": commercial_use(notes.models),
        "expression": {name: round(float(value), 4) for name, value in zip(names, fit.expression, strict=True) if value},
        "blend": [
            {"exemplar": name, "weight": round(share, 4)} for name, share in largest_weights(run.weights, notes.exemplars)
        ],
        "correlation_distance": {
            layer: round(error, 4) for layer, error in relative_error(run.explained, run.observed).items()
        },
        "visible": round(float((run.visibility > 0).mean()), 4),
        "warnings": list(notes.warnings),
        "seconds": {name: round(value, 3) for name, value in seconds.items()},
    }
    return json.dumps(record, indent=2, ensure_ascii=False) + "\n"


def commercial_use(models: Mapping[str, Mapping[str, object]]) -> dict[str, list[str]]:
    """What a result is made of, by whether the licences of all models behind it leave commercial use free.

    >>> free, restricted = {"commercial": True, "makes": "shape"}, {"commercial": False, "makes": "shape"}
    >>> commercial_use({"face_basis": free, "bfm": restricted, "skin": {"commercial": True, "makes": "mask"}})
    {'free': ['mask'], 'not_free': ['shape'], 'not_stated': []}
    """
    found: dict[str, set[object]] = {}
    for name, facts in models.items():
        found.setdefault(str(facts.get("makes") or name), set()).add(facts.get("commercial"))
    sorts: dict[str, list[str]] = {"free": [], "not_free": [], "not_stated": []}
    for part, answers in sorted(found.items()):
        sorts["not_free" if False in answers else "free" if answers == {True} else "not_stated"].append(part)
    return sorts


def residuals_of(view: LitView) -> dict[str, float]:
    """What fit and light left over of a photo."""
    return {**view.fit.residuals, **view.appearance.residuals}


def _photo_table(view: LitView, share: float) -> dict[str, object]:
    """What was found in one photo."""
    face = view.observation.face
    return {
        "photo": view.photo.name,
        "face": {"box": [round(float(edge), 1) for edge in face.box], "score": round(float(face.score), 3)},
        "yaw_degrees": round(yaw_degrees(view.fit.camera), 1),
        "residuals": {name: round(float(value), 5) for name, value in residuals_of(view).items()},
        "visible": round(float((view.lit.visibility > 0).mean()), 4),
        "share": round(share, 4),
    }


def shares_of(run: Run) -> list[float]:
    """How much of the seen albedo each photo gave; together 1."""
    gave = run.merged.shares.sum((1, 2))
    return [float(share) for share in gave / max(float(gave.sum()), 1e-12)]


def recipe_table(recipe: Recipe) -> dict[str, object]:
    """The recipe as nested tables, as a preset's TOML would hold them."""
    plain = {key: _without_folder(getattr(recipe, key)) for key in ("size", "seed", "device", "bank")}
    stages = {
        role: {"use": choice.name, **{option: _without_folder(value) for option, value in choice.options.items()}}
        for role, choice in recipe.stages.items()
    }
    return {**plain, "stages": stages}


def _without_folder(value: object) -> object:
    """Files by their name only: where they lie is the user's own affair."""
    if isinstance(value, PurePath):
        return value.name
    if isinstance(value, str) and re.search(r"[/\\]", value):
        return re.split(r"[/\\]", value)[-1]
    return value


def versions() -> dict[str, str]:
    """Python, facetex, and the packages that facetex asks for."""
    found = {"python": platform.python_version(), "facetex": version("facetex")}
    for need in requires("facetex") or ():
        name = re.split(r"[^A-Za-z0-9._-]", need)[0]
        if "extra ==" not in need:
            found[name] = _version(name)
    return found


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return "missing"


def largest_weights(weights: Float32[np.ndarray, "exemplars"], names: Sequence[str]) -> list[tuple[str, float]]:
    """The largest weights with their exemplars; by number where they have no names."""
    order = np.argsort(-weights, kind="stable")[:WEIGHTS_SHOWN]
    return [(names[k] if len(names) == len(weights) else f"#{k}", float(weights[k])) for k in order.tolist() if weights[k] > 0]
