"""Trains the encoder and the decoder of bare skin on the portraits of the bank."""

from collections.abc import Sequence

import cv2
import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from training.common.export import load, save
from training.common.loop import learn
from training.common.steps import Run
from training.skin.augment import examples
from training.skin.crops import middle, network_image, skin_overlap
from training.skin.data import Settings, faces_to_learn_from, labelled, read_faces
from training.skin.labels import IGNORE, SKIN, Labelled
from training.skin.net import SkinNet
from training.skin.net import export as write

Batch = dict[str, Tensor]


class Task:
    """Bare skin, where the teachers know."""

    def __init__(self, faces: Sequence[Labelled], held_out: Sequence[Labelled], count: int) -> None:
        """`faces` at their working size."""
        self.faces, self.count = faces, count
        self.images = [torch.from_numpy(network_image(face.rgb)) for face in held_out]
        self.labels = [middle(face.label, cv2.INTER_NEAREST) for face in held_out]

    def batch(self, rng: np.random.Generator) -> Batch:
        """Each `image` in [0, 1], and its `label`."""
        images, labels = examples(self.faces, self.count, rng)
        return {"image": torch.from_numpy(images), "label": torch.from_numpy(labels)}

    def losses(self, net: SkinNet, batch: Batch) -> dict[str, Tensor]:
        """Cross entropy plus soft Dice over the pixels that are known."""
        value, label = net(batch["image"])[:, 0].float(), batch["label"]
        known, truth = (label != IGNORE).float(), (label == SKIN).float()
        entropy = (functional.binary_cross_entropy_with_logits(value, truth, reduction="none") * known).sum() / known.sum()
        guess = torch.sigmoid(value) * known
        overlap = 2 * (guess * truth).sum((1, 2)) + 1
        dice = (1 - overlap / (guess.sum((1, 2)) + (truth * known).sum((1, 2)) + 1)).mean()
        return {"loss": entropy + 0.5 * dice, "entropy": entropy, "dice": dice}

    def judge(self, net: SkinNet) -> dict[str, float]:
        """Intersection over union, the mean over portraits."""
        device = next(net.parameters()).device
        masks = [torch.sigmoid(net(image.to(device)).float())[0, 0].cpu().numpy() for image in self.images]
        return {"overlap": float(np.mean([skin_overlap(*pair) for pair in zip(masks, self.labels, strict=True)]))}


def train(run: Run[Settings]) -> None:
    """Writes weights.npz."""
    torch.manual_seed(run.settings.seed)
    faces, held_out = faces_to_learn_from(labelled(run.work, "bank")), list(read_faces(labelled(run.work, "dev")))
    task = Task(faces, held_out, run.settings.batch)
    save(learn(SkinNet(), task, run.settings.train, run.work, run.machine), run.work / "weights.npz")


def export(run: Run[Settings]) -> None:
    """Writes skin.onnx, as yet without surroundings."""
    net = SkinNet()
    load(net, run.work / "weights.npz")
    write(net, run.work / "skin.onnx")
