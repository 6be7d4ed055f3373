"""Gives a bare morphable model the UV map, landmarks and regions of another, by laying its mean over the other's.

Rigid first (iterated closest points with scale, Besl and McKay 1992), then smoothly, from coarse to fine; after that
every vertex takes what the nearest point of the other surface has that looks the same way: lips touch, and ears have a
back. Many licensed models bring none of these.
"""

import numpy as np
from jaxtyping import Float32, Float64, Int32

from facetex_core.mesh import triangle_normals, vertex_normals
from facetex_core.raycast import Scene
from facetex_core.structures import Embedding, Mesh, MorphableModel

RIGID_ROUNDS = 30
SMOOTHING = (0.03, 0.02, 0.012, 0.008)
"""Metres over which the surface is bent, from coarse to fine."""
KEPT = 0.85
"""Share of the nearest pairs that counts: the models end at different borders."""
TURN = 0.02
"""Metres that a difference of 1 between two directions is worth."""
SIDEWAYS = 0.2
"""Cosine from which two directions are the same way; a finer comparison would make the pairs jump on a sharp edge."""
CANDIDATES = 12
"""Triangles that are looked at for each point."""


class Surface:
    """Triangles on which the nearest point is looked for that faces the same way."""

    def __init__(self, vertices: Float32[np.ndarray, "vertices 3"], triangles: Int32[np.ndarray, "triangles 3"]) -> None:
        from scipy.spatial import cKDTree

        self.corners = vertices[triangles].astype(np.float64)
        self.ways = vertex_normals(vertices, triangles)[triangles]
        self.tree = cKDTree(_placed(self.corners.mean(1), self.ways.mean(1)))

    def nearest(
        self, points: Float32[np.ndarray, "points 3"], ways: Float32[np.ndarray, "points 3"]
    ) -> tuple[Int32[np.ndarray, "points"], Float32[np.ndarray, "points 3"]]:
        """Triangle and barycentric weights of what is nearest by place and direction together."""
        _, found = self.tree.query(_placed(points, ways), k=min(CANDIDATES, self.tree.n))
        weights = closest_weights(points[:, None].astype(np.float64), self.corners[found])
        away = ((np.einsum("pnk,pnki->pni", weights, self.corners[found]) - points[:, None]) ** 2).sum(-1)
        facing = np.einsum("pnk,pnki,pi->pn", weights, self.ways[found], ways)
        best = np.argmin(away + (TURN * np.clip(SIDEWAYS - facing, 0, None)) ** 2, axis=1)[:, None]
        triangle = np.take_along_axis(found, best, 1)[:, 0]
        return triangle.astype(np.int32), np.take_along_axis(weights, best[..., None], 1)[:, 0].astype(np.float32)

    def closest_points(
        self, points: Float32[np.ndarray, "points 3"], ways: Float32[np.ndarray, "points 3"]
    ) -> Float32[np.ndarray, "points 3"]:
        """Where these lie."""
        triangle, weights = self.nearest(points, ways)
        return np.einsum("pk,pki->pi", weights, self.corners[triangle]).astype(np.float32)


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
    triangles = wound_like(moved, triangles, other.mean, skin)
    surface = Surface(other.mean, skin)
    laid = bend(moved, triangles, surface)
    triangle, weights = surface.nearest(laid, vertex_normals(laid, triangles))
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
        _embed(other, Surface(laid, triangles)),
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


def wound_like(
    vertices: Float32[np.ndarray, "vertices 3"],
    triangles: Int32[np.ndarray, "triangles 3"],
    other_vertices: Float32[np.ndarray, "others 3"],
    other_triangles: Int32[np.ndarray, "other_triangles 3"],
) -> Int32[np.ndarray, "triangles 3"]:
    """The triangles, turned over where most of them are wound against the other surface's."""
    nearest, _ = Scene(other_vertices, other_triangles).nearest(vertices[triangles].mean(1))
    theirs = triangle_normals(other_vertices, other_triangles)[nearest]
    agrees = np.einsum("ti,ti->t", triangle_normals(vertices, triangles), theirs) > 0
    return triangles if agrees.mean() > 0.5 else np.ascontiguousarray(triangles[:, ::-1])


