"""Descriptor extractors: feature correlations of a convolutional network, G_l = F_l F_l^T / M_l (Saito 2017, section 4.2)."""

from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
from facetex_model_zoo import model_path
from jaxtyping import Float32

from facetex_core import ConfigError, Descriptor, Texture, hookimpl
from facetex_core.colour import encode_srgb
from facetex_core.fill import fill_smooth
from facetex_core.onnx_session import open_session

if TYPE_CHECKING:
    import onnxruntime

STEP = 16
"""The network's input is padded to whole multiples: four halvings, to conv5_1."""

LIGHTEST = 1e-3
"""Positions with less of the window than this do not count."""


@hookimpl
def descriptor_extractors() -> dict[str, type]:
    """Our own small network, and VGG-19 where the user has added it to the zoo."""
    return {"small": SmallExtractor, "vgg19": Vgg19Extractor}


class NetworkExtractor:
    """Correlations of the named layers of one network of the zoo.

    Hidden texels are filled smoothly before the network sees them, and everything within `margin` texels of one is left out:
    8 is the receptive radius of conv3_1, measured as enough after a fill (error <= 0.5 % of G).
    """

    def __init__(self, model: str, layers: str, margin: int = 8, device: str = "cpu") -> None:
        """`layers`: the network's outputs, separated by commas; `device`: cpu or cuda."""
        self.model = model
        self.layers = tuple(layer.strip() for layer in layers.split(","))
        self.margin = margin
        self.device = device

    def describe(
        self, texture: Texture, windows: Float32[np.ndarray, "windows size size"] | None = None
    ) -> tuple[Descriptor, ...]:
        """One descriptor a window, all from a single pass of the network; the layers' scale is the network's own."""
        if windows is None:
            windows = np.ones((1, texture.size, texture.size), np.float32)
        spare = -texture.size % STEP
        features = self._features(texture, spare)
        known = erode(texture.visibility > 0, self.margin)
        masks = np.pad(windows * known, ((0, 0), (0, spare), (0, spare)))
        parts = [correlate(feature, shrink(masks, masks.shape[1] // feature.shape[1])) for feature in features]
        return tuple(
            Descriptor(
                self.model,
                {layer: part[index][0] for layer, part in zip(self.layers, parts, strict=True)},
                {layer: part[index][1] for layer, part in zip(self.layers, parts, strict=True)},
            )
            for index in range(len(windows))
        )

    def _features(self, texture: Texture, spare: int) -> list[Float32[np.ndarray, "channels height width"]]:
        """Features of the filled texture, `spare` texels wider than it."""
        filled = fill_smooth(texture.rgb, (texture.visibility > 0).astype(np.float32))
        coded = np.pad(encode_srgb(filled), ((0, spare), (0, spare), (0, 0)), mode="edge")
        image = np.ascontiguousarray(coded.transpose(2, 0, 1)[None])
        return [feature[0] for feature in self._session.run(list(self.layers), {"image": image})]

    @cached_property
    def _session(self) -> "onnxruntime.InferenceSession":
        session = open_session(model_path(self.model), self.device)
        there = [output.name for output in session.get_outputs()]
        for layer in self.layers:
            if layer not in there:
                raise ConfigError(f"model {self.model!r} has no layer {layer!r}; it has: {', '.join(there)}")
        return session


class SmallExtractor(NetworkExtractor):
    """Our own network, distilled from VGG-19: 16, 32 and 64 channels; model_zoo/cards/descriptor.md."""

    def __init__(self, layers: str = "conv1_1,conv2_1,conv3_1", margin: int = 8, device: str = "cpu") -> None:
        """Layers conv1_1 to conv4_1."""
        super().__init__("descriptor", layers, margin, device)


class Vgg19Extractor(NetworkExtractor):
    """VGG-19 (Simonyan and Zisserman 2015), the network of the paper."""

    def __init__(self, layers: str = "conv1_1,conv2_1,conv3_1", margin: int = 8, device: str = "cpu") -> None:
        """Layers conv1_1 to conv5_1, as far as the model file has them; deeper ones need a larger margin."""
        super().__init__("vgg19", layers, margin, device)


def erode(known: np.ndarray, radius: int) -> Float32[np.ndarray, "size size"]:
    """1 where every texel within the radius is known; the network's padding outside the texture is not."""
    import cv2

    if radius < 1:
        return known.astype(np.float32)
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * radius + 1, 2 * radius + 1))
    return cv2.erode(known.astype(np.uint8), kernel, borderType=cv2.BORDER_CONSTANT, borderValue=0).astype(np.float32)


def shrink(masks: Float32[np.ndarray, "windows size size"], times: int) -> Float32[np.ndarray, "windows small small"]:
    """Each mask averaged over blocks of `times` by `times` texels."""
    small = masks.shape[1] // times
    return masks.reshape(-1, small, times, small, times).mean((2, 4), dtype=np.float32)


def correlate(
    feature: Float32[np.ndarray, "channels height width"], masks: Float32[np.ndarray, "windows height width"]
) -> list[tuple[Float32[np.ndarray, "channels channels"], float]]:
    """F diag(m) F^T / sum m and sum m of every mask; zeros where the mask is empty."""
    flat = np.ascontiguousarray(feature.reshape(len(feature), -1).T)
    results = []
    for mask in masks.reshape(len(masks), -1):
        places = np.flatnonzero(mask > LIGHTEST)
        mass = float(mask[places].sum(dtype=np.float64))
        weighted = flat[places] * np.sqrt(mask[places] / max(mass, 1e-12))[:, None]
        results.append((weighted.T @ weighted, mass))
    return results
