"""A head back from its files: what head.glb holds is all that a renderer looks at.

The GLB has the neutral head, the expressions with their weights, and the maps (8 bits a channel); head.glb's folder adds the
displacement. What no file holds and no renderer asks for is empty: identity modes, regions, landmarks, the unwrapped photo.
The camera is a portrait's and the light the studio's; the photo's own light lies beside as environment.hdr.
"""

import json
import struct
from collections.abc import Sequence
from dataclasses import dataclass, field
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from jaxtyping import Float32, Int32, Integer, Shaped

from facetex_core.errors import ConfigError
from facetex_core.geometry.camera import orbit_camera
from facetex_core.imaging.colour import decode_srgb
from facetex_core.io import texture_files
from facetex_core.io.declared import Allowance, read_file
from facetex_core.lazy import pygltflib as gltf
from facetex_core.lighting.studio import studio
from facetex_core.structures import Appearance, Detail, Embedding, Fit, Head, Mesh, MorphableModel, Texture

if TYPE_CHECKING:
    from PIL import Image

HEAD_FILE = "head.glb"
COLUMNS = {"SCALAR": 1, "VEC2": 2, "VEC3": 3, "VEC4": 4}
LARGEST_MAP = 8192
"""Texels of a side, twice what facetex writes."""
TYPES = {5123: "<u2", 5125: "<u4", 5126: "<f4"}
"""By glTF's component types (glTF 2.0, section 3.6.2.2)."""
_DAMAGE = (
    ArithmeticError, AttributeError, LookupError, OSError, RecursionError, StopIteration, struct.error, SyntaxError, TypeError,
    ValueError,
)  # fmt: skip
"""What a damaged or strange file makes readers raise."""


def read_head(path: Path) -> Head:
    """The head of a folder that `facetex run` made, or of a head.glb; anything else is a ConfigError."""
    if not path.exists():
        raise ConfigError(f"{path}: no such folder")
    file = path / HEAD_FILE if path.is_dir() else path
    if not file.is_file():
        raise ConfigError(f"{path}: there is no {HEAD_FILE} in it; give a folder that facetex run made")
    from PIL import Image

    try:
        return _head(_Document(file), file.parent)
    except (*_DAMAGE, Image.DecompressionBombError):
        raise ConfigError(f"{file}: is damaged or is not a head made by facetex; make it again by facetex run") from None


class _Document:
    """A GLB whose accessors and pictures can be read."""

    def __init__(self, file: Path) -> None:
        content = read_file(file)
        self.allowance = Allowance(len(content))
        if struct.unpack_from("<4sI", content) != (b"glTF", 2):
            raise ValueError(file)
        self.document = gltf.GLTF2.load_from_bytes(content)
        self.blob = self.document.binary_blob()

    def values(self, number: int) -> Shaped[np.ndarray, "rows columns"]:
        """An accessor's rows; where it is sparse, 0 but for those that it holds."""
        accessor = self.document.accessors[number]
        kind, wide = TYPES[accessor.componentType], COLUMNS[accessor.type]
        rows = np.zeros(self.allowance.array((accessor.count, wide), 4), kind)
        if accessor.bufferView is not None:
            rows = np.frombuffer(self._view(accessor.bufferView), kind).reshape(accessor.count, wide).copy()
        if accessor.sparse:
            which = np.frombuffer(self._view(accessor.sparse.indices.bufferView), TYPES[accessor.sparse.indices.componentType])
            rows[which] = np.frombuffer(self._view(accessor.sparse.values.bufferView), kind).reshape(-1, wide)
        return rows

    def picture(self, name: str) -> Float32[np.ndarray, "size size 3"]:
        """An embedded picture's values in [0, 1], as they are coded."""
        from PIL import Image

        image = next(image for image in self.document.images if image.name == name)
        with Image.open(BytesIO(self._view(image.bufferView)), formats=["PNG"]) as found:
            _refuse_huge(found)
            return np.asarray(found.convert("RGB"), np.float32) / 255

    def _view(self, number: int) -> bytes:
        view = self.document.bufferViews[number]
        return bytes(self.blob[view.byteOffset : view.byteOffset + view.byteLength])


def _refuse_huge(picture: "Image.Image") -> None:
    """ValueError where a map is larger than facetex writes; Pillow unfolds it later, and only warns."""
    if max(picture.size) > LARGEST_MAP:
        raise ValueError(picture.size)


