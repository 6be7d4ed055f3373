"""Gives a bare morphable model the UV map, landmarks and regions of another, by laying its mean over the other's.

Rigid first (iterated closest points with scale, Besl and McKay 1992), then smoothly, from coarse to fine; after that
every vertex takes what the nearest point of the other surface has. Many licensed models bring none of these.
"""

import numpy as np
from jaxtyping import Float32, Float64, Int32

from facetex_core.raycast import Scene
from facetex_core.structures import Embedding, Mesh, MorphableModel

RIGID_ROUNDS = 30
SMOOTHING = (0.03, 0.02, 0.012, 0.008)
"""Metres over which the surface is bent, from coarse to fine."""
KEPT = 0.85
"""Share of the nearest pairs that counts: the models end at different borders."""


def adopt_layout(
    name: str,
    mean: Float32[np.ndarray, "vertices 3"],
    triangles: Int32[np.ndarray, "triangles 3"],
    identity: Float32[np.ndarray, "modes vertices 3"],
    expression: Float32[np.ndarray, "expressions vertices 3"],
    expression_names: tuple[str, ...],
    other: MorphableModel,
) -> MorphableModel:
    """The model in the other's frame, with its UV map, regions and landmarks; metres, y up, looking along +z."""
    turn, scale, shift = align(mean, other)
    moved = (scale * mean @ turn.T + shift).astype(np.float32)
    skin = other.mesh.triangles[other.mesh.parts["skin"]]
    scene = Scene(other.mean, skin)
    laid = bend(moved, scene)
    triangle, weights = scene.nearest(laid)
    corners = other.mesh.uv_triangles[other.mesh.parts["skin"]][triangle]
    uvs = np.einsum("vk,vki->vi", weights, other.mesh.uvs[corners])
    parts = {"skin": slice(0, len(triangles))}
    regions = {key: np.einsum("vk,vk->v", weights, w[skin[triangle]]).astype(np.float32) for key, w in other.regions.items()}
    return MorphableModel(
        name,
        moved,
        (scale * identity @ turn.T).astype(np.float32),
        (scale * expression @ turn.T).astype(np.float32),
        expression_names,
        Mesh(moved, triangles, uvs.astype(np.float32), triangles, parts),
        _embed(other, Scene(laid, triangles)),
        regions,
        other.face_box,
        other.albedo,
    )


def align(
    mean: Float32[np.ndarray, "vertices 3"], other: MorphableModel
) -> tuple[Float64[np.ndarray, "3 3"], float, Float64[np.ndarray, "3"]]:
    """Rotation, scale and shift; starts with the tips of the noses, the foremost vertices, on each other."""
    skin = other.mesh.triangles[other.mesh.parts["skin"]]
    scene = Scene(other.mean, skin)
    sample = mean[:: max(1, len(mean) // 4000)].astype(np.float64)
    turn, scale = np.eye(3), 1.0
    shift = (other.mean[skin.ravel()][other.mean[skin.ravel(), 2].argmax()] - mean[mean[:, 2].argmax()]).astype(np.float64)
    for _ in range(RIGID_ROUNDS):
        moved = scale * sample @ turn.T + shift
        target = scene.closest_points(moved.astype(np.float32))
        distance = np.linalg.norm(target - moved, axis=1)
        near = distance <= np.quantile(distance, KEPT)
        turn, scale, shift = similarity(sample[near], target[near].astype(np.float64))
    return turn, scale, shift


def similarity(
    source: Float64[np.ndarray, "points 3"], target: Float64[np.ndarray, "points 3"]
) -> tuple[Float64[np.ndarray, "3 3"], float, Float64[np.ndarray, "3"]]:
    """The rotation, scale and shift nearest in least squares (Umeyama 1991)."""
    a, b = source - source.mean(0), target - target.mean(0)
    left, spread, right = np.linalg.svd(b.T @ a)
    sign = np.array([1, 1, np.sign(np.linalg.det(left @ right))])
    turn = left @ np.diag(sign) @ right
    scale = float((spread * sign).sum() / (a**2).sum())
    return turn, scale, target.mean(0) - scale * turn @ source.mean(0)


def bend(points: Float32[np.ndarray, "vertices 3"], scene: Scene) -> Float32[np.ndarray, "vertices 3"]:
    """The points drawn smoothly onto the surface; pairs that are too far apart to be the same place do not pull."""
    from scipy.spatial import cKDTree

    laid = points.copy()
    picked = np.arange(0, len(points), max(1, len(points) // 3000))
    for reach in SMOOTHING:
        pull = scene.closest_points(laid[picked]) - laid[picked]
        trust = (np.linalg.norm(pull, axis=1) < reach).astype(np.float64)
        distance, near = cKDTree(laid[picked]).query(laid, k=48)
        weight = np.exp(-0.5 * (distance / reach * 2) ** 2) * trust[near]
        moved = (weight[..., None] * pull[near]).sum(1) / np.maximum(weight.sum(1), 1e-6)[:, None]
        laid = (laid + moved).astype(np.float32)
    return laid


def _embed(other: MorphableModel, scene: Scene) -> Embedding:
    """The other's landmarks, looked up on the laid surface."""
    e, skin = other.embedding, other.mesh.triangles

    def look_up(triangles: np.ndarray, barycentric: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        points = np.einsum("pk,pki->pi", barycentric, other.mean[skin[triangles]])
        return scene.nearest(points.astype(np.float32))

    return Embedding(*look_up(e.landmark_triangles, e.landmark_barycentric), *look_up(e.dense_triangles, e.dense_barycentric))
