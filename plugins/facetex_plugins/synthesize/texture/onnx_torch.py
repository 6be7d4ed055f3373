"""Reads a convolutional network from ONNX into torch, where gradients are needed. ONNX Runtime runs the same file elsewhere."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from facetex_core import ConfigError, ModelError
from facetex_core.io.onnx_session import refuse_unknown

if TYPE_CHECKING:
    import onnx
    import torch

Attributes = dict[str, Any]
"""Of an operator, by ONNX's names."""
Operator = Callable[[list["torch.Tensor"], Attributes], "torch.Tensor"]
Node = tuple[str, list[str], str, Attributes]
"""An operator, its inputs, its output, its attributes."""

_MODES = {"constant": "constant", "reflect": "reflect", "edge": "replicate"}
"""ONNX's names of padding, and torch's."""


@dataclass(frozen=True, slots=True)
class Network:
    """Pixels (1, 3, height, width) to features by layer."""

    run: Callable[["torch.Tensor"], dict[str, "torch.Tensor"]]
    device: str
    stride: int
    """Texels from one position of the coarsest layer to the next: a picture's sides have to be multiples of it."""
    receptive_field: int
    """Texels on each side that a position sees at most."""
    activations: float
    """How many are computed for a texel, by all operators together."""

    def __call__(self, pixels: "torch.Tensor") -> dict[str, "torch.Tensor"]:
        """The features of the wanted layers, on the network's device."""
        return self.run(pixels)


def read_network(path: Path, layers: tuple[str, ...], device: str = "cpu") -> Network:
    """The network as far as its last wanted layer, run on `device` wherever the pixels are.

    A file that is no ONNX, an operator that is not known here, or a layer that is missing is a ModelError.
    """
    refuse_unknown(device)
    import torch
    from onnx import numpy_helper

    if device == "cuda" and not torch.cuda.is_available():
        raise ConfigError("torch sees no CUDA device; device=cpu works everywhere")
    graph = _load(path)
    nodes = [(node.op_type, list(node.input), node.output[0], _attributes(node)) for node in graph.node]
    for operator, _, _, attributes in nodes:
        _refuse_unknown(path, operator, attributes)
    there = {name for _, _, name, _ in nodes}
    for layer in layers:
        if layer not in there:
            raise ModelError(f"{path.name} has no layer {layer!r}; it has: {', '.join(o.name for o in graph.output)}")
    weights = {w.name: torch.from_numpy(numpy_helper.to_array(w).copy()).float().to(device) for w in graph.initializer}
    source = graph.input[0].name

    def features(pixels: "torch.Tensor") -> dict[str, "torch.Tensor"]:
        values = {**weights, source: pixels.to(device)}
        for operator, inputs, output, attributes in nodes:
            values[output] = _OPERATORS[operator]([values[name] for name in inputs if name], attributes)
            if all(layer in values for layer in layers):
                break
        return {layer: values[layer] for layer in layers}

    shapes = {name: tuple(weight.shape) for name, weight in weights.items()}
    return Network(features, device, *_extent(nodes, shapes, source, layers))


