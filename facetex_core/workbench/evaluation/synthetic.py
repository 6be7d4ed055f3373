"""Heads that do not exist, photographed: everything about them is known, so a fit can be measured.

Shape and skin are sampled from a morphable model, with an expression. A smooth displacement outside the model's span is
added, because nobody's head lies in it: a fit of the same model cannot reach the truth either. Light comes from a panorama,
the camera is a portrait photographer's.
"""

from dataclasses import replace

import numpy as np
from jaxtyping import Float32, Float64, Int32

from facetex_core.geometry.camera import project
from facetex_core.geometry.mesh import vertex_normals
from facetex_core.imaging.colour import decode_srgb, encode_srgb, luminance
from facetex_core.lazy import cv2
from facetex_core.structures import Camera, Mesh, MorphableModel, Photo
from facetex_core.workbench.evaluation.environment import Environment, studio_panorama
from facetex_core.workbench.evaluation.suite import Case, Neutral, Truth
from facetex_core.workbench.evaluation.synthetic_render import photograph
from facetex_core.workbench.evaluation.synthetic_skin import sample_skin

BANDS = ((0.0, 30.0), (30.0, 60.0))
"""Degrees of yaw to either side; cases take turns."""
MOST = 2.5
"""Standard deviations at which coefficients are cut."""
BEYOND = 0.0007
"""Metres, root mean square over the face: displacement outside the model's span."""
WAVE = 0.016
"""Metres over which it changes."""
TEXTURE = 1024
TILT = 15.0
"""Degrees of pitch and roll, at most."""
FOCAL = (1.6, 3.5)
"""Focal length over the picture's width."""
FACE = (300.0, 450.0)
"""Pixels from chin to hairline."""
SIDE = (640, 768)
"""Pixels of the picture."""
EXPOSED = 0.25
"""Mean logarithm of the light on the bright side of a face: skin is then as bright as in 95 official portraits (measured)."""
NOISE = (0.002, 0.010)
"""Standard deviation of the camera's noise, in sRGB-coded values."""

# Shapes that go together, the largest coefficient, and how often they show.
MOODS = (
    (("mouthSmileLeft", "mouthSmileRight"), 0.7, 0.45),
    (("mouthFrownLeft", "mouthFrownRight"), 0.5, 0.15),
    (("mouthPressLeft", "mouthPressRight"), 0.5, 0.15),
    (("mouthStretchLeft", "mouthStretchRight"), 0.3, 0.1),
    (("mouthPucker",), 0.4, 0.1),
    (("browInnerUp",), 0.5, 0.25),
    (("browOuterUpLeft", "browOuterUpRight"), 0.5, 0.2),
    (("browDownLeft", "browDownRight"), 0.5, 0.25),
    (("eyeSquintLeft", "eyeSquintRight"), 0.5, 0.3),
    (("eyeBlinkLeft", "eyeBlinkRight"), 0.25, 0.4),
    (("cheekSquintLeft", "cheekSquintRight"), 0.5, 0.2),
    (("noseSneerLeft", "noseSneerRight"), 0.3, 0.1),
    (("jawOpen",), 0.2, 0.2),
)
UPRIGHT = np.diag([1.0, -1.0, -1.0])
"""From a camera's axes to a world with y up that the camera looks into along -z."""
CLOTHS = ((0.02, 0.02, 0.025), (0.03, 0.04, 0.08), (0.25, 0.25, 0.25), (0.6, 0.6, 0.6), (0.2, 0.03, 0.03), (0.05, 0.12, 0.06))
SMALL = 0.3
"""Standard deviation of expressions of models that have no such shapes."""


