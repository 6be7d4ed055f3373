"""How much of a person's shape a fit finds beyond the mean head's: vertex by vertex, and by the distance of surfaces.

d is the true neutral head minus the mean head, p the fitted neutral head minus the mean head, both laid onto the mean
head by a similarity over the face. All are sums over vertices and heads:

    share = p.d / d.d    correlation = p.d / sqrt(p.p d.d)    error = |p - d| / |d|    slope = p.d / p.p

The mean head scores 0, -, 1. A slope of 1 says that what was found is of the right size; below 1 it is too much.

Heads of another mesh than the model's differ from it on average, by where their vertices were laid on the model's and by
what their makers call a mean head. `centred` therefore takes the mean of a suite out of its d, and out of its p.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float32, Float64

from facetex_core.geometry.landmarks import EYES_68
from facetex_core.geometry.similarity import similarity
from facetex_core.structures import Fit, Mesh, MorphableModel
from facetex_core.workbench.evaluation.suite import Truth
from facetex_core.workbench.evaluation.surface_error import Skin, align
from facetex_core.workbench.evaluation.synthetic import face_vertices

IDENTITY_REGIONS = ("face", "nose", "mouth", "chin", "jaw", "forehead", "cheeks", "eyes")
AXES = ("across", "height", "depth")
NEAREST_SHARE = 0.9
"""The nearest share of the points by which surfaces are laid onto each other."""
SURFACE_REACH = 1.2
"""Pupil distances from the tip of the nose within which surfaces are compared."""
TIP_OF_NOSE = 30
"""Of the 68 landmarks."""
HALF = 0.5

Vertices = Float32[np.ndarray, "vertices 3"]
Offsets = Float64[np.ndarray, "vertices 3"]
Sums = Float64[np.ndarray, "regions 3"]


@dataclass(frozen=True, eq=False, slots=True)
class Products:
    """Sums over the vertices of each of IDENTITY_REGIONS, by axis."""

    found: Sums
    """p.p"""
    both: Sums
    """p.d"""
    true: Sums
    """d.d"""

    def scaled(self, factor: float) -> "Products":
        """Of an identity found so many times as large."""
        return Products(factor**2 * self.found, factor * self.both, self.true)

    @property
    def figures(self) -> dict[str, float]:
        """Over the whole face: share, correlation, error, share of the depth, slope."""
        face = Ratios.of(self.found[0].sum(), self.both[0].sum(), self.true[0].sum())
        depth = Ratios.of(self.found[0, 2], self.both[0, 2], self.true[0, 2])
        return {**face.table(), "depth_share": depth.share}

    def by_region(self) -> dict[str, "Ratios"]:
        """All axes together."""
        rows = zip(IDENTITY_REGIONS, self.found.sum(1), self.both.sum(1), self.true.sum(1), strict=True)
        return {name: Ratios.of(*sums) for name, *sums in rows}

    def by_axis(self) -> dict[str, "Ratios"]:
        """Over the whole face."""
        return {name: Ratios.of(*sums) for name, *sums in zip(AXES, self.found[0], self.both[0], self.true[0], strict=True)}


@dataclass(frozen=True, slots=True)
class Ratios:
    """What the sums say; not a number where there is nothing to divide by."""

    share: float
    correlation: float
    error: float
    slope: float

    @classmethod
    def of(cls, found: float, both: float, true: float) -> "Ratios":
        """From p.p, p.d and d.d."""
        with np.errstate(divide="ignore", invalid="ignore"):
            left = max(found - 2 * both + true, 0.0)
            figures = np.array([both, both, np.sqrt(left), both]) / [true, np.sqrt(found * true), np.sqrt(true), found]
        share, correlation, error, slope = figures.tolist()
        return cls(share, correlation, error, slope)

    def table(self) -> dict[str, float]:
        """By name."""
        return {"share": self.share, "correlation": self.correlation, "error": self.error, "slope": self.slope}


@dataclass(frozen=True, eq=False, slots=True)
class Compared:
    """One head, vertex by vertex."""

    model: MorphableModel
    found: Offsets
    """p"""
    true: Offsets
    """d"""


def products(heads: Sequence[Compared], *, centred: bool = False) -> Products:
    """The sums over heads of one model; `centred` without the means of found and true heads."""
    found, true = np.stack([head.found for head in heads]), np.stack([head.true for head in heads])
    if centred:
        found, true = found - found.mean(0), true - true.mean(0)
    which = regions(heads[0].model).astype(np.float64)
    pairs = (found, found), (found, true), (true, true)
    return Products(*(which @ np.einsum("hvi,hvi->vi", one, other) for one, other in pairs))


def compared_vertices(truth: Truth, fit: Fit) -> Compared | None:
    """The fitted neutral head against the true one; none where they are not of one model."""
    if truth.neutral is None or truth.neutral.model != fit.model.name or truth.neutral.vertices.shape != fit.model.mean.shape:
        return None
    return Compared(fit.model, *(offsets(fit.model, vertices) for vertices in (fit.neutral, truth.neutral.vertices)))


def offsets(model: MorphableModel, vertices: Vertices) -> Offsets:
    """A neutral head minus the mean head, onto which it is laid by the similarity that fits the face best."""
    face = face_vertices(model)
    turn, scale, shift = similarity(vertices[face].astype(np.float64), model.mean[face].astype(np.float64))
    return np.asarray(scale * vertices @ turn.T + shift - model.mean, np.float64)


def regions(model: MorphableModel) -> Bool[np.ndarray, "regions vertices"]:
    """The face's vertices in each of IDENTITY_REGIONS; the jaw is what of the cheeks is lower than the lips."""
    face = np.zeros(len(model.mean), bool)
    face[face_vertices(model)] = True
    weights = {name: values > 0.5 for name, values in model.regions.items()}
    none = np.zeros(len(face), bool)
    low = model.mean[:, 1] < model.mean[weights["lips"], 1].mean()
    cheeks = weights.get("cheeks", none)
    found = {
        "face": face,
        "nose": weights.get("nose", none) | weights["nostrils"],
        "mouth": weights["lips"],
        "chin": weights.get("chin", none),
        "jaw": cheeks & low,
        "forehead": weights.get("forehead", none) | weights["brows"],
        "cheeks": cheeks & ~low,
        "eyes": weights["eyes"],
    }
    return np.stack([face & found[name] for name in IDENTITY_REGIONS])


