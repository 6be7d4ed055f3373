"""Pictures of a face basis: shaded views by ray casting, the UV layout with regions, millimetres per texel."""

import cv2
import numpy as np
from jaxtyping import Float, Int, UInt8

from facetex_core.geometry.raycast import Scene
from training.face_basis.source import Arrays, vertex_normals

PART_COLOURS = {
    "skin": (0.80, 0.66, 0.58),
    "left_eye": (0.95, 0.95, 0.97),
    "right_eye": (0.95, 0.95, 0.97),
    "mouth": (0.45, 0.15, 0.15),
    "teeth": (0.95, 0.92, 0.82),
    "gums": (0.75, 0.35, 0.35),
    "lashes": (0.1, 0.08, 0.08),
}
BACKDROP, LIGHT = 0.25, np.array([0.35, 0.45, 0.82])
REGION_TINTS = np.random.default_rng(5).uniform(0.15, 1, (16, 3))

Picture = UInt8[np.ndarray, "size size 3"]
"""BGR, as cv2 writes it."""
Vertices = Float[np.ndarray, "vertices 3"]
Frame = Float[np.ndarray, "3 3"]


def triangle_colours(arrays: Arrays) -> Float[np.ndarray, "triangles 3"]:
    """One colour a part."""
    colours = np.zeros((len(arrays["triangles"]), 3))
    for name, (start, stop) in zip(arrays["part_names"], arrays["part_ranges"], strict=True):
        colours[start:stop] = PART_COLOURS[str(name)]
    return colours


def view_frame(yaw: float) -> Frame:
    """Right, up and towards the head of a view from `yaw` degrees to the subject's left."""
    turn = np.radians(yaw)
    sine, cosine = np.sin(turn), np.cos(turn)
    return np.array([(cosine, 0, -sine), (0, 1, 0), (-sine, 0, -cosine)])


def shaded(
    vertices: Vertices, arrays: Arrays, frame: Frame, triangle: Int[np.ndarray, " hits"], weights: Float[np.ndarray, "hits 3"]
) -> Float[np.ndarray, "hits 3"]:
    """Colours of places on triangles; back sides are red."""
    corners = arrays["triangles"][triangle]
    normals = np.einsum("pk,pkc->pc", weights, vertex_normals(vertices, arrays["triangles"])[corners])
    a, b, c = vertices[corners].transpose(1, 0, 2)
    facing = np.cross(b - a, c - a) @ frame[2] < 0
    shade = 0.25 + 0.75 * np.clip(normals @ (LIGHT * [1, 1, -1] @ frame), 0, 1)
    return np.where(facing[:, None], triangle_colours(arrays)[triangle], (1, 0, 0)) * shade[:, None]


def render(
    vertices: Vertices,
    arrays: Arrays,
    *,
    yaw: float = 0,
    width: float = 0.30,
    centre: tuple[float, float] = (0.0, -0.02),
    size: int = 640,
    marks: Float[np.ndarray, "marks 3"] | None = None,
) -> Picture:
    """Parallel view of so many metres from `yaw` degrees to the subject's left; back sides are drawn red; marks as dots."""
    frame = view_frame(yaw)
    axis = (np.arange(size) + 0.5) / size - 0.5
    x, y = np.meshgrid(axis * width + centre[0], -axis * width + centre[1])
    origins = np.stack([x.ravel(), y.ravel(), np.full(size * size, -1)], axis=1) @ frame
    scene = Scene(vertices.astype(np.float32), arrays["triangles"])
    triangle, weights, _ = scene.first_hits(origins.astype(np.float32), np.tile(frame[2].astype(np.float32), (len(origins), 1)))
    image, seen = np.full((size * size, 3), BACKDROP), triangle >= 0
    image[seen] = shaded(vertices, arrays, frame, triangle[seen], weights[seen])
    picture = np.ascontiguousarray((image[:, ::-1].clip(0, 1) ** (1 / 2.2) * 255).astype(np.uint8).reshape(size, size, 3))
    for column, row in () if marks is None else (marks @ frame[:2].T - centre) / width * [1, -1] + 0.5:
        cv2.circle(picture, (int(column * size), int(row * size)), 2, (40, 230, 40), -1, cv2.LINE_AA)
    return picture


def layout_picture(arrays: Arrays, dense: Float[np.ndarray, "468 2"], size: int = 1024) -> Picture:
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
    for u, v in dense * size:
        cv2.circle(image, (int(u), int(v)), 2, (255, 255, 255), -1)
    return image


def density_picture(arrays: Arrays, millimetres: Float[np.ndarray, " triangles"], size: int = 1024) -> Picture:
    """Millimetres per texel at 1024 as colour, blue 0 to red 1."""
    image = np.full((size, size, 3), 255, dtype=np.uint8)
    tints = cv2.applyColorMap((np.clip(millimetres, 0, 1) * 255).astype(np.uint8)[:, None], cv2.COLORMAP_JET)[:, 0]
    for tint, places in zip(tints, arrays["uv_triangles"], strict=True):
        cv2.fillConvexPoly(image, (arrays["uvs"][places] * size * 16).astype(np.int32), tint.tolist(), shift=4)
    return image
