"""Colours of torch tensors."""

import torch
from torch import Tensor


def coded(light: Tensor) -> Tensor:
    """The curve of sRGB for linear light."""
    light = light.clamp(1e-4, 1)
    return torch.where(light <= 0.0031308, 12.92 * light, 1.055 * light ** (1 / 2.4) - 0.055)
