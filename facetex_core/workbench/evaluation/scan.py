"""A scanned head with its texture as cases of a suite: rendered without light, as its photographs show it.

A mesh may stand in any of the 24 ways along the axes, in any unit: it is turned until a face is found in its picture, and is
as large as its eyes say.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import permutations, product
from pathlib import Path

import numpy as np
from jaxtyping import Float, Float32, Float64

from facetex_core.errors import ConfigError
from facetex_core.geometry.camera import camera_rays, orbit_camera, project
from facetex_core.geometry.landmarks import EYES_68, INNER_LIPS_68
from facetex_core.geometry.raycast import Scene
from facetex_core.imaging.look_up import look_up
from facetex_core.io.photo_file import load_photo
from facetex_core.lazy import cv2
from facetex_core.stages import Detector
from facetex_core.structures import Camera, Mesh, Photo
from facetex_core.workbench.evaluation.identity_error import pupil_distance
from facetex_core.workbench.evaluation.suite import Case, Truth
from facetex_core.workbench.evaluation.suite_mesh import read_mesh

SCAN_YAWS = (0.0, 20.0, -20.0)
SCAN_SIDE = 768
"""Pixels of the pictures."""
SCAN_SMALL = 256
"""Pixels of those on which the way up is looked for."""
PUPILS = 0.063
"""Metres between an adult's pupils."""
DISTANCE, SEEN = 1.3, 0.34
"""Metres from the camera to the face, and that the picture shows."""
SCAN_GROUND = 0.3
"""Linear grey."""
SAMPLES = 2
TALL = 0.3
"""Metres that a scan is assumed to be large until its eyes are found."""
LEAN = 0.25
"""How much farther ahead than the eyes the mouth is, a metre that it is lower."""
ROUNDS = 2
TEXTURE_ENDINGS = (".jpg", ".jpeg", ".png", ".webp", ".tif", ".tiff")


def scan_cases(path: Path, detector: Detector) -> Iterator[Case]:
    """The scan from ahead and from 20 degrees to either side; one in which no face is found is a ConfigError."""
    mesh, texture = read_mesh(path), load_photo(texture_of(path)).rgb
    texture = np.asarray(cv2.resize(texture, (max(texture.shape[:2]),) * 2), np.float32)  # maps are square
    found = _upright(mesh, texture, detector, path)
    mesh, points = found.mesh, found.points
    for yaw in SCAN_YAWS:
        camera = orbit_camera(
            np.zeros(3, np.float32), yaw=-yaw, distance=DISTANCE, width_seen=SEEN, size=(SCAN_SIDE, SCAN_SIDE)
        )
        photo = Photo(rendered(mesh, texture, camera, SAMPLES), f"{path.stem} at {yaw:g} degrees")
        truth = Truth(mesh, points=points, landmarks=project(camera, points), camera=camera, at_rest=True)
        yield Case(f"{path.stem} {yaw:+g}", photo, truth)


def texture_of(path: Path) -> Path:
    """What the material of an .obj file names, or the picture of the same name."""
    materials = [line.split(maxsplit=1)[1] for line in _lines(path) if line.startswith("mtllib ")]
    named = [
        path.parent / Path(line.split()[-1]).name
        for material in materials
        for line in _lines(path.parent / Path(material.strip()).name)
        if line.strip().startswith("map_Kd ")
    ]
    for picture in (*named, *(path.with_suffix(ending) for ending in TEXTURE_ENDINGS)):
        if picture.is_file():
            return picture
    raise ConfigError(f"{path}: has no texture; a picture of the same name, or one that its .mtl file names, is needed")


def _lines(path: Path) -> list[str]:
    if path.suffix not in (".obj", ".mtl") or not path.is_file():
        return []
    return path.read_text("utf-8", "replace").splitlines()


