"""The places of the face basis that the network finds: the 468 and the 68, and more on ears, neck, skull and irises."""

from dataclasses import dataclass
from functools import cache

import numpy as np
from jaxtyping import Float32, Int32
from scipy.spatial import cKDTree

from facetex_core.structures import MorphableModel
from facetex_core.workbench.evaluation.identity_agreement import mirror
from training.common.portraits import basis

KNOWN = 536
"""Places that the detector has names for: the 468, then LANDMARKS_68."""
SPREAD = {"ears": 14, "scalp": 16, "neck": 8}
"""Places on the left of each region, as far from each other as they can be; as many lie on the right."""
IRIS = 0.0059
"""Metres from its middle to its edge."""
MIDDLE = 0.004
"""Metres from the middle plane within which a vertex is on no side."""


@dataclass(frozen=True, eq=False)
class Places:
    """Points of the surface."""

    triangles: Int32[np.ndarray, " places"]
    weights: Float32[np.ndarray, "places 3"]
    mirror: Int32[np.ndarray, " places"]
    """Of each place, the one on the other side."""

    def of(
        self, vertices: Float32[np.ndarray, "*heads vertices 3"], model: MorphableModel
    ) -> Float32[np.ndarray, "*heads places 3"]:
        """Where they are on a head."""
        corners = vertices[..., model.mesh.triangles[self.triangles], :].astype(np.float32)
        return np.einsum("pk,...pki->...pi", self.weights, corners)


@cache
def places() -> Places:
    """Those of the basis: 468, 68, then pairs of left and right."""
    model = basis(with_colour=True)
    e, other = model.embedding, mirror(model)
    left = np.concatenate([*(_spread(model, region, count) for region, count in SPREAD.items()), _iris(model)])
    own = [_at_vertex(model, vertex) for pair in zip(left, other[left], strict=True) for vertex in pair]
    triangles = np.concatenate([e.dense_triangles, e.landmark_triangles, [triangle for triangle, _ in own]])
    weights = np.concatenate([e.dense_barycentric, e.landmark_barycentric, [weight for _, weight in own]])
    found = Places(triangles.astype(np.int32), weights.astype(np.float32), np.zeros(len(triangles), np.int32))
    at = found.of(model.mean, model)
    groups = (slice(0, 468), slice(468, 536), slice(536, None))
    pairs = [group.start + cKDTree(at[group]).query(at[group] * [-1, 1, 1])[1] for group in groups]
    return Places(found.triangles, found.weights, np.concatenate(pairs).astype(np.int32))


def _spread(model: MorphableModel, region: str, count: int) -> Int32[np.ndarray, " chosen"]:
    """Vertices of a region on the left, the farthest from those chosen so far each time."""
    inside = np.flatnonzero((model.regions[region] > 0.5) & (model.mean[:, 0] > MIDDLE))
    chosen = [int(inside[model.mean[inside, 0].argmax()])]
    while len(chosen) < count:
        away = np.linalg.norm(model.mean[inside, None] - model.mean[chosen], axis=2).min(1)
        chosen.append(int(inside[away.argmax()]))
    return np.array(chosen, np.int32)


def _iris(model: MorphableModel) -> Int32[np.ndarray, "5"]:
    """The middle of the left iris, which looks ahead, and four places of its edge."""
    eye = np.unique(model.mesh.triangles[model.mesh.parts["left_eye"]])
    middle = model.mean[eye[model.mean[eye, 2].argmax()]]
    ring = [(0, 0, 0), (IRIS, 0, 0), (-IRIS, 0, 0), (0, IRIS, 0), (0, -IRIS, 0)]
    front = eye[model.mean[eye, 2] > middle[2] - IRIS]
    return front[cKDTree(model.mean[front, :2]).query((middle + ring)[:, :2])[1]].astype(np.int32)


def _at_vertex(model: MorphableModel, vertex: int) -> tuple[int, Float32[np.ndarray, "3"]]:
    """A triangle that has the vertex as a corner."""
    triangle, corner = (int(found[0]) for found in np.nonzero(model.mesh.triangles == vertex))
    return triangle, np.eye(3, dtype=np.float32)[corner]
