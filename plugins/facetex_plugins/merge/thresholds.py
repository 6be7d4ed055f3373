"""Merging of several photos of one person. Widths as shares of the map.

    python tests/benchmarks/same_person.py                         seen skin, PSNR and contrast of made-up people
    facetex run PHOTO PHOTO --same-person -o OUT                   seams, which were judged by eye

Set by eye on pairs of photographs of one person (photos/extra); tested on made-up people, whose albedo is known.
"""

BAND_BLUR = 0.02
"""Blur between the two bands."""
FADE = 0.1
"""Width over which a photo's broad colour comes in from the border of what it shows."""
SEAM = 0.006
"""Blur of the seams between details."""
PATCH_BLUR = 0.02
"""Blur by which small patches of one photo's detail within another's are given up."""
BETTER = 3.0
"""How much better than the main photo another must see a texel to give its detail: one face is better than a patchwork."""
