"""One GLB of all variants: heads of one shape are one mesh that changes its materials (KHR_materials_variants)."""

from collections.abc import Sequence

import numpy as np

from facetex_core.delivery.gltf import GlbFile, add_materials, add_mesh
from facetex_core.geometry.unweld import split_part
from facetex_core.lazy import pygltflib as gltf
from facetex_core.structures import Fit
from facetex_core.workbench.comparison.compare import GlbData, Outcome

EXTENSION = "KHR_materials_variants"
APART = 1.25
"""Distance of neighbours, in sizes of the first head."""


def variants_glb(outcomes: Sequence[Outcome], names: Sequence[str]) -> bytes:
    """A row of heads for each photo, a head for each shape in it; `names` of all variants, which a viewer lists.

    A variant that made another shape leaves a head as the first variant of its own shape made it.
    """
    file = GlbFile()
    made = [each for each in outcomes if each.glb]
    width, height = _extent(made[0].glb.fit) if made and made[0].glb else (0.0, 0.0)
    for row, photo in enumerate(dict.fromkeys(each.photo for each in made)):
        shapes = _by_shape([each for each in made if each.photo == photo])
        for column, group in enumerate(shapes):
            mesh = _add_head(file, group, names)
            place = [APART * width * column, -APART * height * row, 0.0]
            label = f"{photo} · {group[0].variant.name if len(shapes) > 1 else 'head'}"
            file.document.nodes.append(gltf.Node(name=label, mesh=mesh, translation=place))
    heads = list(range(len(file.document.nodes)))
    file.document.scenes, file.document.scene = [gltf.Scene(name="variants", nodes=heads)], 0
    file.document.extensions = {EXTENSION: {"variants": [{"name": name} for name in names]}}
    file.document.extensionsUsed = sorted({*file.document.extensionsUsed, EXTENSION})
    file.document.asset = gltf.Asset(version="2.0", generator="facetex")
    return file.content()


def _add_head(file: GlbFile, group: Sequence[Outcome], names: Sequence[str]) -> int:
    """The mesh of a shape with the materials of all that have it."""
    dresses = [each.glb for each in group if each.glb]
    fit = dresses[0].fit
    parts, named = fit.model.mesh.parts, zip(group, dresses, strict=True)  # heads of one shape have one model
    materials = [add_materials(file, parts, glb.maps, f" {each.variant.name}") for each, glb in named]
    whole = {part: split_part(fit.model.mesh, part) for part in parts}
    mesh = add_mesh(file, fit, group[0].photo, whole, materials[0], normals=False)
    variants = [names.index(each.variant.name) for each in group]
    for part, primitive in zip(parts, file.document.meshes[mesh].primitives, strict=True):
        worn: dict[int, list[int]] = {}
        for number, material in zip(variants, materials, strict=True):
            worn.setdefault(material[part], []).append(number)
        mappings = [{"material": material, "variants": numbers} for material, numbers in worn.items()]
        primitive.extensions = {EXTENSION: {"mappings": mappings}}
    return mesh


def _by_shape(outcomes: Sequence[Outcome]) -> list[list[Outcome]]:
    groups: list[list[Outcome]] = []
    for each in outcomes:
        alike = next((group for group in groups if _same_shape(group[0].glb, each.glb)), None)
        if alike is None:
            groups.append([each])
        else:
            alike.append(each)
    return groups


def _same_shape(one: GlbData | None, other: GlbData | None) -> bool:
    if one is None or other is None or one.fit.model is not other.fit.model:
        return False
    return all(np.array_equal(getattr(one.fit, name), getattr(other.fit, name)) for name in ("identity", "expression"))


def _extent(fit: Fit) -> tuple[float, float]:
    low, high = fit.vertices.min(0), fit.vertices.max(0)
    return float(high[0] - low[0]), float(high[1] - low[1])
