"""What no shading explains: deep shade, cast shadow, shine, hair at the outline, beards. Widths as shares of the map.

    python tests/benchmarks/thresholds.py delight --photos photos/dev   what each of these moves
    python tests/benchmarks/delight.py photos/dev                       sides, kept skin, detail, chroma
    facetex eval synthetic --delighter network,harmonics --hdri FILE    albedo of made-up heads, whose truth is known
    python tests/benchmarks/contact_sheet.py photos/dev -o OUT          the pictures by which hair and beards were judged

Set on photos/dev and, for shade, on 107 faces; tested on made-up heads under panoramas.
"""

DARKEST_SHADING, BRIGHTEST_SHADING = 0.3, 2.5
"""Shading relative to its median beyond which it is not believed (107 faces)."""
SHADED = 0.55
"""Relative shading below which a texel loses visibility, all of it at half: relief is shaded there, and leaves blotches."""
DARKEST_DIVISOR = 0.05
"""Of `division`: shading, as a share of its median, below which it would make colour out of noise."""
FITTED_TONE = 0.4
"""Share of the fit in the tone of the skin, beside the network's: CIEDE2000 4.5 when it was set, 5.2 and 4.8 at 0
and 1 (`facetex eval synthetic`, tone)."""

RESIDUAL_BLUR = 0.03
"""Width of the smooth residual's blur."""
SHADOW_EDGE, ONE_SIDED = 0.01, 0.05
"""Width of cast shadow's edges, and log albedo by which the sides of a face may differ."""
SHINE_WIDTH, SHINE_LEAST, SHINE_PALER = 0.008, 0.04, 0.1
"""Width of highlights; what they are brighter by at least, and how much more blue rises than red in a full one (log)."""

DOWNWARD, DOWNWARD_FADE = 0.25, 0.25
"""How far a normal points down where the jaw's underside begins, and how much further where nothing of it is left."""
OUTLINE_REACH = 0.05
"""How far hair, collars and the jaw's own shadow reach in from the outline of the visible face."""
HAIR_WIDTH = 0.008
"""Width over which hair is told from a brow line or a wrinkle."""
FAINT_HAIR = 0.16
"""Log luminance below the face's skin from which the forehead is taken for hair; at twice that nothing is left."""
BEARDED = 0.25
"""Log luminance by which the middle of a chin is darker than the face from which on it is taken for bearded."""
CRUMB = 0.04
"""Half the width of what counts as broad."""
LENS, LENS_LEAST = 0.02, 0.2
"""How far beyond eyes and brows lenses reach (blur), and what is left of the blurred eye at their border."""
