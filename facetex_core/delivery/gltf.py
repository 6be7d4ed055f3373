"""A GLB that grows: the buffers, textures, materials and primitives of heads, as glTF 2.0 wants them."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from jaxtyping import Float32, Int32, Shaped

from facetex_core.geometry.unweld import SplitPart, part_normals, tangents
from facetex_core.io.texture_files import colour_png, normal_png, surface_png
from facetex_core.lazy import pygltflib as gltf
from facetex_core.structures import Fit, Head
from facetex_core.texture.ambient_occlusion_map import ambient_occlusion_map
from facetex_core.texture.material import DIM, REFRACTION, roughness_of

MATERIALS = {"left_eye": "eyes", "right_eye": "eyes", "upper_teeth": "teeth", "lower_teeth": "teeth"}
"""Parts that share a material; the others have their own, by their own name."""
SMALLEST_MOVE = 1e-4
"""Metres; what moves less does not move."""
SMALLEST_TURN = 0.02
"""Of a unit normal: a degree."""

Normals = Float32[np.ndarray, "corners 3"]
Shapes = Float32[np.ndarray, "shapes vertices 3"]


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

    def vectors(self, values: Shaped[np.ndarray, "rows columns"], *, bounds: bool = False) -> int:
        """An accessor of a vertex attribute; 16-bit numbers are shares of 65535."""
        accessor = _accessor(values, bounds)
        accessor.bufferView = self.view(values.tobytes(), gltf.ARRAY_BUFFER)
        return self.add(accessor)

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
        return self.add(accessor)

    def indices(self, triangles: Int32[np.ndarray, "triangles 3"], corners: int) -> int:
        """An accessor of triangles."""
        wide = ("<u2", gltf.UNSIGNED_SHORT) if corners <= 65535 else ("<u4", gltf.UNSIGNED_INT)
        view = self.view(triangles.astype(wide[0]).tobytes(), gltf.ELEMENT_ARRAY_BUFFER)
        return self.add(gltf.Accessor(bufferView=view, componentType=wide[1], count=triangles.size, type=gltf.SCALAR))

    def texture(self, name: str, png: bytes) -> int:
        """A texture from an embedded PNG; the same one where the same PNG comes again."""
        if png not in self.textures:
            image = gltf.Image(name=name, mimeType="image/png", bufferView=self.view(png))
            self.document.images.append(image)
            self.textures[png] = len(self.document.textures)
            self.document.textures.append(gltf.Texture(name=name, sampler=0, source=len(self.document.images) - 1))
        return self.textures[png]

    def add(self, accessor: "gltf.Accessor") -> int:
        """The accessor's number."""
        self.document.accessors.append(accessor)
        return len(self.document.accessors) - 1

    def content(self) -> bytes:
        """The whole file."""
        self.binary += bytes(-len(self.binary) % 4)
        self.document.buffers = [gltf.Buffer(byteLength=len(self.binary))]
        self.document.set_binary_blob(bytes(self.binary))
        return b"".join(self.document.save_to_bytes())


def _accessor(values: Shaped[np.ndarray, "rows columns"], bounds: bool) -> "gltf.Accessor":
    """As bounds, glTF wants the very numbers that single precision holds."""
    kind = {2: gltf.VEC2, 3: gltf.VEC3, 4: gltf.VEC4}[values.shape[1]]
    number = {1: gltf.UNSIGNED_BYTE, 2: gltf.UNSIGNED_SHORT, 4: gltf.FLOAT}[values.itemsize]
    low, high = ([float(x) for x in edge] for edge in (values.min(0), values.max(0)))
    limits = {"min": low, "max": high} if bounds else {}
    share = values.itemsize == 2 or None
    return gltf.Accessor(byteOffset=None, componentType=number, normalized=share, count=len(values), type=kind, **limits)


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


def add_mesh(
    file: GlbFile, fit: Fit, name: str, parts: Mapping[str, SplitPart], materials: Mapping[str, int], *, normals: bool
) -> int:
    """Parts of the head without expression, a morph target for each expression that moves them, and the fitted one as weights.

    Gives the mesh's number. Without `normals` the targets move vertices only.
    """
    model, used = fit.model, np.unique(np.concatenate([split.vertex for split in parts.values()]))
    shapes = model.shapes(fit.identity)
    moving = [k for k, moves in enumerate(shapes) if np.linalg.norm(moves[used], axis=1).max() > SMALLEST_MOVE]
    primitives = [_primitive(file, fit, part, split, materials[part], shapes[moving], normals) for part, split in parts.items()]
    names, weights = [model.expression_names[k] for k in moving], [float(fit.expression[k]) for k in moving]
    extras = {"parts": list(parts), **({"targetNames": names} if moving else {})}
    file.document.meshes.append(gltf.Mesh(name=name, primitives=primitives, weights=weights, extras=extras))
    return len(file.document.meshes) - 1


def _primitive(
    file: GlbFile, fit: Fit, part: str, split: SplitPart, material: int, shapes: Shapes, with_normals: bool
) -> "gltf.Primitive":
    neutral, mesh = fit.neutral, fit.model.mesh
    normals = _unit(part_normals(mesh, neutral, part)[split.vertex])
    places, uvs = neutral[split.vertex], mesh.uvs[split.uv]
    attributes = gltf.Attributes(
        POSITION=file.vectors(places, bounds=True), NORMAL=file.vectors(normals), TEXCOORD_0=file.vectors(uvs)
    )
    if part == "skin":  # no other part has a normal map
        attributes.TANGENT = file.vectors(tangents(places, normals, uvs, split.triangles))
    targets = []
    for moves in shapes:
        targets.append({"POSITION": file.sparse(moves[split.vertex], SMALLEST_MOVE, bounds=True)})
        if with_normals and part != "lashes":  # whose turning nobody sees
            moved = _unit(part_normals(mesh, neutral + moves, part)[split.vertex])
            targets[-1]["NORMAL"] = file.sparse(moved - normals, SMALLEST_TURN)
    indices = file.indices(split.triangles, len(split.vertex))
    return gltf.Primitive(attributes=attributes, indices=indices, material=material, mode=gltf.TRIANGLES, targets=targets)


def _unit(normals: Normals) -> Normals:
    """Normals of length 1; where triangles are degenerate, forwards."""
    length = np.linalg.norm(normals, axis=1, keepdims=True)
    return np.where(length > 0.5, normals / np.maximum(length, 1e-12), [[0, 0, 1]]).astype(np.float32)
