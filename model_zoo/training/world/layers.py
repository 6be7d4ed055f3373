"""What is worn, as one mesh to cast rays at, and how parts mirror."""

import numpy as np
from jaxtyping import Float32

from training.world.figure import LABELS, Part
from training.world.light import sampled

SOLID = 0.4
"""Mean cover of a triangle from which it casts a shadow."""
SHEEN = {
    "skin": 0.55,
    "left_eye": 0.1,
    "right_eye": 0.1,
    "mouth": 0.5,
    "teeth": 0.3,
    "gums": 0.4,
    "hair": 0.45,
    "brows": 0.3,
    "frame": 0.8,
    "cloth": 0.0,
}
GLOSS = {
    "skin": 0.12,
    "left_eye": 1.6,
    "right_eye": 1.6,
    "mouth": 0.5,
    "teeth": 0.7,
    "gums": 0.4,
    "hair": 0.05,
    "frame": 1.5,
    "lens": 2.0,
    "cloth": 0.0,
}
"""How strongly a part mirrors the panorama under a wide and a narrow lobe; 0 where it is not named."""


class Worn:
    """All that is worn as one mesh."""

    def __init__(self, parts: tuple[Part, ...]) -> None:
        self.parts = parts
        starts = np.cumsum([0, *(len(part.vertices) for part in parts)])
        none = np.zeros((0, 3), np.float32)
        self.vertices = np.concatenate([none, *(part.vertices for part in parts)])
        self.normals = np.concatenate([none, *(part.normals for part in parts)])
        triangles = [part.triangles + start for part, start in zip(parts, starts[:-1], strict=True)]
        self.triangles = np.concatenate([np.zeros((0, 3), np.int32), *triangles]).astype(np.int32)
        self.part = np.repeat(np.arange(len(parts)), [len(part.triangles) for part in parts])
        self.uvs = np.concatenate([np.zeros((0, 3, 2), np.float32), *(part.uvs for part in parts)])
        self.label = np.array([LABELS.index(part.name) for part in parts], np.int32)[self.part]
        lobes = [(SHEEN.get(part.name, 0.0), GLOSS.get(part.name, 0.0)) for part in parts]
        self.lobes = np.array(lobes, np.float32).reshape(-1, 2)[self.part]
        self.solid = (
            self.texture(np.arange(len(self.triangles)), np.full((len(self.triangles), 3), 1 / 3, np.float32))[:, 3] > SOLID
        )

    def texture(self, triangle: np.ndarray, weights: np.ndarray) -> Float32[np.ndarray, "hits 4"]:
        """Linear albedo and cover."""
        uvs = np.matmul(weights[:, None], self.uvs[triangle])[:, 0]
        found, which = np.zeros((len(triangle), 4), np.float32), self.part[triangle]
        for number, part in enumerate(self.parts):
            mine = which == number
            if mine.any():
                found[mine] = sampled(part.rgba, uvs[mine])
        return found
