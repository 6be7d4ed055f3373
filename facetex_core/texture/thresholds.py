"""What a photo shows: which texels count as seen, and which photos are refused.

    python tests/benchmarks/thresholds.py visibility --photos photos/dev   what each of these moves
    python tests/benchmarks/delight.py photos/dev                          chroma at contours, where background leaks in
    python tests/benchmarks/contact_sheet.py photos/dev -o OUT             the pictures by which borders were judged

Set on official portraits (photos/bank and photos/dev); looked at on photos/candid.
"""

GRAZING, STRAIGHT = 0.25, 0.5
"""Cosine below which a texel counts as hidden, for background leaks in there (213 portraits), and from which it is
trusted fully."""
MASK_UNSURE, MASK_SURE = 0.6, 0.95
"""The mask's probability up to which a pixel counts as hidden, and from which it is trusted fully."""
SURE = 0.35
"""Visibility from which a texel is kept as it is; below, it fades into the next source. By eye."""

SMALLEST_FACE = 32
"""Pixels along the longer side of the box; below, landmarks are guesses (`python -m training.landmarks eval`)."""
LEAST_SKIN = 0.02
"""Share of the map; a fit's forehead alone is three times as much."""
WIDEST_YAW = 70.0
"""Degrees; beyond, less than half of the face is in the photo and the fit has no second eye to hold on to."""
DARKEST_FACE, BRIGHTEST_FACE = 0.004, 0.96
"""Median of the seen skin in linear light between which it has a colour: a step of 8-bit black is 0.0003, of white 0.009."""
