"""Cases with known truth, on disk: a suite is a folder, a case a folder in it with photo.png and whatever is known.

0001/photo.png     the photo (any format that facetex reads)
0001/truth.json    camera, light, landmarks, vertices of the face, and what else is known
0001/mesh.obj      the true head (or mesh.ply), in metres
0001/albedo.png    the true albedo over the mesh's UV map, sRGB
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
from jaxtyping import Float32, Int32

from facetex_core.errors import ConfigError, ModelError
from facetex_core.imaging.colour import to_bytes
from facetex_core.io.npz import read_arrays
from facetex_core.io.photo_file import load_photo
from facetex_core.structures import Camera, Lighting, Mesh, Photo
from facetex_core.workbench.evaluation.suite_mesh import obj_of, read_mesh

PHOTO_ENDINGS = (".png", ".jpg", ".jpeg", ".webp", ".tif", ".tiff")
MESHES = (".obj", ".ply")


@dataclass(frozen=True, eq=False, slots=True)
class Neutral:
    """The head at rest in the vertices of a morphable model: heads can then be compared vertex by vertex."""

    model: str
    """`MorphableModel.name`."""
    vertices: Float32[np.ndarray, "vertices 3"]


@dataclass(frozen=True, eq=False, slots=True)
class Truth:
    """What is known of a photo; any of it may be missing."""

    mesh: Mesh | None = None
    """The head as photographed, with its expression."""
    face: Int32[np.ndarray, "face"] | None = None
    """Vertices of the mesh where surfaces are compared; all of them where nothing is said."""
    points: Float32[np.ndarray, "68 3"] | None = None
    """The 68 landmarks in space, in the mesh's frame."""
    landmarks: Float32[np.ndarray, "68 2"] | None = None
    """The same in the photo, in pixels."""
    dense: Float32[np.ndarray, "dense 2"] | None = None
    """MediaPipe's 468 in the photo, in pixels."""
    camera: Camera | None = None
    """From the mesh's frame to the photo."""
    lighting: Lighting | None = None
    """The irradiance without cast shadow, in the mesh's frame."""
    albedo: Float32[np.ndarray, "size size 3"] | None = None
    """Linear, over the mesh's UV map."""
    neutral: Neutral | None = None
    at_rest: bool = False
    """Whether `mesh` has no expression: then it is compared with a fit's neutral head."""
    about: Mapping[str, object] = field(default_factory=dict)
    """Whatever else: seed, model, coefficients, pose in degrees."""


@dataclass(frozen=True, eq=False, slots=True)
class Case:
    """A photo and what is known of it."""

    name: str
    photo: Photo
    truth: Truth


def write_case(folder: Path, case: Case) -> None:
    """The case as a folder of its name, which is made."""
    from PIL import Image

    target = folder / case.name
    target.mkdir(parents=True, exist_ok=True)
    Image.fromarray(to_bytes(case.photo.rgb)).save(target / "photo.png")
    (target / "truth.json").write_text(json.dumps(_table(case.truth), indent=1), "utf-8")
    if case.truth.mesh is not None:
        (target / "mesh.obj").write_text(obj_of(case.truth.mesh), "utf-8")
    if case.truth.albedo is not None:
        Image.fromarray(to_bytes(case.truth.albedo)).save(target / "albedo.png")
    if case.truth.neutral is not None:
        np.savez_compressed(target / "neutral.npz", model=case.truth.neutral.model, vertices=case.truth.neutral.vertices)


def _table(truth: Truth) -> dict[str, object]:
    table: dict[str, object] = {}
    if truth.camera is not None:
        camera = truth.camera
        pose = {"intrinsics": camera.intrinsics.tolist(), "world_to_camera": camera.world_to_camera.tolist()}
        table["camera"] = {**pose, "size": list(camera.size)}
    if truth.lighting is not None:
        table["light"] = truth.lighting.coefficients.tolist()
    for name in ("points", "landmarks", "dense", "face"):
        values = getattr(truth, name)
        if values is not None:
            table[name] = values.astype(np.float64).round(6).tolist() if values.dtype != np.int32 else values.tolist()
    return {**table, "at_rest": truth.at_rest, "about": dict(truth.about)}


