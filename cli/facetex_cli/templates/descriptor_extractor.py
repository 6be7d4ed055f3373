"""Descriptor extractor `example`: how the three colours of visible skin go together."""

import numpy as np
from facetex_core import Descriptor, Texture
from jaxtyping import Float32


class Example:
    """One layer of `degree` powers of each colour: G = F F^T / M over the M texels that are seen."""

    def __init__(self, degree: int = 2) -> None:
        self.degree = degree

    def describe(
        self, texture: Texture, windows: Float32[np.ndarray, "windows size size"] | None = None
    ) -> tuple[Descriptor, ...]:
        """One for each window, blind to hidden texels; without windows, one of all that is visible."""
        masks = texture.visibility[None] if windows is None else windows * texture.visibility
        features = np.concatenate([texture.rgb**power for power in range(1, self.degree + 1)], axis=-1)
        return tuple(self._describe(features, mask) for mask in masks)

    def _describe(
        self, features: Float32[np.ndarray, "size size channels"], mask: Float32[np.ndarray, "size size"]
    ) -> Descriptor:
        support = float(mask.sum())
        gram = np.einsum("yx,yxi,yxj->ij", mask, features, features) / max(support, 1.0)
        return Descriptor(f"example-{self.degree}", {"colour": gram.astype(np.float32)}, {"colour": support})
