"""Portraits turned by their own geometry: the photograph on a depth mesh of MediaPipe's points, seen from the side."""

import ctypes
from pathlib import Path
from typing import Any

import click
import cv2
import libusb_package
import numpy as np
from scipy.interpolate import LinearNDInterpolator
from scipy.ndimage import gaussian_filter
from scipy.spatial import Delaunay, cKDTree

from facetex_core.geometry.similarity import similarity
from training.landmarks.labels import canonical_468, face_square

ctypes.CDLL(str(libusb_package.get_library_path()), ctypes.RTLD_GLOBAL)  # open3d needs it and ships without it
import open3d  # noqa: E402

SIZE = 256
STEP = 4  # pixels of the photograph per mesh cell
LEAST, MOST = 5.0, 62.0  # degrees of the head's yaw
WIDEST = 60.0  # degrees by which a photograph is turned


def depth_field(dense: np.ndarray, size: int, side: float) -> np.ndarray:
    """Depth (away from the camera, pixels) on a grid: the face's own, and a head that recedes around it."""
    rows, columns = np.mgrid[0:size:STEP, 0:size:STEP]
    grid = np.column_stack([columns.ravel(), rows.ravel()]) + 0.5
    inside = LinearNDInterpolator(Delaunay(dense[:, :2]), dense[:, 2])(grid)
    distance, nearest = cKDTree(dense[:, :2]).query(grid, k=4)
    away = distance.mean(1)
    outside = dense[nearest, 2].mean(1) + 0.9 * away + 1.5 * away**2 / side
    depth = np.where(np.isnan(inside), outside, inside).reshape(rows.shape)
    return np.minimum(gaussian_filter(depth, 0.7), dense[:, 2].min() + 1.6 * side)


def grid_triangles(keep: np.ndarray) -> np.ndarray:
    """Two triangles for every grid cell whose four corners are kept."""
    index = np.arange(keep.size).reshape(keep.shape)
    full = keep[:-1, :-1] & keep[1:, :-1] & keep[:-1, 1:] & keep[1:, 1:]
    a, b, c, d = (part[full] for part in (index[:-1, :-1], index[:-1, 1:], index[1:, :-1], index[1:, 1:]))
    return np.concatenate([np.stack([a, b, c], 1), np.stack([b, d, c], 1)]).astype(np.uint32)


def rotation(yaw: float, pitch: float) -> np.ndarray:
    """Turn about the vertical, then the horizontal axis of the picture (radians)."""
    cy, sy, cp, sp = np.cos(yaw), np.sin(yaw), np.cos(pitch), np.sin(pitch)
    return np.array([[1, 0, 0], [0, cp, -sp], [0, sp, cp]]) @ np.array([[cy, 0, sy], [0, 1, 0], [-sy, 0, cy]])


def own_yaw(dense: np.ndarray) -> float:
    """How far the head is turned in the photograph (radians), by a similarity from the canonical face."""
    canonical = canonical_468() * [1, -1, -1]  # picture axes: right, down, away
    turn, _, _ = similarity(canonical, dense)
    return float(np.arctan2(turn[0, 2], turn[2, 2]))


def turns(own: float, low: float, high: float, generator: np.random.Generator) -> tuple[float, float]:
    """A yaw of the head between the two, and the turn that leads to it; not by much more than a photograph shows (radians)."""
    size = np.radians(generator.uniform(low, high))
    able = [sign * size for sign in (-1, 1) if abs(sign * size - own) < np.radians(WIDEST)]
    yaw = float(generator.choice(able)) if able else size * np.sign(own)
    return yaw, yaw - own


