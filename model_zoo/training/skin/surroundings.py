"""Trains a second decoder, for hair and background, on the frozen encoder of skin.onnx, and writes it into that file."""

import tempfile
from itertools import pairwise
from pathlib import Path

import click
import numpy as np
import onnx
import onnxruntime
import torch
from onnx.utils import Extractor
from torch import Tensor, nn
from torch.nn import functional

from training.common.averaged import Plan, learn, load, plan_options, save
from training.common.blocks import convolution, fold
from training.common.teacher import session
from training.skin.augment import example, shrink
from training.skin.labels import BACKGROUND, HAIR, REST, SKIN, read_labelled, split_synthetic
from training.skin.net import WIDTHS
from training.skin.train import FILES

SKIPS = ("/0/stem/stem.2/Relu_output_0", *(f"/0/down.{level}/down.{level}.1/Relu_output_0" for level in range(len(WIDTHS) - 1)))
"""What the encoder in skin.onnx gives at each resolution, fine to coarse."""
BATCH = 8
OWN_WIDTHS = (16, 32, 48, 64)
UNKNOWN = -100
CLASSES = np.full(256, UNKNOWN)
"""The rest 0, hair 1, background 2 by the codes of skin_labels.py."""
CLASSES[[REST, SKIN, HAIR, BACKGROUND]] = 0, 0, 1, 2


class AroundNet(nn.Module):
    """Nearest-neighbour doublings from the coarsest skip up; for the last one, channels become neighbouring pixels."""

    def __init__(self) -> None:
        """Blocks, coarse to fine."""
        super().__init__()
        widths, skips = (*OWN_WIDTHS, WIDTHS[-1])[::-1], WIDTHS[-2:0:-1]
        self.up = nn.ModuleList(
            convolution(below + skip, own) for (below, own), skip in zip(pairwise(widths), skips, strict=True)
        )
        self.finest = nn.Conv2d(WIDTHS[0], OWN_WIDTHS[0], 2, 2)
        self.head = nn.Sequential(nn.Conv2d(2 * OWN_WIDTHS[0], 12, 3, padding=1), nn.PixelShuffle(2))

    def forward(self, *skips: Tensor) -> Tensor:
        """Logits of the rest, hair and background (batch, 3, height, width)."""
        value = skips[-1]
        for block, skip in zip(self.up, skips[-2:0:-1], strict=True):
            value = block(torch.cat([functional.interpolate(value, scale_factor=2.0, mode="nearest"), skip], 1))
        return self.head(torch.cat([value, functional.relu(self.finest(skips[0]))], 1))


class Probabilities(nn.Module):
    """Hair and background, which leave what is left to the rest."""

    def __init__(self, net: AroundNet) -> None:
        """Of a trained net."""
        super().__init__()
        self.net = fold(net)

    def forward(self, *skips: Tensor) -> Tensor:
        """(batch, 2, height, width)."""
        # ONNX Runtime's softmax over so few channels takes five times as long.
        logits = self.net(*skips)
        odds = torch.exp(logits - logits.amax(1, keepdim=True))
        return odds[:, 1:] / odds.sum(1, keepdim=True)


def part_of(path: Path, outputs: list[str]) -> onnx.ModelProto:
    """The nodes of skin.onnx that lead to these."""
    return Extractor(onnx.shape_inference.infer_shapes(onnx.load(path))).extract_model(["image"], outputs)


def encoder(path: Path) -> onnxruntime.InferenceSession:
    """The part of skin.onnx that gives the skips."""
    with tempfile.TemporaryDirectory() as folder:
        part = Path(folder) / "encoder.onnx"
        onnx.save(part_of(path, list(SKIPS)), part)
        return session(part)


def export(net: AroundNet, path: Path) -> None:
    """Put the decoder into skin.onnx; its nodes and its output `skin` stay as they are."""
    names = [f"skip{level}" for level in range(len(SKIPS))]
    axes = {name: {0: "batch"} for name in (*names, "surroundings")}
    shown = tuple(torch.zeros(1, width, 256 >> level, 256 >> level) for level, width in enumerate(WIDTHS))
    with tempfile.TemporaryDirectory() as folder:
        part = Path(folder) / "decoder.onnx"
        kinds = {"input_names": names, "output_names": ["surroundings"], "dynamic_axes": axes}
        torch.onnx.export(Probabilities(net), shown, str(part), opset_version=17, dynamo=False, **kinds)
        decoder = onnx.load(part)
    pairs = list(zip(SKIPS, names, strict=True))
    outputs = ["skin", "surroundings"]
    whole = onnx.compose.merge_models(part_of(path, ["skin", *SKIPS]), decoder, pairs, outputs=outputs, name="skin")
    del whole.opset_import[1:]
    onnx.checker.check_model(whole)
    onnx.save(whole, path)


def loss_of(logits: Tensor, label: Tensor) -> Tensor:
    """Cross entropy plus soft Dice of hair and of background over the pixels that are known."""
    known = (label != UNKNOWN)[:, None]
    truth = functional.one_hot(label.clamp(0), 3).movedim(-1, 1)[:, 1:] * known
    guess = torch.softmax(logits, 1)[:, 1:] * known
    overlap = 2 * (guess * truth).sum((2, 3)) + 1
    dice = 1 - overlap / (guess.sum((2, 3)) + truth.sum((2, 3)) + 1)
    return functional.cross_entropy(logits, label, ignore_index=UNKNOWN) + 0.5 * dice.mean()


def train(net: AroundNet, plan: Plan, path: Path) -> AroundNet:
    """On the bank and those synthetic faces that are not held out."""
    faces = [shrink(face) for face in (*read_labelled(plan.work, "bank"), *split_synthetic(plan.work)[0])]
    rng, below = np.random.default_rng(plan.seed + 1), encoder(path)

    def step(net: AroundNet) -> tuple[Tensor, str]:
        images, labels = zip(*(example(faces, rng) for _ in range(BATCH)), strict=True)
        skips = below.run(None, {"image": np.stack(images)})
        with torch.autocast("cpu", torch.bfloat16):
            logits = net(*(torch.from_numpy(skip).contiguous(memory_format=torch.channels_last) for skip in skips))
        return loss_of(logits.float(), torch.from_numpy(CLASSES[np.stack(labels)])), ""

    return learn(net, plan, step, lambda kept: save(kept, plan.work / "around.npz"), clip=5.0)


@click.command(help=__doc__)
@plan_options
@click.option("--output", type=click.Path(exists=True, path_type=Path), default=FILES / "skin.onnx")
def main(threads: int, output: Path, **plan: object) -> None:
    """Train and change the ONNX file."""
    chosen = Plan(**plan)  # type: ignore[arg-type]  # click's values
    chosen.begin(threads)
    net = AroundNet().to(memory_format=torch.channels_last)
    if chosen.start is not None:
        load(net, chosen.start)
    net = train(net, chosen, output)
    save(net, chosen.work / "around.npz")
    export(net.to(memory_format=torch.contiguous_format), output)


if __name__ == "__main__":
    main()
