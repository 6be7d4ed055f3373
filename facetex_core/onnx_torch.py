"""Reads a convolutional network from ONNX into torch, where gradients are needed. ONNX Runtime runs the same file elsewhere."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from facetex_core.errors import ModelError

if TYPE_CHECKING:
    import torch

Network = Callable[["torch.Tensor"], dict[str, "torch.Tensor"]]
"""Pixels (1, 3, height, width) to features by layer."""


def read_network(path: Path, layers: tuple[str, ...], device: str = "cpu") -> Network:
    """The network as far as its last wanted layer; an operator that is not known here is a ModelError."""
    import onnx
    import torch
    from onnx import numpy_helper

    graph = onnx.load(str(path)).graph
    weights = {w.name: torch.from_numpy(numpy_helper.to_array(w).copy()).float().to(device) for w in graph.initializer}
    for node in graph.node:
        if node.op_type not in _OPERATORS and node.op_type != "Constant":
            raise ModelError(f"{path.name}: operator {node.op_type} is not known; known: {', '.join(_OPERATORS)}")
    source = graph.input[0].name

    def features(pixels: "torch.Tensor") -> dict[str, "torch.Tensor"]:
        values: dict[str, Any] = {**weights, source: pixels}
        for node in graph.node:
            attributes = {a.name: onnx.helper.get_attribute_value(a) for a in node.attribute}
            values[node.output[0]] = _OPERATORS[node.op_type]([values.get(name) for name in node.input], attributes)
            if all(layer in values for layer in layers):
                break
        return {layer: values[layer] for layer in layers}

    return features


def _conv(inputs: list[Any], attributes: dict[str, Any]) -> Any:
    from torch.nn import functional

    bias = inputs[2] if len(inputs) > 2 else None
    stride, dilation = attributes.get("strides", [1, 1]), attributes.get("dilations", [1, 1])
    padded = _padded(inputs[0], attributes)
    return functional.conv2d(padded, inputs[1], bias, stride, 0, dilation, attributes.get("group", 1))


def _padded(value: Any, attributes: dict[str, Any], mode: str = "constant") -> Any:
    from torch.nn import functional

    top, left, bottom, right = attributes.get("pads", [0, 0, 0, 0])
    return functional.pad(value, (left, right, top, bottom), mode) if top or left or bottom or right else value


def _pad(inputs: list[Any], attributes: dict[str, Any]) -> Any:
    top, left, bottom, right = (int(inputs[1][index]) for index in (2, 3, 6, 7))
    return _padded(inputs[0], {"pads": [top, left, bottom, right]}, attributes.get("mode", b"constant").decode())


def _pool(kind: str) -> Callable[[list[Any], dict[str, Any]], Any]:
    def pool(inputs: list[Any], attributes: dict[str, Any]) -> Any:
        from torch.nn import functional

        return getattr(functional, kind)(inputs[0], attributes["kernel_shape"], attributes.get("strides"))

    return pool


_OPERATORS: dict[str, Callable[[list[Any], dict[str, Any]], Any]] = {
    "Conv": _conv,
    "Pad": _pad,
    "Relu": lambda inputs, _: inputs[0].relu(),
    "LeakyRelu": lambda inputs, attributes: __import__("torch").nn.functional.leaky_relu(inputs[0], attributes.get("alpha", 0.01)),
    "MaxPool": _pool("max_pool2d"),
    "AveragePool": _pool("avg_pool2d"),
    "Add": lambda inputs, _: inputs[0] + inputs[1],
    "Sub": lambda inputs, _: inputs[0] - inputs[1],
    "Mul": lambda inputs, _: inputs[0] * inputs[1],
    "Div": lambda inputs, _: inputs[0] / inputs[1],
    "Identity": lambda inputs, _: inputs[0],
}
