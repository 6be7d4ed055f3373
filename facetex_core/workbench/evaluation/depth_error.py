"""How far the depth map of a fit is from the true one, pixel by pixel of the photo (Richardson et al. 2017, Sela et al. 2017).

Both are seen by their own camera in the same photo. A photo leaves scale and distance open, so a scale and an offset are found
first, by RANSAC. The error is |a z + b - z_true|, in percent of the true depth's range over the face.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Bool, Float, Float32, Float64, Int32

from facetex_core.geometry.mesh import vertex_normals
from facetex_core.geometry.raycast import Scene
from facetex_core.imaging.look_up import look_up
from facetex_core.structures import Camera, Detail, Fit
from facetex_core.workbench.evaluation.suite import Truth

RANSAC_PAIRS = 300
"""Pairs of pixels of which RANSAC makes a line."""
TRIED = 4000
"""Pixels that say how good a line is; all of the good one's inliers make the last one."""
LINE_ROUNDS = 3
"""Of least squares, each over the inliers of the one before."""
INLIER = 0.05
"""Share of the true range within which a pixel agrees with a line."""
SHARED_PIXELS = 100
"""Pixels that both depth maps must share."""
HALVINGS = 2
"""How often edges are halved before a relief moves the surface: its waves are shorter than the mesh's edges."""
NEUTRAL = "neutral"
STRONG = 0.2
"""The largest coefficient of a neutral face."""
GROUPS = {
    "mouthSmile": "smile", "cheekSquint": "smile", "jaw": "jaw open", "mouth": "mouth", "brow": "brows", "eyeLook": NEUTRAL,
    "eye": "eyes", "nose": "nose", "cheek": "cheeks", "tongue": "mouth",
}  # fmt: skip
"""What an expression is called by the beginning of ARKit's name; the first that fits. A gaze is no expression."""

Depths = Float64[np.ndarray, "pixels"]


@dataclass(frozen=True, eq=False, slots=True)
class TrueDepth:
    """The true depth in metres at the pixels of the photo that show the face."""

    x: Float64[np.ndarray, "pixels"]
    y: Float64[np.ndarray, "pixels"]
    """Centres of the pixels."""
    z: Depths

    @property
    def extent(self) -> float:
        """From the nearest to the farthest pixel of the face, in metres."""
        return float(np.ptp(self.z))


def true_depth(truth: Truth) -> TrueDepth | None:
    """Pixels whose ray by the true camera first meets a triangle of the face; none without a mesh or a camera."""
    if truth.mesh is None or truth.camera is None:
        return None
    vertices, triangles = truth.mesh.vertices, truth.mesh.triangles
    is_face = np.ones(len(vertices), bool) if truth.face is None else np.isin(np.arange(len(vertices)), truth.face)
    width, height = truth.camera.size
    y, x = (side.ravel() + 0.5 for side in np.mgrid[:height, :width])
    z, triangle = depth_at(truth.camera, vertices, triangles, x, y)
    face = (triangle >= 0) & is_face[triangles[triangle]].all(1)
    return TrueDepth(x[face], y[face], z[face]) if face.any() else None


def depth_at(
    camera: Camera,
    vertices: Float32[np.ndarray, "vertices 3"],
    triangles: Int32[np.ndarray, "triangles 3"],
    x: Float[np.ndarray, "pixels"],
    y: Float[np.ndarray, "pixels"],
) -> tuple[Depths, Int32[np.ndarray, "pixels"]]:
    """Metres along the camera's axis to what each pixel shows first, infinite where that is nothing, and its triangle or -1."""
    inverse = np.linalg.inv(camera.intrinsics.astype(np.float64)).T @ camera.world_to_camera[:3, :3]
    rays = (np.stack([x, y, np.ones_like(x)], 1) @ inverse).astype(np.float32)
    triangle, _, distance = Scene(vertices, triangles).first_hits(np.broadcast_to(camera.position, rays.shape), rays)
    return distance.astype(np.float64), triangle


def depth_errors(true: TrueDepth, found: Depths, seed: int = 0) -> Float32[np.ndarray, "shared"] | None:
    """Percent of the true range at each pixel that both maps show; none where they share too few."""
    shared = np.isfinite(found)
    if shared.sum() < SHARED_PIXELS or true.extent == 0:
        return None
    z, wanted = found[shared], true.z[shared]
    scale, offset = robust_line(z, wanted, INLIER * true.extent, seed)
    return (100 * np.abs(scale * z + offset - wanted) / true.extent).astype(np.float32)


