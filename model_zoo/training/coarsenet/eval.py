"""How far CoarseNet is from the truth after each look, on heads that it did not see; look 0 is the mean head."""

import time
from dataclasses import dataclass, field

import click
import numpy as np
import onnxruntime
from facetex_plugins.fit.feedback.channels import feedback, network_picture, thinned
from facetex_plugins.fit.feedback.estimate import SEEN_SIDE, Estimate, answered, crop_camera, start
from jaxtyping import Float64

from facetex_core.geometry.camera import project
from facetex_core.geometry.landmarks import eye_distance
from facetex_core.io.onnx_session import open_session
from facetex_core.structures import MorphableModel
from training.coarsenet.crops import Heads
from training.coarsenet.data import Settings
from training.common.portraits import basis
from training.common.steps import Run
from training.world.model_truth import Row, Truths
from training.world.shards import World
from training.world.truths import KnownHeads

LOOKS = 6
EYES = 0.09
"""Metres between the outer corners of the mean head's eyes."""
SIDEWAYS = 45.0
"""Degrees from which a head is counted apart: half of it is hidden."""
ASK = ["pose", "identity", "expression", "deviation"]
HEADING = (
    "look | neutral mm, ratio, share, correlation | with expression mm | turn, degrees | landmarks, % of eyes | distance, %"
)


@dataclass
class Tally:
    """Of some heads, after one look."""

    errors: list[float] = field(default_factory=list)
    plain: list[float] = field(default_factory=list)
    both: list[float] = field(default_factory=list)
    found: list[float] = field(default_factory=list)
    moved: list[float] = field(default_factory=list)
    turns: list[float] = field(default_factory=list)
    landmarks: list[float] = field(default_factory=list)
    distances: list[float] = field(default_factory=list)

    def line(self, look: int) -> str:
        """For the table."""
        neutral, plain, both, found = (np.array(values) for values in (self.errors, self.plain, self.both, self.found))
        share, likeness = both.sum() / (plain**2).sum(), both.sum() / np.sqrt((plain**2).sum() * (found**2).sum() + 1e-12)
        ratio = np.sqrt((neutral**2).sum() / (plain**2).sum())
        identity = f"{np.mean(neutral):5.2f} {ratio:5.3f} {share:5.3f} {likeness:5.3f}"
        pose = f"{np.median(self.turns):5.2f} | {np.mean(self.landmarks):5.2f} | {100 * np.median(self.distances):4.0f}"
        return f"{look} | {identity} | {np.mean(self.moved):5.2f} | {pose}"


class Measure:
    """One head's errors by the truth of its picture."""

    def __init__(self, model: MorphableModel) -> None:
        self.model, self.truths, self.pivot = model, Truths(model), thinned(model).pivot
        where = model.embedding
        self.corners, self.barycentric = model.mesh.triangles[where.landmark_triangles], where.landmark_barycentric

    def add(self, tally: Tally, present: Estimate, item: Row, crop: Row, landmarks: Float64[np.ndarray, "68 2"]) -> None:
        """Millimetres over the face, both heads laid onto the mean one; landmarks in the crop."""
        none = np.zeros_like(present.expression)
        true = self.truths.laid(self.truths.mean + item["shape"])[0]
        guess = self.truths.laid(self.model.vertices(present.identity, none).astype(np.float64))[0]
        tally.errors.append(self._size(true - guess))
        tally.plain.append(self._size(true))
        tally.found.append(self._size(guess))
        tally.both.append(1e6 * float(self.truths.weights @ (true * guess).sum(1)))
        moves = np.tensordot((item["expression"] - present.expression).astype(np.float64), self.model.expression, 1)
        tally.moved.append(self._size(true - guess + moves))
        trace = np.trace(present.rotation.T @ crop["rotation"])
        tally.turns.append(float(np.degrees(np.arccos(np.clip((trace - 1) / 2, -1, 1)))))
        tally.distances.append(abs(float(present.rest[3] - crop["rest"][3])))
        head = self.model.vertices(present.identity, present.expression)
        points = np.einsum("pc,pcd->pd", self.barycentric, head[self.corners]).astype(np.float32)
        apart = project(crop_camera(present, self.pivot, crop["principal"]), points) - landmarks
        tally.landmarks.append(100 * float(np.linalg.norm(apart, axis=1)[17:].mean()) / _eyes(landmarks, crop))

    def _size(self, moved: Float64[np.ndarray, "vertices 3"]) -> float:
        return 1000 * float(np.sqrt(self.truths.weights @ (moved**2).sum(1)))


def _eyes(landmarks: Float64[np.ndarray, "68 2"], crop: Row) -> float:
    """Pixels between the outer corners as a head from ahead would have them: their distance does not shrink with the yaw."""
    return max(eye_distance(landmarks), EYES * SEEN_SIDE * float(np.exp(crop["rest"][0])))


def looked_at(model: MorphableModel, session: onnxruntime.InferenceSession, crop: Row) -> list[tuple[Estimate, Row | None]]:
    """The mean head, and the estimate after each look with the network's answer."""
    thin, present = thinned(model), start(len(model.identity), len(model.expression))
    made: list[tuple[Estimate, Row | None]] = [(present, None)]
    for _ in range(LOOKS):
        picture = network_picture(crop["grey"], feedback(thin, present, crop["principal"]))
        told = dict(zip(ASK, (row[0] for row in session.run(ASK, {"picture": picture[None]})), strict=True))
        present = answered(told["pose"], told["identity"], told["expression"])
        made.append((present, told))
    return made


def report(run: Run[Settings]) -> None:
    """A line a look, for heads from ahead, from the side and all; how sure it is, and how long a look takes."""
    model = basis(with_colour=False)
    heads = Heads(KnownHeads(run.of("world")), model.expression_names, thinned(model).pivot)
    world = World(run.of("world") / "shards", ("shape", "expression", "angles"))
    session, measure = open_session(run.made_or_shipped("coarsenet.onnx")), Measure(model)
    tallies = {name: [Tally() for _ in range(LOOKS + 1)] for name in ("ahead", "side", "all")}
    scores = []
    for number in range(run.settings.held):
        crop, item = heads.crop(number, None, run.settings.degradation), world[int(heads.known.places[number])]
        made = looked_at(model, session, crop)
        side = "side" if abs(float(item["angles"][0])) > SIDEWAYS else "ahead"
        landmarks = heads.landmarks(number)
        for look, (present, told) in enumerate(made):
            for name in (side, "all"):
                measure.add(tallies[name][look], present, item, crop, landmarks)
            if told is not None and look == LOOKS:
                scores.append((told["identity"] - crop["identity"]) / told["deviation"])
    click.echo(HEADING)
    for name, rows in tallies.items():
        if not rows[0].errors:
            continue
        click.echo(f"{name}: {len(rows[0].errors)} heads")
        for look, tally in enumerate(rows):
            click.echo(tally.line(look))
    click.echo(f"identity: {np.sqrt(np.mean(np.square(scores))):.2f} of its own deviations off, root mean square")
    click.echo(f"{_milliseconds(model, session, heads.crop(0, None, run.settings.degradation)):.1f} ms a look")


def _milliseconds(model: MorphableModel, session: onnxruntime.InferenceSession, crop: Row) -> float:
    """A look, render and all: the middle of several."""
    took = []
    for _ in range(9):
        begin = time.perf_counter()
        looked_at(model, session, crop)
        took.append((time.perf_counter() - begin) / LOOKS)
    return 1000 * float(np.median(took))
