"""The blend: what is told of hidden skin by others' faces, by the face's own, and by its mirror.

    python -m training.bank eval                                        errors of the correlations of hidden skin
    python -m training.bank eval --settings FILE                        on photos/bank (photos, in_bank in FILE)
    python tests/benchmarks/thresholds.py predict --photos photos/dev   what each of these moves

Set on photos/bank, each face left out of its bank; tested on photos/dev.
"""

MIRROR = 0.3
"""Share of the mirror where it is seen: 0.2 to 0.4 predict alike; at 1 it is worse than the blend alone."""
BLEND_RIDGE = 0.06
"""Of the least squares by which exemplars that are left out are explained, as the solver's own."""
WORTHWHILE = 0.4
"""Share below which nothing is carried over: at the .1 to .35 of conv3_1, photos are told no better, some splits 2 % worse."""
MUCH = 0.2
"""Share of the skin from which on what is hidden is aimed at by itself; a narrow rim stands for nothing but itself."""
FAINTEST_EXEMPLAR = 0.1
"""An exemplar whose hidden skin is fainter than this share of the mean energy counts no more than one at it."""