def case_folders(folder: Path) -> list[Path]:
    """The cases of a suite by name; a folder without any is a ConfigError."""
    if not folder.is_dir():
        raise ConfigError(f"{folder}: no such suite; a suite is a folder of cases, or `synthetic`")
    found = sorted(path for path in folder.iterdir() if path.is_dir() and _named(path, "photo", PHOTO_ENDINGS))
    if not found:
        raise ConfigError(f"{folder}: is no suite; its cases are folders with a photo.png each")
    return found


def read_case(folder: Path) -> Case:
    """The case of a folder; what is wrong in it is named in a ConfigError."""
    photo = _named(folder, "photo", PHOTO_ENDINGS)
    if photo is None:
        raise ConfigError(f"{folder}: has no photo.png")
    case = Case(folder.name, replace(load_photo(photo), name=f"{folder.name}/{photo.name}"), _read_truth(folder))
    if case.truth.camera and case.truth.camera.size != case.photo.size:
        sizes = ["{} x {}".format(*size) for size in (case.truth.camera.size, case.photo.size)]
        raise ConfigError(f"{folder}: `camera` has a size of {sizes[0]} pixels, {photo.name} has {sizes[1]}")
    return case


def _named(folder: Path, stem: str, endings: tuple[str, ...]) -> Path | None:
    return next((folder / (stem + ending) for ending in endings if (folder / (stem + ending)).is_file()), None)


def _read_truth(folder: Path) -> Truth:
    file, mesh, albedo = folder / "truth.json", _named(folder, "mesh", MESHES), folder / "albedo.png"
    try:
        table = json.loads(file.read_text("utf-8")) if file.is_file() else {}
        truth = _truth(table, None if mesh is None else read_mesh(mesh), load_photo(albedo).rgb if albedo.is_file() else None)
        truth = replace(truth, neutral=_read_neutral(folder / "neutral.npz"))
    except (ValueError, TypeError, KeyError, AttributeError, ModelError) as error:
        raise ConfigError(f"{file}: cannot be used ({type(error).__name__}: {error})") from None
    named, there = truth.face, 0 if truth.mesh is None else len(truth.mesh.vertices)
    if named is not None and not (len(named) and 0 <= named.min() <= named.max() < there):
        raise ConfigError(f"{file}: `face` names vertices that the mesh does not have")
    return truth


def _truth(table: dict[str, object], mesh: Mesh | None, albedo: Float32[np.ndarray, "size size 3"] | None) -> Truth:
    def numbers(name: str, *shape: int) -> Float32[np.ndarray, "..."] | None:
        if name not in table:
            return None
        values = np.array(table[name], np.float32)
        if values.shape[1:] != shape[1:] or (shape[0] and len(values) != shape[0]) or not np.isfinite(values).all():
            raise ValueError(f"`{name}` has the shape {values.shape}, not {shape}, or is not finite")
        return values

    face, light, camera = numbers("face", 0), numbers("light", 9, 3), table.get("camera")
    about = table.get("about", {})
    if not isinstance(about, dict):
        raise TypeError("`about` is no table")
    return Truth(
        mesh,
        None if face is None else face.astype(np.int32),
        numbers("points", 68, 3),
        numbers("landmarks", 68, 2),
        numbers("dense", 0, 2),
        None if camera is None else _camera(camera),
        None if light is None else Lighting(light),
        albedo,
        at_rest=table.get("at_rest") is True,
        about=about,
    )


def _read_neutral(path: Path) -> Neutral | None:
    if not path.is_file():
        return None
    arrays = read_arrays(path, "neutral head")
    vertices = arrays["vertices"].astype(np.float32)
    if vertices.ndim != 2 or vertices.shape[1] != 3 or not np.isfinite(vertices).all():
        raise ValueError(f"`vertices` of {path.name} has the shape {vertices.shape}, not (vertices, 3), or is not finite")
    return Neutral(str(arrays["model"]), vertices)


def _camera(table: object) -> Camera:
    if not isinstance(table, dict):
        raise TypeError("`camera` is no table")
    intrinsics, pose = (np.array(table[name], np.float32) for name in ("intrinsics", "world_to_camera"))
    if intrinsics.shape != (3, 3) or pose.shape != (4, 4):
        raise ValueError("`camera` needs intrinsics of 3 x 3 and world_to_camera of 4 x 4 numbers")
    width, height = table["size"]
    return Camera(intrinsics, pose, (int(width), int(height)))