def rendered(
    mesh: Mesh, texture: Float32[np.ndarray, "size size 3"], camera: Camera, samples: int
) -> Float32[np.ndarray, "height width 3"]:
    """The texture's own colours on plain grey."""
    width, height = camera.size
    x, y = ((np.arange(side * samples) + 0.5) / samples for side in (width, height))
    rays = camera_rays(camera, x, y).reshape(-1, 3)
    triangle, weights, _ = Scene(mesh.vertices, mesh.triangles).first_hits(np.broadcast_to(camera.position, rays.shape), rays)
    hit = triangle >= 0
    seen = np.full((len(rays), 3), SCAN_GROUND, np.float32)
    uvs = np.einsum("pk,pkc->pc", weights[hit], mesh.uvs[mesh.uv_triangles[triangle[hit]]])
    seen[hit] = look_up(texture, uvs)
    return seen.reshape(height, samples, width, samples, 3).mean((1, 3))


@dataclass(frozen=True, eq=False, slots=True)
class _Found:
    """A mesh in whose picture from ahead a face was found."""

    mesh: Mesh
    score: float
    points: Float32[np.ndarray, "68 3"]
    """Its landmarks; not numbers where they lie beside the mesh."""


def _upright(mesh: Mesh, texture: Float32[np.ndarray, "size size 3"], detector: Detector, path: Path) -> _Found:
    """The mesh in metres, y up and looking along +z, and its landmarks."""
    low, high = mesh.vertices.min(0), mesh.vertices.max(0)
    centred = _moved(mesh, np.eye(3) * TALL / (high - low).max(), (low + high) / 2)
    tries = (_seen(_moved(centred, turn, np.zeros(3)), texture, detector, SCAN_SMALL) for turn in _turns())
    best = max(filter(None, tries), key=lambda found: found.score, default=None)
    if best is None:
        raise ConfigError(f"{path}: no face was found in the scan, whichever way it is turned")
    for _ in range(ROUNDS):
        best = _seen(_along_face(best), texture, detector, SCAN_SIDE) or best
    return best


def _seen(mesh: Mesh, texture: Float32[np.ndarray, "size size 3"], detector: Detector, side: int) -> _Found | None:
    camera = orbit_camera(np.zeros(3, np.float32), yaw=0, distance=DISTANCE, width_seen=SEEN, size=(side, side))
    faces = detector.detect(Photo(rendered(mesh, texture, camera, 1), "scan"))
    if not faces:
        return None
    face = max(faces, key=lambda each: each.score)
    rays = np.concatenate([camera_rays(camera, point[:1], point[1:])[0] for point in face.landmarks])
    scene = Scene(mesh.vertices, mesh.triangles)
    triangle, weights, _ = scene.first_hits(np.broadcast_to(camera.position, rays.shape), rays)
    points = np.einsum("pk,pki->pi", weights, mesh.vertices[mesh.triangles[triangle]])
    points[triangle < 0] = np.nan
    return _Found(mesh, face.score, points.astype(np.float32))


def _turns() -> list[Float64[np.ndarray, "3 3"]]:
    """The 24 rotations that map axes onto axes."""
    ways = [np.eye(3)[list(order)] * signs for order in permutations(range(3)) for signs in product((1, -1), repeat=3)]
    return [way for way in ways if np.linalg.det(way) > 0]


def _along_face(found: _Found) -> Mesh:
    """Eyes level, in the middle, and as far apart as an adult's; the mouth stands before them as far as in the mean head."""
    right, left = (found.points[list(EYES_68[side])].mean(0) for side in ("right_eye", "left_eye"))
    middle, mouth = (right + left) / 2, found.points[list(INNER_LIPS_68)].mean(0)
    x = (left - right) / np.linalg.norm(left - right)
    down = mouth - middle - ((mouth - middle) @ x) * x
    up, ahead = -down / np.linalg.norm(down), np.cross(x, -down / np.linalg.norm(down))
    up, ahead = up + LEAN * ahead, ahead - LEAN * up
    axes = np.stack([x, up / np.linalg.norm(up), ahead / np.linalg.norm(ahead)])
    return _moved(found.mesh, axes * PUPILS / pupil_distance(found.points), middle - 0.4 * (middle - mouth))


def _moved(mesh: Mesh, axes: Float[np.ndarray, "3 3"], middle: Float[np.ndarray, "3"]) -> Mesh:
    return replace(mesh, vertices=((mesh.vertices - middle) @ axes.T).astype(np.float32))
