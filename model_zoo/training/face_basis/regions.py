"""Soft regions of the skin from contours through the dense points, drawn in UV, and the box round the face."""

import numpy as np
from jaxtyping import Float, Int

from training.face_basis.source import Arrays
from training.face_basis.surface import hit_distances
from training.face_basis.topology import inside

CONTOURS: dict[str, tuple[int, ...]] = {
    "lips": (61, 146, 91, 181, 84, 17, 314, 405, 321, 375, 291, 409, 270, 269, 267, 0, 37, 39, 40, 185),
    "right_brow": (70, 63, 105, 66, 107, 55, 65, 52, 53, 46),
    "left_brow": (300, 293, 334, 296, 336, 285, 295, 282, 283, 276),
    "right_eye": (33, 7, 163, 144, 145, 153, 154, 155, 133, 173, 157, 158, 159, 160, 161, 246),
    "left_eye": (263, 249, 390, 373, 374, 380, 381, 382, 362, 398, 384, 385, 386, 387, 388, 466),
    "nose": (168, 193, 122, 198, 129, 98, 2, 327, 358, 420, 351, 417),
    "forehead": (
        *(127, 162, 21, 54, 103, 67, 109, 10, 338, 297, 332, 284, 251, 389, 356),
        *(300, 293, 334, 296, 336, 9, 107, 66, 105, 63, 70),
    ),
    "chin": (136, 150, 149, 176, 148, 152, 377, 400, 378, 379, 365, 422, 18, 202),
    "face": (
        *(10, 338, 297, 332, 284, 251, 389, 356, 454, 323, 361, 288, 397, 365, 379, 378, 400, 377),
        *(152, 148, 176, 149, 150, 136, 172, 58, 132, 93, 234, 127, 162, 21, 54, 103, 67, 109),
    ),
}
GROWN = {"lips": 0.002, "brows": 0.006, "eyes": 0.016, "nose": 0.008, "forehead": 0.0, "chin": 0.0, "face": 0.012}
SOFT = {"lips": 0.008, "brows": 0.012, "eyes": 0.012, "nose": 0.012, "forehead": 0.03, "chin": 0.03, "face": 0.024}
"""How far (UV) a region reaches beyond its contour, and how wide its border is."""
NAMES = ("face", "lips", "brows", "eyes", "nose", "nostrils", "forehead", "cheeks", "chin", "neck", "scalp", "ears")
EAR_CENTRE, EAR_REACH = np.array([0.086, 0.012, -0.002]), np.array([0.016, 0.040, 0.030])
FACE_BOX_UNIT, TEXELS = 16, 1024


def distance_inside(
    polygon: Float[np.ndarray, "corners 2"], points: Float[np.ndarray, "points 2"]
) -> Float[np.ndarray, " points"]:
    """Distance to the polygon's border, negative outside."""
    start, way = polygon, np.roll(polygon, -1, axis=0) - polygon
    offset = points[:, None] - start
    share = np.clip((offset * way).sum(-1) / (way**2).sum(-1), 0, 1)
    distance = np.linalg.norm(offset - share[..., None] * way, axis=-1).min(1)
    return np.where(inside(polygon, points), distance, -distance)


def soft(distance: Float[np.ndarray, " points"], name: str) -> Float[np.ndarray, " points"]:
    """0 to 1 across the border, with zero slope at both ends."""
    step = np.clip((distance + GROWN[name]) / SOFT[name] + 0.5, 0, 1)
    return step * step * (3 - 2 * step)


def vertex_places(arrays: Arrays) -> Float[np.ndarray, "vertices 2"]:
    """One UV place for every vertex (on the seam either of its two)."""
    places = np.zeros((len(arrays["mean"]), 2))
    places[arrays["triangles"]] = arrays["uvs"][arrays["uv_triangles"]]
    return places


def dense_places(arrays: Arrays) -> Float[np.ndarray, "468 2"]:
    """The dense points in UV."""
    corners = arrays["uvs"][arrays["uv_triangles"][arrays["dense_triangles"]]]
    return np.einsum("pkc,pk->pc", corners, arrays["dense_barycentric"])


