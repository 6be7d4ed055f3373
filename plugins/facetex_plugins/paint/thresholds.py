"""Irises: when a photo tells the colour of one.

    python tests/benchmarks/thresholds.py paint --photos photos/dev   what each of these moves
    python tests/benchmarks/alternates.py --role painter             irises of made-up heads against the true ones

Set by eye on photos/dev; irises tested on made-up heads.
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
