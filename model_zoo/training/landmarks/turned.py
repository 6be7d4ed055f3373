"""Portraits turned by their own geometry: the photograph on a depth mesh of MediaPipe's points, seen from the side."""

import cv2
import numpy as np
from jaxtyping import Bool, Float32, Float64, Int32, UInt8
from scipy.interpolate import LinearNDInterpolator
from scipy.ndimage import gaussian_filter
from scipy.spatial import Delaunay, cKDTree
from scipy.spatial.transform import Rotation

from facetex_core.geometry.raycast import Scene
from facetex_core.geometry.similarity import similarity
from training.landmarks.labels import Dense, Rgb, Row, Sparse, canonical_468, eye_distance, face_square

SIZE = 256
STEP = 4  # pixels of the photograph per mesh cell
LEAST, MOST = 5.0, 62.0  # degrees of the head's yaw
WIDEST = 60.0  # degrees by which a photograph is turned
WIDE = 2.3  # faces across a picture
Depth = Float64[np.ndarray, "rows columns"]
Places = Float64[np.ndarray, "points 3"]
Turn = Float64[np.ndarray, "3 3"]


def cells(size: int) -> Float64[np.ndarray, "cells 2"]:
    """Where the mesh reads a square photograph, in pixels, row by row."""
    rows, columns = np.mgrid[0:size:STEP, 0:size:STEP]
    return np.column_stack([columns.ravel(), rows.ravel()]) + 0.5


def depth_field(dense: Dense, size: int, side: float) -> Depth:
    """Depth (away from the camera, pixels) at the cells: the face's own, and a head that recedes around it."""
    grid, count = cells(size), len(range(0, size, STEP))
    inside = LinearNDInterpolator(Delaunay(dense[:, :2]), dense[:, 2])(grid)
    distance, nearest = cKDTree(dense[:, :2]).query(grid, k=4)
    away = distance.mean(1)
    outside = dense[nearest, 2].mean(1) + 0.9 * away + 1.5 * away**2 / side
    depth = np.where(np.isnan(inside), outside, inside).reshape(count, count)
    return np.minimum(gaussian_filter(depth, 0.7), dense[:, 2].min() + 1.6 * side)


def grid_triangles(keep: Bool[np.ndarray, "rows columns"]) -> Int32[np.ndarray, "triangles 3"]:
    """Two triangles for every grid cell whose four corners are kept."""
    index = np.arange(keep.size).reshape(keep.shape)
    full = keep[:-1, :-1] & keep[1:, :-1] & keep[:-1, 1:] & keep[1:, 1:]
    a, b, c, d = (part[full] for part in (index[:-1, :-1], index[:-1, 1:], index[1:, :-1], index[1:, 1:]))
    return np.concatenate([np.stack([a, b, c], 1), np.stack([b, d, c], 1)]).astype(np.int32)


def rotation(yaw: float, pitch: float) -> Turn:
    """Turn about the vertical, then the horizontal axis of the picture (radians)."""
    return np.asarray(Rotation.from_euler("yx", [yaw, pitch]).as_matrix())


def own_yaw(dense: Dense) -> float:
    """How far the head is turned in the photograph (radians), by a similarity from the canonical face."""
    canonical = canonical_468() * [1, -1, -1]  # picture axes: right, down, away
    turn, _, _ = similarity(canonical, dense)
    return float(np.arctan2(turn[0, 2], turn[2, 2]))


def turns(own: float, low: float, high: float, rng: np.random.Generator) -> tuple[float, float]:
    """A yaw of the head (radians) between the two (degrees), and the turn to it: not by much more than a photograph shows."""
    size = np.radians(rng.uniform(low, high))
    able = [sign * size for sign in (-1, 1) if abs(sign * size - own) < np.radians(WIDEST)]
    yaw = float(rng.choice(able)) if able else size * np.sign(own)
    return yaw, yaw - own


