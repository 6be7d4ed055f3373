"""Panoramas, light from everywhere round a head: read from a file, and the directions of their pixels."""

import re
from pathlib import Path

import numpy as np
from jaxtyping import Float, Float32

from facetex_core.errors import ConfigError
from facetex_core.io.declared import Allowance, read_file
from facetex_core.io.decoder_process import decode_apart

ROWS = 36
"""Rows to which a panorama is averaged: 5 degrees each, finer than any shadow on skin needs."""


def panorama_directions(rows: int, columns: int) -> Float[np.ndarray, "pixels 3"]:
    """Unit directions of the pixels' centres, row by row: row 0 is up (+y), the middle column ahead (+z), others towards +x."""
    down = (np.arange(rows) + 0.5) / rows * np.pi
    round_about = ((np.arange(columns) + 0.5) / columns - 0.5) * 2 * np.pi
    across = np.sin(down)[:, None]
    height = np.repeat(np.cos(down)[:, None], columns, 1)
    return np.stack([across * np.sin(round_about), height, across * np.cos(round_about)], -1).reshape(-1, 3)


def read_panorama(path: Path, most_rows: int = ROWS) -> Float32[np.ndarray, "rows columns 3"]:
    """A Radiance .hdr picture of the whole sphere, averaged to `most_rows` if it has more; what is none is a ConfigError."""
    import cv2

    if not path.is_file():
        raise ConfigError(f"{path}: no such file")
    pixels = decode_apart(_decoded, path, ConfigError)
    if pixels.shape[1] != 2 * pixels.shape[0] or not np.isfinite(pixels).all():
        size = f"{pixels.shape[1]} x {pixels.shape[0]}"
        raise ConfigError(f"{path.name}: {size} pixels; a panorama is twice as wide as high, and finite")
    rgb = np.clip(pixels[..., 2::-1], 0, None)
    rows = min(most_rows, len(rgb))
    return np.asarray(cv2.resize(rgb, (2 * rows, rows), interpolation=cv2.INTER_AREA), np.float32)


def _decoded(path: Path) -> Float32[np.ndarray, "rows columns channels"]:
    import cv2

    try:
        content = read_file(path)
        _refuse_boundless(content)
        pixels = cv2.imdecode(np.frombuffer(content, np.uint8), cv2.IMREAD_UNCHANGED)
    except (ValueError, cv2.error) as error:
        raise ConfigError(f"{path.name}: is no Radiance .hdr picture that can be read ({str(error).splitlines()[0]})") from None
    if pixels is None or pixels.dtype != np.float32 or pixels.ndim != 3:
        raise ConfigError(f"{path.name}: is no Radiance .hdr picture")
    return np.asarray(pixels)


def _refuse_boundless(content: bytes) -> None:
    """ValueError where it is no Radiance picture, or any line of it promises more pixels than its length may hold."""
    sizes = re.findall(rb"-Y\s*\+?(\d+)\s*\+X\s*\+?(\d+)", content)
    if not content.startswith(b"#?") or not sizes:
        raise ValueError("it does not begin as one")
    for height, width in sizes:  # a comment may look like the size
        Allowance(len(content)).array((int(height), int(width)), 12)
