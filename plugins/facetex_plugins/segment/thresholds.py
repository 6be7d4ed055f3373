"""Glasses: when some are worn, and where their rims may lie. Lengths in units of the eye distance.

    python tests/benchmarks/thresholds.py segment --photos photos/dev   both figures of each portrait; what each of these moves
    python -m training.skin eval                                        the mask of skin without the rims

Set on 34 portraits (photos/dev and photos/extra), seven of them with glasses; outlines by eye (`contact_sheet.py`).
"""

WORN = 0.26
"""Share of the skin round the eyes that the mask misses: over .28 on seven wearers, under .24 on 26 others in soft light."""
RIM_CLEAR = 0.18
"""How clear rims are at least, on average of both: .21 and more on the wearers, .16 where hard shadow hid the eyes."""
RIM_SHARE = 0.25
"""Quantile of a rim's clearness that stands for it: three quarters of it are clearer."""
ROUND_EYES = (0.5, 0.6)
"""Width and height that the skin round an eye reaches beyond it: lenses hide it from the mask."""
THICKEST = 0.07
"""Of a rim."""
LENS_NEAREST, LENS_FARTHEST, LENS_HEIGHT = 0.2, 0.68, 0.8
"""Radii of lenses to the side; their heights are less by the last."""
LENS_DROP = 0.06
"""How far the middle of a lens lies below that of the eye."""
RIM_BEYOND = 0.05
"""How far the rim's own width and its shade reach outwards."""
CLEAREST, LINE_BLUR = 0.4, 0.008
"""Difference in log light from which a line is surely one, and the blur under which lines are followed."""
BEND = 0.03
"""What a step of a radius costs, beside the line's difference in log light."""
