"""How rough the surface of a head is, over its UV map: 0 a mirror, 1 chalk, as glTF counts (the square root of GGX's alpha).

The mean of a face is a microfacet slope of m = 0.3 (149 people by Weyrich et al. 2006, averaged by d'Eon and Luebke 2007),
which is a roughness of sqrt(0.3) = 0.55. Forehead, nose and lips, oily or moist, are shinier, and grooves rougher than what
stands out; both by eye, not by measurement.
"""

from functools import lru_cache

import numpy as np
from jaxtyping import Float32

from facetex_core.geometry.uv_raster import all_texels
from facetex_core.imaging.push_pull import fill_smooth
from facetex_core.lazy import cv2
from facetex_core.structures import Detail, Head, MorphableModel
from facetex_core.texture.regions import region

SKIN_ROUGHNESS = 0.55
"""Where no region says otherwise."""
REGION_ROUGHNESS = {"forehead": 0.47, "chin": 0.50, "eyes": 0.48, "nose": 0.42, "lips": 0.38}
PART_ROUGHNESS = {"left_eye": 0.1, "right_eye": 0.1, "mouth": 0.5, "teeth": 0.25, "gums": 0.5, "lashes": 0.4}
"""What is no skin: wet, or hair."""
REGION_BLUR = 0.008
"""Blur of the regions' borders, as a share of the map."""
GROOVE_ROUGHNESS, DEPTH = 0.05, 0.0001
"""How much rougher a deep groove is, and the metres that count as deep."""
REFRACTION = {"skin": 1.4, "left_eye": 1.376, "right_eye": 1.376, "lashes": 1.55}
"""Skin by Tuchin 2007, the cornea by Gullstrand, hair by Marschner et al. 2003; other parts as skin."""
DIM = {"mouth": 0.3, "gums": 0.3}
"""Share of the mirrored light of parts that lips hide from most of it."""


@lru_cache(maxsize=1)
def roughness_of(head: Head) -> Float32[np.ndarray, "size size"]:
    """The head's own map, or the one that its regions and relief give."""
    return roughness_map(head.fit.model, head.detail) if head.roughness is None else head.roughness


def roughness_map(model: MorphableModel, detail: Detail) -> Float32[np.ndarray, "size size"]:
    """Skin by region and relief, eyes, mouth and teeth by part, continued smoothly beyond the islands."""
    size = len(detail.displacement)
    rough = np.full((size, size), SKIN_ROUGHNESS, np.float32)
    for name, value in REGION_ROUGHNESS.items():
        rough += region(model, name, size) * (value - rough)
    rough = np.asarray(cv2.GaussianBlur(rough, (0, 0), REGION_BLUR * size))
    rough -= GROOVE_ROUGHNESS * np.tanh(detail.displacement / DEPTH)
    texels = all_texels(model, size)
    for part, value in PART_ROUGHNESS.items():
        rough[texels.of(model.mesh, part)] = value
    filled = fill_smooth(np.repeat(rough[..., None], 3, -1).astype(np.float32), texels.inside.astype(np.float32))[..., 0]
    return np.clip(filled, 0, 1).astype(np.float32)
