"""Relief: which band of a texture's luminance is depth. Blurs as shares of the map.

    python tests/benchmarks/thresholds.py detail --photos photos/dev   what each of these moves
    python tests/benchmarks/contact_sheet.py photos/dev -o OUT         wrinkles and pores in the renders

By eye, on the portraits of photos/dev.
"""

FINEST_RELIEF, COARSEST_RELIEF = 0.0006, 0.006
"""Blurs that bound the band: under a texel at 1024 is noise, over six is shading."""
FEATURE_BORDER = 0.008
"""Blur of the border round lips, brows, lids and nostrils, which are dark by colour, not by depth."""
RELIEF_FADE = 0.012
"""Blur of the border of the skin that a photo shows, within which the relief of `finenet` begins."""
