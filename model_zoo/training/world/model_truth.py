"""What is true of a rendered head in the model's own terms: its size and stance are the pose's, never the identity's.

A photo does not tell the size of a head, and a model's modes hold some of it. So each neutral head is laid onto the mean head
by a similarity over the face, and the camera takes that similarity over: the picture stays the same.
"""

from functools import cached_property

import numpy as np
from jaxtyping import Float32, Float64, Shaped

from facetex_core.structures import MorphableModel

ELSEWHERE = {"ears": 0.3, "neck": 0.1, "scalp": 0.1}
"""What a vertex outside of the face weighs beside one of the face."""
NOISE, PLACES = 0.002, 1000
"""Metres at so many places by which coefficients are held: modes of tenths of a millimetre would grow at will."""
Vertices = Float64[np.ndarray, "vertices 3"]
Similarity = tuple[Float64[np.ndarray, "3 3"], float, Float64[np.ndarray, "3"]]
"""Rotation, scale and shift."""
Row = dict[str, Shaped[np.ndarray, "..."]]


class Truths:
    """Of the heads of a model."""

    def __init__(self, model: MorphableModel) -> None:
        self.model, self.mean = model, model.mean.astype(np.float64)
        self.weights = weights_of(model)
        self.flip = _flip(self.mean)

    @cached_property
    def _inverse(self) -> Float64[np.ndarray, "modes values"]:
        modes = self.model.identity.reshape(len(self.model.identity), -1).astype(np.float64)
        weighted = modes * np.repeat(self.weights, 3)
        held = np.eye(len(modes)) * NOISE**2 / PLACES
        return np.linalg.solve(weighted @ modes.T + held, weighted)

    @cached_property
    def mirror(self) -> Float32[np.ndarray, "modes modes"]:
        """`identity @ mirror` is that of the mirrored head."""
        mirrored = self.model.identity[:, self.flip].astype(np.float64) * [-1, 1, 1]
        return np.asarray(mirrored.reshape(len(mirrored), -1) @ self._inverse.T, np.float32)

    def of(self, item: Row) -> Row:
        """Identity, and that of the head's mirror image; rotation and translation to the camera, in the mean head's frame."""
        moved, (turn, scale, shift) = self.laid(self.mean + item["shape"])
        pose = item["world_to_camera"].astype(np.float64)
        rotation = pose[:3, :3] @ turn.T
        mirrored = moved[self.flip] * [-1, 1, 1]
        return {
            "identity": (self._inverse @ moved.ravel()).astype(np.float32),
            "mirrored": (self._inverse @ mirrored.ravel()).astype(np.float32),
            "rotation": rotation,
            "translation": scale * pose[:3, 3] - rotation @ shift,
        }

    def laid(self, head: Vertices) -> tuple[Vertices, Similarity]:
        """How far a head's vertices are from those of the mean head that it is laid onto, and what laid it there."""
        turn, scale, shift = similar(head, self.mean, self.weights)
        return scale * head @ turn.T + shift - self.mean, (turn, scale, shift)


def weights_of(model: MorphableModel) -> Float64[np.ndarray, " vertices"]:
    """What each vertex counts, 1 in all."""
    weights = model.regions["face"].astype(np.float64)
    for name, share in ELSEWHERE.items():
        weights = np.maximum(weights, share * model.regions[name])
    return weights / weights.sum()


def similar(source: Vertices, target: Vertices, weights: Float64[np.ndarray, " vertices"]) -> Similarity:
    """The nearest in weighted least squares (Umeyama 1991)."""
    middles = weights @ source, weights @ target
    a, b = source - middles[0], target - middles[1]
    left, sizes, right = np.linalg.svd(b.T @ (a * weights[:, None]))
    signs = np.array([1, 1, np.linalg.det(left @ right)])
    turn = left @ np.diag(signs) @ right
    scale = float((sizes * signs).sum() / (weights @ (a**2).sum(1)))
    return turn, scale, middles[1] - scale * turn @ middles[0]


def lower(model: MorphableModel) -> Float32[np.ndarray, "coefficients coefficients"]:
    """The length of `c @ lower` is what coefficients c move the head by, root mean square, in millimetres."""
    modes = np.concatenate([model.identity, model.expression]).astype(np.float64)
    flat = modes.reshape(len(modes), -1)
    gram = (flat * np.repeat(weights_of(model), 3)) @ flat.T
    return np.linalg.cholesky(gram + 1e-14 * np.eye(len(gram))).astype(np.float32) * 1000


def _flip(mean: Vertices) -> Shaped[np.ndarray, " vertices"]:
    """The vertex on the other side of each."""
    from scipy.spatial import cKDTree

    return np.asarray(cKDTree(mean).query(mean * [-1, 1, 1])[1])


def other_side(names: tuple[str, ...]) -> Shaped[np.ndarray, " expressions"]:
    """Where the coefficient of the mirrored expression stands."""
    swapped = {"Left": "Right", "Right": "Left"}

    def mirror(name: str) -> str:
        return next((name.removesuffix(end) + to for end, to in swapped.items() if name.endswith(end)), name)

    return np.array([names.index(mirror(name)) for name in names])
