"""A head for tests, made in code, a sheet of skin with one UV map; and a photo whose face is known, mirrored and moved."""

from functools import cache
from typing import cast

import numpy as np
from jaxtyping import Float, Float32

from facetex_core.config import load_preset
from facetex_core.geometry.camera import orbit_camera
from facetex_core.io.photo_file import example_photo
from facetex_core.lighting.harmonics import ambient
from facetex_core.listeners import listening, unheard
from facetex_core.registry import Registry
from facetex_core.stages import Detector, Fitter, Segmenter
from facetex_core.structures import (
    Appearance,
    DelitView,
    Detail,
    Embedding,
    Face,
    Fit,
    Head,
    Lighting,
    LitView,
    Mesh,
    MorphableModel,
    Observation,
    Photo,
    Segmentation,
    Texture,
    View,
)
from facetex_core.texture.regions import plain_skin
from facetex_core.values import locked

SIDE = 17
"""Vertices along one side of the sheet."""
RIM = 2
"""Vertices from the border that are no face: a network's padding is felt there."""
SIZE = 128
"""Texels along one side of the maps."""
REGIONS = ("face", "lips", "brows", "eyes", "nose", "nostrils", "forehead", "cheeks", "chin", "neck", "scalp", "ears")
TONE = np.array([0.45, 0.28, 0.2])
RIGHT_EYE, LEFT_EYE, MOUTH = slice(36, 42), slice(42, 48), slice(48, 60)
"""Landmarks; right is the subject's."""
# fmt: off
MIRRORED = (*range(16, -1, -1), *range(26, 16, -1), 27, 28, 29, 30, 35, 34, 33, 32, 31, 45, 44, 43, 42, 47, 46, 39, 38, 37, 36,
            41, 40, 54, 53, 52, 51, 50, 49, 48, 59, 58, 57, 56, 55, 64, 63, 62, 61, 60, 67, 66, 65)
# fmt: on
"""Which landmark each of the 68 is in a mirror."""


@cache
def sheet() -> MorphableModel:
    """20 cm square, bulging towards +z; all but the rim is face. One identity; jawOpen draws its lower half out."""
    u, v = np.meshgrid(np.linspace(0, 1, SIDE), np.linspace(0, 1, SIDE))
    x, y = 0.2 * (u - 0.5), 0.2 * (0.5 - v)
    vertices = np.stack([x, y, 0.05 - 3 * (x**2 + y**2)], -1).reshape(-1, 3).astype(np.float32)
    uvs = np.stack([u, v], -1).reshape(-1, 2).astype(np.float32)
    corner = np.arange(SIDE * SIDE).reshape(SIDE, SIDE)
    a, b, c, d = (part.ravel() for part in (corner[:-1, :-1], corner[:-1, 1:], corner[1:, :-1], corner[1:, 1:]))
    triangles = np.concatenate([np.stack([a, c, b], 1), np.stack([b, c, d], 1)]).astype(np.int32)
    mesh = Mesh(vertices, triangles, uvs, triangles, {"skin": slice(0, len(triangles))})
    inner = np.pad(np.ones((SIDE - 2 * RIM, SIDE - 2 * RIM), np.float32), RIM).ravel()
    regions = {name: inner * np.float32(name == "face") for name in REGIONS}
    middle = np.full((68, 3), 1 / 3, np.float32)
    embedding = Embedding(np.zeros(68, np.int32), middle, np.zeros(0, np.int32), np.zeros((0, 3), np.float32))
    identity, opened = np.zeros((2, 1, len(vertices), 3), np.float32)
    opened[0, :, 1] = 0.1 * np.minimum(vertices[:, 1], 0)
    return MorphableModel("sheet", vertices, identity, opened, ("jawOpen",), mesh, embedding, regions, (0.0, 0.0, 1.0, 1.0))


def skin(pores: float = 0.0) -> Float32[np.ndarray, "size size 3"]:
    """Albedo of a skin that is a little redder on one side; `pores` is the deviation of their log lightness."""
    ramp = np.linspace(0.9, 1.1, SIZE)[None, :, None] ** np.array([1.0, 0.5, 0.5])
    noise = np.random.default_rng(0).normal(0, pores, (SIZE, SIZE, 1))
    return np.asarray(TONE * ramp * np.exp(noise), np.float32)


@cache
def sheet_fit() -> Fit:
    """The sheet seen from the front."""
    camera = orbit_camera(np.zeros(3, np.float32), yaw=0.0, distance=1.0, width_seen=0.25, size=(160, 160))
    return locked(Fit(sheet(), np.zeros(1, np.float32), np.zeros(1, np.float32), camera))