class TurnedPortrait:
    """One photograph as a mesh that can be seen from other sides."""

    def __init__(self, rgb: Rgb, mask: UInt8[np.ndarray, "size size"], dense: Dense, mixed: Sparse) -> None:
        square, depth = face_square(dense), depth_field(dense, rgb.shape[0], face_square(dense).side)
        self.rgb, self.side, self.dense, self.grid = rgb, square.side, dense, cells(rgb.shape[0])
        centre = np.array([*square.centre, np.median(dense[:, 2]) + 0.35 * square.side])
        self.vertices = np.column_stack([self.grid, depth.ravel()]) - centre
        near = np.linalg.norm(self.grid - square.centre, axis=1) < 1.5 * square.side
        self.triangles = grid_triangles((mask[::STEP, ::STEP] > 100) & near.reshape(depth.shape))
        lift = depth[tuple((mixed[:, ::-1] / STEP).astype(int).T)]
        self.points = np.concatenate([dense, np.column_stack([mixed, lift])]) - centre

    def render(self, yaw: float, pitch: float, distance: float) -> Row:
        """RGBA picture of SIZE pixels, WIDE faces wide, the points on it, the outer-eye distance in space in pixels.

        The turn is in radians, the camera's distance in face squares.
        """
        turn, scale = rotation(yaw, pitch), SIZE / (WIDE * self.side)
        points, vertices = (_seen(part, turn, distance * self.side) for part in (self.points, self.vertices))
        offset = SIZE / 2 - scale * (points[:468, :2].min(0) + points[:468, :2].max(0)) / 2
        vertices[:, :2] = vertices[:, :2] * scale + offset
        eyes = np.array(scale * eye_distance(self.dense))
        return {"rgba": self._shade(vertices), "points": points[:, :2] * scale + offset, "eyes": eyes}

    def _shade(self, vertices: Places) -> UInt8[np.ndarray, "size size 4"]:
        origins, ways = rays(-1e4)
        triangle, weights, _ = Scene(vertices.astype(np.float32), self.triangles).first_hits(origins, ways)
        seen = (triangle >= 0).reshape(SIZE, SIZE)
        at = np.einsum("pk,pkc->pc", weights, self.grid[self.triangles[triangle.clip(0)]]).astype(np.float32) - 0.5
        x, y = at.T.reshape(2, SIZE, SIZE)
        colour = cv2.remap(self.rgb, x, y, cv2.INTER_LINEAR)
        return np.dstack([colour * seen[..., None], seen * np.uint8(255)]).astype(np.uint8)


def rays(depth: float) -> tuple[Float32[np.ndarray, "rays 3"], Float32[np.ndarray, "rays 3"]]:
    """Origins and directions of a ray through every pixel of a picture, straight ahead."""
    rows, columns = np.mgrid[0:SIZE, 0:SIZE] + 0.5
    origins = np.column_stack([columns.ravel(), rows.ravel(), np.full(SIZE * SIZE, depth)]).astype(np.float32)
    return origins, np.broadcast_to(np.array([0, 0, 1], np.float32), origins.shape)


def _seen(points: Places, turn: Turn, distance: float) -> Places:
    """Perspective picture coordinates with the face at unit scale, and depth."""
    turned = points @ turn.T
    scale = distance / (distance + turned[:, 2:])
    return np.column_stack([turned[:, :2] * scale, turned[:, 2]])


def turned(item: tuple[int, Row], views: int) -> list[Row]:
    """Pictures of one portrait, whose number seeds them, one in every part of the range of yaws."""
    number, row = item
    rng, portrait = np.random.default_rng(number), TurnedPortrait(*(row[name] for name in ("rgb", "mask", "dense", "mixed")))
    own, step, made = own_yaw(portrait.dense), (MOST - LEAST) / views, []
    for index in range(views):
        yaw, turn = turns(own, LEAST + step * index, LEAST + step * (index + 1), rng)
        picture = portrait.render(turn, np.radians(rng.normal(0, 9)), rng.uniform(4, 12))
        made.append(picture | {"yaw": np.array(yaw)})
    return made
