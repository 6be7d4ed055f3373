"""How large may be what a file declares: one rule for all readers, asked before memory is taken.

A few bytes may promise terabytes: a shape, a count, the size of a packed member, a stream that unfolds. What a file unfolds
to in all may be a multiple of its own length, and never more than LARGEST.
"""

import math
import zlib
from collections.abc import Sequence
from pathlib import Path

LARGEST = 2 * 2**30
"""Bytes; the largest model that is known, VGG-19 with its classifier, has 575 million."""
RATIO, FREE = 100, 64 * 2**20
"""Times a file's own length (the models that ship are packed 13 times at most), beyond bytes that do no harm."""

MOST_AXES = 32


class Allowance:
    """What a file of this length may still unfold to."""

    def __init__(self, length: int) -> None:
        self.left = min(LARGEST, FREE + RATIO * length)

    def take(self, size: int) -> int:
        """So many bytes; a ValueError where the file promises more than is left, or less than nothing."""
        if size < 0:
            raise ValueError(f"it declares a size of {size}")
        if size > self.left:
            raise ValueError(f"it declares more data than a file of its length may hold ({size / 1e6:.0f} MB)")
        self.left -= size
        return size

    def array(self, shape: Sequence[object], itemsize: int) -> tuple[int, ...]:
        """The shape of an array that has room."""
        sides = tuple(side for side in shape if isinstance(side, int) and side >= 0)
        if len(sides) < len(shape) or len(sides) > MOST_AXES:
            raise ValueError("an array of it has an impossible shape")
        self.take(math.prod(sides) * itemsize)
        return sides

    def inflate(self, packed: bytes) -> bytes:
        """What deflate has packed; no more of it is unfolded than may be."""
        machine = zlib.decompressobj()
        content = machine.decompress(packed, self.left + 1)
        self.take(len(content))
        if not machine.eof:
            raise ValueError("it ends too early")
        return content


def read_file(path: Path) -> bytes:
    """The content of a plain file; a pipe or a device, which may never end, and a file beyond LARGEST are a ValueError."""
    if not path.is_file():
        raise ValueError(f"{path.name} is no plain file")
    if path.stat().st_size > LARGEST:
        raise ValueError(f"{path.name} is larger than any model ({path.stat().st_size / 1e9:.1f} GB)")
    return path.read_bytes()
