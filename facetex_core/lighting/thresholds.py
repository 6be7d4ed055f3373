"""Light and the tone of skin: what decides how much of a photo's brightness and colour is skin, and which photos are grey.

    python tests/benchmarks/thresholds.py light --photos photos/dev    what each of these moves
    python tests/benchmarks/delight.py photos/dev                      sides, chroma and grey copies of portraits
    python tests/benchmarks/alternates.py --role light_estimator       albedo of made-up heads, whose truth is known
    facetex eval synthetic --delighter network,harmonics --hdri FILE   the same under photographed light

Set on 34 portraits (photos/dev and photos/extra); tested on made-up heads.
"""

import numpy as np

LIGHT_RIDGE = np.array([0.02, *[0.02] * 3, *[0.06] * 5])
"""Of the light's coefficients, relative to a texel's weight; the second band thrice, by portraits' sides (`delight.py`)."""
LIGHT_ERROR = 0.15
"""Error, as a share of the mean albedo, at which a texel's weight for the light is halved: cast shadow, hair."""
HIGHLIGHT = 0.3
"""Weight of what is brighter than explained: highlights are no diffuse light."""
HIGHLIGHT_FROM = 0.1
"""How much brighter than explained a highlight is, as a share of light (of log light in the fit)."""
BRIGHT, LEVEL, EXPOSURE = 0.9, 1.5, 0.3
"""The quantile of a face's shading that cameras expose for, what they expose it to (so that the skin of portraits keeps the
albedo statistics' mean), and its standard deviation in logarithms. A face lit from the side is no darker than another."""
WARMTH = np.array([0.14, 0.0, -0.14])
"""How light is warmer or colder than the white that a camera has balanced, in logarithms and for one standard deviation,"""
TINT = 0.03
"""and what each channel deviates by besides: lamps and skies lie along one line."""
COLOURED = 0.5
"""Share of the directional colour that is left to the light; of the rest, blood under the skin is taken for the cause."""
ALBEDO_NOISE = 0.15
"""What a texel's log albedo deviates by from the best low-frequency model."""
ALBEDO_ERROR = 0.3
"""Error in log albedo at which a texel's weight for the skin's tone is halved."""
INDEPENDENT = 0.05
"""Share of texels that count as independent evidence: neighbours err together."""
TONED, TONED_BLUR = 1.6, 2.0
"""Root mean square in Lab of what a photo's colour does not follow from its lightness, below which it is grey or toned, and
texels of SIZE that are blurred before. Portraits in colour have at least 2.4, sepia after JPEG at quality 50 1.25."""
SKIN_TONE = np.log(np.array([0.47, 0.27, 0.185], np.float32))
"""A middle skin in log linear RGB, for models that bring no albedo,"""
SKIN_TONES = np.array([[0.45, 0.55, 0.6], [0.1, -0.05, -0.05], [0.0, 0.05, -0.08]], np.float32)
"""and how skins differ from it: melanin, blood, and the rest (`python -m training.skin_albedo all`: it keeps these)."""
HIGHLIGHT_WIDTH = 0.006
"""Width, as a share of the map, of the smallest highlight of the specular map: grain is finer, where pores were added to a
coarse photo. By eye (`contact_sheet.py`)."""