def sample_case(
    model: MorphableModel,
    seed: int,
    panorama: Float32[np.ndarray, "rows columns 3"] | None = None,
    *,
    band: tuple[float, float] = BANDS[0],
    name: str = "0001",
    light: str = "made up",
) -> Case:
    """The case of a seed: same model, same panorama, same seed, same case. Without a panorama light is made up.

    `light` is what the case calls its light.
    """
    rng = np.random.default_rng(seed)
    identity = rng.standard_normal(len(model.identity)).clip(-MOST, MOST).astype(np.float32)
    expression = sample_expression(model, rng)
    vertices = model.vertices(identity, expression)
    vertices = vertices + np.float32(BEYOND) * outside_span(model, rng)
    camera, pose = portrait(vertices[face_vertices(model)], band, rng)
    albedo, shine = sample_skin(model, TEXTURE, rng)
    mesh = replace(model.mesh, vertices=vertices)
    around = studio_panorama(rng) if panorama is None else panorama
    turned = rotation("y", rng.uniform(0, 360) if panorama is not None else 0.0)
    environment = Environment(around, (turned @ UPRIGHT @ camera.world_to_camera[:3, :3]).astype(np.float32))
    environment = environment.scaled(_exposure(environment, model, vertices, camera, rng))
    cloth = (rng.choice(CLOTHS) * rng.uniform(0.6, 1.2)).astype(np.float32)
    linear = photograph(dressed(mesh), np.dstack([albedo, shine]), cloth, environment, camera, rng)
    coefficients = {"identity": identity.tolist(), "expression": expression.tolist()}
    about = {"model": model.name, "seed": seed, "light": light, **pose, **coefficients}
    e = model.embedding
    landmarks = _at(mesh, e.landmark_triangles, e.landmark_barycentric)
    truth = Truth(
        mesh,
        face_vertices(model),
        landmarks,
        project(camera, landmarks),
        project(camera, _at(mesh, e.dense_triangles, e.dense_barycentric)),
        camera,
        environment.lighting,
        albedo,
        Neutral(model.name, vertices - np.tensordot(expression, model.expression, 1).astype(np.float32)),
        about=about,
    )
    return Case(name, Photo(_developed(linear, rng), f"{name}.png"), truth)


def face_vertices(model: MorphableModel) -> Int32[np.ndarray, "face"]:
    """The skin of the face: without ears, neck and scalp, and without eyes and teeth."""
    skin = np.unique(model.mesh.triangles[model.mesh.parts["skin"]])
    return skin[model.regions["face"][skin] > 0.5].astype(np.int32)


def sample_expression(model: MorphableModel, rng: np.random.Generator) -> Float32[np.ndarray, "expressions"]:
    """A few shapes, weak to medium, the same on both sides but for a fifth; the eyes look somewhere near the camera."""
    if "jawOpen" not in model.expression_names:
        return np.clip(SMALL * rng.standard_normal(len(model.expression)), *model.expression_range).astype(np.float32)
    found = dict.fromkeys(model.expression_names, 0.0)
    for names, most, chance in MOODS:
        strength = rng.uniform(0, most) * (rng.random() < chance)
        found |= {name: strength * rng.uniform(0.8, 1.2) for name in names if name in found}
    for first, second, both in (("Up", "Down", 0.3), ("In", "Out", 0.3)):
        way, strength = rng.choice([first, second]), rng.uniform(0, both)
        other = way if first == "Up" else {"In": "Out", "Out": "In"}[str(way)]
        found |= {name: strength for name in (f"eyeLook{way}Left", f"eyeLook{other}Right") if name in found}
    return np.array([found[name] for name in model.expression_names], np.float32)


def outside_span(model: MorphableModel, rng: np.random.Generator) -> Float32[np.ndarray, "vertices 3"]:
    """A smooth displacement that no identity of the model can make, of 1 root mean square along the face's normals."""
    centres = model.mean[rng.integers(len(model.mean), size=400)]
    squared = ((model.mean[:, None] - centres) ** 2).sum(-1)
    moved = np.exp(-squared / (2 * WAVE**2)) @ rng.standard_normal((400, 3))
    face = face_vertices(model)
    modes = model.identity[:, face].reshape(len(model.identity), -1).astype(np.float64)
    inside = np.linalg.solve(modes @ modes.T, modes @ moved[face].ravel())
    moved = moved - np.tensordot(inside, model.identity, 1)
    normals = vertex_normals(model.mean, model.mesh.triangles[model.mesh.parts["skin"]])
    along = np.einsum("vi,vi->v", moved[face], normals[face])
    return np.asarray(moved / np.sqrt((along**2).mean()), np.float32)


def portrait(
    face: Float32[np.ndarray, "face 3"], band: tuple[float, float], rng: np.random.Generator
) -> tuple[Camera, dict[str, float]]:
    """A camera whose picture the face fills as in a portrait, and the head's pose in degrees."""
    size = tuple(int(side) for side in rng.integers(*SIDE, size=2, endpoint=True))
    focal = rng.uniform(*FOCAL) * size[0]
    yaw = rng.uniform(*band) * rng.choice([-1.0, 1.0])
    pitch, roll = rng.uniform(-TILT, TILT, 2)
    turn = UPRIGHT @ rotation("z", roll) @ rotation("x", pitch) @ rotation("y", yaw)
    low, high = face.min(0), face.max(0)
    distance = focal * float(high[1] - low[1]) / rng.uniform(*FACE)
    aside = rng.uniform(-0.05, 0.05, 2) * size * distance / focal
    pose = np.eye(4, dtype=np.float32)
    pose[:3, :3], pose[:3, 3] = turn, np.append(aside, distance) - turn @ ((low + high) / 2)
    intrinsics = np.array([[focal, 0, size[0] / 2], [0, focal, size[1] / 2], [0, 0, 1]], np.float32)
    return Camera(intrinsics, pose, (size[0], size[1])), {"yaw": float(yaw), "pitch": float(pitch), "roll": float(roll)}


