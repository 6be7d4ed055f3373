"""ICT-FaceKit as learning material: its surface, left-right pairs and modes (https://github.com/ICT-VGL/ICT-FaceKit, MIT)."""

import json
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np
from jaxtyping import Float, Int, Shaped
from scipy.spatial import cKDTree

from training.common.data import DATA

Arrays = dict[str, Shaped[np.ndarray, "..."]]
"""What a file of the basis holds, by name: the table is in the model's card."""
CENTIMETRE = 0.01
# Vertex ranges of generic_neutral_mesh.obj, read off its materials and connected components.
SKIN = (0, 11248)
MOUTH = (11248, 13294)
GUMS = (14062, 17039)
TEETH = (17039, 21451)
SCLERA = {"left": (21451, 22221), "right": (23021, 23791)}
EYEBALL = {"left": (21451, 23021), "right": (23021, 24591)}
MIDLINE_TOLERANCE = 1e-5
LIP_REACH, LIP_OVERLAP = 0.006, 1.1


@dataclass(frozen=True)
class Source:
    """The generic head in metres, made exactly symmetric, and what moves it."""

    vertices: Float[np.ndarray, "vertices 3"]
    triangles: Int[np.ndarray, "triangles 3"]
    mirror: Int[np.ndarray, " vertices"]
    identity: Float[np.ndarray, "modes vertices 3"]
    expression: Float[np.ndarray, "shapes vertices 3"]
    expression_names: tuple[str, ...]
    landmarks: Int[np.ndarray, " 68"]


def read_triangles(path: Path) -> Int[np.ndarray, "triangles 3"]:
    """The polygons of an OBJ file, each fanned from its first corner."""
    triangles = []
    for line in path.read_text().splitlines():
        if line.startswith("f "):
            corners = [int(word.split("/")[0]) - 1 for word in line.split()[1:]]
            triangles += [(corners[0], *corners[k : k + 2]) for k in range(1, len(corners) - 1)]
    return np.array(triangles, dtype=np.int64)


def left_right_pairs(points: Float[np.ndarray, "vertices 3"]) -> Int[np.ndarray, " vertices"]:
    """The number of each vertex's mirror image, sought within its own range: vertices of different parts share places."""
    bounds = [0, SKIN[1], MOUTH[1], TEETH[0], TEETH[1], EYEBALL["right"][1], len(points)]
    pairs = [start + cKDTree(points[start:stop]).query(points[start:stop] * [-1, 1, 1])[1] for start, stop in pairwise(bounds)]
    return np.concatenate(pairs)


def lip_closing(points: Float[np.ndarray, "vertices 3"], ibug: Float[np.ndarray, "68 3"]) -> Float[np.ndarray, "vertices 3"]:
    """Shift that closes the source's 0.7 mm gap between the lips at rest: each lip goes half the way, less farther off."""
    upper, lower = ibug[[60, 61, 62, 63, 64]], ibug[[60, 67, 66, 65, 64]]
    reached = np.clip(points[:, 0], ibug[60, 0], ibug[64, 0])
    gap = np.interp(reached, upper[:, 0], upper[:, 1]) - np.interp(reached, lower[:, 0], lower[:, 1])
    line = (upper + lower) / 2
    middle = np.stack([np.interp(reached, line[:, 0], axis) for axis in line.T], axis=1)
    nearness = np.exp(-(np.linalg.norm(points - middle, axis=1) ** 2) / LIP_REACH**2)
    shift = np.zeros_like(points)
    shift[:, 1] = -np.sign(points[:, 1] - middle[:, 1]) * nearness * LIP_OVERLAP * gap / 2
    shift[MOUTH[1] :, 1] = 0
    return shift


def read_source() -> Source:
    """Reads ICT-FaceKit from the shared folder."""
    folder = DATA / "models" / "mm" / "ict"
    with np.load(folder / "ict_facekit_f16.npz") as stored:
        neutral = stored["neutral"].astype(np.float64) * CENTIMETRE
        identity = stored["identity"].astype(np.float32) * np.float32(CENTIMETRE)
        expression = stored["expression"].astype(np.float32) * np.float32(CENTIMETRE)
        names = tuple(str(name) for name in stored["expression_names"])
    mirror = left_right_pairs(neutral)
    vertices = (neutral + neutral[mirror] * [-1, 1, 1]) / 2
    vertices[np.abs(vertices[:, 0]) < MIDLINE_TOLERANCE, 0] = 0
    landmarks = json.loads((folder / "vertex_indices.json").read_text())["idx_to_landmark_verts"]
    vertices = vertices + lip_closing(vertices, vertices[landmarks])
    triangles = read_triangles(folder / "generic_neutral_mesh.obj")
    return Source(vertices, triangles, mirror, identity, expression, names, np.array(landmarks))


def half_triangles(source: Source, span: tuple[int, int]) -> Int[np.ndarray, "triangles 3"]:
    """Triangles on the subject's left (x >= 0) that belong to a vertex range (a corner may be shared with an earlier range)."""
    triangles = source.triangles
    inside = (triangles.max(1) >= span[0]) & (triangles.max(1) < span[1])
    left = (source.vertices[triangles, 0] >= 0).all(1) & (source.vertices[triangles, 0] > 0).any(1)
    return triangles[inside & left]


def border_chains(triangles: Int[np.ndarray, "triangles 3"]) -> list[list[int]]:
    """Closed border loops in the triangles' own direction of travel."""
    edges = {(int(a), int(b)) for t in triangles for a, b in zip(t, np.roll(t, -1), strict=True)}
    following = {a: b for a, b in edges if (b, a) not in edges}
    loops: list[list[int]] = []
    while following:
        start, current = following.popitem()
        loop = [start]
        while current != start:
            loop.append(current)
            current = following.pop(current)
        loops.append(loop)
    return loops


def triangle_areas(
    points: Float[np.ndarray, "vertices 3"], triangles: Int[np.ndarray, "triangles 3"]
) -> Float[np.ndarray, " triangles"]:
    """Areas in space."""
    a, b, c = points[triangles].transpose(1, 0, 2)
    return np.linalg.norm(np.cross(b - a, c - a), axis=1) / 2


def vertex_normals(
    points: Float[np.ndarray, "vertices 3"], triangles: Int[np.ndarray, "triangles 3"]
) -> Float[np.ndarray, "vertices 3"]:
    """Area-weighted unit normals."""
    a, b, c = points[triangles].transpose(1, 0, 2)
    normals = np.zeros_like(points)
    for k in range(3):
        np.add.at(normals, triangles[:, k], np.cross(b - a, c - a))
    return normals / np.maximum(np.linalg.norm(normals, axis=1, keepdims=True), 1e-20)


def signed_areas(
    plane: Float[np.ndarray, "vertices 2"], triangles: Int[np.ndarray, "triangles 3"]
) -> Float[np.ndarray, " triangles"]:
    """Signed areas in a plane whose second axis points down: positive where counter-clockwise as seen on screen."""
    a, b, c = plane[triangles].transpose(1, 0, 2)
    e, f = b - a, c - a
    return -(e[:, 0] * f[:, 1] - e[:, 1] * f[:, 0]) / 2