class TurnedPortrait:
    """One photograph as a mesh that can be seen from other sides."""

    def __init__(self, rgb: np.ndarray, mask: np.ndarray, dense: np.ndarray, mixed: np.ndarray) -> None:
        square = face_square(dense)
        self.rgb, self.side, self.dense = rgb, square.side, dense
        depth = depth_field(dense, rgb.shape[0], square.side)
        rows, columns = np.mgrid[0 : rgb.shape[0] : STEP, 0 : rgb.shape[0] : STEP]
        self.grid = np.column_stack([columns.ravel(), rows.ravel()]) + 0.5
        self.centre = np.array([*square.centre, np.median(dense[:, 2]) + 0.35 * square.side])
        self.vertices = np.column_stack([self.grid, depth.ravel()]) - self.centre
        near = np.linalg.norm(self.grid - square.centre, axis=1) < 1.5 * square.side
        self.triangles = grid_triangles((mask[::STEP, ::STEP] > 100) & near.reshape(depth.shape))
        lift = depth[tuple((mixed[:, ::-1] / STEP).astype(int).T)]
        self.points = np.concatenate([dense, np.column_stack([mixed, lift])]) - self.centre

    def _seen(self, points: np.ndarray, turn: np.ndarray, distance: float) -> np.ndarray:
        """Perspective picture coordinates with the face at unit scale, and depth."""
        turned = points @ turn.T
        scale = distance / (distance + turned[:, 2:])
        return np.column_stack([turned[:, :2] * scale, turned[:, 2]])

    def render(self, yaw: float, pitch: float, distance: float) -> tuple[np.ndarray, np.ndarray, float]:
        """RGBA picture of SIZE pixels, 2.3 faces wide, the 468 + 68 points on it, the outer-eye distance in space in pixels."""
        turn = rotation(yaw, pitch)
        distance *= self.side
        scale = SIZE / (2.3 * self.side)
        points = self._seen(self.points, turn, distance)[:, :2]
        offset = SIZE / 2 - scale * (points[:468].min(0) + points[:468].max(0)) / 2
        vertices = self._seen(self.vertices, turn, distance)
        vertices[:, :2] = vertices[:, :2] * scale + offset
        return self._shade(vertices), points * scale + offset, scale * float(np.linalg.norm(self.dense[33] - self.dense[263]))

    def _shade(self, vertices: np.ndarray) -> np.ndarray:
        scene = open3d.t.geometry.RaycastingScene(nthreads=1)
        scene.add_triangles(vertices.astype(np.float32), self.triangles)
        rows, columns = np.mgrid[0:SIZE, 0:SIZE] + 0.5
        rays = np.zeros((SIZE, SIZE, 6), np.float32)
        rays[..., 0], rays[..., 1], rays[..., 2], rays[..., 5] = columns, rows, -1e4, 1
        hit = scene.cast_rays(open3d.core.Tensor(rays), nthreads=1)
        seen = np.isfinite(hit["t_hit"].numpy())
        corners = self.triangles[np.where(seen, hit["primitive_ids"].numpy(), 0)]
        u, v = np.moveaxis(hit["primitive_uvs"].numpy(), -1, 0)[..., None]
        at = (1 - u - v) * self.grid[corners[..., 0]] + u * self.grid[corners[..., 1]] + v * self.grid[corners[..., 2]]
        at = at.astype(np.float32) - 0.5
        colour = cv2.remap(self.rgb, at[..., 0], at[..., 1], cv2.INTER_LINEAR)
        return np.dstack([colour * seen[..., None], seen * np.uint8(255)]).astype(np.uint8)


@click.command(help=__doc__)
@click.option("--work", type=click.Path(path_type=Path), required=True, help="Folder of the caches.")
@click.option("--views", default=4, show_default=True, help="Turned pictures of every portrait.")
@click.option("--folder", default="bank", show_default=True)
def main(work: Path, views: int, folder: str) -> None:
    """Turn every portrait of a folder."""
    rows = np.load(work / f"{folder}.npz")
    generator = np.random.default_rng(1)
    made: dict[str, list[Any]] = {"rgba": [], "points": [], "eyes": [], "yaw": []}
    for parts in zip(rows["rgb"], rows["mask"], rows["dense"], rows["mixed"], strict=True):
        portrait = TurnedPortrait(*parts)
        own, step = own_yaw(portrait.dense), (MOST - LEAST) / views
        for index in range(views):
            low = LEAST + step * index  # one picture in every part of the range
            yaw, turn = turns(own, low, low + step, generator)
            view = portrait.render(turn, np.radians(generator.normal(0, 9)), generator.uniform(4, 12))
            for key, value in zip(made, (*view, yaw), strict=True):
                made[key].append(value)
    np.savez(work / f"turned_{folder}.npz", **{key: np.stack(value) for key, value in made.items()})
    click.echo(f"{len(made['yaw'])} turned pictures")


if __name__ == "__main__":
    main()
