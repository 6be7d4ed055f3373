"""A GLB that grows: the buffers, textures, materials and primitives of heads, as glTF 2.0 wants them."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from jaxtyping import Float32, Int32

from facetex_core.geometry.unweld import SplitPart, part_normals, split_part, tangents
from facetex_core.io.texture_files import colour_png, normal_png, surface_png
from facetex_core.lazy import pygltflib as gltf
from facetex_core.structures import Fit, Head
from facetex_core.texture.ambient_occlusion_map import ambient_occlusion_map
from facetex_core.texture.material import DIM, REFRACTION, roughness_of

MATERIALS = {"left_eye": "eyes", "right_eye": "eyes"}
"""Parts that share a material; the others have their own, by their own name."""
SMALLEST_MOVE = 1e-6
"""Metres; what moves less does not move."""
SMALLEST_TURN = 0.01
"""Of a unit normal: half a degree."""

Places = Float32[np.ndarray, "vertices 3"]
Normals = Float32[np.ndarray, "corners 3"]


@dataclass
class GlbFile:
    """The document and its one buffer."""

    document: "gltf.GLTF2" = field(default_factory=lambda: gltf.GLTF2())  # noqa: PLW0108  # the package is loaded here, not at the head
    binary: bytearray = field(default_factory=bytearray)
    textures: dict[bytes, int] = field(default_factory=dict)
    """Numbers by content."""

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

    def indices(self, triangles: Int32[np.ndarray, "triangles 3"], corners: int) -> int:
        """An accessor of triangles."""
        wide = ("<u2", gltf.UNSIGNED_SHORT) if corners <= 65535 else ("<u4", gltf.UNSIGNED_INT)
        view = self.view(triangles.astype(wide[0]).tobytes(), gltf.ELEMENT_ARRAY_BUFFER)
        return self._add(gltf.Accessor(bufferView=view, componentType=wide[1], count=triangles.size, type=gltf.SCALAR))

    def texture(self, name: str, png: bytes) -> int:
        """A texture from an embedded PNG; the same one where the same PNG comes again."""
        if png not in self.textures:
            image = gltf.Image(name=name, mimeType="image/png", bufferView=self.view(png))
            self.document.images.append(image)
            self.textures[png] = len(self.document.textures)
            self.document.textures.append(gltf.Texture(name=name, sampler=0, source=len(self.document.images) - 1))
        return self.textures[png]

    def _add(self, accessor: "gltf.Accessor") -> int:
        self.document.accessors.append(accessor)
        return len(self.document.accessors) - 1

    def content(self) -> bytes:
        """The whole file."""
        self.binary += bytes(-len(self.binary) % 4)
        self.document.buffers = [gltf.Buffer(byteLength=len(self.binary))]
        self.document.set_binary_blob(bytes(self.binary))
        return b"".join(self.document.save_to_bytes())


def _accessor(values: Float32[np.ndarray, "rows columns"], bounds: bool) -> "gltf.Accessor":
    """As bounds, glTF wants the very numbers that single precision holds."""
    kind = {2: gltf.VEC2, 3: gltf.VEC3, 4: gltf.VEC4}[values.shape[1]]
    low, high = ([float(x) for x in edge] for edge in (values.min(0), values.max(0)))
    limits = {"min": low, "max": high} if bounds else {}
    return gltf.Accessor(byteOffset=None, componentType=gltf.FLOAT, count=len(values), type=kind, **limits)


def maps_of(head: Head) -> dict[str, bytes]:
    """Albedo, normals, and occlusion with roughness, as PNG."""
    surface = surface_png(ambient_occlusion_map(head), roughness_of(head))
    return {"albedo": colour_png(head.albedo.rgb), "normal": normal_png(head.detail.normals), "surface": surface}


def add_materials(file: GlbFile, parts: Mapping[str, slice], maps: Mapping[str, bytes], name: str = "") -> dict[str, int]:
    """A material for each kind of part, with the maps of `maps_of`; the number of each part's."""
    if not file.document.samplers:
        repeat = gltf.CLAMP_TO_EDGE
        file.document.samplers = [
            gltf.Sampler(magFilter=gltf.LINEAR, minFilter=gltf.LINEAR_MIPMAP_LINEAR, wrapS=repeat, wrapT=repeat)
        ]
    textures = {kind: file.texture(kind + name, png) for kind, png in maps.items()}
    numbers: dict[str, int] = {}
    for part in parts:
        kind = MATERIALS.get(part, part)
        if kind not in numbers:
            numbers[kind] = len(file.document.materials)
            file.document.materials.append(_material(kind + name, part, textures))
    file.document.extensionsUsed = sorted({*file.document.extensionsUsed, "KHR_materials_ior", "KHR_materials_specular"})
    return {part: numbers[MATERIALS.get(part, part)] for part in parts}


