"""Reads the geometry of an OBJ file."""

import numpy as np
from jaxtyping import Float64, Int32


def read_vertices(content: bytes) -> Float64[np.ndarray, "vertices 3"]:
    """The lines `v x y z`."""
    words = b" ".join(line[2:] for line in content.split(b"\n") if line.startswith(b"v ")).split()
    return np.array(words, np.float64).reshape(-1, 3)


def read_triangles(content: bytes) -> Int32[np.ndarray, "triangles 3"]:
    """The lines `f a/at b/bt c/ct ...`, each polygon fanned from its first corner."""
    lines = (line.split()[1:] for line in content.split(b"\n") if line.startswith(b"f "))
    corners = [[int(word.split(b"/")[0]) - 1 for word in line] for line in lines]
    fans = [(line[0], *line[k : k + 2]) for line in corners for k in range(1, len(line) - 1)]
    return np.array(fans, np.int32).reshape(-1, 3)
