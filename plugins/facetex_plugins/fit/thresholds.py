"""Fit: priors of the coefficients, weights and scales of landmarks, outline, brightness and colour.

    python tests/benchmarks/thresholds.py fit --photos photos/dev   what each of these moves, in millimetres
    python tests/benchmarks/fit.py photos/dev                       landmarks, photo, coefficients, mean texture
    facetex eval synthetic --fitter basis,saito                     surfaces, poses and landmarks of made-up heads

Set on portraits (photos/dev) and made-up heads. A residual of 1 is one percent of the distance between the outer eye corners.
"""

IDENTITY_PRIOR, EXPRESSION_PRIOR = 5.0, 9.0
"""Of a coefficient's square in standard deviations; the first of albedo, too: E_reg weighs all alike."""
WIDE_EYES = 20.0
"""Prior of eyeWide beside the others': without it nearly every portrait opens its eyes by .5 to raise its brows."""

ASSUMED_FOCAL = 2.4
"""Focal length over the longer side of the photo: a portrait lens. Between 1.5 and 4 landmarks fit alike, but no other
of these moves the shape as much: .3 mm by a quarter (`thresholds.py`)."""
POINTS_WEIGHT = 1.25
"""Of a place's squared error in deviations, beside the priors: a quarter of what independent places would weigh, for errors of
neighbours go together. From .6 to 2 no share changes by more than .02 (`facetex eval identity`)."""
LANDMARKS_SHARE = 0.1
"""Of the detector's landmarks in `posterior`: without them rendered heads are better (correlation .55 for .52) and the scan of
a real head is worse (surface .97 of the mean head's for .91); at .3 it is .44 and .89 (docs/decisions/007)."""
FOCAL_DEVIATION = 0.5
"""Of the focal length's logarithm about that of a portrait lens: phones, selfies and long lenses are within twice as much."""
SMALLEST_CROP = 30.0
"""Pixels of the square about a face below which networks see no shape."""
CAUCHY = 3.0
"""Residuals beyond three percent of the eye distance lose weight."""
LID_WEIGHT, OVAL_WEIGHT = 10.0, 0.35
"""Of lid margins and inner lips, for an eye a millimetre too open stares and a mouth shows teeth that the photo does not; and
of the face's oval, which slides."""
TURNED = 0.4
"""Cosine below which a point of the oval begins to slide."""
CONTOUR_REACH, CONTOUR_WEIGHT = 8.0, 2.0
"""Percent of the eye distance within which a landmark looks for the outline, and its weight beside an inner landmark's 1."""

SHADING_BLUR, JOINT_BLUR = (3.0, 1.5), (6.0, 3.0, 1.5)
"""Percent of the eye distance by which the photo is smoothed, from coarse to fine, for brightness and for `saito`'s colour:
finer than the mesh is no use."""
SHADING_WEIGHT = 0.3
"""Of a vertex whose brightness is right, beside a landmark's 1 at one percent of the eye distance."""
SHADING_DEVIATION = 0.1
"""What log albedo deviates by from the low-frequency model over a few millimetres; residuals beyond lose weight."""
COLOUR_WEIGHT = 10_000.0
"""Of `saito`'s E_c in shares of the face's light, where a landmark one percent off weighs 1: thrice as much and portraits'
landmarks leave their places, a third and half of the gain is lost (`facetex eval synthetic --fitter saito`)."""
COLOUR_FLOOR = 0.02
"""Share of the face's light below which a difference is noise: the norm is rounded off there."""

FLOW_REACH, FLOW_NOISE = 0.008, 0.1
"""Metres over which neighbours of the residual flow move together, and the variance of a landmark's own error, as a share of
the misses' variance (`fit.py`, sharpness of the mean texture)."""

POOR = 2.0
"""Percent of the eye distance: on portraits the landmarks of the inner face are 0.8 off at most (`fit.py`)."""
STRANGERS = 3.3
"""Millimetres, root mean square over the face, between heads fitted to one photo each: two pairs of photos of one person
gave 1.7 and 3.1, pairs of different people 1.8 in the middle. So only those who look quite unlike each other are told."""

LIP_BEFORE_TEETH = 0.0005
"""Metres by which the upper lip's edge stands in front of the upper teeth."""
BESIDE_LIP = 0.0025
"""Metres to either side of a point of the lip within which teeth lie behind it."""
TEETH_FURTHEST = 0.008
"""Metres by which teeth may stand elsewhere."""