def _material(name: str, part: str, textures: Mapping[str, int]) -> "gltf.Material":
    reflection = gltf.PbrMetallicRoughness(
        baseColorTexture=gltf.TextureInfo(index=textures["albedo"]),
        metallicRoughnessTexture=gltf.TextureInfo(index=textures["surface"]),
        metallicFactor=0.0,
        roughnessFactor=1.0,
    )
    refraction = {"ior": REFRACTION.get(part, REFRACTION["skin"])}
    extensions = {"KHR_materials_ior": refraction, "KHR_materials_specular": {"specularFactor": DIM.get(part, 1.0)}}
    hidden = gltf.OcclusionTextureInfo(index=textures["surface"])
    bent = gltf.NormalMaterialTexture(index=textures["normal"]) if part == "skin" else None
    return gltf.Material(
        name=name,
        pbrMetallicRoughness=reflection,
        normalTexture=bent,
        occlusionTexture=hidden,
        extensions=extensions,
        alphaMode=None,
        alphaCutoff=None,
    )


def add_mesh(file: GlbFile, fit: Fit, name: str, materials: Mapping[str, int], *, normals: bool) -> int:
    """The head without expression, a morph target for every expression, and the fitted one as weights; the mesh's number.

    Without `normals` the targets move vertices only.
    """
    parts = fit.model.mesh.parts
    neutral = fit.neutral
    primitives = [_primitive(file, fit, neutral, part, materials[part], normals) for part in parts]
    extras = {"targetNames": list(fit.model.expression_names), "parts": list(parts)}
    weights = [float(weight) for weight in fit.expression]
    file.document.meshes.append(gltf.Mesh(name=name, primitives=primitives, weights=weights, extras=extras))
    return len(file.document.meshes) - 1


def _primitive(file: GlbFile, fit: Fit, neutral: Places, part: str, material: int, with_normals: bool) -> "gltf.Primitive":
    mesh, split = fit.model.mesh, split_part(fit.model.mesh, part)
    normals = _unit(part_normals(mesh, neutral, part)[split.vertex])
    places, uvs = neutral[split.vertex], mesh.uvs[split.uv]
    attributes = gltf.Attributes(
        POSITION=file.vectors(places, bounds=True), NORMAL=file.vectors(normals), TEXCOORD_0=file.vectors(uvs)
    )
    if part == "skin":  # no other part has a normal map
        attributes.TANGENT = file.vectors(tangents(places, normals, uvs, split.triangles))
    targets = [
        _target(file, fit, neutral, part, split, moves, normals if with_normals else None)
        for moves in fit.model.shapes(fit.identity)
    ]
    indices = file.indices(split.triangles, len(split.vertex))
    return gltf.Primitive(attributes=attributes, indices=indices, material=material, mode=gltf.TRIANGLES, targets=targets)


def _target(
    file: GlbFile, fit: Fit, neutral: Places, part: str, split: SplitPart, moves: Places, normals: Normals | None
) -> dict[str, int]:
    target = {"POSITION": file.sparse(moves[split.vertex], SMALLEST_MOVE, bounds=True)}
    if normals is not None:
        moved = _unit(part_normals(fit.model.mesh, neutral + moves, part)[split.vertex])
        target["NORMAL"] = file.sparse(moved - normals, SMALLEST_TURN)
    return target


def _unit(normals: Normals) -> Normals:
    """Normals of length 1; where triangles are degenerate, forwards."""
    length = np.linalg.norm(normals, axis=1, keepdims=True)
    return np.where(length > 0.5, normals / np.maximum(length, 1e-12), [[0, 0, 1]]).astype(np.float32)