def robust_line(z: Depths, wanted: Depths, tolerance: float, seed: int = 0) -> tuple[float, float]:
    """Scale and offset that bring most of z within a tolerance of what is wanted, by least squares over those (RANSAC)."""
    rng = np.random.default_rng(seed)
    some = rng.permutation(len(z))[:TRIED]
    first, second = rng.integers(len(z), size=(2, RANSAC_PAIRS))
    run = z[second] - z[first]
    usable = np.abs(run) > 1e-9
    scales = (wanted[second] - wanted[first])[usable] / run[usable]
    offsets = wanted[first][usable] - scales * z[first][usable]
    agree = [_within(z[some], wanted[some], line, tolerance).sum() for line in zip(scales, offsets, strict=True)]
    if not agree:
        return 1.0, float(np.median(wanted - z))
    line = float(scales[np.argmax(agree)]), float(offsets[np.argmax(agree)])
    for _ in range(LINE_ROUNDS):
        inside = _within(z, wanted, line, tolerance)
        middle, level = z[inside].mean(), wanted[inside].mean()
        spread = ((z[inside] - middle) ** 2).sum()
        slope = float(((z[inside] - middle) * (wanted[inside] - level)).sum() / spread) if spread > 0 else 1.0
        line = slope, float(level - slope * middle)
    return line


def _within(z: Depths, wanted: Depths, line: tuple[float, float], tolerance: float) -> Bool[np.ndarray, "pixels"]:
    return np.asarray(np.abs(line[0] * z + line[1] - wanted) < tolerance)


def fitted_depth(true: TrueDepth, fit: Fit, detail: Detail | None = None) -> Depths:
    """The depth that the fit's camera sees at the same pixels; with a relief, of the surface that it has moved."""
    mesh = fit.model.mesh
    surface = (fit.vertices, mesh.triangles) if detail is None else relief_surface(fit, detail)
    return depth_at(fit.camera, *surface, true.x, true.y)[0]


def mean_head(fit: Fit) -> Fit:
    """The mean head, at rest, where the fit's camera stands."""
    return replace(fit, identity=0 * fit.identity, expression=0 * fit.expression, vertex_offsets=None)


def relief_surface(fit: Fit, detail: Detail) -> tuple[Float32[np.ndarray, "corners 3"], Int32[np.ndarray, "pieces 3"]]:
    """The head with every edge halved twice, and its vertices moved along their normals by the relief."""
    mesh, vertices = fit.model.mesh, fit.vertices
    normals = vertex_normals(vertices, mesh.triangles)
    corners = np.concatenate([vertices[mesh.triangles], normals[mesh.triangles], mesh.uvs[mesh.uv_triangles]], 2)
    for _ in range(HALVINGS):
        corners = _quartered(corners)
    places, directions, uvs = np.split(corners.reshape(-1, 8).astype(np.float64), [3, 6], 1)
    directions /= np.maximum(np.linalg.norm(directions, axis=1, keepdims=True), 1e-20)
    moved = places + look_up(detail.displacement, uvs)[:, None] * directions
    return moved.astype(np.float32), np.arange(len(moved), dtype=np.int32).reshape(-1, 3)


def _quartered(corners: Float[np.ndarray, "triangles 3 values"]) -> Float[np.ndarray, "four_times 3 values"]:
    """Each triangle as four, cut at the middles of its edges."""
    a, b, c = corners[:, 0], corners[:, 1], corners[:, 2]
    ab, bc, ca = (a + b) / 2, (b + c) / 2, (c + a) / 2
    return np.concatenate([np.stack(part, 1) for part in ((a, ab, ca), (ab, b, bc), (ca, bc, c), (ab, bc, ca))])


def expression_of(truth: Truth, names: tuple[str, ...]) -> str:
    """What the face does, by its largest coefficient; `names` are those of the coefficients where they are a plain list."""
    told = truth.about.get("expression")
    named = dict(zip(names, told, strict=False)) if isinstance(told, list) and len(told) == len(names) else told
    table = (
        {str(name): abs(value) for name, value in named.items() if isinstance(value, int | float)}
        if isinstance(named, dict)
        else {}
    )
    if not table:
        return NEUTRAL if truth.at_rest else "not told"
    strongest = max((name for name in table if _group(name) != NEUTRAL), key=lambda name: table[name], default="")
    return _group(strongest) if table.get(strongest, 0) > STRONG else NEUTRAL


def _group(name: str) -> str:
    return next((group for start, group in GROUPS.items() if name.startswith(start)), name)


def statistics(parts: Iterable[Float32[np.ndarray, "_"]]) -> dict[str, float]:
    """Mean, standard deviation, median and 90 % over all pixels of all heads."""
    errors = np.concatenate(list(parts)).astype(np.float64)
    return {
        "mean": float(errors.mean()),
        "std": float(errors.std()),
        "median": float(np.median(errors)),
        "p90": float(np.quantile(errors, 0.9)),
    }
