"""Runs delighters over cases whose albedo is known, and sums up how far off the albedos are."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Bool

from facetex_core.errors import FacetexError
from facetex_core.pipeline import Pipeline, Run
from facetex_core.structures import Face, Fit, Observation, Photo, Texture
from facetex_core.workbench.evaluation.albedo_error import albedo_error, true_albedo
from facetex_core.workbench.evaluation.evaluate import yaw_of
from facetex_core.workbench.evaluation.suite import Case
from facetex_core.workbench.evaluation.synthetic import BANDS

ALBEDO_METRICS = {
    "seen_db": "PSNR of the seen skin, of sRGB-coded values",
    "even_db": "the same after the best gain of each channel: without exposure and white balance",
    "whole_db": "PSNR of the whole face, with what the synthesizer made of the rest",
    "tone": "CIEDE2000 between the mean colours of the seen skin",
}
"""What is measured of each albedo."""


@dataclass(frozen=True, slots=True)
class AlbedoScore:
    """One delighter at one case."""

    case: str
    delighter: str
    light: str = ""
    """What the case calls its light."""
    yaw: float | None = None
    seen_db: float = float("nan")
    even_db: float = float("nan")
    whole_db: float = float("nan")
    tone: float = float("nan")
    failed: str = ""
    """Why there is no albedo."""


@dataclass(frozen=True, slots=True)
class Given:
    """Stands for detector and fitter where face and fit are known."""

    face: Face
    known: Fit

    def detect(self, photo: Photo) -> tuple[Face, ...]:  # noqa: ARG002  # the protocol's signature
        """The face."""
        return (self.face,)

    def fit(self, observations: Sequence[Observation]) -> tuple[Fit, ...]:  # noqa: ARG002
        """The fit."""
        return (self.known,)


@dataclass(frozen=True, eq=False, slots=True)
class AlbedoAttempt:
    """A score with what it is about: the whole albedo found, and the true one over the same map."""

    score: AlbedoScore
    found: Texture | None = None
    true: Texture | None = None


def albedo_attempts(case: Case, face: Face, fit: Fit, pipelines: Mapping[str, Pipeline]) -> list[AlbedoAttempt]:
    """Pipelines that differ by their delighters, at one case, all with the same fit; seen is what all of them leave seen."""
    given, runs, failed = Given(face, fit), {}, {}
    for name, pipeline in pipelines.items():
        try:
            runs[name] = replace(pipeline, detector=given, fitter=given).run(case.photo)
        except FacetexError as error:
            failed[name] = str(error)
    blank = AlbedoScore(case.name, "", str(case.truth.about.get("light", "")), yaw_of(case))
    wrong = [AlbedoAttempt(replace(blank, delighter=name, failed=why)) for name, why in failed.items()]
    seen = np.all([run.merged.albedo.visibility > 0 for run in runs.values()], axis=0)
    return [_measured(replace(blank, delighter=name), case, run, seen) for name, run in runs.items()] + wrong


def _measured(score: AlbedoScore, case: Case, run: Run, seen: Bool[np.ndarray, "size size"]) -> AlbedoAttempt:
    fit, albedo = run.head.fit, run.head.albedo
    true = true_albedo(case.truth, fit, albedo.size)
    if true is None:
        return AlbedoAttempt(replace(score, failed="the true albedo is not known"))
    part = albedo_error(true, run.merged.albedo, seen, fit)
    whole = albedo_error(true, albedo, true.visibility > 0, fit)
    score = replace(score, seen_db=part.psnr, even_db=part.even_psnr, whole_db=whole.psnr, tone=part.tone)
    return AlbedoAttempt(score, albedo, true)


def albedo_summary(scores: Iterable[AlbedoScore]) -> list[dict[str, object]]:
    """For each delighter a row for every light, for every band of yaw, and one for all: means of every metric."""
    scores, rows = list(scores), []
    for name in dict.fromkeys(score.delighter for score in scores):
        mine = [score for score in scores if score.delighter == name]
        lights = sorted({score.light for score in mine} - {""})
        rows += [_row(name, light, "all", [score for score in mine if score.light == light]) for light in lights]
        for low, high in BANDS:
            inside = [score for score in mine if score.yaw is not None and low <= abs(score.yaw) < high]
            rows += [_row(name, "all", f"{low:.0f}-{high:.0f}", inside)] if inside else []
        rows.append(_row(name, "all", "all", mine))
    return rows


def _row(delighter: str, light: str, band: str, scores: Sequence[AlbedoScore]) -> dict[str, object]:
    done = [score for score in scores if not score.failed]
    row: dict[str, object] = {"delighter": delighter, "light": light, "yaw": band, "heads": len(scores), "done": len(done)}
    for metric in ALBEDO_METRICS:
        row[metric] = float(np.mean([getattr(score, metric) for score in done])) if done else None
    return row
