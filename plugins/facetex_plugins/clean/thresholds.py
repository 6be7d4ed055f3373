"""Defects: scratches, dust, glitter and hair, told from moles, stubble and whiskers. Widths as shares of the map.

    python tests/benchmarks/thresholds.py clean --photos photos/dev   skin that portraits lose; what each of these moves
    python tests/benchmarks/alternates.py --role cleaner              scratches found and clean skin lost, on made-up heads
    python tests/benchmarks/contact_sheet.py photos/historical -o OUT

Set by eye on photos/historical, and on photos/dev, which are to stay whole: sharpened portraits reach either of two bounds
often, both hardly ever. Tested on made-up heads with scratches.
"""

THIN = 0.014
"""Width of the widest thing that is thin."""
DEFECT_MARGIN = 0.004
"""How far around it the photo is not believed."""
WHITE, BLACK = 0.85, 0.1
"""sRGB-coded mean of the channels above or below which skin is rare."""
BRIGHTER, DARKER = 0.35, 0.6
"""Difference in log light from what lies around."""
BEARD_BLUR, BEARD_SHADE = 0.02, 0.35
"""Where a neighbourhood (blur) is darker than the middle of the face by this (log), it is a beard."""
SPECK, CROWD = 0.03, 0.012
"""Longest speck, a scratch being longer, and neighbourhood in which they are counted (blur)."""
WHISKERS, WHISKER_REACH = 0.004, 0.07
"""Share of a neighbourhood round the mouth that is specks, from which they are whiskers, and how far round the
lips these grow."""
GLINT, GLITTER = 0.7, 0.35
"""sRGB-coded mean of the channels of glints, and their share of a neighbourhood from which it is hidden: where the photo sees
it straight on; the less it does, the fewer are enough."""
LASH_DARKER, LASH_MARGIN = 0.2, 0.002
"""Log light by which lashes are darker than the skin beside the lid's edge, and how far around them the photo is not believed.
Set by eye on photos/dev, looked at on photos/candid."""
