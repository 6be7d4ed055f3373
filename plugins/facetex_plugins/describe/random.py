"""Descriptor extractor without learned weights: random filters at several scales, rectified (Ustyuzhaninov et al. 2017)."""

from functools import cached_property
from typing import Annotated

import numpy as np
from jaxtyping import Float32

from facetex_core import Descriptor, Meta, Texture, hookimpl
from facetex_core.descriptors.masked_features import describe_features, fill_and_pad
from facetex_core.lazy import cv2

FILTER_SIDE = 7
"""Pixels of a filter."""
SCALES = 3
"""Each half as fine as the one before."""
DETAIL_GAIN = 8.0
"""How much more the filters of detail weigh than those of colour: pores change skin by about an eighth of its lightness."""

api_version = 2


@hookimpl
def descriptor_extractors() -> dict[str, type]:
    """Needs no model."""
    return {"random": RandomExtractor}


class RandomExtractor:
    """Rectified random filters at three scales: F_s = max(0, w * I_s); half of them ignore plain colour."""

    def __init__(
        self,
        filters: Annotated[int, Meta(ge=1, description="filters per scale")] = 32,
        seed: Annotated[int, Meta(ge=0, description="random seed of the filters")] = 0,
        margin: Annotated[
            int, Meta(ge=0, description="texels around a hidden one that are ignored; the coarsest filters are 14 wide")
        ] = 14,
    ) -> None:
        self.filters, self.seed, self.margin = filters, seed, margin

    def describe(
        self, texture: Texture, windows: Float32[np.ndarray, "windows size size"] | None = None
    ) -> tuple[Descriptor, ...]:
        """One descriptor a window; layers scale1, scale2 and scale4 by the texels of a position."""
        step = 2 ** (SCALES - 1)
        picture, features = fill_and_pad(texture, step), {}
        for scale in range(SCALES):
            features[f"scale{2**scale}"] = self._features(picture)
            half = len(picture) // 2
            picture = np.asarray(cv2.resize(picture, (half, half), interpolation=cv2.INTER_AREA))
        name = f"random-{self.filters}-{self.seed}"
        return describe_features(name, features, texture, windows, margin=self.margin, step=step)

    def _features(self, picture: Float32[np.ndarray, "height width 3"]) -> Float32[np.ndarray, "filters height width"]:
        found = []
        for kernel in self._kernels:
            channels = [cv2.filter2D(picture[..., colour], -1, kernel[..., colour]) for colour in range(3)]
            found.append(np.maximum(np.sum(channels, axis=0), 0))
        return np.stack(found).astype(np.float32)

    @cached_property
    def _kernels(self) -> Float32[np.ndarray, "filters side side 3"]:
        """Of unit length; those that see colour respond to light skin, so that none is dead."""
        kernels = np.random.default_rng(self.seed).normal(size=(self.filters, FILTER_SIDE, FILTER_SIDE, 3))
        blind = kernels[: self.filters // 2]
        blind -= blind.mean((1, 2), keepdims=True)
        kernels *= np.where(kernels.sum((1, 2, 3), keepdims=True) < 0, -1, 1)
        kernels /= np.sqrt((kernels**2).sum((1, 2, 3), keepdims=True))
        blind *= DETAIL_GAIN
        return np.ascontiguousarray(kernels, np.float32)
