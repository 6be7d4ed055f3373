"""Weights in files: plain arrays between trainings, ONNX for use."""

import warnings
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import torch
from onnx import numpy_helper
from torch import Tensor, nn

from training.common.data import save_arrays

OPSET = 17


def save(net: nn.Module, path: Path) -> None:
    """The weights as plain arrays."""
    save_arrays(path, {name: value.cpu().numpy() for name, value in net.state_dict().items()})


def load(net: nn.Module, path: Path) -> None:
    """The weights that `save` wrote."""
    with np.load(path, allow_pickle=False) as rows:
        net.load_state_dict({name: torch.from_numpy(rows[name]) for name in rows.files})


def stored(path: Path) -> dict[str, Tensor]:
    """The numbers of an ONNX file by the names that the network in it has, in single precision."""
    weights = {weight.name: numpy_helper.to_array(weight) for weight in onnx.load(path).graph.initializer}
    plain = {name.removesuffix("_half").removeprefix("net."): value for name, value in weights.items()}
    return {name: torch.from_numpy(value.astype(np.float32)) for name, value in plain.items()}


def take(net: nn.Module, path: Path, last: tuple[str, ...] = ()) -> None:
    """Into a net whose normalisations are folded: the weights of an ONNX file that `write_onnx` made of it before or after.

    The exporter keeps the names of weights, but not of convolutions that it folds itself: those come in the order in which they
    run. That is the order of their definition, but for parts of the net that are `last`.
    """
    weights = {weight.name.removesuffix("_half"): numpy_helper.to_array(weight) for weight in onnx.load(path).graph.initializer}
    named = {name.removeprefix("net."): value for name, value in weights.items() if name.startswith("net.")}
    folded = [value for name, value in weights.items() if name.startswith("onnx::Conv")]
    own = dict(net.named_parameters())
    nameless = [name for name in own if name not in named]
    nameless = [name for name in nameless if not name.startswith(last)] if last else nameless
    nameless += [name for part in last for name in own if name.split(".")[0] == part and name not in named]
    pairs = [*named.items(), *zip(nameless, folded, strict=True)]
    with torch.no_grad():
        for name, value in pairs:
            own[name].copy_(torch.from_numpy(value.astype(np.float32)))


def write_onnx(net: nn.Module, path: Path, example: tuple[Tensor, ...], **names: Any) -> None:  # noqa: ANN401  # torch's
    """The network in use, by `input_names`, `output_names` and `dynamic_axes` of torch.onnx.export."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # by tracing: the newer way needs a package more
        torch.onnx.export(net.cpu().eval(), example, str(path), opset_version=OPSET, dynamo=False, **names)


def store_halved(path: Path) -> None:
    """Keeps the weights of an ONNX file in half precision; a cast before each lets the network compute in single precision."""
    model = onnx.load(path)
    casts = []
    for weight in model.graph.initializer:
        values = numpy_helper.to_array(weight)
        if values.dtype == np.float32 and values.size > 64:
            name = f"{weight.name}_half"
            casts.append(onnx.helper.make_node("Cast", [name], [weight.name], to=onnx.TensorProto.FLOAT))
            weight.CopyFrom(numpy_helper.from_array(values.astype(np.float16), name))
    del model.graph.value_info[:]
    nodes = [*casts, *model.graph.node]
    del model.graph.node[:]
    model.graph.node.extend(nodes)
    onnx.checker.check_model(model)
    onnx.save(model, path)
