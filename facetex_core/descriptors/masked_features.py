"""From a network's or a filter bank's features to correlations under masks: G_l = F_l F_l^T / M_l (Saito 2017, section 4.2)."""

from collections.abc import Mapping

import numpy as np
from jaxtyping import Bool, Float32

from facetex_core.imaging.colour import encode_srgb
from facetex_core.imaging.push_pull import fill_smooth
from facetex_core.lazy import cv2
from facetex_core.structures import Descriptor, Texture

LIGHTEST = 1e-3
"""Positions with less of the window than this do not count."""

Features = Float32[np.ndarray, "channels height width"]

Windows = Float32[np.ndarray, "windows size size"]


def fill_and_pad(texture: Texture, step: int) -> Float32[np.ndarray, "padded padded 3"]:
    """Coded by sRGB's curve, hidden texels filled smoothly, the border continued to a whole multiple of `step`."""
    spare = -texture.size % step
    filled = fill_smooth(texture.rgb, (texture.visibility > 0).astype(np.float32))
    return np.pad(encode_srgb(filled), ((0, spare), (0, spare), (0, 0)), mode="edge")


def describe_features(
    name: str, features: Mapping[str, Features], texture: Texture, windows: Windows | None, *, margin: int, step: int
) -> tuple[Descriptor, ...]:
    """One descriptor a window, by layer; positions within `margin` texels of a hidden one do not count.

    Features are those of `fill_and_pad`, each layer at a whole fraction of its size; masks shrink to it by averages.
    """
    if windows is None:
        windows = np.ones((1, texture.size, texture.size), np.float32)
    known = erode(texture.visibility > 0, margin)
    spare = -texture.size % step
    masks = np.pad(windows * known, ((0, 0), (0, spare), (0, spare)))
    parts = {
        layer: correlate(feature, shrink(masks, masks.shape[1] // feature.shape[1])) for layer, feature in features.items()
    }
    return tuple(
        Descriptor(
            name,
            {layer: part[index][0] for layer, part in parts.items()},
            {layer: part[index][1] for layer, part in parts.items()},
        )
        for index in range(len(windows))
    )


def erode(known: Bool[np.ndarray, "size size"], radius: int) -> Float32[np.ndarray, "size size"]:
    """1 where every texel within the radius is known; the padding outside the texture is not."""
    if radius < 1:
        return known.astype(np.float32)
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * radius + 1, 2 * radius + 1))
    return cv2.erode(known.astype(np.uint8), kernel, borderType=cv2.BORDER_CONSTANT, borderValue=0).astype(np.float32)


def shrink(masks: Windows, times: int) -> Float32[np.ndarray, "windows small small"]:
    """Each mask averaged over blocks of `times` by `times` texels."""
    small = masks.shape[1] // times
    return masks.reshape(-1, small, times, small, times).mean((2, 4), dtype=np.float32)


def correlate(
    feature: Features, masks: Float32[np.ndarray, "windows height width"]
) -> list[tuple[Float32[np.ndarray, "channels channels"], float]]:
    """F diag(m) F^T / sum m and sum m of every mask; zeros where the mask is empty."""
    flat = np.ascontiguousarray(feature.reshape(len(feature), -1).T)
    results = []
    for mask in masks.reshape(len(masks), -1):
        places = np.flatnonzero(mask > LIGHTEST)
        support = float(mask[places].sum(dtype=np.float64))
        weighted = flat[places] * np.sqrt(mask[places] / max(support, 1e-12))[:, None]
        results.append((weighted.T @ weighted, support))
    return results
