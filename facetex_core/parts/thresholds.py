"""Eyes, irises and teeth: when a photo tells an iris's colour, and how far a row of teeth may be moved behind the lips.

    python tests/benchmarks/thresholds.py eyes --photos photos/dev   what each of these moves
    python tests/benchmarks/alternates.py --role painter             irises of made-up heads against the true ones
    python tests/benchmarks/contact_sheet.py photos/dev -o OUT       teeth and lips, which were judged by eye

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

LIP_OVER_TEETH, LIP_BEFORE_TEETH = 0.001, 0.0005
"""Metres by which the upper lip's edge hangs over the upper teeth, and stands in front of them."""
BESIDE_LIP = 0.0025
"""Metres to either side of a point of the lip within which teeth lie behind it."""
TEETH_LONGER, TEETH_FURTHEST = 0.0015, 0.008
"""Metres by which teeth may be longer than the model's, and by which they may stand elsewhere."""
