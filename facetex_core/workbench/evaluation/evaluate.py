"""Runs fitters over cases whose truth is known, and sums up how far off they are."""

import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Float32

from facetex_core.errors import FacetexError
from facetex_core.geometry.camera import project, yaw_degrees
from facetex_core.stages import Fitter
from facetex_core.structures import Fit, Observation
from facetex_core.workbench.evaluation.suite import Case
from facetex_core.workbench.evaluation.surface_error import Skin, align, fitted_skin, landmark_error, pose_error
from facetex_core.workbench.evaluation.synthetic import BANDS

SURFACE_METRICS = {
    "surface_mm": "median distance of the true face from the fitted surface",
    "surface_90_mm": "the distance that 90 % of the true face stay under",
    "pose_deg": "rotation of the head as its camera sees it",
    "landmarks_percent": "inner landmarks in the photo, percent of the outer eye distance",
    "seconds": "of the fit alone",
}
"""What is measured of each head."""


@dataclass(frozen=True, slots=True)
class Score:
    """One fitter at one case; what the case has no truth for is none."""

    case: str
    fitter: str
    yaw: float | None = None
    """Of the true head, in degrees."""
    surface_mm: float | None = None
    surface_90_mm: float | None = None
    pose_deg: float | None = None
    landmarks_percent: float | None = None
    seconds: float | None = None
    failed: str = ""
    """Why there is no fit."""


@dataclass(frozen=True, eq=False, slots=True)
class Attempt:
    """A score with the fit it is about, and each true point's distance in metres."""

    score: Score
    fit: Fit | None = None
    distances: Float32[np.ndarray, "points"] | None = None


def attempts(case: Case, observation: Observation, fitters: Mapping[str, Fitter]) -> Iterator[Attempt]:
    """The fitters at one case, all with the landmarks and the mask that were found in the photo."""
    for name, fitter in fitters.items():
        try:
            yield attempt(case, name, fitter, observation)
        except FacetexError as error:
            yield failed(case, name, error)


def failed(case: Case, name: str, error: FacetexError) -> Attempt:
    """Where there is no fit."""
    return Attempt(Score(case.name, name, yaw_of(case), failed=str(error)))


def attempt(case: Case, name: str, fitter: Fitter, observation: Observation) -> Attempt:
    """One fitter at one case."""
    begin = time.perf_counter()
    (fit,) = fitter.fit([observation])
    seconds = time.perf_counter() - begin
    return measured(case, name, fit, seconds)


def measured(case: Case, name: str, fit: Fit, seconds: float) -> Attempt:
    """The fit held against what is known of the case."""
    skin = fitted_skin(fit)
    places = project(fit.camera, skin.landmarks)
    score, distances = compared(case, name, skin, fit.camera.world_to_camera[:3, :3], places)
    return Attempt(replace(score, seconds=seconds), fit, distances)


def compared(
    case: Case, name: str, skin: Skin, rotation: Float32[np.ndarray, "3 3"], places: Float32[np.ndarray, "68 2"]
) -> tuple[Score, Float32[np.ndarray, "points"] | None]:
    """A fitted surface, the rotation of its frame to its camera's, and its landmarks in the photo, held against the truth.

    Beside the score the distance of each true point, in metres.
    """
    truth, score = case.truth, Score(case.name, name, yaw_of(case), landmarks_percent=landmark_error(case.truth, places))
    if truth.mesh is None:
        return score, None
    points = truth.mesh.vertices if truth.face is None else truth.mesh.vertices[truth.face]
    laid, distances = align(points, truth.points, skin)
    middle, most = (1000 * float(np.quantile(distances, share)) for share in (0.5, 0.9))
    pose = pose_error(truth.camera, rotation, laid) if truth.camera else None
    return replace(score, surface_mm=middle, surface_90_mm=most, pose_deg=pose), distances


def yaw_of(case: Case) -> float | None:
    """Degrees that the true head is turned, where the camera is known."""
    return yaw_degrees(case.truth.camera) if case.truth.camera else None


def summary(scores: Iterable[Score]) -> list[dict[str, object]]:
    """A row for each fitter and band of yaw that occurs, then one for all: median, mean and 90 % of every metric."""
    scores = list(scores)
    rows = []
    for fitter in dict.fromkeys(score.fitter for score in scores):
        mine = [score for score in scores if score.fitter == fitter]
        for low, high in BANDS:
            inside = [score for score in mine if score.yaw is not None and low <= abs(score.yaw) < high]
            rows += [_row(fitter, f"{low:.0f}-{high:.0f}", inside)] if inside else []
        rows.append(_row(fitter, "all", mine))
    return rows


def _row(fitter: str, band: str, scores: Sequence[Score]) -> dict[str, object]:
    fitted = [score for score in scores if not score.failed]
    row: dict[str, object] = {"fitter": fitter, "yaw": band, "heads": len(scores), "fitted": len(fitted)}
    for metric in SURFACE_METRICS:
        values = [value for score in fitted if (value := getattr(score, metric)) is not None]
        row[metric] = statistics_of(values) if values else None
    return row


def statistics_of(values: list[float]) -> dict[str, float]:
    """Median, mean, and what 90 % stay under."""
    return {"median": float(np.median(values)), "mean": float(np.mean(values)), "p90": float(np.quantile(values, 0.9))}
