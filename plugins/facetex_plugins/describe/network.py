"""Descriptor extractors: feature correlations of a convolutional network, G_l = F_l F_l^T / M_l (Saito 2017, section 4.2)."""

from functools import cached_property
from typing import TYPE_CHECKING, Annotated, ClassVar

import numpy as np
from facetex_model_zoo import model_path
from jaxtyping import Float32

from facetex_core import ConfigError, Descriptor, Device, Meta, ModelImporter, Texture, hookimpl
from facetex_core.descriptors.masked_features import describe_features, fill_and_pad
from facetex_core.io.onnx_session import open_session
from facetex_plugins.describe import vgg19

if TYPE_CHECKING:
    import onnxruntime

STEP = 16
"""The network's input is padded to whole multiples: four halvings, to conv5_1."""


Layers = Annotated[str, Meta(description="outputs of the network whose correlations are used, separated by commas")]
Margin = Annotated[int, Meta(ge=0, description="texels around a hidden one that are ignored")]

api_version = 2


@hookimpl
def descriptor_extractors() -> dict[str, type]:
    """Our own small network, and VGG-19 where the user has added it to the zoo."""
    return {"small": SmallExtractor, "vgg19": Vgg19Extractor}


@hookimpl
def model_importers() -> dict[str, ModelImporter]:
    """Weights of torch become ONNX."""
    return {"vgg19": vgg19.take_in}


class NetworkExtractor:
    """Correlations of the named layers of one network of the zoo.

    Hidden texels are filled smoothly before the network sees them, and everything within `margin` texels of one is left out:
    8 is the receptive radius of conv3_1, measured as enough after a fill (error <= 0.5 % of G).
    """

    model: ClassVar[str]
    """Its name in the zoo."""

    def __init__(self, layers: Layers = "conv1_1,conv2_1,conv3_1", margin: Margin = 8, device: Device = "cpu") -> None:
        self.layers = tuple(layer.strip() for layer in layers.split(","))
        self.margin, self.device = margin, device

    def describe(
        self, texture: Texture, windows: Float32[np.ndarray, "windows size size"] | None = None
    ) -> tuple[Descriptor, ...]:
        """One descriptor a window, all from a single pass of the network; the layers' scale is the network's own."""
        image = np.ascontiguousarray(fill_and_pad(texture, STEP).transpose(2, 0, 1)[None])
        found = self._session.run(list(self.layers), {"image": image})
        features = {layer: feature[0] for layer, feature in zip(self.layers, found, strict=True)}
        return describe_features(self.model, features, texture, windows, margin=self.margin, step=STEP)

    @cached_property
    def _session(self) -> "onnxruntime.InferenceSession":
        session = open_session(model_path(self.model), self.device)
        there = [output.name for output in session.get_outputs()]
        for layer in self.layers:
            if layer not in there:
                raise ConfigError(f"model {self.model!r} has no layer {layer!r}; it has: {', '.join(there)}")
        return session


class SmallExtractor(NetworkExtractor):
    """Our own network, distilled from VGG-19: 16, 32 and 64 channels; model_zoo/cards/descriptor.md.

    It has the layers conv1_1 to conv4_1.
    """

    model = "descriptor"


class Vgg19Extractor(NetworkExtractor):
    """VGG-19 (Simonyan and Zisserman 2015), the network of the paper.

    It has the layers conv1_1 to conv5_1, as far as the model file has them; deeper ones need a larger margin.
    """

    model = "vgg19"
