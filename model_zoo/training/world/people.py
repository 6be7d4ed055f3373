"""Who the rendered heads are: wider than the model, regions of different people, and shapes of another head carried over."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float16, Float32, Float64

from facetex_core.geometry.mesh import vertex_normals
from facetex_core.structures import MorphableModel

MOST = 2.5
"""Standard deviations at which coefficients are cut."""
WIDE = (0.5, 1.5)
"""Standard deviations of a head's identity coefficients: modes of few scans are narrow."""
BEYOND = (0.0, 0.0015)
"""Metres, root mean square over the face, of what lies outside of the model's span."""
MIXED, CARRIED = 0.4, 0.5
"""How many heads have regions of different people, and how many have targets of MakeHuman."""
TARGETS, STRONGEST, EVEN = 6, 0.6, 0.8
"""Targets of such a head, on average; how far they go at most; how many are the same on both sides."""
REGIONS = ((1, 195), (13, 61, 291), (152, 148, 377), (33, 133, 263, 362), (10, 67, 297), (50, 280), (172, 397))
"""Dense points about which a region lies: nose, mouth, chin, eyes, forehead, cheeks, jaw."""
REACH = 0.018
"""Metres within which a region is its own person's."""
WAVE, CENTRES, SEEN = 0.016, 300, 3
"""Metres over which a displacement outside of the span changes; blobs that it is made of; one vertex in so many counts."""


@dataclass(frozen=True, eq=False)
class Person:
    """What makes a neutral head."""

    identity: Float32[np.ndarray, " modes"]
    regions: Float32[np.ndarray, "regions modes"] | None
    """Coefficients of each region where they are not those of the whole."""
    targets: tuple[tuple[float, float, float], ...]
    """Share of the targets that there are, and how far each goes on the right and on the left."""
    beyond: float
    """Metres."""


def draw_person(modes: int, rng: np.random.Generator) -> Person:
    """A person; all are drawn the same number of times, so that a share that changes leaves others alone."""
    spread = rng.uniform(*WIDE)
    sets = (spread * rng.standard_normal((1 + len(REGIONS), modes))).clip(-MOST, MOST).astype(np.float32)
    mixed, carried, count = rng.random() < MIXED, rng.random() < CARRIED, int(rng.poisson(TARGETS))
    which, strength = rng.random(count), rng.uniform(0, STRONGEST, (count, 2))
    strength[:, 1] = np.where(rng.random(count) < EVEN, strength[:, 0], strength[:, 1])
    rows = np.c_[which, strength].tolist() if carried else []
    targets = tuple((float(row[0]), float(row[1]), float(row[2])) for row in rows)
    return Person(sets[0], sets[1:] if mixed else None, targets, float(rng.uniform(*BEYOND)))


class People:
    """Neutral heads of a model."""

    def __init__(self, model: MorphableModel, face: np.ndarray, targets: Float16[np.ndarray, "targets 2 vertices 3"]) -> None:
        self.model, self.targets = model, targets
        self.some = face[::SEEN]
        modes = model.identity[:, self.some].reshape(len(model.identity), -1).astype(np.float64)
        rigid = _similarities(model.mean[self.some].astype(np.float64))
        modes -= modes @ rigid.T @ rigid
        self.inverse = np.linalg.solve(modes @ modes.T, modes)
        centres = model.mean[np.random.default_rng(0).integers(len(model.mean), size=CENTRES)]
        self.blobs = _blobs(model, centres, WAVE)
        self.normals = vertex_normals(model.mean, model.mesh.triangles[model.mesh.parts["skin"]])[self.some]
        self.shares = _shares(model)

    def neutral(self, person: Person, rng: np.random.Generator) -> Float32[np.ndarray, "vertices 3"]:
        """The head at rest; `rng` draws what lies outside of the span."""
        return np.asarray(self.model.mean + self._shape(person) + np.float32(person.beyond) * self._outside(rng), np.float32)

    def coefficients(self, moved: Float32[np.ndarray, "vertices 3"]) -> Float32[np.ndarray, " modes"]:
        """Of the model's head nearest to one whose vertices have moved so, over the face; where it stands does not count."""
        return (self.inverse @ moved[self.some].ravel()).astype(np.float32)

    def _shape(self, person: Person) -> Float32[np.ndarray, "vertices 3"]:
        moved = np.tensordot(person.identity, self.model.identity, 1)
        if person.regions is not None:
            for share, own in zip(self.shares, person.regions, strict=True):
                moved = moved + share[:, None] * np.tensordot(own - person.identity, self.model.identity, 1)
        for which, right, left in person.targets if len(self.targets) else ():
            target = self.targets[int(which * len(self.targets))].astype(np.float32)
            moved = moved + right * target[0] + left * target[1]
        return np.asarray(moved, np.float32)

    def _outside(self, rng: np.random.Generator) -> Float32[np.ndarray, "vertices 3"]:
        """A smooth displacement that no identity of the model can make, of 1 root mean square along the face's normals."""
        moved = self.blobs @ rng.standard_normal((CENTRES, 3)).astype(np.float32)
        moved -= np.tensordot(self.coefficients(moved), self.model.identity, 1)
        along = np.einsum("vi,vi->v", moved[self.some], self.normals)
        return np.asarray(moved / np.sqrt((along**2).mean()), np.float32)


def _similarities(points: Float64[np.ndarray, "points 3"]) -> Float64[np.ndarray, "7 values"]:
    """What small shifts, turns and a scale move points by; orthonormal."""
    arms, axes = points - points.mean(0), np.eye(3)
    shifts, turns = [np.tile(axis, (len(points), 1)) for axis in axes], [np.cross(axis, arms) for axis in axes]
    return np.linalg.qr(np.stack([*shifts, *turns, arms]).reshape(7, -1).T)[0].T


def _blobs(
    model: MorphableModel, centres: Float32[np.ndarray, "centres 3"], wide: float
) -> Float32[np.ndarray, "vertices centres"]:
    squared = ((model.mean[:, None] - centres) ** 2).sum(-1)
    return np.exp(-squared / (2 * wide**2)).astype(np.float32)


def _shares(model: MorphableModel) -> Float32[np.ndarray, "regions vertices"]:
    """How much each region has of a vertex; what is left over is the whole head's."""
    e = model.embedding
    points = np.einsum("pk,pkc->pc", e.dense_barycentric, model.mean[model.mesh.triangles[e.dense_triangles]])
    near = np.stack([_blobs(model, points[list(region)], REACH).max(1) for region in REGIONS])
    return np.asarray(near / (near.sum(0) + 0.1), np.float32)
