"""Which landmark is what: the 68 of iBUG, zero-based, and the 468 of MediaPipe's face mesh."""

import numpy as np
from jaxtyping import Float

JAW_68 = tuple(range(17))
EYES_68 = {"right_eye": tuple(range(36, 42)), "left_eye": tuple(range(42, 48))}
OUTER_EYE_CORNERS_68 = (36, 45)
INNER_LIPS_68 = tuple(range(60, 68))
UPPER_LIP_68 = (61, 62, 63)
"""The edge of the upper lip without its corners."""

# fmt: off
OVAL = (
    10, 338, 297, 332, 284, 251, 389, 356, 454, 323, 361, 288, 397, 365, 379, 378, 400, 377, 152,
    148, 176, 149, 150, 136, 172, 58, 132, 93, 234, 127, 162, 21, 54, 103, 67, 109,
)
"""Round the face, from the top of the forehead over the subject's left; it slides over the skin as the head turns."""
JAW = (127, 234, 93, 132, 58, 172, 136, 150, 149, 176, 148, 152, 377, 400, 378, 379, 365, 397, 288, 361, 323, 454, 356)
"""The oval below the temples: above, it follows the hair."""
EYES = {
    "right_eye": (33, 246, 161, 160, 159, 158, 157, 173, 133, 155, 154, 153, 145, 144, 163, 7),
    "left_eye": (263, 466, 388, 387, 386, 385, 384, 398, 362, 382, 381, 380, 374, 373, 390, 249),
}
"""The edges of the lids."""
INNER_LIPS = (78, 191, 80, 81, 82, 13, 312, 311, 310, 415, 308, 324, 318, 402, 317, 14, 87, 178, 88, 95)
UPPER_LIP = (81, 82, 13, 312, 311)
RIGHT_EYE_CORNER, LEFT_EYE_CORNER, FOREHEAD, CHIN = 33, 263, 10, 152
"""The outer eye corners, the top of the forehead, the tip of the chin."""
IBUG = (
    127, 234, 93, 132, 58, 136, 150, 176, 152, 400, 379, 365, 288, 361, 323, 454, 356,  # jaw
    70, 63, 105, 66, 107, 336, 296, 334, 293, 300,  # brows
    168, 197, 5, 4, 75, 97, 2, 326, 305,  # nose
    33, 160, 158, 133, 153, 144, 362, 385, 387, 263, 373, 380,  # eyes
    61, 39, 37, 0, 267, 269, 291, 405, 314, 17, 84, 181,  # outer lips
    78, 82, 13, 312, 308, 317, 14, 87,  # inner lips
)
"""Which of the 468 lies nearest to each of the 68."""
# fmt: on


def eye_distance(landmarks: Float[np.ndarray, "68 2"]) -> float:
    """Between the outer eye corners of the 68 landmarks: the unit of landmark errors."""
    right, left = OUTER_EYE_CORNERS_68
    return float(np.linalg.norm(landmarks[right] - landmarks[left]))