def rotation(axis: str, degrees: float) -> Float64[np.ndarray, "3 3"]:
    """About x, y or z, right-handed."""
    from scipy.spatial.transform import Rotation

    return np.asarray(Rotation.from_euler(axis, degrees, degrees=True).as_matrix())


def dressed(mesh: Mesh) -> Mesh:
    """The mesh with shoulders below the neck, a part called `cloth`: a head without a body is no portrait."""
    low, high = mesh.vertices.min(0), mesh.vertices.max(0)
    u, v = np.meshgrid(np.linspace(0, 2 * np.pi, 49)[:-1], np.linspace(0, np.pi, 25), indexing="ij")
    ball = np.stack([np.sin(v) * np.cos(u), np.cos(v), np.sin(v) * np.sin(u)], -1)
    # An ellipsoid with flat shoulders, as wide as two heads, its collar over the neck's border.
    ball = np.sign(ball) * np.abs(ball) ** np.array([0.8, 0.5, 0.8])
    reach = (high - low)[0] * np.array([0.85, 1.0, 0.42])
    centre = np.array([(low + high)[0] / 2, low[1] - 0.78 * reach[1], (low + high)[2] / 2 - 0.01])
    index = np.arange(u.size).reshape(u.shape)
    a, b = index[:, :-1], index[:, 1:]
    c, d = np.roll(a, -1, 0), np.roll(b, -1, 0)
    quads = np.concatenate([np.stack([a, c, b], -1).reshape(-1, 3), np.stack([c, d, b], -1).reshape(-1, 3)])
    start = len(mesh.triangles)
    return Mesh(
        np.concatenate([mesh.vertices, (centre + ball.reshape(-1, 3) * reach)]).astype(np.float32),
        np.concatenate([mesh.triangles, quads + len(mesh.vertices)]).astype(np.int32),
        mesh.uvs,
        np.concatenate([mesh.uv_triangles, np.zeros_like(quads)]).astype(np.int32),
        {**mesh.parts, "cloth": slice(start, start + len(quads))},
    )


def _exposure(
    environment: Environment,
    model: MorphableModel,
    vertices: Float32[np.ndarray, "vertices 3"],
    camera: Camera,
    rng: np.random.Generator,
) -> Float32[np.ndarray, "3"]:
    """What a camera does for the face: light skin keeps short of white, and the light's colour is mostly balanced."""
    face = face_vertices(model)
    normals = vertex_normals(vertices, model.mesh.triangles[model.mesh.parts["skin"]])[face]
    seen = np.einsum("vi,vi->v", normals, camera.position - vertices[face]) > 0
    light = luminance(environment.irradiance(normals[seen][::8]))
    level = np.exp(rng.normal(EXPOSED, 0.15)) / (0.6 * light.mean() + 0.4 * np.quantile(light, 0.95))
    balance = (luminance(environment.mean) / np.maximum(environment.mean, 1e-6)) ** rng.uniform(0.75, 1.0)
    return np.asarray(level * balance, np.float32)


def _developed(
    linear: Float32[np.ndarray, "height width 3"], rng: np.random.Generator
) -> Float32[np.ndarray, "rows columns 3"]:
    """The lens's softness, the sensor's noise and 8 bits of sRGB."""
    coded = encode_srgb(cv2.GaussianBlur(linear, (0, 0), 0.5))
    noise = cv2.GaussianBlur(rng.standard_normal(coded.shape).astype(np.float32), (0, 0), 0.6) * 2
    return decode_srgb(np.rint((coded + rng.uniform(*NOISE) * noise).clip(0, 1) * 255) / np.float32(255))


def _at(
    mesh: Mesh, triangles: Int32[np.ndarray, "points"], barycentric: Float32[np.ndarray, "points 3"]
) -> Float32[np.ndarray, "points 3"]:
    return np.einsum("pk,pki->pi", barycentric, mesh.vertices[mesh.triangles[triangles]]).astype(np.float32)
