"""Trains the face finder on portraits pasted at all sizes and turns, and again with the false faces that it proposed."""

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from training.common.blocks import fold
from training.common.data import FILES
from training.common.export import load, save, take
from training.common.loop import Schedule, learn
from training.common.making import needed
from training.common.steps import Run
from training.faces.data import Settings, read_pictures
from training.faces.net import FaceNet
from training.faces.net import export as write
from training.faces.pictures import Batch, Pictures
from training.landmarks.crops import NONE

SCALES = (0.3, 0.3, 3.0, 2.0, 2.0)
"""Of the errors of x and y in the cell, log size, cosine and sine."""


class Task:
    """Where the faces are."""

    def __init__(self, pictures: Pictures, count: int) -> None:
        self.pictures, self.count = pictures, count

    def batch(self, rng: np.random.Generator) -> Batch:
        """Pictures, heat, its weights, geometry."""
        return self.pictures.batch(self.count, rng)

    def losses(self, net: FaceNet, batch: Batch) -> dict[str, Tensor]:
        """Penalty-reduced focal loss (CenterNet eq. 1), and the geometry's absolute error at the centres."""
        pictures, heat, weight, geometry = batch
        maps = net(pictures)
        logit, chance = maps[:, 0], torch.sigmoid(maps[:, 0])
        centre = (heat > 0.999).float() * weight
        seen = centre * (1 - chance) ** 2 * functional.softplus(-logit)
        empty = (1 - centre) * weight * (1 - heat) ** 4 * chance**2 * functional.softplus(logit)
        focal = (seen.sum() + empty.sum()) / centre.sum().clamp_min(8)
        mask, scales = geometry[:, 5:], maps.new_tensor(SCALES).view(1, 5, 1, 1)
        shape = ((maps[:, 1:] - geometry[:, :5]).abs() * mask * scales).sum() / mask.sum().clamp_min(8)
        return {"loss": focal + shape, "heat": focal, "geometry": shape}

    def judge(self, net: FaceNet) -> dict[str, float]:  # noqa: ARG002
        """Nothing is held out: eval.py measures on other portraits."""
        return {}


def learned(run: Run[Settings], net: FaceNet, pictures: Pictures, schedule: Schedule, name: str) -> None:
    """Trains in a folder of this name, which gets the weights and the file made of them."""
    net = learn(net, Task(pictures, run.settings.batch), schedule, run.work / name, run.machine)
    save(net, run.work / name / "weights.npz")
    write(net, run.work / name / "faces.onnx")


def train(run: Run[Settings]) -> None:
    """From drawn weights."""
    torch.manual_seed(run.settings.train.seed)
    learned(run, FaceNet(), read_pictures(run, NONE), run.settings.train, "train")


def refine(run: Run[Settings]) -> None:
    """On from `train`, or from the file that ships, with the false faces that `mine` kept."""
    net, weights = FaceNet(), run.work / "train/weights.npz"
    if weights.exists():
        load(net, weights)
    else:
        fold(net)
        take(net, FILES / "faces.onnx")
    mined = np.load(needed(run.work / "mined.npy", "faces mine"))
    learned(run, net, read_pictures(run, mined), run.settings.refine, "refine")


def export(run: Run[Settings]) -> None:
    """Writes faces.onnx."""
    path = needed(run.work / "refine/faces.onnx", "faces refine")
    (run.work / "faces.onnx").write_bytes(path.read_bytes())
