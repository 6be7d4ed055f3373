"""Trains CoarseNet, first on looks at the mean head alone, then on its own answers, each rendered for the next look.

Begun with its own answers, it learned nothing of the pose in 250 steps; begun with first looks, nearly half in 200.

The paper takes no gradient through the rendering either. The looks that only lead to the next are made with normalisations as
in use; then all looks are learned from in one batch.
"""

from dataclasses import replace

import numpy as np
import torch
from facetex_plugins.fit.feedback.channels import feedback, network_picture, thinned
from facetex_plugins.fit.feedback.estimate import REACH, Estimate, start, updated
from jaxtyping import Float, Float64
from scipy.spatial.transform import Rotation
from torch import Tensor

from facetex_core.structures import MorphableModel
from training.coarsenet.crops import Heads
from training.coarsenet.data import Settings
from training.coarsenet.net import Answer, CoarseNet
from training.coarsenet.net import export as write
from training.common.export import load, save
from training.common.loop import learn
from training.common.making import needed
from training.common.portraits import basis
from training.common.steps import Run
from training.world.model_truth import lower
from training.world.truths import KnownHeads

PARTS = {"neutral": 2.0, "moved": 1.0, "pose": 1.0, "distance": 1.0, "likelihood": 0.02}
"""What each part of the loss counts; the first three are in millimetres."""
SOFT = 0.05
"""FaceSquare millimetres that keep the root's gradient finite."""
EVERY = 8
"""One vertex in so many of the thin model tells how far a pose is off."""
ASTRAY = 0.8
"""Radians."""
ADRIFT = np.array([0.3, 0.15, 0.15, 1.5])
"""In the units of an estimate's `rest`."""
JUDGED = 64
"""Heads that a training is judged by on its way."""
Batch = dict[str, Tensor]


class Task:
    """Heads, seen again and again."""

    def __init__(self, model: MorphableModel, heads: Heads, settings: Settings, *, first: bool = False) -> None:
        self.model, self.heads, self.settings = model, heads, settings
        self.size, self.passes = (settings.first_batch, 1) if first else (settings.batch, settings.passes)
        self.thin = thinned(model)
        self.lower = torch.from_numpy(lower(model))
        self.points = torch.from_numpy(self.thin.mesh.vertices[::EVERY] - self.thin.pivot.astype(np.float32))
        self.untouched = feedback(self.thin, start(len(model.identity), len(model.expression)), np.full(2, 0.5))

    def batch(self, rng: np.random.Generator) -> Batch:
        """Heads that are learned from."""
        numbers = rng.integers(self.settings.held, len(self.heads), self.size)
        return tensors(self.heads.batch(numbers, rng, self.settings.degradation))

    def held_out(self, count: int) -> Batch:
        """The first heads, as they are."""
        return tensors(self.heads.batch(np.arange(count), None, self.settings.degradation))

    def losses(self, net: CoarseNet, batch: Batch) -> dict[str, Tensor]:
        """The sum over all looks, and each part at the last."""
        learning = net.training
        net.eval()
        with torch.no_grad():
            looks = self.looks(net, batch, self.passes, near=True)
        net.train(learning)
        told = net(torch.cat([picture for picture, _, _ in looks]).to(batch["grey"].device))
        with torch.autocast(batch["grey"].device.type, enabled=False):  # half of single precision rounds millimetres
            parts = [
                self.parts({name: value.chunk(len(looks))[number] for name, value in told.items()}, rotation, rest, batch)
                for number, (_, rotation, rest) in enumerate(looks)
            ]
        total = torch.stack([share * part[name].mean() for part in parts for name, share in PARTS.items()]).sum() / len(parts)
        last = {name: parts[-1][name].mean() for name in PARTS}
        return {"loss": total, "first": parts[0]["neutral"].mean(), **last}

    def looks(self, net: CoarseNet, batch: Batch, passes: int, *, near: bool = False) -> list[tuple[Tensor, Tensor, Tensor]]:
        """What the network sees at each look, and the rotation and the rest of the pose that it is shown.

        `near`: estimates that have run away are taken back.
        """
        grey, principal = batch["grey"].cpu().numpy(), batch["principal"].cpu().numpy().astype(np.float64)
        present = [start(len(self.model.identity), len(self.model.expression))] * len(grey)
        made = []
        for number in range(passes):
            seen = [
                self.untouched if number == 0 else feedback(self.thin, one, at)
                for one, at in zip(present, principal, strict=True)
            ]
            picture = torch.from_numpy(np.stack([network_picture(*row) for row in zip(grey, seen, strict=True)]))
            picture = picture.to(batch["grey"].device, memory_format=torch.channels_last)
            rotation, rest = (np.stack([getattr(one, name) for one in present]) for name in ("rotation", "rest"))
            shown = [torch.from_numpy(part.astype(np.float32)).to(picture.device) for part in (rotation, rest)]
            made.append((picture, shown[0], shown[1]))
            if number + 1 < passes:
                present = advanced(present, net(picture))
                present = nearer(present, batch) if near else present
        return made

    def parts(self, told: Answer, rotation: Tensor, rest: Tensor, batch: Batch) -> dict[str, Float[Tensor, " batch"]]:
        """Of each head: errors in millimetres, root mean square, and what else is learned."""
        known = self.lower.to(rotation.device)
        aside = torch.cat([told["identity"] - batch["identity"], told["expression"] - batch["expression"]], 1)
        neutral = aside.clone()
        neutral[:, told["identity"].shape[1] :] = 0
        step = told["pose"] * torch.from_numpy(REACH.astype(np.float32)).to(rotation.device)
        rest = rest + step[:, 3:]
        here = posed(self.points.to(rotation.device), turn(step[:, :3]) @ rotation, rest)
        there = posed(self.points.to(rotation.device), batch["rotation"], batch["rest"])
        apart = 1000 * (here - there) / batch["rest"][:, :1, None].exp()
        squares = (told["identity"].detach() - batch["identity"]).square()
        return {
            "neutral": rooted((neutral @ known).square().sum(1)),
            "moved": rooted((aside @ known).square().sum(1)),
            "pose": rooted(apart.square().sum(2).mean(1)),
            "distance": (rest[:, 3] - batch["rest"][:, 3]).abs(),
            "likelihood": (squares / (2 * told["deviation"].square()) + told["deviation"].log()).sum(1),
        }

    def judge(self, net: CoarseNet) -> dict[str, float]:
        """Errors of the heads held out, after each look."""
        device = next(net.parameters()).device
        batch = {name: value.to(device) for name, value in self.held_out(min(JUDGED, self.settings.held)).items()}
        figures: dict[str, float] = {}
        for number, (picture, rotation, rest) in enumerate(self.looks(net, batch, self.passes + 1)):
            told = net(picture)
            with torch.autocast(device.type, enabled=False):
                parts = self.parts(told, rotation, rest, batch)
            figures |= {f"{name} {number + 1}": float(parts[name].mean()) for name in ("neutral", "moved", "pose", "distance")}
        return figures


