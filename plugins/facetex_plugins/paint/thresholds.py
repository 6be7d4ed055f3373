"""Irises and lashes: when a photo tells their colour.

    python tests/benchmarks/thresholds.py paint --photos photos/dev   what each of these moves
    python tests/benchmarks/alternates.py --role painter             irises of made-up heads against the true ones

Set by eye on photos/dev; irises tested on made-up heads, lashes looked at on photos/candid and photos/historical.
"""

SMALLEST_IRIS = 3.0
"""Pixels of radius; below, iris and lashes are one blur."""
IRIS_CONTRAST = 0.85
"""An iris is darker than this share of what lies between the lids; else glasses shine there, or the fit is off."""
OPEN_EYE = 0.45
"""Share of the iris's disc that lies between the lids at least: a shut eye shows lashes only."""
IRIS_RING, LID_SHADE = (0.45, 0.85), 0.4
"""Radii, in the iris's own, between pupil and limbus; and how far above the middle the upper lid's shade begins."""
IRIS_LIGHT = (0.3, 0.85)
"""Quantiles of the ring's luminance between which its colour is taken: lashes below, highlights above."""
FEWEST_PIXELS = 12
"""Of the ring, below which there is no colour."""
DARKEST_IRIS, BRIGHTEST_IRIS = 0.025, 0.30
"""Bounds of an iris's linear albedo: dark brown to pale grey."""
REDDEST_IRIS = 2.4
"""Red over green of an iris at most, a little more than brown's: what is redder lies in the shade of lids."""
ODD_EYES = 0.7
"""Natural logarithm by which a channel of two irises differs, brightness aside, from which they are of two colours. In 35
photographs (23 of dev, 12 synthetic) one person's differ by .33 at most, and their brightness by up to a factor of 3; brown and
blue differ by 1.5.
"""
SURELY_BROW, BROW_HAIR = 0.7, 0.1
"""Weight of the region from which it is brow, and share of the brow, the darkest, that is hair."""
LASH_CONTRAST, LASH_OF_BROW = (0.6, 2.4), (0.7, 0.15)
"""Log light by which fine lashes and painted ones stand out from the lid, and their albedo as shares of the brow hair's."""
LASH_PIXELS, FEWEST_POINTS = 0.15, 12
"""Share of the points at the lids' edges, the darkest, that show lashes; and how many points tell anything."""
LASH_ALBEDO = (0.006, 0.12)
"""From the blackest to the fairest hair."""
