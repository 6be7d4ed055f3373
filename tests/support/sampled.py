"""A head small enough for tests: an ellipsoid, eyes and a mouth inside, 68 landmarks, 468 dense points, regions, a UV seam.

Without expression it is convex: no point of the skin shades another.
"""

from dataclasses import replace
from functools import cache

import numpy as np

from facetex_core.geometry.camera import orbit_camera
from facetex_core.lighting.harmonics import ambient
from facetex_core.structures import (
    Appearance,
    DelitView,
    Descriptor,
    Detail,
    Embedding,
    Face,
    Fit,
    Head,
    Lighting,
    Mesh,
    MorphableModel,
    Observation,
    Photo,
    Segmentation,
    Target,
    Texture,
)

HEAD_RADII = np.array([0.075, 0.110, 0.095])
EYE_RADIUS = 0.012
EYES = {"left_eye": np.array([0.031, 0.022, 0.066]), "right_eye": np.array([-0.031, 0.022, 0.066])}
MOUTH = np.array([0.0, -0.055, 0.06])
FACE_PLANE = 0.3
"""Metres: landmarks are looked up along -z from here."""

# Islands in the UV map: left, top, width, height.
ISLANDS = {
    "skin": (0.02, 0.02, 0.96, 0.74),
    "left_eye": (0.78, 0.8, 0.18, 0.18),
    "right_eye": (0.04, 0.8, 0.18, 0.18),
    "mouth": (0.4, 0.8, 0.2, 0.18),
}
FACE_BOX = (0.2, 0.08, 0.8, 0.68)

# MediaPipe's contours of the eyes, so that whoever looks for them finds them.
RIGHT_CONTOUR = (33, 246, 161, 160, 159, 158, 157, 173, 133, 155, 154, 153, 145, 144, 163, 7)
LEFT_CONTOUR = (263, 466, 388, 387, 386, 385, 384, 398, 362, 382, 381, 380, 374, 373, 390, 249)


def ellipsoid(radii, centre, rows, columns):
    """Vertices, triangles, UVs in the unit square and UV triangles; outward winding, seam at the back, poles up and down."""
    latitude = np.pi * np.arange(1, rows) / rows
    turn = 2 * np.pi * np.arange(columns) / columns - np.pi
    wide, high = np.sin(latitude), np.cos(latitude)
    ring = np.stack([np.outer(wide, np.sin(turn)), np.outer(high, np.ones(columns)), np.outer(wide, np.cos(turn))], -1)
    vertices = np.concatenate([[[0, 1, 0]], ring.reshape(-1, 3), [[0, -1, 0]]]) * radii + centre
    u, v = np.meshgrid(np.arange(columns + 1) / columns, np.arange(1, rows) / rows)
    poles = (np.arange(columns) + 0.5) / columns
    top, bottom = (np.stack([poles, np.full(columns, edge)], 1) for edge in (0.0, 1.0))
    uvs = np.concatenate([top, np.stack([u, v], -1).reshape(-1, 2), bottom])
    triangles, uv_triangles = [], []
    for row, column in np.ndindex(rows, columns):
        for corners in _cell(row, rows):
            triangles.append([_vertex(row + r, column + c, rows, columns) for r, c in corners])
            uv_triangles.append([_uv(row + r, column + c, column, rows, columns) for r, c in corners])
    return vertices, np.array(triangles), uvs, np.array(uv_triangles)


def _cell(row, rows):
    """The triangles of a cell by row and column from its upper left corner; at a pole there is one."""
    lower, upper = ((0, 0), (1, 0), (1, 1)), ((0, 0), (1, 1), (0, 1))
    if row == 0:
        return (lower,)
    return (((0, 0), (1, 0), (0, 1)),) if row == rows - 1 else (lower, upper)


def _vertex(row, column, rows, columns):
    if row == 0:
        return 0
    return (rows - 1) * columns + 1 if row == rows else 1 + (row - 1) * columns + column % columns


def _uv(row, corner, column, rows, columns):
    if row == 0:
        return column
    inner = columns + (rows - 1) * (columns + 1)
    return inner + column if row == rows else columns + (row - 1) * (columns + 1) + corner


