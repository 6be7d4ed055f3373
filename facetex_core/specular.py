"""Highlights over the UV map: what a photo shows above albedo times shading, in the light's own colour.

What the surface mirrors adds the colour of the light to that of the skin (Shafer 1985, the dichromatic model); more of the
light in the skin's own colours, as in a patch of sun, is none.
"""

import numpy as np
from jaxtyping import Float32

from facetex_core.colour import luminance
from facetex_core.harmonics import shade
from facetex_core.photometry import normal_map
from facetex_core.structures import Fit, Texture


def specular_map(lit: Texture, albedo: Texture, fit: Fit) -> Float32[np.ndarray, "size size 3"]:
    """Linear light above albedo times shading, as much as all channels have alike; times how surely the photo shows skin."""
    light = fit.lighting.coefficients[0]
    colour = np.maximum(light / max(float(luminance(light)), 1e-6), 0.1).astype(np.float32)
    above = lit.rgb - albedo.rgb * shade(fit.lighting, normal_map(fit, lit.size))
    alike = np.maximum((above / colour).min(-1), 0) * lit.visibility
    return np.clip(alike[..., None] * colour, 0, 1).astype(np.float32)
