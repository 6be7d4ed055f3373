"""sRGB's transfer curve (IEC 61966-2-1) and luminance; all arithmetic elsewhere is linear."""

import numpy as np
from jaxtyping import Float, Float32, UInt8

LUMINANCE = np.array([0.2126, 0.7152, 0.0722], np.float32)
"""Weights of linear R, G, B in luminance (ITU-R BT.709)."""


def encode_srgb(linear: Float[np.ndarray, "*shape"]) -> Float32[np.ndarray, "*shape"]:
    """Linear light to sRGB-coded values, both in [0, 1].

    >>> encode_srgb(np.array([0.0, 0.18, 1.0])).astype(float).round(3).tolist()
    [0.0, 0.461, 1.0]
    """
    clipped = np.clip(linear, 0, 1).astype(np.float32)
    return np.where(clipped <= 0.0031308, clipped * 12.92, 1.055 * clipped ** np.float32(1 / 2.4) - 0.055).astype(np.float32)


def decode_srgb(coded: Float[np.ndarray, "*shape"]) -> Float32[np.ndarray, "*shape"]:
    """sRGB-coded values to linear light, both in [0, 1].

    >>> decode_srgb(np.array([0.0, 0.5, 1.0])).astype(float).round(3).tolist()
    [0.0, 0.214, 1.0]
    """
    clipped = np.clip(coded, 0, 1).astype(np.float32)
    return np.where(clipped <= 0.04045, clipped / 12.92, ((clipped + 0.055) / 1.055) ** np.float32(2.4)).astype(np.float32)


def to_bytes(linear: Float[np.ndarray, "*shape"]) -> UInt8[np.ndarray, "*shape"]:
    """Linear light to 8-bit sRGB, rounded to the nearest."""
    return np.rint(encode_srgb(linear) * 255).astype(np.uint8)


def luminance(linear: Float32[np.ndarray, "*shape 3"]) -> Float32[np.ndarray, "*shape"]:
    """Relative luminance of linear RGB."""
    return np.asarray(linear @ LUMINANCE, np.float32)
