"""Trains CoarseNet on looks at the mean head and at its own answers, each rendered for the next look.

The paper takes no gradient through the rendering either. The looks that only lead to the next are made first; then all looks
are learned from in one batch.
"""

from pathlib import Path

import numpy as np
import torch
from facetex_plugins.fit.feedback.channels import feedback, network_picture, thinned
from facetex_plugins.fit.feedback.estimate import FRONT, REACH, START, Estimate, answered, start
from jaxtyping import Float
from torch import Tensor

from facetex_core.structures import MorphableModel
from training.coarsenet.crops import Heads
from training.coarsenet.data import Settings
from training.coarsenet.net import Answer, CoarseNet
from training.coarsenet.net import export as write
from training.common.data import FILES
from training.common.export import load, save, stored
from training.common.loop import learn
from training.common.making import needed
from training.common.portraits import basis
from training.common.steps import Run
from training.surface_points.net import take_surface_net
from training.surface_points.train import blank as blank_body
from training.surface_points.train import eyes_of, rounded
from training.world.model_truth import lower
from training.world.truths import KnownHeads

PARTS = {"neutral": 2.0, "moved": 1.0, "pose": 0.5, "distance": 1.0, "likelihood": 0.01, "places": 1.0}
"""What each part of the loss counts; the first three are in millimetres, places in percent of the eye distance."""
STAGES = (0.2, 0.3, 1.0)
"""Of the first places, and of those after each look at them."""
SOFT = 0.05
"""Square millimetres that keep the root's gradient finite."""
EVERY = 8
"""One vertex in so many of the thin model tells how far a pose is off."""
JUDGED, JUDGED_BY = 96, ("neutral", "moved", "pose", "distance", "places")
"""Heads and parts that a training is judged by on its way."""
Batch = dict[str, Tensor]


class Task:
    """Heads, seen again and again."""

    def __init__(self, model: MorphableModel, heads: Heads, settings: Settings) -> None:
        self.model, self.heads, self.settings = model, heads, settings
        self.thin = thinned(model)
        self.lower = torch.from_numpy(lower(model))
        self.points = torch.from_numpy(self.thin.mesh.vertices[::EVERY] - self.thin.pivot.astype(np.float32))
        self.start = start(len(model.identity), len(model.expression))
        self.untouched = feedback(self.thin, self.start, np.full(2, 0.5))

    def batch(self, rng: np.random.Generator) -> Batch:
        """Heads that are learned from."""
        numbers = rng.integers(self.settings.held, len(self.heads), self.settings.batch)
        return tensors(self.heads.batch(numbers, rng, self.settings.degradation))

    def held_out(self, count: int) -> Batch:
        """The first heads, as they are."""
        return tensors(self.heads.batch(np.arange(count), None, self.settings.degradation))

    def losses(self, net: CoarseNet, batch: Batch) -> dict[str, Tensor]:
        """The sum over all looks, and each part at the last."""
        with torch.no_grad():
            looks = self.looks(net, batch, self.settings.passes)
        told = net(torch.cat(looks))
        with torch.autocast(batch["grey"].device.type, enabled=False):  # half of single precision rounds millimetres
            answers = [{name: value.chunk(len(looks))[number] for name, value in told.items()} for number in range(len(looks))]
            parts = [self.parts(answer, batch) for answer in answers]
        total = torch.stack([share * part[name].mean() for part in parts for name, share in PARTS.items()]).sum() / len(parts)
        last = {name: parts[-1][name].mean() for name in PARTS}
        return {"loss": total, "first": parts[0]["neutral"].mean(), **last}

    def looks(self, net: CoarseNet, batch: Batch, passes: int) -> list[Tensor]:
        """What the network sees at each look."""
        grey, principal = batch["grey"].cpu().numpy(), batch["principal"].cpu().numpy().astype(np.float64)
        seen, made = [self.untouched] * len(grey), []
        for number in range(passes):
            picture = torch.from_numpy(np.stack([network_picture(*row) for row in zip(grey, seen, strict=True)]))
            made.append(picture.to(batch["grey"].device, memory_format=torch.channels_last))
            if number + 1 < passes:
                present = estimates(net(made[-1]))
                seen = [feedback(self.thin, one, at) for one, at in zip(present, principal, strict=True)]
        return made

    def parts(self, told: Answer, batch: Batch) -> dict[str, Float[Tensor, " batch"]]:
        """Of each head: errors in millimetres, root mean square, and what else is learned."""
        known, points = self.lower.to(batch["grey"].device), self.points.to(batch["grey"].device)
        aside = torch.cat([told["identity"] - batch["identity"], told["expression"] - batch["expression"]], 1)
        neutral = aside.clone()
        neutral[:, told["identity"].shape[1] :] = 0
        step = told["pose"] * torch.from_numpy(REACH.astype(np.float32)).to(points.device)
        front, middle = (torch.from_numpy(value.astype(np.float32)).to(points.device) for value in (FRONT, START))
        rest = middle + step[:, 3:]
        here = posed(points, turn(step[:, :3]) @ front, rest)
        there = posed(points, batch["rotation"], batch["rest"])
        apart = 1000 * (here - there) / batch["rest"][:, :1, None].exp()
        squares = (told["identity"].detach() - batch["identity"]).square()
        return {
            "neutral": rooted((neutral @ known).square().sum(1)),
            "moved": rooted((aside @ known).square().sum(1)),
            "pose": rooted(apart.square().sum(2).mean(1)),
            "distance": (rest[:, 3] - batch["rest"][:, 3]).abs(),
            "likelihood": (squares / (2 * told["deviation"].square()) + told["deviation"].log()).sum(1),
            "places": self._places(told["places"], batch["places"]),
        }

    def _places(self, stages: Float[Tensor, "batch stages places 2"], true: Float[Tensor, "batch places 2"]) -> Tensor:
        scale = (100 / eyes_of(true))[:, None, None]
        errors = [rounded((stage - true) * scale).mean(1) for stage in stages.unbind(1)]
        return torch.stack([share * each for share, each in zip(STAGES, errors, strict=True)]).sum(0)

    def judge(self, net: CoarseNet) -> dict[str, float]:
        """Errors of the heads held out, after each look."""
        device = next(net.parameters()).device
        batch = {name: value.to(device) for name, value in self.held_out(min(JUDGED, self.settings.held)).items()}
        figures: dict[str, float] = {}
        for number, picture in enumerate(self.looks(net, batch, self.settings.passes + 1)):
            told = net(picture)
            with torch.autocast(device.type, enabled=False):
                parts = self.parts(told, batch)
            figures |= {f"{name} {number + 1}": float(parts[name].mean()) for name in JUDGED_BY}
            p, d = (each.cpu() @ self.lower[: each.shape[1], : each.shape[1]] for each in (told["identity"], batch["identity"]))
            figures[f"correlation {number + 1}"] = float((p * d).sum() / ((p**2).sum() * (d**2).sum() + 1e-9).sqrt())
        return figures