def _extent(
    nodes: list[Node], shapes: dict[str, tuple[int, ...]], source: str, layers: tuple[str, ...]
) -> tuple[int, int, float]:
    """Step, reach and numbers of a network as far as its last wanted layer."""
    known, numbers = {source: (1, 0, 3)}, 0.0
    for operator, inputs, output, attributes in nodes:
        step, reach, channels = max((known[name] for name in inputs if name in known), default=(1, 0, 0))
        if operator == "Constant":
            shapes[output] = tuple(attributes["value"].dims)
        elif operator == "Conv":
            channels, *_, kernel = shapes[inputs[1]]
            reach += step * max(attributes.get("dilations", [1])) * (kernel // 2)
        elif "Pool" in operator:
            reach += step * (max(attributes["kernel_shape"]) - 1)
        step *= max(attributes.get("strides", [1]))
        known[output] = step, reach, channels
        numbers += channels / step**2
        if all(layer in known for layer in layers):
            break
    return max(known[layer][0] for layer in layers), max(known[layer][1] for layer in layers), numbers


def _load(path: Path) -> "onnx.GraphProto":
    import onnx
    from google.protobuf.message import DecodeError

    try:
        graph = onnx.load(str(path), load_external_data=False).graph
    except DecodeError:
        raise ModelError(f"{path.name} is no ONNX file") from None
    if not graph.input:
        raise ModelError(f"{path.name} is no ONNX file: it holds no network")
    return graph


def _attributes(node: "onnx.NodeProto") -> Attributes:
    from onnx import helper

    return {attribute.name: helper.get_attribute_value(attribute) for attribute in node.attribute}


def _refuse_unknown(path: Path, operator: str, attributes: Attributes) -> None:
    """What would be passed over in silence would give other features than ONNX Runtime's."""
    if operator not in _OPERATORS:
        raise ModelError(f"{path.name}: operator {operator} is not known; known: {', '.join(_OPERATORS)}")
    uneven = "Pool" in operator and (any(attributes.get("pads", [])) or attributes.get("ceil_mode", 0))
    if uneven or attributes.get("auto_pad", b"NOTSET") != b"NOTSET":
        raise ModelError(f"{path.name}: {operator} pads in a way that is not known")


def _constant(_: list["torch.Tensor"], attributes: Attributes) -> "torch.Tensor":
    import torch
    from onnx import numpy_helper

    return torch.from_numpy(numpy_helper.to_array(attributes["value"]).copy()).float()


def _conv(inputs: list["torch.Tensor"], attributes: Attributes) -> "torch.Tensor":
    from torch.nn import functional

    bias = inputs[2] if len(inputs) > 2 else None
    stride, dilation = attributes.get("strides", [1, 1]), attributes.get("dilations", [1, 1])
    padded = _padded(inputs[0], attributes.get("pads", [0, 0, 0, 0]))
    return functional.conv2d(padded, inputs[1], bias, stride, 0, dilation, attributes.get("group", 1))


def _padded(value: "torch.Tensor", pads: list[int], mode: str = "constant") -> "torch.Tensor":
    from torch.nn import functional

    top, left, bottom, right = pads
    return functional.pad(value, (left, right, top, bottom), mode) if any(pads) else value


def _pad(inputs: list["torch.Tensor"], attributes: Attributes) -> "torch.Tensor":
    pads = [int(inputs[1][index]) for index in (2, 3, 6, 7)]
    return _padded(inputs[0], pads, _MODES[attributes.get("mode", b"constant").decode()])


def _pool(kind: str) -> Operator:
    def pool(inputs: list["torch.Tensor"], attributes: Attributes) -> "torch.Tensor":
        from torch.nn import functional

        strides = attributes.get("strides", [1, 1])
        pooled: torch.Tensor = getattr(functional, kind)(inputs[0], attributes["kernel_shape"], strides)
        return pooled

    return pool


def _leaky_relu(inputs: list["torch.Tensor"], attributes: Attributes) -> "torch.Tensor":
    from torch.nn import functional

    return functional.leaky_relu(inputs[0], attributes.get("alpha", 0.01))


_OPERATORS: dict[str, Operator] = {
    "Constant": _constant,
    "Conv": _conv,
    "Pad": _pad,
    "Relu": lambda inputs, _: inputs[0].relu(),
    "LeakyRelu": _leaky_relu,
    "MaxPool": _pool("max_pool2d"),
    "AveragePool": _pool("avg_pool2d"),
    "Add": lambda inputs, _: inputs[0] + inputs[1],
    "Sub": lambda inputs, _: inputs[0] - inputs[1],
    "Mul": lambda inputs, _: inputs[0] * inputs[1],
    "Div": lambda inputs, _: inputs[0] / inputs[1],
    "Identity": lambda inputs, _: inputs[0],
}