def tensors(rows: dict[str, np.ndarray]) -> Batch:
    """In single precision."""
    return {name: torch.from_numpy(value.astype(np.float32)) for name, value in rows.items()}


def advanced(present: list[Estimate], told: Answer) -> list[Estimate]:
    """The estimates after an answer."""
    rows = zip(*(told[name].float().cpu().numpy() for name in ("pose", "identity", "expression")), strict=True)
    return [updated(one, *row) for one, row in zip(present, rows, strict=True)]


def nearer(present: list[Estimate], batch: Batch) -> list[Estimate]:
    """Poses no further from the truth than ASTRAY and ADRIFT: a network that knows nothing yet would turn every head away."""
    rotations, rests = (batch[name].cpu().numpy().astype(np.float64) for name in ("rotation", "rest"))
    return [_held(one, *truth) for one, truth in zip(present, zip(rotations, rests, strict=True), strict=True)]


def _held(one: Estimate, rotation: Float64[np.ndarray, "3 3"], rest: Float64[np.ndarray, "4"]) -> Estimate:
    off = Rotation.from_matrix(one.rotation @ rotation.T).as_rotvec()
    off *= min(1, ASTRAY / max(float(np.linalg.norm(off)), 1e-9))
    return replace(
        one, rotation=Rotation.from_rotvec(off).as_matrix() @ rotation, rest=one.rest.clip(rest - ADRIFT, rest + ADRIFT)
    )


def turn(axis: Float[Tensor, "batch 3"]) -> Float[Tensor, "batch 3 3"]:
    """The rotation about an axis by its length."""
    x, y, z = axis.float().unbind(1)
    none = torch.zeros_like(x)
    cross = torch.stack([none, -z, y, z, none, -x, -y, x, none], 1).view(-1, 3, 3)
    return torch.linalg.matrix_exp(cross)


def posed(
    points: Float[Tensor, "points 3"], rotation: Float[Tensor, "batch 3 3"], rest: Float[Tensor, "batch 4"]
) -> Float[Tensor, "batch points 3"]:
    """Where points of the head stand in the crop, in its sides; along the third axis from the face's middle."""
    aside = torch.cat([rest[:, 1:3], torch.zeros_like(rest[:, :1])], 1)
    return rest[:, :1, None].exp() * (points @ rotation.mT) + aside[:, None]


def rooted(squares: Tensor) -> Tensor:
    """The root, rounded off at nought."""
    return (squares + SOFT).sqrt()


def made_task(run: Run[Settings], *, first: bool = False) -> Task:
    """On the world that is there."""
    model = basis(with_colour=False)
    heads = Heads(KnownHeads(run.of("world")), model.expression_names, thinned(model).pivot)
    return Task(model, heads, run.settings, first=first)


def blank(model: MorphableModel) -> CoarseNet:
    """A net to load weights into."""
    return CoarseNet(len(model.identity), len(model.expression))


def begin(run: Run[Settings]) -> None:
    """From drawn weights, by looks at the mean head."""
    task = made_task(run, first=True)
    torch.manual_seed(run.settings.begin.seed)
    save(learn(blank(task.model), task, run.settings.begin, run.work / "begin", run.machine), run.work / "begin/weights.npz")


def train(run: Run[Settings]) -> None:
    """On from `begin`, by looks at its own answers."""
    task = made_task(run)
    net = blank(task.model)
    load(net, needed(run.work / "begin/weights.npz", "coarsenet begin"))
    save(learn(net, task, run.settings.train, run.work / "train", run.machine), run.work / "train/weights.npz")


def export(run: Run[Settings]) -> None:
    """Writes coarsenet.onnx."""
    net = blank(basis(with_colour=False))
    load(net, needed(run.work / "train/weights.npz", "coarsenet train"))
    write(net, run.work / "coarsenet.onnx")
