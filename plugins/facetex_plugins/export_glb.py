"""Exporter: one GLB with textures and a morph target for every expression; it opens with the fitted expression."""

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from jaxtyping import Float32

from facetex_core import Head, hookimpl
from facetex_core.lazy import pygltflib as gltf
from facetex_core.maps import colour_png, normal_png, surface_png, write
from facetex_core.material import REFRACTION, roughness_of
from facetex_core.split import SplitPart, part_normals, split_part, tangents

MATERIALS = {"left_eye": "eyes", "right_eye": "eyes"}
"""Parts that share a material; the others have their own, by their own name."""
SMALLEST_MOVE = 1e-6
"""Metres; what moves less does not move."""
SMALLEST_TURN = 0.01
"""Of a unit normal: half a degree."""


@hookimpl
def exporters() -> dict[str, type]:
    """The default."""
    return {"glb": GlbExporter}


class GlbExporter:
    """head.glb; without `normals` the targets move vertices only, and the file is a third smaller."""

    def __init__(self, normals: bool = True) -> None:
        self.normals = normals

    def export(self, head: Head, folder: Path) -> tuple[Path, ...]:
        """The one file."""
        file = _File()
        mesh = head.fit.model.mesh
        materials = _add_materials(file, head)
        neutral = head.fit.neutral
        primitives = [_primitive(file, head, neutral, part, materials, self.normals) for part in mesh.parts]
        weights = [float(weight) for weight in head.fit.expression]
        extras = {"targetNames": list(head.fit.model.expression_names), "parts": list(mesh.parts)}
        file.document.meshes = [gltf.Mesh(name="head", primitives=primitives, weights=weights, extras=extras)]
        file.document.nodes = [gltf.Node(name="head", mesh=0)]
        file.document.scenes, file.document.scene = [gltf.Scene(name="head", nodes=[0])], 0
        file.document.asset = gltf.Asset(version="2.0", generator="facetex", extras={"photo": head.name})
        return (write(folder / "head.glb", file.content()),)


@dataclass
class _File:
    """A GLB that grows."""

    document: "gltf.GLTF2" = field(default_factory=lambda: gltf.GLTF2())  # noqa: PLW0108  # the package is loaded here, not at the head
    binary: bytearray = field(default_factory=bytearray)

    def view(self, content: bytes, target: int | None = None) -> int:
        """A new buffer view, on a boundary of four bytes."""
        self.binary += bytes(-len(self.binary) % 4)
        self.document.bufferViews.append(
            gltf.BufferView(buffer=0, byteOffset=len(self.binary), byteLength=len(content), target=target)
        )
        self.binary += content
        return len(self.document.bufferViews) - 1

    def vectors(self, values: Float32[np.ndarray, "rows columns"], *, bounds: bool = False) -> int:
        """An accessor of a vertex attribute."""
        accessor = _accessor(values, bounds)
        accessor.bufferView = self.view(values.astype("<f4").tobytes(), gltf.ARRAY_BUFFER)
        return self._add(accessor)

    def sparse(self, values: Float32[np.ndarray, "rows 3"], smallest: float, *, bounds: bool = False) -> int:
        """An accessor that holds only the rows that are longer than `smallest`."""
        moved = np.flatnonzero(np.linalg.norm(values, axis=1) > smallest)
        kept = np.zeros_like(values)
        kept[moved] = values[moved]
        accessor = _accessor(kept, bounds)
        if len(moved):
            wide = ("<u2", gltf.UNSIGNED_SHORT) if len(values) <= 65535 else ("<u4", gltf.UNSIGNED_INT)
            indices = gltf.AccessorSparseIndices(bufferView=self.view(moved.astype(wide[0]).tobytes()), componentType=wide[1])
            deltas = gltf.AccessorSparseValues(bufferView=self.view(kept[moved].astype("<f4").tobytes()))
            accessor.sparse = gltf.Sparse(count=len(moved), indices=indices, values=deltas)
        return self._add(accessor)

    def indices(self, triangles: np.ndarray, corners: int) -> int:
        """An accessor of triangles."""
        wide = ("<u2", gltf.UNSIGNED_SHORT) if corners <= 65535 else ("<u4", gltf.UNSIGNED_INT)
        view = self.view(triangles.astype(wide[0]).tobytes(), gltf.ELEMENT_ARRAY_BUFFER)
        return self._add(gltf.Accessor(bufferView=view, componentType=wide[1], count=triangles.size, type=gltf.SCALAR))

    def texture(self, name: str, png: bytes) -> int:
        """A texture from an embedded PNG."""
        image = gltf.Image(name=name, mimeType="image/png", bufferView=self.view(png))
        self.document.images.append(image)
        self.document.textures.append(gltf.Texture(name=name, sampler=0, source=len(self.document.images) - 1))
        return len(self.document.textures) - 1

    def _add(self, accessor: "gltf.Accessor") -> int:
        self.document.accessors.append(accessor)
        return len(self.document.accessors) - 1

    def content(self) -> bytes:
        """The whole file."""
        self.binary += bytes(-len(self.binary) % 4)
        self.document.buffers = [gltf.Buffer(byteLength=len(self.binary))]
        self.document.set_binary_blob(bytes(self.binary))
        return b"".join(self.document.save_to_bytes())


