"""Leave-one-out: part of a face is hidden, predicted from the rest, and compared with what was hidden.

Where the head is and how it is lit is found from the whole photo, so that what is shown and what is hidden are under the
same light; everything after that (albedo model, descriptor, blend, synthesis) is given only what is left visible.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace

import numpy as np
from jaxtyping import Bool, Float

from facetex_core.descriptors.bank import under_mask
from facetex_core.descriptors.correlations import merge
from facetex_core.errors import PhotoError
from facetex_core.geometry.camera import portrait_camera, yaw_degrees
from facetex_core.geometry.mesh import vertex_normals
from facetex_core.geometry.uv_raster import interpolate
from facetex_core.imaging.colour import luminance
from facetex_core.pipeline import Pipeline
from facetex_core.stages import Synthesizer
from facetex_core.structures import DelitView, Fit, Photo, Texture, View
from facetex_core.texture.expected_albedo import DARKEST, expected_albedo
from facetex_core.texture.regions import face_crop, face_slices, plain_skin, resize_texture, skin_texels
from facetex_core.texture.thresholds import LEAST_SKIN, SURE
from facetex_core.texture.unwrap import facing
from facetex_core.workbench.evaluation.evaluate import statistics_of
from facetex_core.workbench.evaluation.hidden_error import FeatureNetwork, Truth, hidden_errors

FRONTAL = 10.0
"""Degrees of yaw up to which both sides are seen well enough to be each other's judge."""
TURN = 40.0
"""Degrees of the view whose far side is hidden."""
LEAST_HIDDEN = 0.005
"""Share of the map that has to be hidden and known for a figure to mean anything."""
TONES = {"dark": 0.14, "medium": 0.26, "light": 1.0}
"""Skin by the mean luminance of its albedo, up to."""

Hidden = Bool[np.ndarray, "size size"]
Coordinate = Float[np.ndarray, "size size"]


@dataclass(frozen=True, eq=False, slots=True)
class Subject:
    """A person whose face was seen from the front."""

    name: str
    view: DelitView
    """Its albedo is the truth."""

    @property
    def fit(self) -> Fit:
        """Of the whole photo."""
        return self.view.fit

    @property
    def albedo(self) -> Texture:
        """What the photo shows of it."""
        return self.view.albedo

    @property
    def tone(self) -> str:
        """Light, medium or dark."""
        skin = (self.albedo.visibility > SURE) & (plain_skin(self.fit.model, self.albedo.size) > 0.5)
        shade = float(luminance(self.albedo.rgb[skin]).mean())
        return next(name for name, most in TONES.items() if shade <= most)


@dataclass(frozen=True, eq=False, slots=True)
class Trial:
    """One part hidden, and what each synthesizer made of the rest."""

    split: str
    part: str
    """Which one of a split's: both halves are hidden in turn."""
    shown: Texture
    found: Mapping[str, Texture]
    errors: Mapping[str, dict[str, float]]
    """By synthesizer and measure."""


def examine(pipeline: Pipeline, photo: Photo) -> Subject:
    """The front half of the pipeline; refuses what it refuses, and turned faces."""
    observation = pipeline.observe(photo)
    (fit,) = pipeline.fitter.fit([observation])
    yaw = yaw_degrees(fit.camera)
    if abs(yaw) > FRONTAL:
        raise PhotoError(f"{photo.name}: the face is turned by {abs(yaw):.0f} degrees; at most {FRONTAL:.0f} are allowed")
    return Subject(photo.name, pipeline.delit(pipeline.unwrapped(observation, fit)))


def trials(
    pipeline: Pipeline,
    subject: Subject,
    splits: Sequence[str],
    synthesizers: Mapping[str, Synthesizer],
    eyes: Mapping[str, FeatureNetwork],
) -> Iterator[Trial]:
    """Every part of every split of which the photo shows enough, and enough of the rest."""
    for split in splits:
        for part, mask in SPLITS[split].items():
            hidden = mask(subject.fit, subject.albedo.size)
            truth, shown = truth_of(subject, hidden, eyes), without(subject.albedo, hidden)
            if truth.judged.sum() < LEAST_HIDDEN * hidden.size or (shown.visibility > 0).mean() < LEAST_SKIN:
                continue
            found = predict(pipeline, subject, hidden, synthesizers)
            box = face_slices(subject.fit.model, subject.albedo.size)
            errors = {name: hidden_errors(truth, texture.rgb[box], eyes) for name, texture in found.items()}
            yield Trial(split, part, shown, found, errors)


def predict(
    pipeline: Pipeline, subject: Subject, hidden: Hidden, synthesizers: Mapping[str, Synthesizer]
) -> dict[str, Texture]:
    """What each synthesizer makes of the face without the hidden part, as the pipeline's stages would have it."""
    view = blinded(pipeline, subject, hidden)
    own = pipeline.own(view.albedo, view.fit)
    weights = pipeline.blend_solver.solve(merge(own.seen), under_mask(pipeline.bank, own.seen))
    target = pipeline.target(weights, own)
    return {name: each.synthesize(view, target, np.random.default_rng(pipeline.seed)) for name, each in synthesizers.items()}


def blinded(pipeline: Pipeline, subject: Subject, hidden: Hidden) -> DelitView:
    """The view of the shown part, with a low-frequency albedo that knows only that.

    Its level is that of the whole photo's on the shown texels: half a face under light from the side is told to be of
    another tone, and the shown texels have been delit by the whole.
    """
    view, shown = subject.view, without(subject.albedo, hidden)
    known = View(view.observation, view.fit, without(view.lit, hidden))
    found = pipeline.light_estimator.estimate(known).albedo
    seen = resize_texture(shown, len(found)).visibility > 0
    ratio = np.log(expected_albedo(view.appearance, len(found))[seen] / np.maximum(found[seen], DARKEST))
    level = np.median(ratio, axis=0) if seen.any() else np.zeros(3)
    appearance = replace(view.appearance, albedo=np.asarray(found * np.exp(level), np.float32))
    black = Photo(np.zeros_like(view.photo.rgb), view.photo.name)  # the photo itself would tell what is hidden
    return DelitView(replace(view.observation, photo=black), view.fit, known.lit, appearance, shown)