def _head(document: _Document, folder: Path) -> Head:
    model, weights = _model(document), _weights(document)
    target = ((model.mean.min(0) + model.mean.max(0)) / 2).astype(np.float32)
    camera = orbit_camera(target, yaw=0.0, distance=1.0, width_seen=0.4, size=(512, 512))
    albedo = decode_srgb(document.picture("albedo"))
    normals = 2 * document.picture("normal") - 1
    normals = (normals / np.maximum(np.linalg.norm(normals, axis=-1, keepdims=True), 1e-6)).astype(np.float32)
    size = len(albedo)
    fit = Fit(model, np.zeros(0, np.float32), weights, camera)
    nothing = Texture(np.zeros_like(albedo), np.zeros((size, size), np.float32))
    whole = Texture(albedo, np.ones((size, size), np.float32))
    detail = Detail(_displacement(folder, size), normals)
    name = document.document.asset.extras["photo"]
    if not isinstance(name, str):
        raise TypeError("photo")
    roughness = np.ascontiguousarray(document.picture("surface")[..., 1])
    return Head(name, fit, Appearance(studio(), albedo), nothing, whole, detail, roughness)


@dataclass
class _Rows:
    """A mesh that grows part by part."""

    vertices: list[Float32[np.ndarray, "vertices 3"]] = field(default_factory=list)
    uvs: list[Float32[np.ndarray, "uvs 2"]] = field(default_factory=list)
    moves: list[Float32[np.ndarray, "expressions vertices 3"]] = field(default_factory=list)
    triangles: list[Integer[np.ndarray, "triangles 3"]] = field(default_factory=list)
    uv_triangles: list[Integer[np.ndarray, "triangles 3"]] = field(default_factory=list)

    @staticmethod
    def count(rows: Sequence[Shaped[np.ndarray, "_ _"]]) -> int:
        """How many rows there are so far."""
        return sum(len(part) for part in rows)


def _model(document: _Document) -> MorphableModel:
    """Corners that were split along the UV map's seam are one vertex again: they lie and move alike."""
    parts: dict[str, slice] = {}
    names, every = _names(document), _Rows()
    for shape in document.document.meshes:
        moving = [names.index(name) for name in shape.extras.get("targetNames", ())]
        for part, primitive in zip(shape.extras["parts"], shape.primitives, strict=True):
            places = document.values(primitive.attributes.POSITION)
            moves = np.zeros(document.allowance.array((len(names), *places.shape), 4), np.float32)
            for number, target in zip(moving, primitive.targets or (), strict=True):
                moves[number] = document.values(target["POSITION"])
            rows = np.concatenate([places, *moves], 1)
            _, first, which = np.unique(rows, axis=0, return_index=True, return_inverse=True)
            corners = document.values(primitive.indices).reshape(-1, 3)
            start = every.count(every.triangles)
            parts[part] = slice(parts[part].start if part in parts else start, start + len(corners))
            every.triangles.append(which.reshape(-1)[corners] + every.count(every.vertices))
            every.uv_triangles.append(corners.astype(np.int64) + every.count(every.uvs))
            every.vertices.append(places[first])
            every.uvs.append(document.values(primitive.attributes.TEXCOORD_0))
            every.moves.append(moves[:, first])
    mean, uvs = (np.concatenate(rows).astype(np.float32) for rows in (every.vertices, every.uvs))
    triangles, uv_triangles = (np.concatenate(rows).astype(np.int32) for rows in (every.triangles, every.uv_triangles))
    mesh = Mesh(mean, triangles, uvs, uv_triangles, parts)
    identity, expression = np.zeros((0, *mean.shape), np.float32), np.concatenate(every.moves, 1).astype(np.float32)
    return MorphableModel(HEAD_FILE, mean, identity, expression, names, mesh, _no_points(), {}, (0.0, 0.0, 1.0, 1.0))


def _names(document: _Document) -> tuple[str, ...]:
    """Of all expressions: a piece has those that move it."""
    return tuple(dict.fromkeys(name for shape in document.document.meshes for name in shape.extras.get("targetNames", ())))


def _weights(document: _Document) -> Float32[np.ndarray, "expressions"]:
    """Of the fitted expression."""
    found: dict[str, float] = {}
    for shape in document.document.meshes:
        found |= zip(shape.extras.get("targetNames", ()), shape.weights or (), strict=True)
    return np.array([found[name] for name in _names(document)], np.float32)


def _no_points() -> Embedding:
    def nothing(count: int) -> tuple[Int32[np.ndarray, "points"], Float32[np.ndarray, "points 3"]]:
        return np.zeros(count, np.int32), np.zeros((count, 3), np.float32)

    return Embedding(*nothing(68), *nothing(0))


def _displacement(folder: Path, size: int) -> Float32[np.ndarray, "size size"]:
    """Metres; flat where the maps do not lie beside."""
    from PIL import Image

    file = folder / texture_files.DISPLACEMENT
    if not file.is_file():
        return np.zeros((size, size), np.float32)
    note = json.loads(file.with_suffix(".json").read_text("utf-8"))
    with Image.open(file, formats=["PNG"]) as found:
        _refuse_huge(found)
        values = np.asarray(found, np.float32)
    if values.shape != (size, size):
        raise ValueError(file)
    return ((values / 65535 - note["midlevel"]) * note["scale_mm"] / 1000).astype(np.float32)
