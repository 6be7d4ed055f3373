"""`--device auto`: the graphics card where everything that needs one finds it, else the processor."""

import ctypes
import sys

from facetex_core.errors import ConfigError

DEVICE_CHOICES = ("auto", "cpu", "cuda")
DRIVER = "nvcuda.dll" if sys.platform == "win32" else "libcuda.so.1"


def choose_device(wanted: str) -> str:
    """`cpu` or `cuda`; `cuda` is refused in one line where there is none."""
    if wanted == "cpu":
        return wanted
    missing = missing_for_cuda()
    if wanted == "cuda" and missing:
        raise ConfigError(f"no CUDA here: {missing}; --device cpu works everywhere")
    return "cpu" if missing else "cuda"


def missing_for_cuda() -> str:
    """What CUDA lacks on this machine, in a few words; empty where it can be used."""
    try:  # the driver first: without it there is no need to load torch, which takes seconds
        ctypes.CDLL(DRIVER)
    except OSError:
        return f"the NVIDIA driver ({DRIVER}) is not installed"
    import onnxruntime
    import torch

    if "CUDAExecutionProvider" not in onnxruntime.get_available_providers():
        return "ONNX Runtime lacks its CUDA provider (pip install onnxruntime-gpu)"
    if not torch.cuda.is_available():
        return "torch sees no CUDA device"
    return ""
