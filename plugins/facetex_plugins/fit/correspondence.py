"""Gives a bare morphable model the UV map, landmarks and regions of another, by laying its mean over the other's.

Rigid first (iterated closest points with scale, Besl and McKay 1992), then smoothly, from coarse to fine; after that
every vertex takes what the nearest point of the other surface has that looks the same way. Many licensed models bring
none of these; and where a model has a UV map of its own, the bank's cells are still places of ours.
"""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Float32, Float64, Int32

from facetex_core import Embedding, Mesh, ModelError, MorphableModel
from facetex_core.geometry.mesh import triangle_normals, vertex_normals
from facetex_core.geometry.raycast import Scene
from facetex_core.geometry.similarity import similarity
from facetex_plugins.fit.bare_model import BareModel
from facetex_plugins.fit.closest_point import Surface, closest_weights, placed, plane_weights

RIGID_ROUNDS = 100
SMOOTHING = (0.03, 0.02, 0.012, 0.008)
"""Metres over which the surface is bent, from coarse to fine."""
KEPT = 0.85
"""Share of the nearest pairs that counts: the models end at different borders."""
FACE_SHARE, FAR = 0.95, 0.008
"""Share of the face's points, and metres from which they are too far off (measured: heads 0.2 to 2 mm, an egg 19)."""
TORN = 0.03
"""Share of the map's side that a corner may lie off its triangle's plane; beyond it the triangle is across a seam."""

Triangles = Int32[np.ndarray, "triangles 3"]
Vertices = Float32[np.ndarray, "vertices 3"]
Points = Float32[np.ndarray, "points 3"]
Used = Float32[np.ndarray, "used 3"]


@dataclass(frozen=True, eq=False, slots=True)
class RegisteredPart:
    """One part of a model on the same part of the other."""

    triangles: Triangles
    """Corners as numbers of the model's vertices."""
    used: Int32[np.ndarray, "used"]
    """The vertices of the part; the fields below count these."""
    local: Triangles
    vertices: Used
    """Where they lie on the other."""
    nearest: Int32[np.ndarray, "used"]
    weights: Used
    """Triangle of the other's part, and the place in it."""
    uvs: Float32[np.ndarray, "uvs 2"]
    uv_triangles: Triangles


def transfer_layout(bare: BareModel, other: MorphableModel) -> MorphableModel:
    """The model in the other's frame, with its UV map, regions and landmarks; a surface that is no head is a ModelError."""
    turn, scale, shift = align(bare.mean[np.unique(bare.triangles["skin"])], other)
    mean = (scale * bare.mean @ turn.T + shift).astype(np.float32)
    laid = {part: register_part(mean, triangles, other, part) for part, triangles in bare.triangles.items()}
    refuse_no_head(bare.name, Surface(mean, laid["skin"].triangles), other)
    mesh = _assembled(mean, laid)
    return MorphableModel(
        bare.name,
        mean,
        (scale * bare.identity @ turn.T).astype(np.float32),
        (scale * bare.expression @ turn.T).astype(np.float32),
        bare.expression_names,
        mesh,
        _embed(other, Surface(laid["skin"].vertices, laid["skin"].local)),
        {name: _carried(values, len(mean), laid, other) for name, values in other.regions.items()},
        other.face_box,
        other.albedo,
    )


def register_part(mean: Vertices, triangles: Triangles, other: MorphableModel, part: str) -> RegisteredPart:
    """One part on the other's; what lies behind the skin starts with the fronts on each other."""
    used, local = np.unique(triangles, return_inverse=True)
    which = other.mesh.parts[part]
    theirs = other.mesh.triangles[which]
    points = mean[used]
    if part != "skin":
        points = points + front(other.mean[np.unique(theirs)]) - front(points)
    local = wound_like(points, local.reshape(-1, 3).astype(np.int32), other.mean, theirs)
    surface = Surface(other.mean, theirs)
    vertices = register_nonrigidly(points, local, surface)
    nearest, weights = surface.nearest(vertices, vertex_normals(vertices, local))
    uvs, uv_triangles = unfold(vertices, local, surface, nearest, weights, other.mesh.uvs[other.mesh.uv_triangles[which]])
    return RegisteredPart(
        used[local].astype(np.int32), used.astype(np.int32), local, vertices, nearest, weights, uvs, uv_triangles
    )


def front(points: Points) -> Float32[np.ndarray, "3"]:
    """The middle of the extent across and up, and the foremost depth."""
    low, high = points.min(0), points.max(0)
    return np.append((low + high)[:2] / 2, high[2]).astype(np.float32)


def unfold(
    vertices: Used,
    triangles: Triangles,
    surface: Surface,
    nearest: Int32[np.ndarray, "used"],
    weights: Used,
    corners: Float32[np.ndarray, "others 3 2"],
) -> tuple[Float32[np.ndarray, "uvs 2"], Triangles]:
    """The map where the other's surface has it; a triangle across a seam shrinks into the one that is nearest its middle."""
    uvs = np.einsum("vk,vki->vi", weights, corners[nearest])
    middles, _ = surface.nearest(vertices[triangles].mean(1), _unit(triangle_normals(vertices, triangles)))
    own = vertices[triangles].astype(np.float64), np.repeat(surface.corners[middles][:, None], 3, axis=1)
    drawn_out = np.einsum("tck,tki->tci", plane_weights(*own), corners[middles])
    torn = np.abs(drawn_out - uvs[triangles]).max((1, 2)) > TORN
    more = np.einsum("tck,tki->tci", closest_weights(*own), corners[middles])[torn].reshape(-1, 2)
    uv_triangles = triangles.copy()
    uv_triangles[torn] = len(uvs) + np.arange(len(more), dtype=np.int32).reshape(-1, 3)
    return np.concatenate([uvs, more]).astype(np.float32), uv_triangles


