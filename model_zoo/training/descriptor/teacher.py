"""The teacher: VGG-19's relu1_1, relu2_1, relu3_1 from the true weights, relu4_1 from a distilled VGG-19."""

from pathlib import Path

import numpy as np
import torch
from jaxtyping import Float32
from torch import nn

from training.common.teacher import session

TEACHER_CHANNELS = (64, 128, 256, 512)


def read_vgg(folder: Path) -> nn.Sequential:
    """VGG-19 to relu3_1 on RGB in [0,1]; its first 1 x 1 convolution turns to BGR and takes the mean off."""
    weights = torch.load(folder / "src" / "vgg_normalised_conv3_1.pth", weights_only=True)  # noqa: TID251  tensors only
    layers: list[nn.Module] = [nn.Conv2d(3, 3, 1)]
    widths = ((3, 64), (64, 64), None, (64, 128), (128, 128), None, (128, 256))
    for width in widths:
        if width is None:
            layers.append(nn.MaxPool2d(2))
        else:
            layers += [nn.ReflectionPad2d(1), nn.Conv2d(*width, 3), nn.ReLU()]
    vgg = nn.Sequential(*layers)
    convolutions = [layer for layer in layers if isinstance(layer, nn.Conv2d)]
    for layer, index in zip(convolutions, (0, 2, 5, 9, 12, 16), strict=True):
        layer.load_state_dict({name: weights[f"{index}.{name}"] for name in ("weight", "bias")})
    return vgg.eval().requires_grad_(False)


class Teacher:
    """Rectified features of four levels of VGG-19."""

    def __init__(self, folder: Path, threads: int = 1) -> None:
        """Reads both networks from the folder `models/features`."""
        self.vgg = read_vgg(folder)
        self.deep = session(folder / "vgg19_distilled_16x.onnx", threads)

    @torch.no_grad()
    def __call__(self, images: Float32[np.ndarray, "batch 3 height width"]) -> list[np.ndarray]:
        """Features (batch, channels, height, width) of sRGB-coded images, one array a level."""
        value = torch.from_numpy(images)
        features = []
        for index, layer in enumerate(self.vgg):
            value = layer(value)
            # relu1_1, relu2_1 and relu3_1 are the layers 3, 10 and 17 of the sequence.
            if index in (3, 10, 17):
                features.append(value.numpy())
        features += self.deep.run(["relu4_1"], {"image": images})
        return features


def channel_products(features: np.ndarray) -> tuple[np.ndarray, int]:
    """F F^T summed over batch and positions, and the number of positions."""
    flat = np.moveaxis(features, 1, 0).reshape(features.shape[1], -1)
    return flat @ flat.T, flat.shape[1]


def principal_directions(correlation: np.ndarray, count: int) -> Float32[np.ndarray, "inputs outputs"]:
    """P of G = P diag(l) P^T (uncentred), scaled to mean squared projection 1 over the kept directions."""
    values, vectors = np.linalg.eigh(correlation.astype(np.float64))
    kept = np.argsort(values)[::-1][:count]
    scale = np.sqrt(count / values[kept].sum())
    return (vectors[:, kept] * scale).astype(np.float32)


def project(features: np.ndarray, directions: np.ndarray) -> np.ndarray:
    """P^T F at every position."""
    return np.einsum("bchw,ck->bkhw", features, directions, optimize=True)
