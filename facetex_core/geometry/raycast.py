"""Open3D's Embree ray casting, loaded when first needed."""

import ctypes
from functools import cache
from threading import Lock
from types import ModuleType

import numpy as np
from jaxtyping import Bool, Float, Float32, Int32

_LOADING = Lock()
"""Of two threads that load libraries at once, each may wait for the other for ever: one for the loader, one for Python."""

Rays = Float32[np.ndarray, "rays 3"]
Points = Float32[np.ndarray, "points 3"]


@cache
def open3d() -> ModuleType:
    """Open3D; libusb, which it needs and many machines lack, is brought by the package libusb-package."""
    with _LOADING:
        import libusb_package

        library = libusb_package.get_library_path()
        if library:
            ctypes.CDLL(str(library), ctypes.RTLD_GLOBAL)
        import open3d

        return open3d


class Scene:
    """Triangles to cast rays against."""

    def __init__(self, vertices: Float32[np.ndarray, "vertices 3"], triangles: Int32[np.ndarray, "triangles 3"]) -> None:
        self._scene = open3d().t.geometry.RaycastingScene()
        self._scene.add_triangles(np.ascontiguousarray(vertices, np.float32), np.ascontiguousarray(triangles, np.uint32))

    def first_hits(
        self, origins: Rays, directions: Rays
    ) -> tuple[Int32[np.ndarray, "rays"], Rays, Float32[np.ndarray, "rays"]]:
        """Triangle (-1 for none), barycentric weights and distance of what each ray meets first."""
        found = self._scene.cast_rays(_rays(origins, directions))
        triangle = found["primitive_ids"].numpy().astype(np.int64)
        distance = found["t_hit"].numpy()
        second_third = found["primitive_uvs"].numpy()
        weights = np.concatenate([1 - second_third.sum(1, keepdims=True), second_third], 1)
        return np.where(np.isfinite(distance), triangle, -1).astype(np.int32), weights.astype(np.float32), distance

    def blocked(self, origins: Rays, directions: Rays) -> Bool[np.ndarray, "rays"]:
        """Whether anything lies on each ray."""
        return np.asarray(self._scene.test_occlusions(_rays(origins, directions)).numpy())

    def nearest(self, points: Points) -> tuple[Int32[np.ndarray, "points"], Points]:
        """Triangle and barycentric weights of the surface's nearest point."""
        found = self._scene.compute_closest_points(open3d().core.Tensor(np.ascontiguousarray(points, np.float32)))
        second_third = found["primitive_uvs"].numpy()
        weights = np.concatenate([1 - second_third.sum(1, keepdims=True), second_third], 1)
        return found["primitive_ids"].numpy().astype(np.int32), weights.astype(np.float32)

    def closest_points(self, points: Points) -> Points:
        """The surface's nearest point to each."""
        found = self._scene.compute_closest_points(open3d().core.Tensor(np.ascontiguousarray(points, np.float32)))
        return np.asarray(found["points"].numpy(), np.float32)


def _rays(origins: Float[np.ndarray, "rays 3"], directions: Float[np.ndarray, "rays 3"]) -> object:
    return open3d().core.Tensor(np.concatenate([origins, directions], 1).astype(np.float32))
