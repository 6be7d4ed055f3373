"""Trains FineNet: on rendered heads by their true depth and by the photo's shading, then on portraits too, by shading alone."""

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from training.common.data import FILES
from training.common.export import load, save
from training.common.loop import learn
from training.common.making import needed
from training.common.steps import Run
from training.finenet.crops import Crops
from training.finenet.net import FineNet
from training.finenet.net import export as write
from training.finenet.settings import Settings
from training.finenet.surfaces import laplacian, mean_of, normals, shading
from training.surface_points.net import take_surface_net
from training.surface_points.train import blank as blank_body

TURNED = 60.0
"""Weight of normals that differ by 1, beside a pixel of depth."""
JUDGED = 48
"""Crops that a training is judged by on its way."""
Batch = dict[str, Tensor]


def network_picture(batch: Batch) -> Float[Tensor, "batch 4 rows columns"]:
    """What the network is given; 0 where there is no coarse head."""
    return torch.cat([batch["grey"][:, None] - 0.5, normals(batch["coarse"])], 1) * batch["there"][:, None]


def levelled(height: Tensor, true: Tensor, mask: Tensor) -> Tensor:
    """Moved in depth to where the true one is: a photo does not tell how far away a face is."""
    return height + mean_of(true - height, mask)[:, None, None]


class Task:
    """Heads with a true relief, and portraits without one."""

    def __init__(self, heads: Crops, portraits: Crops | None, settings: Settings) -> None:
        self.heads, self.portraits, self.settings = heads, portraits, settings

    def batch(self, rng: np.random.Generator) -> dict[str, Batch]:
        """Heads that are learned from; in the second part of the training portraits, too."""
        batch = {"heads": tensors(self.heads.batch(self.settings.batch, rng))}
        if self.portraits:
            batch["portraits"] = tensors(self.portraits.batch(self.settings.portraits, rng))
        return batch

    def losses(self, net: FineNet, batch: dict[str, Batch]) -> dict[str, Tensor]:
        """`losses_of`."""
        return losses_of(net, batch, self.settings)

    def judge(self, net: FineNet) -> dict[str, float]:
        """Of heads held out, fine over coarse: depth and angle of normals."""
        device, rows = next(net.parameters()).device, self.heads.whole(np.arange(min(JUDGED, self.heads.held)))
        batch = {name: value.to(device) for name, value in tensors(rows).items()}
        fine = batch["coarse"] + net(network_picture(batch)).float()
        errors = [errors_of(each, batch["true"], batch["mask"]) for each in (fine, batch["coarse"])]
        return {name: float(errors[0][k] / errors[1][k]) for k, name in enumerate(("depth", "angle"))}


def losses_of(net: FineNet, batch: dict[str, Batch], settings: Settings) -> dict[str, Tensor]:
    """The sum; of heads depth off in pixels and normals off; of all bend, shading off, what fidelity asks."""
    parts = list(batch.values())
    changes = net(torch.cat([network_picture(part) for part in parts])).float().split([len(part["mask"]) for part in parts])
    with torch.autocast(parts[0]["mask"].device.type, enabled=False):
        heads = batch["heads"]
        true, mask = heads["true"], heads["mask"]
        fine = levelled(heads["coarse"] + changes[0], true, mask)
        depth = mean_of((fine - true).abs(), mask).mean()
        turned = mean_of((normals(fine) - normals(true)).square().sum(1).add(1e-6).sqrt(), mask).mean()
        rows = [_unsupervised(*row) for row in zip(parts, changes, strict=True)]
        lit, moved, bend = (torch.cat(each).mean() for each in zip(*rows, strict=True))
    total = depth + TURNED * turned + settings.shading * lit + settings.fidelity * moved + settings.smooth * bend
    return {"loss": total, "depth": depth, "turned": turned, "bend": bend, "lit": lit, "moved": moved}


def _unsupervised(part: Batch, change: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Richardson 2017, section 3.3: of each picture how far it is from its shading, from the coarse head, and how bent."""
    coarse, mask = part["coarse"], part["mask"]
    return unlit(part, coarse + change), mean_of(change.square(), mask), mean_of(laplacian(change).abs(), mask)


def tensors(rows: dict[str, np.ndarray]) -> Batch:
    """In single precision."""
    return {name: torch.from_numpy(value.astype(np.float32)) for name, value in rows.items()}


def unlit(part: Batch, fine: Tensor) -> Float[Tensor, " batch"]:
    """How far each picture is from what its shading makes of it: mean square over its own."""
    light, mask = part["light"], part["mask"]
    off = shading(light, fine, part["coarse"], part["tones"], mask) - light
    return mean_of(off.square(), mask) / mean_of(light.square(), mask).clamp_min(1e-6)


def errors_of(height: Tensor, true: Tensor, mask: Tensor) -> tuple[Tensor, Tensor]:
    """Mean depth error in pixels, and mean angle of the normals in degrees."""
    depth = mean_of((levelled(height, true, mask) - true).abs(), mask).mean()
    cosine = (normals(height) * normals(true)).sum(1).clamp(-1, 1)
    return depth, mean_of(torch.rad2deg(torch.arccos(cosine)), mask).mean()


def blank() -> FineNet:
    """With a trunk that knows faces, and drawn weights beside it."""
    return FineNet(take_surface_net(blank_body(), FILES / "surface_points.onnx").first)


def train(run: Run[Settings]) -> None:
    """From drawn weights, on heads."""
    torch.manual_seed(run.settings.train.seed)
    task = Task(Crops.of_heads(run.work / "crops", run.settings), None, run.settings)
    save(learn(blank(), task, run.settings.train, run.work / "train", run.machine), run.work / "train/weights.npz")


def refine(run: Run[Settings]) -> None:
    """Goes on with portraits among the heads; the trunk learns, too."""
    net, portraits = blank(), needed(run.work / "portraits.npz", "finenet portraits")
    load(net, needed(run.work / "train/weights.npz", "finenet train"))
    net.trunk.requires_grad_(requires_grad=True)
    torch.manual_seed(run.settings.refine.seed)
    heads = Crops.of_heads(run.work / "crops", run.settings)
    task = Task(heads, Crops([portraits], run.settings), run.settings)
    save(learn(net, task, run.settings.refine, run.work / "refine", run.machine), run.work / "refine/weights.npz")


def export(run: Run[Settings]) -> None:
    """Writes finenet.onnx."""
    net = blank()
    load(net, needed(run.work / "refine/weights.npz", "finenet refine"))
    write(net, run.work / "finenet.onnx")
