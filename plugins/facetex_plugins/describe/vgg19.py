"""VGG-19 on its way into the zoo: weights of torch become ONNX, a network that is ONNX already is looked at.

The network of Simonyan and Zisserman 2015 (configuration E), rectified features of conv1_1 to conv5_1. Two kinds of weights:

- a state dict in torchvision's layout (`features.N.weight`; IMAGENET1K_V1): zero padding, ImageNet's mean and deviation;
- the normalised encoders of style transfer (Gatys 2015; `vgg_normalised_convN_1.pth`): reflection padding, and a first
  1 x 1 convolution that turns RGB into BGR and takes the mean off. They end at the layer of their name.
"""

import re
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from facetex_model_zoo.folders import UNREADABLE
from jaxtyping import Float32, Shaped

from facetex_core import ModelError
from facetex_core.io.declared import read_file

if TYPE_CHECKING:
    import onnx

WIDTHS = {"1": (64, 64), "2": (128, 128), "3": (256,) * 4, "4": (512,) * 4, "5": (512,)}
"""Channels of each convolution, block by block, as far as conv5_1."""
VGG_LAYERS = tuple(f"conv{block}_{index}" for block, widths in WIDTHS.items() for index in range(1, len(widths) + 1))
CHANNELS = (3, *(width for widths in WIDTHS.values() for width in widths))
WEIGHT_SHAPES = [(outputs, inputs, 3, 3) for inputs, outputs in pairwise(CHANNELS)]
"""Of the convolutions' weights."""
TORCH = (b"PK", b"\x80")
"""How torch's files begin: a zip, or the pickle of old."""
OPSET = 17
OPERATORS = {"Conv", "Relu", "MaxPool", "Pad"}
"""All that VGG-19 computes."""

# ImageNet's statistics of RGB in [0, 1], as torchvision's weights were trained with.
MEAN = np.array([0.485, 0.456, 0.406], np.float32)
DEVIATION = np.array([0.229, 0.224, 0.225], np.float32)


@dataclass(frozen=True, eq=False, slots=True)
class Convolution:
    """One layer's numbers."""

    weight: Float32[np.ndarray, "outputs inputs high wide"]
    bias: Float32[np.ndarray, " biases"]
    """As many as outputs, or `read_source` refuses the file."""


@dataclass(frozen=True, eq=False, slots=True)
class Source:
    """What a file of weights holds: what happens to the pixels first, and the convolutions in their order."""

    preparation: Convolution
    convolutions: tuple[Convolution, ...]
    reflects: bool
    """Whether borders are mirrored; else they are zeros."""


def take_in(source: Path, target: Path) -> None:
    """Writes the network of a file of weights, or of one that is this network already; anything else is a ModelError."""
    import onnx

    if source.is_dir():
        raise ModelError(f"{source} is a folder, not a file")
    with source.open("rb") as file:
        weights = file.read(2).startswith(TORCH)
    onnx.save(build(read_source(source)) if weights else _network(source), str(target))


def _network(path: Path) -> "onnx.ModelProto":
    """The network that `build` makes of a network's convolutions; a file that holds anything else is refused."""
    import onnx
    from google.protobuf.message import DecodeError

    try:
        model = onnx.load_model_from_string(read_file(path))
    except (DecodeError, ValueError):
        model = onnx.ModelProto()
    if not model.graph.node:
        raise ModelError(f"{path.name} is neither weights of torch nor a network in ONNX")
    stray = sorted({node.op_type for node in model.graph.node} - OPERATORS)
    if stray:
        raise ModelError(f"{path.name} is not VGG-19: operator {stray[0][:40]!r} stands in it; give the weights (.pth) instead")
    try:
        first, *others = _inside(model.graph)
        built = build(Source(first, tuple(others), any(node.op_type == "Pad" for node in model.graph.node)))
    except (ValueError, LookupError):
        built = onnx.ModelProto()
    # Compared without its numbers: they are the file's own, and large.
    if not built.graph.node or _skeleton(built) != _skeleton(model):
        raise ModelError(f"{path.name} is not VGG-19 as facetex writes it; give the weights (.pth) instead")
    return built


def _inside(graph: "onnx.GraphProto") -> list[Convolution]:
    """The convolutions, in their order; numbers that lie outside of the file, or are not those of VGG-19, are a ValueError."""
    from onnx import TensorProto, numpy_helper

    weights = {tensor.name: tensor for tensor in graph.initializer}
    found = []
    shapes = [(3, 3, 1, 1), *WEIGHT_SHAPES]
    for node, shape in zip((node for node in graph.node if node.op_type == "Conv"), shapes, strict=False):
        pair = [weights[name] for name in node.input[1:3]]
        if [tuple(each.dims) for each in pair] != [shape, shape[:1]]:
            raise ValueError("its convolutions are of other shapes")
        if any(each.external_data or each.data_location or each.data_type != TensorProto.FLOAT for each in pair):
            raise ValueError("its numbers are not in it")
        found.append(Convolution(*map(numpy_helper.to_array, pair)))
    return found


