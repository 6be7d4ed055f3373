"""Pictures of a face basis: shaded views by ray casting, the UV layout with regions, millimetres per texel."""

import ctypes

import cv2
import libusb_package
import numpy as np
from jaxtyping import Float, UInt8

from training.face_basis.source import vertex_normals

# open3d's wheel needs libusb-1.0 in the process, which a bare machine lacks.
ctypes.CDLL(str(libusb_package.get_library_path()), ctypes.RTLD_GLOBAL)
import open3d as o3d  # noqa: E402

PART_COLOURS = {
    "skin": (0.80, 0.66, 0.58),
    "left_eye": (0.95, 0.95, 0.97),
    "right_eye": (0.95, 0.95, 0.97),
    "mouth": (0.45, 0.15, 0.15),
    "teeth": (0.95, 0.92, 0.82),
}
BACKDROP, LIGHT = 0.25, np.array([0.35, 0.45, 0.82])
REGION_TINTS = np.random.default_rng(5).uniform(0.15, 1, (16, 3))


def triangle_colours(arrays: dict[str, np.ndarray]) -> Float[np.ndarray, "triangles 3"]:
    """One colour a part."""
    colours = np.zeros((len(arrays["triangles"]), 3))
    for name, (start, stop) in zip(arrays["part_names"], arrays["part_ranges"], strict=True):
        colours[start:stop] = PART_COLOURS[str(name)]
    return colours


def render(
    vertices: Float[np.ndarray, "vertices 3"],
    arrays: dict[str, np.ndarray],
    *,
    yaw: float = 0,
    width: float = 0.30,
    centre: tuple[float, float] = (0.0, -0.02),
    size: int = 640,
    marks: Float[np.ndarray, "marks 3"] | None = None,
) -> UInt8[np.ndarray, "size size 3"]:
    """Parallel view from `yaw` degrees to the subject's left; back sides are drawn red; visible marks as dots."""
    turn = np.radians(yaw)
    forward = -np.array([np.sin(turn), 0, np.cos(turn)])
    right, up = np.array([np.cos(turn), 0, -np.sin(turn)]), np.array([0, 1, 0])
    scene = o3d.t.geometry.RaycastingScene()
    scene.add_triangles(vertices.astype(np.float32), arrays["triangles"].astype(np.uint32))
    axis = (np.arange(size) + 0.5) / size - 0.5
    x, y = np.meshgrid(axis * width + centre[0], -axis * width + centre[1])
    origins = x[..., None] * right + y[..., None] * up - forward
    hits = scene.cast_rays(np.concatenate([origins, np.broadcast_to(forward, origins.shape)], axis=-1).astype(np.float32))
    hit, uv, number = hits["t_hit"].numpy(), hits["primitive_uvs"].numpy(), hits["primitive_ids"].numpy()
    seen = np.isfinite(hit)
    corners = arrays["triangles"][number[seen]]
    weights = np.c_[1 - uv[seen].sum(1), uv[seen]]
    normals = np.einsum("pk,pkc->pc", weights, vertex_normals(vertices, arrays["triangles"])[corners])
    facing = (hits["primitive_normals"].numpy()[seen] @ forward) < 0
    shade = 0.25 + 0.75 * np.clip(normals @ (LIGHT[0] * right + LIGHT[1] * up - LIGHT[2] * forward), 0, 1)
    image = np.full((size, size, 3), BACKDROP)
    image[seen] = np.where(facing[:, None], triangle_colours(arrays)[number[seen]], (1, 0, 0)) * shade[:, None]
    picture = np.ascontiguousarray((image[..., ::-1].clip(0, 1) ** (1 / 2.2) * 255).astype(np.uint8))
    for mark in () if marks is None else marks:
        column, row = (mark @ right - centre[0]) / width + 0.5, 0.5 - (mark @ up - centre[1]) / width
        cv2.circle(picture, (int(column * size), int(row * size)), 2, (40, 230, 40), -1, cv2.LINE_AA)
    return picture


def layout_picture(arrays: dict[str, np.ndarray], size: int = 1024) -> UInt8[np.ndarray, "size size 3"]:
    """Triangles in UV tinted by region, with the face box and the dense points."""
    image = np.full((size, size, 3), 40, dtype=np.uint8)
    regions = arrays["regions"].astype(float) / 255
    tints = (regions[1:].T @ REGION_TINTS[: len(regions) - 1]) / np.maximum(regions[1:].sum(0), 1e-3)[:, None]
    for corners, places in zip(arrays["triangles"], arrays["uv_triangles"], strict=True):
        shape = (arrays["uvs"][places] * size * 16).astype(np.int32)
        cv2.fillConvexPoly(image, shape, (tints[corners].mean(0) * 255 + 20).clip(0, 255).tolist(), shift=4)
        cv2.polylines(image, [shape], True, (0, 0, 0), 1, cv2.LINE_AA, shift=4)
    left, top, right, bottom = (int(v) for v in arrays["face_box"] * size)
    cv2.rectangle(image, (left, top), (right, bottom), (255, 255, 255), 2)
    return image


def density_picture(
    arrays: dict[str, np.ndarray], millimetres: Float[np.ndarray, " triangles"], size: int = 1024
) -> UInt8[np.ndarray, "size size 3"]:
    """Millimetres per texel at 1024 as colour, blue 0 to red 1."""
    image = np.full((size, size, 3), 255, dtype=np.uint8)
    tints = cv2.applyColorMap((np.clip(millimetres, 0, 1) * 255).astype(np.uint8)[:, None], cv2.COLORMAP_JET)[:, 0]
    for tint, places in zip(tints, arrays["uv_triangles"], strict=True):
        cv2.fillConvexPoly(image, (arrays["uvs"][places] * size * 16).astype(np.int32), tint.tolist(), shift=4)
    return image
