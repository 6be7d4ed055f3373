"""Trains the landmark net on turned, relit, shrunk and covered portraits, and again with the false faces that it saw."""

from pathlib import Path

import numpy as np
import torch
from jaxtyping import Float, UInt8
from torch import Tensor
from torch.nn import functional

from training.common.export import load, save
from training.common.loop import Schedule, learn
from training.common.making import needed
from training.common.steps import Run
from training.landmarks.augment import warp_levels
from training.landmarks.crops import NONE, Batch, Crops, shape_basis, tensors
from training.landmarks.data import Settings
from training.landmarks.labels import Square, apply, homogeneous
from training.landmarks.net import COEFFICIENTS, CROP, MARGIN, POINTS, LandmarkNet
from training.landmarks.net import export as write
from training.landmarks.sources import Source, load_portraits, load_turned

FRONT, SIDES = ("bank", "morphs"), ("turned_bank", "turned_morphs", "heads_bank")
MADE = dict(zip((*FRONT, *SIDES, "backgrounds"), ("labels", "morphs", "turned", "turned", "heads", "backgrounds"), strict=True))
"""Files, and the step that makes each."""
SHARES = (0.3, 0.3, 1.0)  # of the first points and of those after each look
Held = tuple[Float[Tensor, "photos 3 112 112"], Float[Tensor, "photos 536 2"]]


def read_crops(folder: Path, mined: UInt8[np.ndarray, "n 112 112 3"]) -> Crops:
    """From the model's folder of work."""
    paths = {name: needed(folder / f"{name}.npz", f"landmarks {step}") for name, step in MADE.items()}
    front = [source for name in FRONT for source in load_portraits(paths[name])]
    sides = [source for name in SIDES for source in load_turned(paths[name])]
    return Crops(front, sides, paths["backgrounds"], mined)


def held_out(sources: list[Source]) -> Held:
    """Portraits that are not learned from, laid as in use, and their points in crop units."""
    squares = [Square(row.square.centre, row.square.side * MARGIN, row.square.roll).matrix(CROP) for row in sources]
    rows = list(zip(sources, squares, strict=True))
    pictures = [warp_levels([level[..., :3] for level in row.levels], homogeneous(matrix), CROP) for row, matrix in rows]
    points = np.stack([apply(matrix, row.points) / CROP for row, matrix in rows])
    return tensors(pictures), torch.from_numpy(points.astype(np.float32))


def relative(guess: Tensor, points: Tensor) -> Float[Tensor, "faces points 2"]:
    """Errors in % of the distance of the outer eye corners."""
    eyes = (points[:, 33] - points[:, 263]).norm(dim=1).clamp_min(0.15)
    return (guess - points) * (100 / eyes)[:, None, None]


def distance(error: Tensor) -> Tensor:
    """Length of the error, rounded off at nought: sqrt(|x|^2 + 1/4); x in % of the outer-eye distance."""
    return (error.square().sum(2, keepdim=True) + 0.25).sqrt()


class Task:
    """The points of faces, and what is a face."""

    def __init__(self, crops: Crops, faces: int, others: int, held: Held) -> None:
        self.crops, self.faces, self.others, self.held = crops, faces, others, held

    def batch(self, rng: np.random.Generator) -> Batch:
        """Pictures, points, weights."""
        return self.crops.batch(self.faces, self.others, rng)

    def losses(self, net: LandmarkNet, batch: Batch) -> dict[str, Tensor]:
        """The sum; the mean error of the last points, in %; the score's part."""
        pictures, points, weights = batch
        stages, logits = net(pictures)
        errors = [relative(stage[: len(points)].float(), points) for stage in stages]
        fit = torch.stack([(distance(error) * weights).mean() for error in errors])
        truth = (torch.arange(len(pictures), device=pictures.device) < len(points)).float()
        score = functional.binary_cross_entropy_with_logits(logits, 0.97 * truth + 0.01)
        total = (fit * fit.new_tensor(SHARES)).sum() + 2 * score
        return {"loss": total, "error": errors[-1].norm(dim=2).mean(), "score": score}

    def judge(self, net: LandmarkNet) -> dict[str, float]:
        """Mean error on the portraits held out, in %."""
        device = next(net.parameters()).device
        pictures, points = (part.to(device) for part in self.held)
        return {"error": float(relative(net(pictures)[0][-1].float(), points).norm(dim=2).mean())}


def blank() -> LandmarkNet:
    """A net to load weights into."""
    return LandmarkNet(torch.zeros(2 * POINTS), torch.zeros(2 * POINTS, COEFFICIENTS))


def learned(run: Run[Settings], net: LandmarkNet, crops: Crops, schedule: Schedule, name: str) -> None:
    """Trains in a folder of this name, which gets the weights and the file made of them."""
    held = held_out(load_portraits(needed(run.work / "dev.npz", "landmarks labels")))
    task = Task(crops, run.settings.faces, run.settings.others, held)
    net = learn(net, task, schedule, run.work / name, run.machine)
    save(net, run.work / name / "weights.npz")
    write(net, run.work / name / "landmarks.onnx")


def train(run: Run[Settings]) -> None:
    """From drawn weights and the principal components of the shapes."""
    crops = read_crops(run.work, NONE)
    torch.manual_seed(run.settings.train.seed)
    net = LandmarkNet(*shape_basis(crops, np.random.default_rng(run.settings.train.seed)))
    learned(run, net, crops, run.settings.train, "train")


def refine(run: Run[Settings]) -> None:
    """On from `train`, with the false faces that `mine` kept."""
    net, mined = blank(), np.load(needed(run.work / "mined.npy", "landmarks mine"))
    load(net, needed(run.work / "train/weights.npz", "landmarks train"))
    learned(run, net, read_crops(run.work, mined), run.settings.refine, "refine")


def export(run: Run[Settings]) -> None:
    """Writes landmarks.onnx."""
    net = blank()
    load(net, needed(run.work / "refine/weights.npz", "landmarks refine"))
    write(net, run.work / "landmarks.onnx")
