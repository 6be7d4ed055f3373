"""Runs delighters over cases whose albedo is known, and sums up how far off the albedos are."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Bool, Float

from facetex_core.errors import FacetexError
from facetex_core.geometry.raycast import Scene
from facetex_core.geometry.uv_raster import interpolate
from facetex_core.lazy import cv2
from facetex_core.pipeline import Pipeline, Run
from facetex_core.structures import Face, Fit, Observation, Photo, Texture
from facetex_core.texture.regions import plain_skin, skin_texels
from facetex_core.workbench.evaluation.evaluate import yaw_of
from facetex_core.workbench.evaluation.hidden_error import psnr
from facetex_core.workbench.evaluation.suite import Case, Truth
from facetex_core.workbench.evaluation.surface_error import align, fitted_skin
from facetex_core.workbench.evaluation.synthetic import BANDS

ALBEDO_METRICS = {
    "seen_db": "PSNR of the seen skin, of sRGB-coded values",
    "even_db": "the same after the best gain of each channel: without exposure and white balance",
    "whole_db": "PSNR of the whole face, with what the synthesizer made of the rest",
    "tone": "CIEDE2000 between the mean colours of the seen skin",
}
"""What is measured of each albedo."""
NEAR_SURFACE = 0.005
"""Metres, after the alignment, beyond which a texel of the fitted skin shows no point of the true one."""


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


@dataclass(frozen=True, slots=True)
class AlbedoError:
    """One albedo against the truth."""

    psnr: float
    """dB, of sRGB-coded values."""
    even_psnr: float
    """The same after the best gain of each channel: what is not a matter of exposure and white balance."""
    tone: float
    """CIEDE2000 between the mean colours of plain skin (Sharma et al. 2005)."""


def true_albedo(truth: Truth, fit: Fit, size: int) -> Texture | None:
    """The true albedo over the fit's map, visible on the true face; none where the truth has none.

    A texel of the fitted skin shows the point of the true head that is nearest to it once the two are aligned.
    """
    if truth.mesh is None or truth.albedo is None:
        return None
    mesh, texels = truth.mesh, skin_texels(fit.model, size)
    face = np.arange(len(mesh.vertices)) if truth.face is None else truth.face
    laid, _ = align(mesh.vertices[face], truth.points, fitted_skin(fit))
    points = laid.apply(interpolate(texels, fit.model.mesh, fit.vertices)[texels.inside]).astype(np.float32)
    triangle, weights = Scene(mesh.vertices, mesh.triangles).nearest(points)
    corners = mesh.triangles[triangle]
    away = np.linalg.norm(np.einsum("pk,pki->pi", weights, mesh.vertices[corners]) - points, axis=1)
    places = np.einsum("pk,pki->pi", weights, mesh.uvs[mesh.uv_triangles[triangle]])
    where = np.full((size, size, 2), -1, np.float32)
    where[texels.inside] = places * len(truth.albedo) - 0.5
    visible = np.zeros((size, size), np.float32)
    visible[texels.inside] = np.isin(corners, face).all(1) & (away < NEAR_SURFACE)
    rgb = cv2.remap(truth.albedo, where, None, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return Texture(np.where(visible[..., None] > 0, rgb, 0).astype(np.float32), visible)


def albedo_error(true: Texture, found: Texture, where: Bool[np.ndarray, "size size"], fit: Fit) -> AlbedoError:
    """Over the texels asked for whose truth is known; not a number where there are none."""
    on = where & (true.visibility > 0)
    skin = on & (plain_skin(fit.model, true.size) > 0.5)
    if not skin.any():
        return AlbedoError(*[float("nan")] * 3)
    colours, wanted = found.rgb[on], true.rgb[on]
    gain = (colours * wanted).sum(0) / np.maximum((colours**2).sum(0), 1e-9)
    return AlbedoError(psnr(colours, wanted), psnr(colours * gain, wanted), _apart(found.rgb[skin], true.rgb[skin]))


def _apart(found: Float[np.ndarray, "texels 3"], true: Float[np.ndarray, "texels 3"]) -> float:
    from skimage.color import deltaE_ciede2000

    means = np.stack([found.mean(0), true.mean(0)]).astype(np.float32)[None]
    one, other = cv2.cvtColor(means, cv2.COLOR_LRGB2LAB)[0]
    return float(deltaE_ciede2000(one, other))
