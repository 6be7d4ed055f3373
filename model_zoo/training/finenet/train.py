"""Trains FineNet on rendered heads by their true depth and by the photo's own shading."""

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from training.common.export import load, save
from training.common.loop import learn
from training.common.making import needed
from training.common.steps import Run
from training.finenet.data import Crops, Settings
from training.finenet.net import FineNet
from training.finenet.net import export as write
from training.finenet.surfaces import laplacian, mean_of, normals, shading

TURNED, SMOOTH = 30.0, 0.05
"""Weights beside a pixel of depth: of normals that differ by 1, and of a bend of one pixel."""
JUDGED = 48
"""Crops that a training is judged by on its way."""


def network_picture(grey: Tensor, coarse: Tensor, mask: Tensor) -> Float[Tensor, "batch 4 rows columns"]:
    """What the network is given; 0 where there is no coarse head."""
    return torch.cat([grey[:, None] - 0.5, normals(coarse)], 1) * mask[:, None]


def levelled(height: Tensor, true: Tensor, mask: Tensor) -> Tensor:
    """Moved in depth to where the true one is: a photo does not tell how far away a face is."""
    return height + mean_of(true - height, mask)[:, None, None]


class Task:
    """Heads with a true relief."""

    def __init__(self, crops: Crops, settings: Settings) -> None:
        self.crops, self.settings = crops, settings

    def batch(self, rng: np.random.Generator) -> dict[str, Tensor]:
        """Heads that are learned from."""
        return {name: torch.from_numpy(value) for name, value in self.crops.batch(self.settings.batch, rng).items()}

    def losses(self, net: FineNet, batch: dict[str, Tensor]) -> dict[str, Tensor]:
        """The sum; depth off in pixels, normals off, bend, shading off."""
        grey, true, coarse, mask = (batch[name] for name in ("grey", "true", "coarse", "mask"))
        change = net(network_picture(grey, coarse, mask))
        with torch.autocast(grey.device.type, enabled=False):
            fine = levelled(coarse + change.float(), true, mask)
            depth = mean_of((fine - true).abs(), mask).mean()
            turned = mean_of((normals(fine) - normals(true)).square().sum(1).add(1e-6).sqrt(), mask).mean()
            bend = mean_of(laplacian(change.float()).abs(), mask).mean()
            lit = mean_of((shading(grey, fine, coarse, torch.ones_like(grey)[:, None], mask) - grey).square(), mask).mean()
        total = depth + TURNED * turned + SMOOTH * bend + self.settings.shading * lit
        return {"loss": total, "depth": depth, "turned": turned, "bend": bend, "lit": lit}

    def judge(self, net: FineNet) -> dict[str, float]:
        """Of heads held out, fine over coarse: depth and angle of normals."""
        device, rows = next(net.parameters()).device, self.crops.whole(np.arange(min(JUDGED, self.crops.held)))
        grey, true, coarse, mask = (torch.from_numpy(rows[name]).to(device) for name in ("grey", "true", "coarse", "mask"))
        fine = coarse + net(network_picture(grey, coarse, mask)).float()
        errors = [errors_of(each, true, mask) for each in (fine, coarse)]
        return {name: float(errors[0][k] / errors[1][k]) for k, name in enumerate(("depth", "angle"))}


def errors_of(height: Tensor, true: Tensor, mask: Tensor) -> tuple[Tensor, Tensor]:
    """Mean depth error in pixels, and mean angle of the normals in degrees."""
    depth = mean_of((levelled(height, true, mask) - true).abs(), mask).mean()
    cosine = (normals(height) * normals(true)).sum(1).clamp(-1, 1)
    return depth, mean_of(torch.rad2deg(torch.arccos(cosine)), mask).mean()


def train(run: Run[Settings]) -> None:
    """From drawn weights."""
    task = Task(Crops(run.work / "crops", run.settings), run.settings)
    torch.manual_seed(run.settings.train.seed)
    save(
        learn(FineNet(), task, run.settings.train, run.work / "train", run.machine),
        run.work / "train/weights.npz",
    )


def export(run: Run[Settings]) -> None:
    """Writes finenet.onnx."""
    net = FineNet()
    load(net, needed(run.work / "train/weights.npz", "finenet train"))
    write(net, run.work / "finenet.onnx")
