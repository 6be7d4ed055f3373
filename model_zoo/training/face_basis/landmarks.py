"""Landmarks on the own mesh: iBUG's 68 from the source's list, MediaPipe's 468 by registering its canonical face."""

import numpy as np
from jaxtyping import Float, Int
from scipy.interpolate import RBFInterpolator
from scipy.spatial import cKDTree

from facetex_core.geometry.similarity import similarity
from training.common.data import DATA
from training.face_basis.source import Arrays, Source
from training.face_basis.surface import closest

IBUG_OF_DENSE = {
    **dict(zip((70, 63, 105, 66, 107, 336, 296, 334, 293, 300), range(17, 27), strict=True)),
    **dict(zip((168, 197, 5, 4, 98, 97, 2, 326, 327), range(27, 36), strict=True)),
    **dict(zip((33, 160, 158, 133, 153, 144, 362, 385, 387, 263, 373, 380), range(36, 48), strict=True)),
    **dict(zip((61, 39, 37, 0, 267, 269, 291, 405, 314, 17, 84, 181), range(48, 60), strict=True)),
    **dict(zip((78, 81, 13, 311, 308, 402, 14, 178), range(60, 68), strict=True)),
    152: 8,
}
"""Dense points on an iBUG point. Of the jaw only the chin: elsewhere iBUG marks the outline, not a place on the skin."""
ROUNDS, PULL = 8, 0.5
SMOOTHING = np.geomspace(3e-3, 1e-5, ROUNDS)


def read_canonical() -> Float[np.ndarray, "468 3"]:
    """MediaPipe's canonical face, in its own centimetres."""
    path = DATA / "models" / "landmarks" / "canonical_face_model.obj"
    lines = [line.split()[1:4] for line in path.read_text().splitlines() if line.startswith("v ")]
    return np.array(lines, dtype=np.float64)


def evened(points: Float[np.ndarray, "468 3"], twins: Int[np.ndarray, " 468"]) -> Float[np.ndarray, "468 3"]:
    """Each point averaged with the mirror image of its twin."""
    return (points + points[twins] * [-1, 1, 1]) / 2


def dense_positions(
    ibug: Float[np.ndarray, "68 3"], vertices: Float[np.ndarray, "vertices 3"], front: Int[np.ndarray, "triangles 3"]
) -> Float[np.ndarray, "468 3"]:
    """The canonical face bent onto a surface: a similarity, then thin-plate splines to the marks and the closest points."""
    canonical = read_canonical()
    twins = cKDTree(canonical).query(canonical * [-1, 1, 1])[1]
    marks, targets = np.array(list(IBUG_OF_DENSE)), ibug[list(IBUG_OF_DENSE.values())]
    rotation, scale, shift = similarity(canonical[marks], targets)
    posed = scale * canonical @ rotation.T + shift
    points = posed + RBFInterpolator(posed[marks], targets - posed[marks], smoothing=1e-4)(posed)
    for smoothing in SMOOTHING:
        chosen, weights = closest(points, vertices, front)
        wanted = np.einsum("pkc,pk->pc", vertices[front[chosen]], weights)
        wanted = points + PULL * (wanted - points)
        wanted[marks] = targets
        points = evened(posed + RBFInterpolator(posed, wanted - posed, smoothing=smoothing)(posed), twins)
    points[marks] = targets
    return evened(points, twins)


def facing_front(
    vertices: Float[np.ndarray, "vertices 3"], triangles: Int[np.ndarray, "triangles 3"]
) -> Int[np.ndarray, "kept 3"]:
    """Triangles that the dense points may lie on: the face's outer surface without the backs of lips, nostrils and ears."""
    a, b, c = vertices[triangles].transpose(1, 0, 2)
    normal = np.cross(b - a, c - a)
    normal /= np.linalg.norm(normal, axis=1, keepdims=True)
    centre = (a + b + c) / 3
    outward = centre * [1, 0.3, 1] - [0, 0, 0.01]
    outward /= np.linalg.norm(outward, axis=1, keepdims=True)
    return triangles[((normal * outward).sum(1) > 0.1) & (centre[:, 2] > 0.02) & (centre[:, 1] > -0.095)]


def embed(
    points: Float[np.ndarray, "points 3"], arrays: Arrays
) -> tuple[Int[np.ndarray, " points"], Float[np.ndarray, "points 3"]]:
    """Triangle number and barycentric weights of the closest points on the skin part (the first triangles)."""
    skin = arrays["triangles"][: arrays["part_ranges"][0, 1]].astype(np.int64)
    chosen, weights = closest(points, arrays["mean"].astype(np.float64), skin)
    return chosen.astype(np.int32), weights.astype(np.float32)


def landmark_arrays(source: Source, arrays: Arrays) -> Arrays:
    """Both embeddings, by their names in the file."""
    ibug = source.vertices[source.landmarks]
    vertices = arrays["mean"].astype(np.float64)
    skin = arrays["triangles"][: arrays["part_ranges"][0, 1]].astype(np.int64)
    dense = dense_positions(ibug, vertices, facing_front(vertices, skin))
    triangles, weights = embed(ibug, arrays)
    dense_triangles, dense_weights = embed(dense, arrays)
    return {
        "landmark_triangles": triangles,
        "landmark_barycentric": weights,
        "dense_triangles": dense_triangles,
        "dense_barycentric": dense_weights,
    }
