"""Highlights over the UV map: what a photo shows above albedo times shading, in the light's own colour.

What the surface mirrors adds the colour of the light to that of the skin (Shafer 1985, the dichromatic model); more of the
light in the skin's own colours, as in a patch of sun, is none.
"""

import numpy as np
from jaxtyping import Float32

from facetex_core.imaging.colour import luminance
from facetex_core.lazy import cv2
from facetex_core.lighting.estimate_lighting import normal_map
from facetex_core.lighting.harmonics import shade
from facetex_core.lighting.thresholds import HIGHLIGHT_WIDTH
from facetex_core.structures import Head


def specular_map(head: Head) -> Float32[np.ndarray, "size size 3"]:
    """Linear light above albedo times shading, as much as all channels have alike; times how surely the photo shows skin."""
    lit, lighting = head.lit, head.appearance.lighting
    light = lighting.coefficients[0]
    colour = np.maximum(light / max(float(luminance(light)), 1e-6), 0.1).astype(np.float32)
    above = lit.rgb - head.albedo.rgb * shade(lighting, normal_map(head.fit, lit.size))
    alike = np.maximum((above / colour).min(-1), 0) * lit.visibility
    width = round(HIGHLIGHT_WIDTH * lit.size) | 1
    alike = cv2.morphologyEx(alike, cv2.MORPH_OPEN, cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (width, width)))
    return np.clip(alike[..., None] * colour, 0, 1).astype(np.float32)
