"""Detection: from which score a place is a face, and when two places are one.

    python tests/benchmarks/thresholds.py detect --photos photos/dev   what each of these moves
    python -m training.landmarks eval                                  faces found, false faces, errors of the points

Set on photos/dev and on pictures without faces (model_zoo/cards/faces.md and landmarks.md tell which).
"""

MIN_SCORE = 0.42
"""Score from which a place counts as a face, by the network that ships: faces have .51 and more, other things .38 at most."""
FACE_HEAT = 0.3
"""Heat of the finder from which a place is looked at."""
YUNET_SCORE = 0.5
"""YuNet's score from which a place is looked at; our network's score decides."""
MOST_PLACES = 12
"""Places looked at in one photo, the hottest."""
REST = 0.1
"""How far, in face squares, the points may move from the first crop to the second; a false face's do not stay."""
LOOKS = ((0.03, -0.03), (-0.03, 0.03))
"""Shifts, in face squares, of the second look's crops: the mean of their points errs less than one crop's."""
EYES_TO_MOUTH = 0.385
"""Of the face square's side; the distance of the eyes is the same (portraits of photos/dev: 0.38 and 0.39)."""

SAME_PLACE, SAME_SIDE = 0.3, (0.6, 1.7)
"""Distance, in sides of the smaller, and ratio of the sides within which two places of the finder are one,"""
SAME_YUNET = 0.5
"""and the distance for YuNet's, in sides of the surer."""
SAME_FACE = 0.35
"""Shared part of the smaller of two boxes from which they are one face."""
EAR, EAR_REACH = 0.25, 0.3
"""What is smaller than the first share of a face and lies no further from it than the second is an ear or an earring."""