@cache
def sheet_observation() -> Observation:
    """A photo of plain skin, all of it face."""
    width, height = sheet_fit().camera.size
    middle = np.full((68, 2), (width / 2, height / 2), np.float32)
    face = Face(np.array([0, 0, width, height], np.float32), middle, np.zeros((0, 2), np.float32), 1.0)
    photo = Photo(np.broadcast_to(TONE, (height, width, 3)).astype(np.float32), "sample.jpg")
    return locked(Observation(photo, face, Segmentation({"skin": np.ones((height, width), np.float32)})))


def view_of(lit: Texture) -> View:
    """The sheet with this unwrapped photo."""
    return locked(View(sheet_observation(), sheet_fit(), lit))


def lit_view(lit: Texture, lighting: Lighting) -> LitView:
    """The same, of plain skin in this light."""
    return locked(LitView(sheet_observation(), sheet_fit(), lit, Appearance(lighting, skin())))


def delit_view(albedo: Texture) -> DelitView:
    """A view in even light, whose albedo looks like the photo."""
    return locked(DelitView(sheet_observation(), sheet_fit(), albedo, Appearance(ambient(), skin()), albedo))


def half_seen(rgb: Float[np.ndarray, "size size 3"]) -> Texture:
    """A texture of which the photo shows the upper part; below, the mirror is hidden too."""
    size = len(rgb)
    visibility = np.zeros((size, size), np.float32)
    visibility[: 5 * size // 8] = 1
    return locked(Texture(np.asarray(rgb * visibility[..., None], np.float32), visibility))


def face() -> Float32[np.ndarray, "size size"]:
    """1 on the face, 0 on the rim."""
    return np.asarray(plain_skin(sheet(), SIZE) > 0.5, np.float32)


def whole(rgb: Float[np.ndarray, "size size 3"]) -> Texture:
    """A texture all of which is seen."""
    return locked(Texture(np.asarray(rgb, np.float32), np.ones(rgb.shape[:2], np.float32)))


@cache
def portrait() -> Photo:
    """The astronaut, without the lower edge: higher and wider are not the same."""
    photo = example_photo()
    return locked(Photo(np.ascontiguousarray(photo.rgb[:448]), photo.name))


def head_of(albedo: Float[np.ndarray, "size size 3"]) -> Head:
    """The sheet in even light with this albedo, all of it seen, without relief."""
    flat = np.zeros((SIZE, SIZE), np.float32)
    detail = Detail(flat, np.dstack([flat, flat, flat + 1]))
    appearance = Appearance(ambient(), skin())
    return locked(Head("sample.jpg", sheet_fit(), appearance, whole(albedo), whole(albedo), detail))


@cache
def shipped(role: str) -> object:
    """The stage that facetex uses when nothing else is said."""
    with listening(unheard):
        return load_preset("embedded").make(role, Registry())


@cache
def portrait_face() -> Face:
    """The astronaut's, as the default detector sees it."""
    return locked(cast("Detector", shipped("detector")).detect(portrait())[0])


@cache
def observation(photo: Photo, face: Face) -> Observation:
    """The face with the mask of the default segmenter."""
    return locked(Observation(photo, face, cast("Segmenter", shipped("segmenter")).segment(photo, face)))


@cache
def portrait_view() -> DelitView:
    """The astronaut on the default head, her skin completed by one smooth tone: eyes and mouth are still skin."""
    seen = observation(portrait(), portrait_face())
    (fit,) = cast("Fitter", shipped("fitter")).fit((seen,))
    albedo = whole(skin())
    return locked(DelitView(seen, fit, albedo, Appearance(ambient(), skin()), albedo))


def centre(landmarks: Float32[np.ndarray, "68 2"], part: slice) -> Float32[np.ndarray, "2"]:
    """The middle of an eye or the mouth."""
    return np.asarray(landmarks[part].mean(0), np.float32)


def mirrored(photo: Photo) -> Photo:
    """Left and right exchanged."""
    return locked(Photo(np.ascontiguousarray(photo.rgb[:, ::-1]), photo.name))


def mirrored_landmarks(landmarks: Float32[np.ndarray, "68 2"], width: int) -> Float32[np.ndarray, "68 2"]:
    """As they lie in a photo that is mirrored: what was the right eye is the left one."""
    return np.asarray(landmarks[list(MIRRORED)] * [-1, 1] + [width, 0], np.float32)


def moved(photo: Photo, right: int, down: int) -> Photo:
    """The same picture, its content moved by whole pixels; its border is drawn out."""
    padded = np.pad(photo.rgb, ((down, 0), (right, 0), (0, 0)), mode="edge")
    return locked(Photo(np.ascontiguousarray(padded[: photo.size[1], : photo.size[0]]), photo.name))


def moved_face(face: Face, right: int, down: int) -> Face:
    """The face in the moved picture."""
    way = np.array([right, down], np.float32)
    return locked(Face(face.box + np.tile(way, 2), face.landmarks + way, face.dense + way, face.score))