@cache
def tiny_model() -> MorphableModel:
    """The model: two identity modes, jawOpen and eyeBlinkLeft."""
    mesh = _mesh()
    mean = mesh.vertices
    identity = np.stack([mean * [0.04, 0, 0], mean * [0, 0.03, 0.01]]).astype(np.float32)
    front = np.clip(mean[:, 2] / HEAD_RADII[2], 0, 1)
    jaw = front * np.clip(-mean[:, 1] / 0.05, 0, 1)
    lid = np.exp(-((np.linalg.norm(mean - EYES["left_eye"], axis=1) / 0.015) ** 2))
    down = np.array([0, -1, 0])
    expression = np.stack([0.012 * jaw[:, None] * down, 0.004 * lid[:, None] * down]).astype(np.float32)
    expression[1][_vertices_of(mesh, "left_eye")] = 0
    return MorphableModel(
        "tiny", mean, identity, expression, ("jawOpen", "eyeBlinkLeft"), mesh, _embedding(mesh), _regions(mean), FACE_BOX
    )


@cache
def _mesh() -> Mesh:
    shapes = {
        "skin": ellipsoid(HEAD_RADII, np.zeros(3), 24, 36),
        "left_eye": ellipsoid(np.full(3, EYE_RADIUS), EYES["left_eye"], 12, 16),
        "right_eye": ellipsoid(np.full(3, EYE_RADIUS), EYES["right_eye"], 12, 16),
        "mouth": ellipsoid(np.array([0.02, 0.008, 0.02]), MOUTH, 8, 12),
    }
    vertices, triangles, uvs, uv_triangles, parts = [], [], [], [], {}
    for name, (v, t, uv, uv_t) in shapes.items():
        start = sum(map(len, triangles))
        parts[name] = slice(start, start + len(t))
        triangles.append(t + sum(map(len, vertices)))
        uv_triangles.append(uv_t + sum(map(len, uvs)))
        left, top, width, height = ISLANDS[name]
        vertices.append(v)
        uvs.append(uv * [width, height] + [left, top])
    return Mesh(
        _frozen(np.concatenate(vertices), np.float32),
        _frozen(np.concatenate(triangles), np.int32),
        _frozen(np.concatenate(uvs), np.float32),
        _frozen(np.concatenate(uv_triangles), np.int32),
        parts,
    )


def _frozen(array, dtype):
    array = np.ascontiguousarray(array, dtype)
    array.setflags(write=False)
    return array


def _vertices_of(mesh, part):
    return np.unique(mesh.triangles[mesh.parts[part]])


def face_points() -> np.ndarray:
    """The 68 landmarks as x, y in metres, seen from the front."""
    turn = np.radians(np.linspace(180, 360, 17))
    jaw = np.stack([0.062 * np.cos(turn), 0.01 + 0.095 * np.sin(turn)], 1)
    brow = np.stack([np.linspace(-0.048, -0.014, 5), 0.04 + 0.004 * np.sin(np.linspace(0, np.pi, 5))], 1)
    bridge, base = (np.zeros(4), np.linspace(0.022, -0.008, 4)), (np.linspace(-0.012, 0.012, 5), np.full(5, -0.018))
    nose = np.concatenate([np.stack(bridge, 1), np.stack(base, 1)])
    eye = _eye_contour(6)
    mouth = [_ring(count, wide, high, start=180) + MOUTH[:2] for count, wide, high in ((12, 0.025, 0.011), (8, 0.019, 0.004))]
    right, left = EYES["right_eye"][:2], EYES["left_eye"][:2]
    # A contour runs from its corner on the subject's right over the upper lid.
    return np.concatenate([jaw, brow, brow[::-1] * [-1, 1], nose, eye + right, eye + left, *mouth])


def _ring(count, wide, high, start):
    turn = np.radians(start) - 2 * np.pi * np.arange(count) / count
    return np.stack([wide * np.cos(turn), high * np.sin(turn)], 1)


def _eye_contour(count):
    return _ring(count, 0.014, 0.006, start=180)


def _dense_points() -> np.ndarray:
    """468 points of a sunflower, with MediaPipe's eye contours where the eyes are."""
    k = np.arange(468) + 0.5
    radius, turn = np.sqrt(k / 468), k * np.pi * (3 - np.sqrt(5))
    points = np.stack([0.06 * radius * np.cos(turn), 0.085 * radius * np.sin(turn)], 1)
    points[list(RIGHT_CONTOUR)] = _eye_contour(16) + EYES["right_eye"][:2]
    points[list(LEFT_CONTOUR)] = _eye_contour(16) * [-1, 1] + EYES["left_eye"][:2]
    return points


def _embedding(mesh) -> Embedding:
    return Embedding(*_look_up(mesh, face_points()), *_look_up(mesh, _dense_points()))


def _look_up(mesh, points):
    """The skin's triangle under each point and its barycentric weights."""
    from facetex_core.geometry.raycast import Scene

    skin = mesh.parts["skin"]
    origins = np.column_stack([points, np.full(len(points), FACE_PLANE)]).astype(np.float32)
    ways = np.broadcast_to(np.array([0, 0, -1], np.float32), origins.shape)
    triangle, weights, _ = Scene(mesh.vertices, mesh.triangles[skin]).first_hits(origins, ways)
    return triangle + np.int32(skin.start), weights