def tensors(rows: dict[str, np.ndarray]) -> Batch:
    """In single precision."""
    return {name: torch.from_numpy(value.astype(np.float32)) for name, value in rows.items()}


def estimates(told: Answer) -> list[Estimate]:
    """What answers mean."""
    rows = zip(*(told[name].float().cpu().numpy() for name in ("pose", "identity", "expression")), strict=True)
    return [answered(*row) for row in rows]


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


def made_task(run: Run[Settings]) -> Task:
    """On the world that is there."""
    model = basis(with_colour=False)
    return Task(model, Heads(KnownHeads(run.of("world")), model.expression_names, thinned(model).pivot), run.settings)


def blank(model: MorphableModel) -> CoarseNet:
    """A net to load weights into."""
    return CoarseNet(blank_body(), len(model.expression))


def taken(net: CoarseNet, path: Path) -> CoarseNet:
    """The blank net with the weights of coarsenet.onnx; of the places' deviations it stores none."""
    weights = stored(path)
    weights["body.shape.weight"] = next(value for name, value in weights.items() if "MatMul" in name).T
    weights.setdefault("body.person.bent.bias", weights["body.person.straight.bias"])
    held = {name: weights[name].view(own.shape) for name, own in net.state_dict().items() if name in weights}
    net.load_state_dict(held, strict=False)
    return net


def train(run: Run[Settings]) -> None:
    """On from the network of surface points that ships."""
    task = made_task(run)
    torch.manual_seed(run.settings.train.seed)
    net = CoarseNet(take_surface_net(blank_body(), FILES / "surface_points.onnx"), len(task.model.expression))
    save(learn(net, task, run.settings.train, run.work / "train", run.machine), run.work / "train/weights.npz")


def export(run: Run[Settings]) -> None:
    """Writes coarsenet.onnx."""
    net = blank(basis(with_colour=False))
    load(net, needed(run.work / "train/weights.npz", "coarsenet train"))
    write(net, run.work / "coarsenet.onnx")
