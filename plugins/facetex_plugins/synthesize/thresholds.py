"""Synthesis of hidden skin: where own texels end, how detail is mixed, and pores. Widths and blurs as shares of the map.

    python tests/benchmarks/thresholds.py synthesize --photos photos/dev   what each of these moves
    facetex eval leave-one-out photos/dev                                  error of hidden skin: feature, tone, energy, seam
    python tests/benchmarks/synthesis.py PHOTO                             seconds and losses of `gram`
    python tests/benchmarks/contact_sheet.py photos/candid -o OUT          seams, scalps and pores, which were judged by eye

Set on photos/dev; pores by eye on coarse photographs (photos/candid, photos/historical) too.
"""

import numpy as np

FEATHER = 0.016
"""Width of the border over which own skin fades."""
DETAIL_BLUR = 0.012
"""Blur between low frequency and detail (six texels at 512)."""
NEAR_SKIN = 0.03
"""How far (blur) visible skin tells the colour of hidden skin beside it."""
MIRROR_WEIGHT = 0.3
"""Weight of a mirrored texel in the low frequency: at 0.1 the hidden half's tone was 1.8 off (CIEDE2000), at 0.3 it is 1.5
(`facetex eval leave-one-out`)."""
AWAY = 0.008
"""How far from features pores are sampled (blur)."""
NOSTRIL_COLOUR = np.array([0.35, 0.2, 0.17], np.float32)
"""What is left of the skin's colour inside of a nostril: light that has been reflected by red flesh several times."""

DECODED_RIM, NOSTRIL_BORDER = 0.03, 0.012
"""Blurs of the decoder's border between face and head, and round the nostrils: portraits hardly show what lies there."""
STRONGEST_OCTAVE, OCTAVE_BLUR = 1.5, 8
"""The largest factor of the octaves above the decoder's, and the blur in texels under which their strength is taken."""
OCTAVES = (0.0007, 0.0014, 0.0028)
"""Blurs between the octaves of the texture."""
POLISHED = 1.05
"""The decoder's octaves are made at most so many times stronger or weaker: 1.2 is 1 % farther, 2 is leather."""
STRONGEST_BAND = 3.0
"""The largest factor of an octave without a decoder."""
WORTH_MATCHING = 0.01
"""Share of the face's box; a rim of a few texels carries no correlations."""
CONTENT, CONTENT_BLUR = 50.0, 16
"""Of `gram`: weight of the low-frequency layout (between 20 and 200 the picture hardly changes), and texels of its averages."""

COARSE_PHOTO = 0.6
"""Pixels a texel below which something is missing."""
PIXEL_BLUR, FINEST_PORE, LARGEST_PORE = 0.5, 0.5, 0.004
"""Blur that a pixel is, in pixels; that a map can just hold, in texels; and that pores may not exceed: larger are blisters."""
PORE_STRENGTH = 0.018
"""Standard deviation of log lightness in an octave; the smoothest tenth of sharp portraits has 0.025, not all of it pores."""
STRONGEST_PORES = 0.03
"""Standard deviation of log lightness that pores have at most; stubble and hard light have more and make leather of a scalp."""

SURELY_HAIR, FEWEST_HAIRS = 0.8, 200
"""Probability from which a pixel is hair, and how many pixels tell its colour."""
HAIRY, ABOVE, SCALP_OUTLINE, UPWARDS = 0.35, 0.005, 0.35, 0.2
"""Mean probability of hair this many metres above the scalp's outline, below which the person is bald; where the outline is
(cosine towards the camera) and how far up its normals point. Of 14 heads of dev, one with shaved hair has .47, the others .55
to 1.
"""
HAIR_OF_BROWS = 0.25
"""Share of the brows, the darkest, that is hair: its colour is the head's where no hair is seen."""