def _accessor(values: np.ndarray, bounds: bool) -> "gltf.Accessor":
    """As bounds, glTF wants the very numbers that single precision holds."""
    kind = {2: gltf.VEC2, 3: gltf.VEC3, 4: gltf.VEC4}[values.shape[1]]
    low, high = ([float(x) for x in edge] for edge in (values.min(0), values.max(0)))
    limits = {"min": low, "max": high} if bounds else {}
    return gltf.Accessor(byteOffset=None, componentType=gltf.FLOAT, count=len(values), type=kind, **limits)


def _add_materials(file: _File, head: Head) -> dict[str, int]:
    """A material for each kind of part; the number of each part's."""
    repeat = gltf.CLAMP_TO_EDGE
    file.document.samplers = [
        gltf.Sampler(magFilter=gltf.LINEAR, minFilter=gltf.LINEAR_MIPMAP_LINEAR, wrapS=repeat, wrapT=repeat)
    ]
    albedo = file.texture("albedo", colour_png(head.albedo.rgb))
    normal = file.texture("normal", normal_png(head.detail.normals))
    surface = file.texture("roughness", surface_png(roughness_of(head)))
    numbers: dict[str, int] = {}
    for part in head.fit.model.mesh.parts:
        kind = MATERIALS.get(part, part)
        if kind not in numbers:
            numbers[kind] = len(file.document.materials)
            file.document.materials.append(_material(kind, part, albedo, normal, surface))
    file.document.extensionsUsed = ["KHR_materials_ior", "KHR_materials_specular"]
    return {part: numbers[MATERIALS.get(part, part)] for part in head.fit.model.mesh.parts}


def _material(name: str, part: str, albedo: int, normal: int, surface: int) -> "gltf.Material":
    reflection = gltf.PbrMetallicRoughness(
        baseColorTexture=gltf.TextureInfo(index=albedo),
        metallicRoughnessTexture=gltf.TextureInfo(index=surface),
        metallicFactor=0.0,
        roughnessFactor=1.0,
    )
    refraction = {"ior": REFRACTION.get(part, REFRACTION["skin"])}
    extensions = {"KHR_materials_ior": refraction, "KHR_materials_specular": {"specularFactor": 1.0}}
    bent = gltf.NormalMaterialTexture(index=normal) if part == "skin" else None
    return gltf.Material(
        name=name, pbrMetallicRoughness=reflection, normalTexture=bent, extensions=extensions, alphaMode=None, alphaCutoff=None
    )


def _primitive(
    file: _File, head: Head, neutral: np.ndarray, part: str, materials: dict[str, int], with_normals: bool
) -> "gltf.Primitive":
    mesh, split = head.fit.model.mesh, split_part(head.fit.model.mesh, part)
    normals = _unit(part_normals(mesh, neutral, part)[split.vertex])
    places, uvs = neutral[split.vertex], mesh.uvs[split.uv]
    attributes = gltf.Attributes(
        POSITION=file.vectors(places, bounds=True), NORMAL=file.vectors(normals), TEXCOORD_0=file.vectors(uvs)
    )
    if part == "skin":  # no other part has a normal map
        attributes.TANGENT = file.vectors(tangents(places, normals, uvs, split.triangles))
    targets = [
        _target(file, head, neutral, part, split, moves, normals if with_normals else None)
        for moves in head.fit.model.expression
    ]
    indices = file.indices(split.triangles, len(split.vertex))
    return gltf.Primitive(
        attributes=attributes, indices=indices, material=materials[part], mode=gltf.TRIANGLES, targets=targets
    )


def _target(
    file: _File, head: Head, neutral: np.ndarray, part: str, split: SplitPart, moves: np.ndarray, normals: np.ndarray | None
) -> dict[str, int]:
    target = {"POSITION": file.sparse(moves[split.vertex], SMALLEST_MOVE, bounds=True)}
    if normals is not None:
        moved = _unit(part_normals(head.fit.model.mesh, neutral + moves, part)[split.vertex])
        target["NORMAL"] = file.sparse(moved - normals, SMALLEST_TURN)
    return target


def _unit(normals: np.ndarray) -> Float32[np.ndarray, "corners 3"]:
    """Normals of length 1; where triangles are degenerate, forwards."""
    length = np.linalg.norm(normals, axis=1, keepdims=True)
    return np.where(length > 0.5, normals / np.maximum(length, 1e-12), [[0, 0, 1]]).astype(np.float32)
