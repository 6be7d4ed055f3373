"""How much of the light from all around reaches the surface, over the UV map: 1 in the open, 0 in nostrils and behind the lips.

Skin and eyes are looked at with the person at rest, the mouth with the jaw open, teeth and gums with the lips away, too: nobody
sees them otherwise.
"""

from functools import lru_cache

import numpy as np
from jaxtyping import Float32

from facetex_core.geometry.ambient_occlusion import occlusion
from facetex_core.geometry.raycast import Scene
from facetex_core.geometry.unweld import part_normals
from facetex_core.geometry.uv_raster import all_texels, interpolate
from facetex_core.imaging.push_pull import fill_smooth
from facetex_core.structures import Fit, Head, Mesh

TEETH = ("teeth", "gums")
JAW_AJAR = 0.7
"""Weight of `jawOpen` at which the inside is looked at."""
OCCLUSION_RAYS = 96
PASSED_ON = 0.45
"""Share of the light that reaches a gap between teeth all the same, through enamel and gums."""


@lru_cache(maxsize=1)
def ambient_occlusion_map(head: Head) -> Float32[np.ndarray, "size size"]:
    """In [0, 1], continued smoothly beyond the islands."""
    mesh, texels = head.fit.model.mesh, all_texels(head.fit.model, head.albedo.size)
    seen = np.ones((head.albedo.size, head.albedo.size), np.float32)
    for part in [name for name in mesh.parts if name != "lashes"]:
        vertices = head.fit.neutral if part not in (*TEETH, "mouth") else _ajar(head.fit)
        hides = (
            np.concatenate([mesh.triangles[mesh.parts[name]] for name in TEETH if name in mesh.parts])
            if part in TEETH
            else mesh.solid
        )
        values = _of_part(Scene(vertices, hides), vertices, mesh, part)
        values = PASSED_ON + (1 - PASSED_ON) * values if part in TEETH else values
        own = texels.of(mesh, part)
        seen[own] = interpolate(texels, mesh, values[:, None])[own, 0]
    filled = fill_smooth(np.repeat(seen[..., None], 3, -1), texels.inside.astype(np.float32))[..., 0]
    return np.clip(filled, 0, 1).astype(np.float32)


def _ajar(fit: Fit) -> Float32[np.ndarray, "vertices 3"]:
    names = fit.model.expression_names
    return fit.neutral + JAW_AJAR * fit.model.expression[names.index("jawOpen")] if "jawOpen" in names else fit.neutral


def _of_part(
    scene: Scene, vertices: Float32[np.ndarray, "vertices 3"], mesh: Mesh, part: str
) -> Float32[np.ndarray, "vertices"]:
    """At the vertices of a part; 1 at others."""
    own, normals = np.unique(mesh.triangles[mesh.parts[part]]), part_normals(mesh, vertices, part)
    found = np.ones(len(vertices), np.float32)
    found[own] = occlusion(scene, vertices[own], normals[own], OCCLUSION_RAYS)
    return found