def bend(
    points: Float32[np.ndarray, "vertices 3"], triangles: Int32[np.ndarray, "triangles 3"], surface: Surface
) -> Float32[np.ndarray, "vertices 3"]:
    """The points drawn smoothly onto the surface; pairs that are too far apart to be the same place do not pull."""
    from scipy.spatial import cKDTree

    laid = points.copy()
    picked = np.arange(0, len(points), max(1, len(points) // 3000))
    for reach in SMOOTHING:
        ways = vertex_normals(laid, triangles)
        pull = surface.closest_points(laid[picked], ways[picked]) - laid[picked]
        trust = (np.linalg.norm(pull, axis=1) < reach).astype(np.float64)
        placed = _placed(laid, ways)
        distance, near = cKDTree(placed[picked]).query(placed, k=min(48, len(picked)))
        weight = np.exp(-0.5 * (distance / reach * 2) ** 2) * trust[near]
        moved = (weight[..., None] * pull[near]).sum(1) / np.maximum(weight.sum(1), 1e-6)[:, None]
        laid = (laid + moved).astype(np.float32)
    return laid


def closest_weights(
    points: Float64[np.ndarray, "*many 3"], corners: Float64[np.ndarray, "*more 3 3"]
) -> Float64[np.ndarray, "*more 3"]:
    """Barycentric weights of the point of each triangle that is nearest to each point."""
    a, b, c = (corners[..., corner, :] for corner in range(3))
    ab, ac, ap = b - a, c - a, points - a
    inside = _in_plane(ab, ac, ap)
    candidates = [np.where((inside >= 0).all(-1, keepdims=True), inside, np.eye(3)[0])]
    for first in range(3):
        second = (first + 1) % 3
        way = corners[..., second, :] - corners[..., first, :]
        share = ((points - corners[..., first, :]) * way).sum(-1) / np.maximum((way**2).sum(-1), 1e-18)
        share = np.clip(share, 0, 1)[..., None]
        candidates.append((1 - share) * np.eye(3)[first] + share * np.eye(3)[second])
    stack = np.stack(candidates)
    away = ((np.einsum("c...k,...ki->c...i", stack, corners) - points) ** 2).sum(-1)
    return np.take_along_axis(stack, away.argmin(0)[None, ..., None], 0)[0]


def _in_plane(ab: np.ndarray, ac: np.ndarray, ap: np.ndarray) -> np.ndarray:
    """Barycentric weights of the foot of the perpendicular, outside of the triangle too (Ericson 2005, section 3.4)."""
    d00, d01, d11, d20, d21 = ((p * q).sum(-1) for p, q in ((ab, ab), (ab, ac), (ac, ac), (ap, ab), (ap, ac)))
    scale = np.maximum(d00 * d11 - d01 * d01, 1e-24)
    v, w = (d11 * d20 - d01 * d21) / scale, (d00 * d21 - d01 * d20) / scale
    return np.stack([1 - v - w, v, w], -1)


def _placed(points: np.ndarray, ways: np.ndarray) -> Float64[np.ndarray, "points 6"]:
    """Place and direction as one point of six dimensions."""
    return np.concatenate([points, TURN * ways], 1).astype(np.float64)


def _unit(normals: np.ndarray) -> Float32[np.ndarray, "triangles 3"]:
    return (normals / np.maximum(np.linalg.norm(normals, axis=1, keepdims=True), 1e-20)).astype(np.float32)


def _embed(other: MorphableModel, surface: Surface) -> Embedding:
    """The other's landmarks, looked up on the laid surface."""
    e, skin = other.embedding, other.mesh.triangles
    ways = vertex_normals(other.mean, skin[other.mesh.parts["skin"]])

    def look_up(triangles: np.ndarray, barycentric: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        points, facing = (np.einsum("pk,pki->pi", barycentric, values[skin[triangles]]) for values in (other.mean, ways))
        return surface.nearest(points.astype(np.float32), _unit(facing))

    return Embedding(*look_up(e.landmark_triangles, e.landmark_barycentric), *look_up(e.dense_triangles, e.dense_barycentric))
