"""Compression and noise: from when on squares of JPEG are smoothed, and how far round a face.

    python tests/benchmarks/thresholds.py restore --photos photos/dev    blockiness at JPEG qualities; what each of these moves
    python tests/benchmarks/alternates.py --role restorer                albedo of made-up heads, compressed and with noise

Set on 34 portraits (photos/dev and photos/extra); tested on made-up heads.
"""

BLOCKY = 9e-4
"""Mean square of the jumps in sRGB-coded light, beyond those elsewhere, from which squares are smoothed: about quality 20.

The 34 have 6e-4 at most; saved at qualities 20, 10 and 5 they have 7 to 23, 12 to 28 and 20 to 51e-4 (medians 11, 15, 26)."""
LARGEST_JUMP = 0.02
"""Squares of differences above it are outlines."""
AROUND = 0.5
"""How far around a face the photo is smoothed, as a share of its box."""
GRAIN_RADIUS = 2
"""Pixels: grain is finer, pores of a sharp portrait are about as large."""
