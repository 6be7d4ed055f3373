"""Beards for the faces that the delighter's network learns from: few portraits have one, and a beard is no shade."""

import numpy as np
from facetex_plugins.delight.network import NETWORK_SIDE, boxed
from jaxtyping import Float

from facetex_core.geometry.uv_raster import interpolate
from facetex_core.lazy import cv2
from facetex_core.structures import MorphableModel
from facetex_core.texture.regions import face_slices, region, skin_texels
from facetex_core.workbench.evaluation.synthetic_skin import HAIRS
from training.common.portraits import SIZE

EDGE = 0.004
"""Metres over which a beard begins."""


class Beards:
    """Where on the face's box beards grow, and what they look like."""

    def __init__(self, model: MorphableModel) -> None:
        box = face_slices(model, SIZE)
        places = boxed(interpolate(skin_texels(model, SIZE), model.mesh, model.mean)[box])
        e, corners = model.embedding, model.mesh.triangles[model.embedding.landmark_triangles]
        marks = np.einsum("pk,pki->pi", e.landmark_barycentric, model.mean[corners])
        self.across, self.up = np.abs(places[..., 0]), places[..., 1]
        self.nose, self.mouth, self.eyes = marks[33, 1], marks[[48, 54], 1].mean(), marks[36:48, 1].mean()
        self.corner, self.side = np.abs(marks[[48, 54], 0]).mean(), np.abs(marks[[0, 16], 0]).mean()
        self.lips = boxed(region(model, "lips", SIZE)[box])

    def grown(self, albedo: Float[np.ndarray, "3 side side"], rng: np.random.Generator) -> Float[np.ndarray, "3 side side"]:
        """The albedo with a full beard, a goatee or a moustache, from stubble to dense."""
        reach, wave = rng.uniform(-0.3, 0.6), cv2.GaussianBlur(rng.standard_normal((NETWORK_SIDE, NETWORK_SIDE)), (0, 0), 6)
        beyond = np.clip((self.across - self.corner) / (self.side - self.corner), 0, 1)
        line = self.mouth + reach * 0.01 + beyond * (self.eyes - self.mouth)
        line = np.where(self.across < self.corner, self.nose, line) - self.up + 0.004 * wave / wave.std()
        kind = rng.random()
        if kind < 0.2:
            line = np.minimum(line, np.minimum(self.up - self.mouth + 0.003, 1.1 * self.corner - self.across))
        elif kind < 0.4:
            line = np.minimum(line, 1.2 * self.corner - self.across)
        share = np.clip(line / EDGE, 0, 1) * (1 - self.lips) * rng.uniform(0.15, 0.95)
        share *= np.clip(1 + 0.2 * rng.standard_normal((NETWORK_SIDE, NETWORK_SIDE)), 0, 1 / 0.95)
        hair = np.array(HAIRS[rng.integers(len(HAIRS))]) * rng.uniform(0.8, 1.5)
        return albedo * (1 - share) + share * np.minimum(hair[:, None, None], albedo)