def surface_errors(truth: Truth, fit: Fit) -> dict[str, float] | None:
    """Mean distances in millimetres of the fitted neutral head, of half its identity and of the mean head from a true surface.

    None where the truth has no mesh at rest.
    """
    if truth.mesh is None or not truth.at_rest:
        return None
    mean = fit.model.mean
    heads = {"found": fit.neutral, "half": mean + HALF * (fit.neutral - mean), "mean": mean}
    return {name: 1000 * surface_distance(fit.model, head.astype(np.float32), truth) for name, head in heads.items()}


def surface_distance(model: MorphableModel, vertices: Vertices, truth: Truth) -> float:
    """Mean distance in metres of a head's face from the true surface, laid onto it by closest points, trimmed, scale free."""
    if truth.mesh is None:
        raise ValueError("a truth without mesh")
    e, triangles = model.embedding, model.mesh.triangles
    landmarks = np.einsum("pk,pki->pi", e.landmark_barycentric, vertices[triangles[e.landmark_triangles]]).astype(np.float32)
    face = vertices[face_vertices(model)]
    inside = np.linalg.norm(face - landmarks[TIP_OF_NOSE], axis=1) < SURFACE_REACH * pupil_distance(landmarks)
    points = truth.points if truth.points is not None else np.full((68, 3), np.nan, np.float32)
    laid, distances = align(
        face[inside], None if truth.points is None else landmarks, _skin_of(truth.mesh, points), NEAREST_SHARE
    )
    return float(distances.mean() / laid.scale)


def _skin_of(mesh: Mesh, landmarks: Float32[np.ndarray, "68 3"]) -> Skin:
    return Skin(mesh.vertices, mesh.triangles[mesh.parts.get("skin", slice(None))], landmarks)


def pupil_distance(landmarks: Float32[np.ndarray, "68 3"]) -> float:
    """Between the middles of the eyes, in metres."""
    right, left = (landmarks[list(EYES_68[side])].mean(0) for side in ("right_eye", "left_eye"))
    return float(np.linalg.norm(right - left))
