"""A panorama of our own: a room with two windows, a dim ceiling and a warm floor. Row 0 is straight up."""

from pathlib import Path

import cv2
import numpy as np

WINDOWS = ((0.36, 0.40, 0.09, 0.16, 14.0, (1.0, 1.02, 1.1)), (0.78, 0.42, 0.06, 0.12, 6.0, (1.0, 0.95, 0.85)))
"""Middle and half sizes in shares of width and height, radiance, colour."""


def drawn(height: int = 256) -> np.ndarray:
    """Linear radiance, (height, 2 height, 3)."""
    v, u = (np.mgrid[:height, : 2 * height] + 0.5) / [[[height]], [[2 * height]]]
    floor = np.clip((v - 0.55) / 0.1, 0, 1)[..., None]
    room = (1 - floor) * np.array([0.42, 0.43, 0.46]) + floor * np.array([0.22, 0.17, 0.13])
    for x, y, wide, high, radiance, colour in WINDOWS:
        inside = (np.abs(u - x) < wide) & (np.abs(v - y) < high)
        cross = (np.abs(u - x) > 0.05 * wide) & (np.abs(v - y) > 0.04 * high)
        room = np.where((inside & cross)[..., None], radiance * np.array(colour), room)
    return room.astype(np.float32)


def write(path: Path) -> Path:
    """As Radiance's .hdr."""
    cv2.imwrite(str(path), np.ascontiguousarray(drawn()[..., ::-1]))
    return path
