"""What a published benchmark is to its runner, and what several of them share."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from jaxtyping import Float, Float32, Float64

from facetex_core.errors import ConfigError
from facetex_core.structures import Fit, Mesh
from facetex_core.workbench.evaluation.suite_mesh import obj_of, read_mesh

SEVEN = (36, 39, 42, 45, 33, 48, 54)
"""Of iBUG's 68: outer and inner corner of the right eye, inner and outer of the left, base of the nose, mouth corners."""
PICTURE_ENDINGS = (".jpg", ".jpeg", ".png")
PREDICTED = "predicted"
"""Folder of the predictions, in the one of the results."""

Points = Float32[np.ndarray, "points 3"]
Figures = Mapping[str, Float64[np.ndarray, "_"]]
"""What is measured of one picture, by name: one number, or one for each point."""


@dataclass(frozen=True, slots=True)
class Item:
    """One picture of a benchmark."""

    name: str
    """Its path below the benchmark's pictures, without the ending."""
    photo: Path
    group: str = ""
    """The part of the benchmark that it belongs to."""


@dataclass(frozen=True, slots=True)
class Benchmark:
    """How a benchmark's folder is read, what is written, and what is measured."""

    items: Callable[[Path, Path | None], list[Item]]
    """The pictures of its folder; the second folder holds them where they do not lie where its download puts them."""
    write: Callable[[Item, Fit, Path], None]
    """The prediction, in the layout that its own evaluation reads."""
    measure: Callable[[Path, Item, Fit], Figures | None]
    """The figures of one picture; none where the folder has no truth for it."""
    rows: Callable[[Sequence[tuple[Item, Figures]]], dict[str, tuple[float, ...]]]
    """The published figures, by part of the benchmark."""
    headings: tuple[str, ...]
    digits: int
    published: Mapping[str, tuple[float, ...]]
    conditions: str
    """Under which the published rows were measured, and how ours differ."""


def landmarks_of(fit: Fit, vertices: Points) -> Float32[np.ndarray, "68 3"]:
    """The 68 of a head in space."""
    e, triangles = fit.model.embedding, fit.model.mesh.triangles
    points = np.einsum("pk,pki->pi", e.landmark_barycentric, vertices[triangles[e.landmark_triangles]])
    return np.asarray(points, np.float32)


def seven_of(fit: Fit, vertices: Points) -> Float32[np.ndarray, "7 3"]:
    """The points by which heads are laid onto scans; a model that lacks one is a ConfigError."""
    seven = landmarks_of(fit, vertices)[list(SEVEN)]
    if not np.isfinite(seven).all():
        raise ConfigError(f"the model {fit.model.name!r} lacks one of the landmarks {', '.join(map(str, SEVEN))}")
    return seven


def write_head(path: Path, mesh: Mesh, vertices: Points) -> None:
    """As .obj, without colours at the vertices; folders are made."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(obj_of(replace(mesh, vertices=vertices)), "utf-8")


def truth_mesh(path: Path) -> Mesh | None:
    """The mesh of a file, or none where there is no such file."""
    return read_mesh(path) if path.is_file() else None


def statistics(values: Float[np.ndarray, "_"]) -> tuple[float, float, float]:
    """Median, mean and standard deviation."""
    return float(np.median(values)), float(np.mean(values)), float(np.std(values))


def groups_of(measured: Sequence[tuple[Item, Figures]]) -> dict[str, list[Figures]]:
    """All, then each part of the benchmark where there are several."""
    names = dict.fromkeys(item.group for item, _ in measured)
    parts = {name: [figures for item, figures in measured if item.group == name] for name in (names if len(names) > 1 else ())}
    return {"all": [figures for _, figures in measured], **parts}