def nostrils(
    mean: Float[np.ndarray, "vertices 3"], triangles: Int[np.ndarray, "triangles 3"], nose: Float[np.ndarray, " vertices"]
) -> Float[np.ndarray, " vertices"]:
    """The part of the nose that cannot be seen from the front nor from up to 30 degrees below, softened by averaging."""
    near = np.flatnonzero((nose > 0) & (mean[:, 1] < 0.008))
    corners = mean[triangles[(nose[triangles] > 0).all(1)]]
    hidden = np.ones(len(near), dtype=bool)
    for way in ([0, 0, 1], [0, -0.34, 0.94], [0, -0.5, 0.87]):
        direction = np.array(way)
        origins = mean[near] + 2e-4 * direction
        hidden &= np.isfinite(hit_distances(origins, np.broadcast_to(direction, origins.shape), corners))
    result = np.zeros(len(mean))
    result[near[hidden]] = 1
    ends, starts = triangles.ravel(), np.roll(triangles, 1, axis=1).ravel()
    degree = 1 + np.bincount(ends, minlength=len(mean))
    for _ in range(2):
        result = (result + np.bincount(ends, result[starts], len(mean))) / degree
    return result


def region_weights(arrays: Arrays) -> dict[str, Float[np.ndarray, " vertices"]]:
    """Weights in [0, 1] of all regions; those of the other parts are zero."""
    places, dense, mean = vertex_places(arrays), dense_places(arrays), arrays["mean"].astype(np.float64)
    skin_triangles = arrays["triangles"][: arrays["part_ranges"][0, 1]]
    skin = np.isin(np.arange(len(mean)), skin_triangles).astype(float)
    depth = {name: distance_inside(dense[list(numbers)], places) for name, numbers in CONTOURS.items()}
    depth["brows"] = np.maximum(depth.pop("right_brow"), depth.pop("left_brow"))
    depth["eyes"] = np.maximum(depth.pop("right_eye"), depth.pop("left_eye"))
    weights = {name: soft(distance, name) * skin for name, distance in depth.items()}
    weights["nostrils"] = nostrils(mean, skin_triangles, weights["nose"])
    taken = np.max([weights[name] for name in ("lips", "brows", "eyes", "nose", "forehead", "chin")], axis=0)
    weights["cheeks"] = weights["face"] * (1 - taken)
    outside = skin * (1 - weights["face"])
    off_ear = (np.c_[np.abs(mean[:, 0]), mean[:, 1:]] - EAR_CENTRE) / EAR_REACH
    weights["ears"] = outside * np.clip(2.5 - 2.5 * np.linalg.norm(off_ear, axis=1) + 0.5, 0, 1)
    below = np.clip((-0.045 - mean[:, 1] - 0.25 * mean[:, 2]) / 0.02 + 0.5, 0, 1)
    weights["neck"] = outside * (1 - weights["ears"]) * below
    weights["scalp"] = outside * (1 - weights["ears"]) * (1 - below)
    return weights


def face_box(places: Float[np.ndarray, "vertices 2"], face: Float[np.ndarray, " vertices"]) -> Float[np.ndarray, "4"]:
    """The symmetric square (left, top, right, bottom) round the face region, a whole multiple of 16 texels at 1024."""
    reached = places[face > 0.02]
    half = np.abs(reached[:, 0] - 0.5).max()
    top, bottom = reached[:, 1].min(), reached[:, 1].max()
    side = int(np.ceil(max(2 * half, bottom - top) * TEXELS / FACE_BOX_UNIT)) * FACE_BOX_UNIT
    upper = round((top + bottom) / 2 * TEXELS - side / 2)
    left = (TEXELS - side) // 2
    return np.array([left, upper, left + side, upper + side], dtype=np.float32) / TEXELS


def region_arrays(arrays: Arrays) -> Arrays:
    """Regions and face box, by their names in the file; both sides are made exactly equal."""
    weights = region_weights(arrays)
    even = [(weights[name] + weights[name][arrays["mirror"]]) / 2 for name in NAMES]
    stored = np.round(np.stack(even) * 255).astype(np.uint8)
    return {"region_names": np.array(NAMES), "regions": stored, "face_box": face_box(vertex_places(arrays), even[0])}