def _skeleton(model: "onnx.ModelProto") -> tuple[object, ...]:
    """All of a network that is computed with, but the numbers."""
    graph = model.graph
    names = [tensor.name for tensor in graph.initializer]
    return list(model.opset_import), list(graph.node), names, list(graph.input), list(graph.output), len(model.functions)


def read_source(path: Path) -> Source:
    """Either kind of weights; what is no VGG-19 is a ModelError."""
    found = _convolutions(path)
    fitting = all(layer.bias.shape == layer.weight.shape[:1] for layer in found)
    reflects = bool(found) and found[0].weight.shape == (3, 3, 1, 1)
    if reflects:
        preparation, *found = found
    else:
        preparation = Convolution(np.diag(1 / DEVIATION)[..., None, None], -MEAN / DEVIATION)
    convolutions = tuple(found[: len(VGG_LAYERS)])
    shapes = [convolution.weight.shape for convolution in convolutions]
    if not fitting or not shapes or shapes != WEIGHT_SHAPES[: len(shapes)]:
        raise ModelError(f"{path.name} is no VGG-19: its convolutions are {shapes[: len(WEIGHT_SHAPES)] or 'none'}")
    return Source(preparation, convolutions, reflects)


def _convolutions(path: Path) -> list[Convolution]:
    """The convolutions of a state dict by their numbers."""
    from facetex_plugins.describe.torch_weights import read_state_dict

    try:
        state = read_state_dict(path)
        names = {name.removeprefix("features."): name for name in state.tensors}
        if any(name.endswith("running_mean") for name in names):
            raise ModelError(f"{path.name} has batch normalisation; the plain VGG-19 is needed")
        numbers = sorted(int(name.removesuffix(".weight")) for name in names if re.fullmatch(r"\d{1,4}\.weight", name))
        pairs = [(names[f"{number}.weight"], names.get(f"{number}.bias")) for number in numbers]
        whole = [(weight, bias) for weight, bias in pairs if bias and len(state.tensors[weight].shape) == 4]
        return [Convolution(state.tensor(weight), state.tensor(bias)) for weight, bias in whole]
    except UNREADABLE:
        raise ModelError(f"{path.name} is no state dict of torch") from None


def build(source: Source) -> "onnx.ModelProto":
    """The network as ONNX, with free height and width."""
    import onnx
    from onnx import TensorProto, helper

    graph = _Graph()
    last = graph.convolve("image", "prepared", source.preparation)
    outputs = []
    for layer, convolution in zip(VGG_LAYERS, source.convolutions, strict=False):
        if layer.endswith("_1") and layer != VGG_LAYERS[0]:
            last = graph.add("MaxPool", [last], f"{layer}_pooled", kernel_shape=[2, 2], strides=[2, 2])
        if source.reflects:
            last = graph.reflect(last, f"{layer}_padded")
        pads = [0 if source.reflects else 1] * 4
        last = graph.add("Relu", [graph.convolve(last, f"{layer}_linear", convolution, pads)], layer)
        if layer.endswith("_1"):
            sides = [f"{layer}_height", f"{layer}_width"]
            outputs.append(helper.make_tensor_value_info(layer, TensorProto.FLOAT, [1, len(convolution.bias), *sides]))
    image = helper.make_tensor_value_info("image", TensorProto.FLOAT, [1, 3, "height", "width"])
    named = {layer.name for layer in outputs}
    while graph.nodes[-1].output[0] not in named:  # nothing after the last output is of use
        graph.nodes.pop()
    body = helper.make_graph(graph.nodes, "vgg19", [image], outputs, graph.used_weights())
    model = helper.make_model(body, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=8, producer_name="facetex")
    onnx.checker.check_model(model, full_check=True)
    return model


class _Graph:
    """Nodes and weights that grow."""

    def __init__(self) -> None:
        self.nodes: list[onnx.NodeProto] = []
        self.weights: dict[str, onnx.TensorProto] = {}

    def add(self, operator: str, inputs: list[str], output: str, **attributes: object) -> str:
        """One node; the name of what it makes."""
        from onnx import helper

        self.nodes.append(helper.make_node(operator, inputs, [output], **attributes))
        return output

    def weight(self, name: str, values: Shaped[np.ndarray, "..."]) -> str:
        """One array; its name."""
        from onnx import numpy_helper

        self.weights[name] = numpy_helper.from_array(np.ascontiguousarray(values), name)
        return name

    def convolve(self, value: str, output: str, numbers: Convolution, pads: list[int] | None = None) -> str:
        """A convolution of stride 1."""
        names = [self.weight(f"{output}_weight", numbers.weight), self.weight(f"{output}_bias", numbers.bias)]
        return self.add("Conv", [value, *names], output, kernel_shape=numbers.weight.shape[2:], pads=pads or [0] * 4)

    def reflect(self, value: str, output: str) -> str:
        """A border of one pixel, mirrored."""
        border = self.weight("border", np.array([0, 0, 1, 1, 0, 0, 1, 1], np.int64))
        return self.add("Pad", [value, border], output, mode="reflect")

    def used_weights(self) -> list["onnx.TensorProto"]:
        """Those that a node reads."""
        read = {name for node in self.nodes for name in node.input}
        return [tensor for name, tensor in self.weights.items() if name in read]
