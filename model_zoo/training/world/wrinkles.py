"""Wrinkles of the face as grooves along lines between landmarks: the older, and the more an expression folds, the deeper."""

import cv2
import numpy as np
from jaxtyping import Float32

from facetex_core.structures import MorphableModel

# Lines through the 468 points of the face's right side; the other side has their mirror images.
LINES: dict[str, tuple[tuple[int, ...], ...]] = {
    "forehead": ((67, 109, 10), (69, 108, 151), (104, 108, 151), (105, 107, 9)),
    "frown": ((108, 107, 55), (151, 9, 8)),
    "crow": ((33, 130, 226, 35, 143), (33, 130, 25, 31, 111), (33, 246, 247, 113, 156)),
    "nasolabial": ((98, 203, 206, 92, 186), (129, 203, 206, 216, 212)),
    "marionette": ((61, 202, 204, 194), (57, 202, 210)),
    "bags": ((133, 112, 26, 22, 23, 24, 110, 25), (243, 232, 231, 230, 229, 228)),
    "nose": ((6, 122, 196), (197, 196, 174)),
}
FOLDS = {
    "forehead": ("browInnerUp", "browOuterUpRight", "browOuterUpLeft"),
    "frown": ("browDownRight", "browDownLeft"),
    "crow": ("eyeSquintRight", "eyeSquintLeft", "cheekSquintRight", "cheekSquintLeft"),
    "nasolabial": ("mouthSmileRight", "mouthSmileLeft", "noseSneerRight", "noseSneerLeft", "mouthUpperUpRight"),
    "marionette": ("mouthFrownRight", "mouthFrownLeft"),
    "bags": ("cheekSquintRight", "cheekSquintLeft"),
    "nose": ("noseSneerRight", "noseSneerLeft"),
}
"""Shapes that deepen them."""
DEPTH = 0.0006
"""Metres, at most."""
WIDTH = (0.004, 0.009)
"""Of a groove over the map."""


def folds_of(names: tuple[str, ...], expression: Float32[np.ndarray, " expressions"]) -> dict[str, float]:
    """How strongly an expression folds each part, from 0 to 1."""
    strength = dict(zip(names, expression.tolist(), strict=True))
    return {part: max(strength.get(name, 0.0) for name in shapes) for part, shapes in FOLDS.items()}


class Wrinkles:
    """Where the lines lie on the map."""

    def __init__(self, model: MorphableModel, texels: int) -> None:
        e, mesh = model.embedding, model.mesh
        uvs = np.einsum("pk,pkc->pc", e.dense_barycentric, mesh.uvs[mesh.uv_triangles[e.dense_triangles]])
        self.size = texels
        self.lines = {part: [uvs[list(line)] for line in lines if max(line) < len(uvs)] for part, lines in LINES.items()}

    def relief(self, age: float, folds: dict[str, float], rng: np.random.Generator) -> Float32[np.ndarray, "size size"]:
        """Metres; grooves are negative, with a low wall on either side."""
        grooves = np.zeros((self.size, self.size), np.float32)
        for part, lines in self.lines.items():
            depth = min(1.0, age * rng.uniform(0.1, 0.7) + folds[part] * rng.uniform(0.3, 0.8) * (0.3 + age))
            for line in lines:
                self._draw(grooves, line, depth * rng.uniform(0.3, 1.0), rng)
        wide = self.size * rng.uniform(*WIDTH)
        soft = cv2.GaussianBlur(grooves, (0, 0), wide / 3)
        return np.asarray(DEPTH * 3 * (0.6 * cv2.GaussianBlur(grooves, (0, 0), wide) - soft), np.float32)

    def _draw(self, grooves: np.ndarray, line: np.ndarray, depth: float, rng: np.random.Generator) -> None:
        """A smooth line, a little beside its points, that ends softly."""
        share = np.linspace(0, len(line) - 1, 8 * len(line))
        at = np.stack([np.interp(share, np.arange(len(line)), axis) for axis in line.T], 1)
        at = cv2.GaussianBlur(at.astype(np.float32), (1, 9), 0, borderType=cv2.BORDER_REPLICATE)
        at = at + rng.normal(0, 0.004, 2)
        strength = depth * np.sin(np.linspace(0.15, np.pi - 0.1, len(at) - 1))
        for mirrored in (at, at * [-1, 1] + [1, 0]):
            layer = (mirrored * self.size * 16).astype(int)
            for a, b, value in zip(layer[:-1], layer[1:], strength * rng.uniform(0.7, 1.3), strict=True):
                cv2.line(grooves, a.tolist(), b.tolist(), float(value), max(1, self.size // 512), cv2.LINE_AA, 4)