def truth_of(subject: Subject, hidden: Hidden, eyes: Mapping[str, FeatureNetwork]) -> Truth:
    """What is known of the face's box, and of it what was hidden."""
    model, size = subject.fit.model, subject.albedo.size
    box, texture = face_slices(model, size), face_crop(subject.albedo, model)
    features = {name: eye.features_of(texture) for name, eye in eyes.items()}
    return Truth(
        texture, hidden[box].astype(np.float32), (plain_skin(model, size)[box] > 0.5).astype(np.float32), size, features
    )


def without(texture: Texture, hidden: Hidden) -> Texture:
    """The texture with a part hidden."""
    visibility = np.where(hidden, 0, texture.visibility).astype(np.float32)
    return Texture((texture.rgb * (visibility > 0)[..., None]).astype(np.float32), visibility)


def _far_side(yaw: float) -> Callable[[Fit, int], Hidden]:
    """What a camera that many degrees round would not see: turned away, or behind the nose."""

    def hidden(fit: Fit, size: int) -> Hidden:
        mesh, texels = fit.model.mesh, skin_texels(fit.model, size)
        points = interpolate(texels, mesh, fit.vertices)[texels.inside]
        normals = interpolate(texels, mesh, vertex_normals(fit.vertices, mesh.triangles[mesh.parts["skin"]]))[texels.inside]
        normals /= np.maximum(np.linalg.norm(normals, axis=1, keepdims=True), 1e-12)
        seen = np.ones((size, size), np.float32)
        seen[texels.inside] = facing(replace(fit, camera=portrait_camera(fit, yaw)), points, normals)
        return np.asarray(seen == 0)

    return hidden


def _box(part: Callable[[Coordinate, Coordinate], Bool[np.ndarray, "size size"]]) -> Callable[[Fit, int], Hidden]:
    """A part of the map by x and y from 0 to 1 over the face's box."""

    def hidden(fit: Fit, size: int) -> Hidden:
        rows, columns = face_slices(fit.model, size)
        y, x = np.mgrid[:size, :size]
        return np.asarray(
            part((x - columns.start) / (columns.stop - columns.start), (y - rows.start) / (rows.stop - rows.start))
        )

    return hidden


SPLITS: dict[str, dict[str, Callable[[Fit, int], Hidden]]] = {
    "left": {"right from left": _box(lambda x, _: x >= 0.5), "left from right": _box(lambda x, _: x < 0.5)},
    "far": {"far side": _far_side(TURN), "other far side": _far_side(-TURN)},
    "lower": {"lower face": _box(lambda _, y: y >= 0.5)},
    "centre": {"centre": _box(lambda x, y: (abs(x - 0.5) < 0.2) & (abs(y - 0.5) < 0.35))},
}
"""What is hidden, by the split's name and the part's; left and right are the map's."""


@dataclass(frozen=True, slots=True)
class Score:
    """One synthesizer at one hidden part of one person."""

    person: str
    tone: str
    sex: str
    """Empty where it is not known."""
    split: str
    part: str
    synthesizer: str
    errors: dict[str, float]

    def table(self) -> dict[str, object]:
        """For JSON and CSV."""
        about = asdict(self)
        return {**about, **about.pop("errors")}


def summary(scores: Iterable[Score], deciding: str) -> list[dict[str, object]]:
    """A row for each split, group of people and synthesizer: median, mean and 90 % of every measure over the people.

    Of a person the mean over the split's parts counts. `best` is the share of the people at whom the synthesizer has the
    lowest `deciding` measure of all.
    """
    people = _by_person(scores)
    rows: list[dict[str, object]] = []
    for split in dict.fromkeys(score.split for score in people):
        there = [score for score in people if score.split == split]
        rows += _rows(split, "all", there, deciding)
        for group in ("tone", "sex"):
            for name in sorted({getattr(score, group) for score in there} - {""}):
                rows += _rows(split, name, [score for score in there if getattr(score, group) == name], deciding)
    return rows


def _by_person(scores: Iterable[Score]) -> list[Score]:
    """Each person once for a split and synthesizer."""
    parts: dict[tuple[str, str, str], list[Score]] = {}
    for score in scores:
        parts.setdefault((score.person, score.split, score.synthesizer), []).append(score)
    means = [{name: float(np.mean([each.errors[name] for each in of])) for name in of[0].errors} for of in parts.values()]
    return [replace(of[0], part="", errors=errors) for of, errors in zip(parts.values(), means, strict=True)]


def _rows(split: str, group: str, scores: Sequence[Score], deciding: str) -> list[dict[str, object]]:
    lowest: dict[str, float] = {}
    for score in scores:
        lowest[score.person] = min(score.errors[deciding], lowest.get(score.person, np.inf))
    rows = []
    for name in dict.fromkeys(score.synthesizer for score in scores):
        mine = [score for score in scores if score.synthesizer == name]
        best = np.mean([score.errors[deciding] == lowest[score.person] for score in mine])
        row: dict[str, object] = {"split": split, "group": group, "synthesizer": name, "people": len(mine), "best": float(best)}
        rows.append(row | {measure: statistics_of([score.errors[measure] for score in mine]) for measure in mine[0].errors})
    return rows