def _assembled(mean: Vertices, laid: dict[str, RegisteredPart]) -> Mesh:
    """The parts one after the other."""
    ends = np.cumsum([0, *(len(piece.triangles) for piece in laid.values())]).tolist()
    firsts = np.cumsum([0, *(len(piece.uvs) for piece in laid.values())])
    return Mesh(
        mean,
        np.concatenate([piece.triangles for piece in laid.values()]),
        np.concatenate([piece.uvs for piece in laid.values()]),
        np.concatenate([piece.uv_triangles + first for piece, first in zip(laid.values(), firsts, strict=False)]).astype(
            np.int32
        ),
        {part: slice(start, stop) for part, start, stop in zip(laid, ends[:-1], ends[1:], strict=True)},
    )


def _carried(
    values: Float32[np.ndarray, "others"], count: int, laid: dict[str, RegisteredPart], other: MorphableModel
) -> Float32[np.ndarray, "vertices"]:
    """Weights of the other's vertices at the model's; where parts share a vertex the larger."""
    result = np.zeros(count, np.float32)
    for part, piece in laid.items():
        corners = other.mesh.triangles[other.mesh.parts[part]][piece.nearest]
        np.maximum.at(result, piece.used, np.einsum("vk,vk->v", piece.weights, values[corners]).astype(np.float32))
    return result


def align(mean: Vertices, other: MorphableModel) -> tuple[Float64[np.ndarray, "3 3"], float, Float64[np.ndarray, "3"]]:
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


def wound_like(
    vertices: Vertices,
    triangles: Triangles,
    other_vertices: Float32[np.ndarray, "others 3"],
    other_triangles: Int32[np.ndarray, "other_triangles 3"],
) -> Triangles:
    """The triangles, turned over where most of them are wound against the other surface's."""
    nearest, _ = Scene(other_vertices, other_triangles).nearest(vertices[triangles].mean(1))
    theirs = triangle_normals(other_vertices, other_triangles)[nearest]
    agrees = np.einsum("ti,ti->t", triangle_normals(vertices, triangles), theirs) > 0
    return triangles if agrees.mean() > 0.5 else np.ascontiguousarray(triangles[:, ::-1])


def register_nonrigidly(points: Vertices, triangles: Triangles, surface: Surface) -> Vertices:
    """The points drawn smoothly onto the surface; pairs that are too far apart to be the same place do not pull."""
    from scipy.spatial import cKDTree

    laid = points.copy()
    picked = np.arange(0, len(points), max(1, len(points) // 3000))
    for reach in SMOOTHING:
        ways = vertex_normals(laid, triangles)
        pull = surface.closest_points(laid[picked], ways[picked]) - laid[picked]
        trust = (np.linalg.norm(pull, axis=1) < reach).astype(np.float64)
        where = placed(laid, ways)
        distance, near = cKDTree(where[picked]).query(where, k=min(48, len(picked)))
        weight = np.exp(-0.5 * (distance / reach * 2) ** 2) * trust[near]
        moved = (weight[..., None] * pull[near]).sum(1) / np.maximum(weight.sum(1), 1e-6)[:, None]
        laid = (laid + moved).astype(np.float32)
    return laid


def _unit(normals: Float[np.ndarray, "triangles 3"]) -> Float32[np.ndarray, "triangles 3"]:
    return (normals / np.maximum(np.linalg.norm(normals, axis=1, keepdims=True), 1e-20)).astype(np.float32)


def refuse_no_head(name: str, surface: Surface, other: MorphableModel) -> None:
    """ModelError where the aligned surface, not yet bent, stays away from the other's face."""
    e = other.embedding
    points, ways = _places(other, e.dense_triangles, e.dense_barycentric)
    away = np.linalg.norm(surface.closest_points(points, ways) - points, axis=1)
    far = float(np.quantile(away, FACE_SHARE))
    if not far < FAR:
        raise ModelError(
            f"the surface of this {name} is not a head: after registration to ours, "
            f"5% of its face is more than {1000 * far:.0f} mm away (heads stay under {1000 * FAR:.0f})"
        )


def _embed(other: MorphableModel, surface: Surface) -> Embedding:
    """The other's landmarks, looked up on the laid surface."""
    e = other.embedding
    sparse = surface.nearest(*_places(other, e.landmark_triangles, e.landmark_barycentric))
    return Embedding(*sparse, *surface.nearest(*_places(other, e.dense_triangles, e.dense_barycentric)))


def _places(other: MorphableModel, triangles: Int32[np.ndarray, "points"], barycentric: Points) -> tuple[Points, Points]:
    """Where points of the other lie, and the way its skin looks there."""
    ways = vertex_normals(other.mean, other.mesh.triangles[other.mesh.parts["skin"]])
    corners = other.mesh.triangles[triangles]
    points, facing = (np.einsum("pk,pki->pi", barycentric, values[corners]) for values in (other.mean, ways))
    return points.astype(np.float32), _unit(facing)