def _regions(mean) -> dict[str, np.ndarray]:
    def spot(x, y, radius):
        near = np.exp(-(((mean[:, 0] - x) ** 2 + (mean[:, 1] - y) ** 2) / radius**2))
        return (near * (mean[:, 2] > 0)).astype(np.float32)

    def pair(x, y, radius):
        return np.maximum(spot(x, y, radius), spot(-x, y, radius))

    front = np.clip(mean[:, 2] / 0.03, 0, 1).astype(np.float32)
    above, below = np.clip((mean[:, 1] - 0.06) / 0.03, 0, 1), np.clip((-0.09 - mean[:, 1]) / 0.02, 0, 1)
    return {
        "face": (front * (1 - below)).astype(np.float32), "lips": spot(*MOUTH[:2], 0.014), "brows": pair(0.031, 0.042, 0.008),
        "eyes": pair(0.031, 0.022, 0.012), "nose": spot(0, -0.005, 0.015), "nostrils": spot(0, -0.02, 0.006),
        "forehead": front * above.astype(np.float32), "cheeks": pair(0.04, -0.02, 0.015), "chin": spot(0, -0.085, 0.012),
        "neck": below.astype(np.float32), "scalp": (1 - front) * above.astype(np.float32), "ears": pair(0.07, 0, 0.01),
    }  # fmt: skip


def tiny_fit() -> Fit:
    """The model laid over a photo of 160 x 200 pixels, its mouth a little open."""
    camera = orbit_camera(np.zeros(3, np.float32), yaw=10.0, distance=0.9, width_seen=0.24, size=(160, 200))
    identity, expression = np.array([0.5, -0.3], np.float32), np.array([0.4, 0.1], np.float32)
    return Fit(tiny_model(), identity, expression, camera, {"landmarks_px": 0.5})


def tiny_appearance(lighting: Lighting | None = None, size: int = 64) -> Appearance:
    """Skin of one tone, under a light that is a little dim."""
    return Appearance(lighting or ambient(0.8), np.full((size, size, 3), (0.45, 0.28, 0.2), np.float32))


def all_skin(photo: Photo, landmarks: np.ndarray | None = None) -> Observation:
    """The photo of a face that fills it, nothing in front of it."""
    width, height = photo.size
    points = np.zeros((68, 2), np.float32) if landmarks is None else landmarks
    face = Face(np.array([0, 0, width, height], np.float32), points, np.zeros((0, 2), np.float32), 1.0)
    return Observation(photo, face, Segmentation({"skin": np.ones((height, width), np.float32)}))


def view_of(
    albedo: Texture, fit: Fit | None = None, appearance: Appearance | None = None, photo: Photo | None = None
) -> DelitView:
    """A view that shows this albedo, light and all."""
    fit = fit or tiny_fit()
    width, height = fit.camera.size
    photo = photo or Photo(np.full((height, width, 3), 0.4, np.float32), "tiny.jpg")
    return DelitView(all_skin(photo), fit, albedo, appearance or tiny_appearance(), albedo)


def aim(wanted: Descriptor) -> Target:
    """The same of plain skin and of the whole face."""
    return Target(wanted, wanted)


def tiny_texture(size: int = 64, seed: int = 0) -> Texture:
    """Skin colour with pores; the left half of the map was seen."""
    noise = np.random.default_rng(seed).normal(0, 0.02, (size, size, 1))
    rgb = np.clip(np.array([0.45, 0.28, 0.2]) * (1 + noise), 0, 1).astype(np.float32)
    visibility = np.zeros((size, size), np.float32)
    visibility[:, : size // 2] = 1
    return Texture(_frozen(rgb, np.float32), _frozen(visibility, np.float32))


def flat_detail(size: int = 64) -> Detail:
    """No detail: the normal straight out."""
    normals = np.zeros((size, size, 3), np.float32)
    normals[..., 2] = 1
    return Detail(_frozen(np.zeros((size, size)), np.float32), _frozen(normals, np.float32))


def tiny_head(size: int = 64, lighting: Lighting | None = None) -> Head:
    """A head with everything, without detail."""
    albedo = tiny_texture(size)
    seen = albedo.visibility[..., None] > 0
    lit = replace(albedo, rgb=_frozen(np.where(seen, albedo.rgb * 0.8, 0), np.float32))
    return Head("tiny.jpg", tiny_fit(), tiny_appearance(lighting), lit, albedo, flat_detail(size))
