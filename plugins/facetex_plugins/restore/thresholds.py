"""Compression and noise: from when on squares of JPEG are smoothed, and how far round a face.

    python tests/benchmarks/thresholds.py restore --photos photos/dev    blockiness at JPEG qualities; what each of these moves
    python tests/benchmarks/alternates.py --role restorer                albedo of made-up heads, compressed and with noise

Set on 34 portraits (photos/dev and photos/extra); tested on made-up heads.
"""

BLOCKY = 9e-4
"""Mean square of the jumps in sRGB-coded light, beyond those elsewhere, from which squares are smoothed: about quality 20.

Portraits have 6e-4 at most; qualities 20, 10 and 5 have 9 to 14, 15 to 26 and 26 to 42e-4."""
LARGEST_JUMP = 0.02
"""Squares of differences above it are outlines."""
AROUND = 0.5
"""How far around a face the photo is smoothed, as a share of its box."""
GRAIN_RADIUS = 2
"""Pixels: grain is finer, pores of a sharp portrait are about as large."""
