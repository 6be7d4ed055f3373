"""Trains the decoder of hair and background on the encoder as it is, and writes it into skin.onnx."""

import tempfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import onnx
import torch
from onnx.utils import Extractor
from torch import Tensor
from torch.nn import functional

from training.common.export import load, save
from training.common.loop import learn
from training.common.steps import Run
from training.skin.augment import examples
from training.skin.crops import CLASSES, class_overlap, network_image, taught
from training.skin.data import Settings, faces_to_learn_from, labelled, read_faces, synthetic
from training.skin.labels import BACKGROUND, HAIR, REST, SKIN, Labelled
from training.skin.net import WIDTHS, SkinNet, SurroundingsNet, export_decoder

SKIPS = ("/0/stem/stem.2/Relu_output_0", *(f"/0/down.{level}/down.{level}.1/Relu_output_0" for level in range(len(WIDTHS) - 1)))
"""What the encoder in skin.onnx gives at each resolution, fine to coarse."""
UNKNOWN = -100
CODES = np.full(256, UNKNOWN)
"""The rest 0, hair 1, background 2 by the codes of labels.py."""
CODES[[REST, SKIN, HAIR, BACKGROUND]] = 0, 0, 1, 2


Batch = dict[str, Tensor]


class Task:
    """Hair and background, where the teachers know."""

    def __init__(self, encoder: SkinNet, faces: Sequence[Labelled], held_out: Sequence[Labelled], count: int) -> None:
        """`faces` at their working size."""
        self.encoder, self.faces, self.count = encoder.eval().requires_grad_(False), faces, count
        self.images = [torch.from_numpy(network_image(face.rgb)) for face in held_out]
        self.truths = np.stack([taught(face) for face in held_out], 1)

    def batch(self, rng: np.random.Generator) -> Batch:
        """Each `image` in [0, 1], and its `label`: 0, 1, 2 or UNKNOWN."""
        images, labels = examples(self.faces, self.count, rng)
        return {"image": torch.from_numpy(images), "label": torch.from_numpy(CODES[labels])}

    def logits(self, net: SurroundingsNet, image: Tensor) -> Tensor:
        """Of the rest, hair and background; the encoder is as precise as it will be in use."""
        with torch.no_grad(), torch.autocast(image.device.type, enabled=False):
            skips = self.encoder.to(image.device).skips(image)
        return net(*skips).float()

    def losses(self, net: SurroundingsNet, batch: Batch) -> dict[str, Tensor]:
        """Cross entropy plus soft Dice of hair and of background over the pixels that are known."""
        logits, label = self.logits(net, batch["image"]), batch["label"]
        known = (label != UNKNOWN)[:, None]
        truth = functional.one_hot(label.clamp(0), 3).movedim(-1, 1)[:, 1:] * known
        guess = torch.softmax(logits, 1)[:, 1:] * known
        overlap = 2 * (guess * truth).sum((2, 3)) + 1
        dice = (1 - overlap / (guess.sum((2, 3)) + truth.sum((2, 3)) + 1)).mean()
        entropy = functional.cross_entropy(logits, label, ignore_index=UNKNOWN)
        return {"loss": entropy + 0.5 * dice, "entropy": entropy, "dice": dice}

    def judge(self, net: SurroundingsNet) -> dict[str, float]:
        """Intersection over union, of the pixels of all synthetic faces that are held out."""
        device = next(net.parameters()).device
        masks = [torch.softmax(self.logits(net, image.to(device)), 1)[0, 1:].cpu().numpy() > 0.5 for image in self.images]
        pairs = zip(CLASSES, np.stack(masks, 1), self.truths, strict=True)
        return {name: class_overlap(guesses, truths) for name, guesses, truths in pairs}


def train(run: Run[Settings]) -> None:
    """On the bank and those synthetic faces that are not held out: writes surroundings.npz."""
    torch.manual_seed(run.settings.seed)
    encoder = SkinNet()
    load(encoder, run.work / "weights.npz")
    faces = faces_to_learn_from([*labelled(run.work, "bank"), *synthetic(run.work, held_out=False)])
    held_out = list(read_faces(synthetic(run.work, held_out=True)))
    task = Task(encoder, faces, held_out, run.settings.surroundings_batch)
    net = learn(SurroundingsNet(), task, run.settings.surroundings, run.work / "surroundings", run.machine)
    save(net, run.work / "surroundings.npz")


def export(run: Run[Settings]) -> None:
    """Puts the decoder into skin.onnx, or another in its place."""
    net = SurroundingsNet()
    load(net, run.work / "surroundings.npz")
    merge(net, run.work / "skin.onnx")


def merge(net: SurroundingsNet, path: Path) -> None:
    """The nodes of skin.onnx that lead to `skin` stay as they are."""
    with tempfile.TemporaryDirectory() as folder:
        names = export_decoder(net, Path(folder) / "decoder.onnx")
        decoder = onnx.load(Path(folder) / "decoder.onnx")
    pairs, outputs = list(zip(SKIPS, names, strict=True)), ["skin", "surroundings"]
    whole = onnx.compose.merge_models(part_of(path, ["skin", *SKIPS]), decoder, pairs, outputs=outputs, name="skin")
    del whole.opset_import[1:]
    onnx.checker.check_model(whole)
    onnx.save(whole, path)


def part_of(path: Path, outputs: list[str]) -> onnx.ModelProto:
    """The nodes of skin.onnx that lead to these."""
    return Extractor(onnx.shape_inference.infer_shapes(onnx.load(path))).extract_model(["image"], outputs)
