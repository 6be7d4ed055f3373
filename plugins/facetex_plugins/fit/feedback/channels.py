"""The seven channels that CoarseNet sees: the grey photo, and where the present estimate puts which point of the face."""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from jaxtyping import Float32, Float64

from facetex_core import Mesh, MorphableModel
from facetex_core.geometry.camera import camera_rays
from facetex_core.geometry.geometry_images import coordinate_code
from facetex_core.geometry.mesh import vertex_normals
from facetex_core.geometry.raycast import Scene
from facetex_plugins.fit.feedback.decimate import decimated
from facetex_plugins.fit.feedback.estimate import SEEN_SIDE, Estimate, crop_camera

PLANES = 7
TRIANGLES = 1500
"""Of the skin: at 100 pixels as good as all 17,746, at a fifth of the time."""


@dataclass(frozen=True, eq=False)
class ThinModel:
    """A morphable model of few triangles, for pictures of few pixels."""

    mesh: Mesh
    identity: Float32[np.ndarray, "modes vertices 3"]
    expression: Float32[np.ndarray, "expressions vertices 3"]
    code: Float32[np.ndarray, "vertices 3"]
    """Places on the mean head, each axis from 0 to 1."""
    pivot: Float64[np.ndarray, "3"]
    """The middle of the mean face, about which heads turn."""

    def vertices(self, present: Estimate) -> Float32[np.ndarray, "vertices 3"]:
        """The head of an estimate."""
        moved = np.tensordot(present.identity, self.identity, 1) + np.tensordot(present.expression, self.expression, 1)
        return np.asarray(self.mesh.vertices + moved, np.float32)


@lru_cache(maxsize=2)
def thinned(model: MorphableModel) -> ThinModel:
    """Few triangles near the skin of the mean head; each vertex goes with the skin's nearest point."""
    skin = model.mesh.triangles[model.mesh.parts["skin"]]
    vertices, triangles = decimated(model.mean, skin, TRIANGLES)
    nearest, weights = Scene(model.mean, skin).nearest(vertices)

    def carried(values: Float32[np.ndarray, "_ vertices 3"]) -> Float32[np.ndarray, "_ few 3"]:
        return np.ascontiguousarray(np.einsum("pk,mpkc->mpc", weights, values[:, skin[nearest]]), np.float32)

    mean = carried(model.mean[None])[0]
    none = np.zeros((len(mean), 2), np.float32)
    mesh = Mesh(mean, triangles, none, triangles, {"skin": slice(None)})
    corners = model.mean[model.mesh.triangles[model.embedding.landmark_triangles]]
    pivot = np.einsum("pk,pkc->pc", model.embedding.landmark_barycentric, corners).astype(np.float64).mean(0)
    return ThinModel(mesh, carried(model.identity), carried(model.expression), coordinate_code(mean), pivot)


def feedback(thin: ThinModel, present: Estimate, principal: Float64[np.ndarray, "2"]) -> Float32[np.ndarray, "6 side side"]:
    """PNCC and normals of the estimate in the crop, 0 beside the head: facetex_core's geometry images where a ray hits."""
    camera, vertices, triangles = crop_camera(present, thin.pivot, principal), thin.vertices(present), thin.mesh.triangles
    middles = np.arange(SEEN_SIDE) + 0.5
    rays = camera_rays(camera, middles, middles).reshape(-1, 3)
    hit, weights, _ = Scene(vertices, triangles).first_hits(np.broadcast_to(camera.position, rays.shape), rays)
    inside = np.flatnonzero(hit >= 0)
    normals = vertex_normals(vertices, triangles) @ camera.world_to_camera[:3, :3].T
    values, corners, weights = np.concatenate([thin.code, normals], 1), triangles[hit[inside]], weights[inside]
    seen = np.zeros((SEEN_SIDE * SEEN_SIDE, 6), np.float32)
    seen[inside] = sum(weights[:, k, None] * values[corners[:, k]] for k in range(3))
    seen[inside, 3:] /= np.maximum(np.linalg.norm(seen[inside, 3:], axis=1, keepdims=True), 1e-12)
    return np.ascontiguousarray(seen.T).reshape(6, SEEN_SIDE, SEEN_SIDE)


def network_picture(
    grey: Float32[np.ndarray, "side side"], seen: Float32[np.ndarray, "6 side side"]
) -> Float32[np.ndarray, "7 side side"]:
    """What the network is given."""
    return np.concatenate([grey[None], seen]).astype(np.float32)
