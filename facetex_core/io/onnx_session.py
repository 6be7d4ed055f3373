"""Opens a model in ONNX Runtime, on the processor or the graphics card."""

import os
from pathlib import Path
from typing import TYPE_CHECKING

from facetex_core.errors import ConfigError, ModelError

if TYPE_CHECKING:
    import onnxruntime


def open_session(path: Path, device: str = "cpu") -> "onnxruntime.InferenceSession":
    """A session on `cpu` or `cuda`; operators that the card lacks run on the processor. A damaged file is a ModelError."""
    refuse_unknown(device)
    import onnxruntime
    from onnxruntime.capi import onnxruntime_pybind11_state as failures

    options = onnxruntime.SessionOptions()
    threads = os.environ.get("OMP_NUM_THREADS", "")  # ONNX Runtime does not heed it by itself
    options.intra_op_num_threads = int(threads) if threads.isdigit() else 0
    damage = (
        failures.InvalidProtobuf, failures.InvalidGraph, failures.InvalidArgument, failures.NoModel, failures.Fail,
        failures.NotImplemented, failures.RuntimeException,
    )  # fmt: skip
    cards = [] if device == "cpu" else ["CUDAExecutionProvider"]
    try:
        return onnxruntime.InferenceSession(str(path), options, providers=[*cards, "CPUExecutionProvider"])
    except damage as error:
        raise ModelError(f"{path.name} is no network that ONNX Runtime can read: {str(error).split(' : ')[-1]}") from None


def refuse_unknown(device: str) -> None:
    """A ConfigError for all but `cpu` and `cuda`: an option of a plugin may be any text."""
    if device not in ("cpu", "cuda"):
        raise ConfigError(f"no device {device!r}; there are: cpu, cuda")
