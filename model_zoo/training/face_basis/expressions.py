"""Expressions of our mesh under ARKit's names, which the basis carries into every head: made of the source's shapes."""

import numpy as np
from jaxtyping import Float
from scipy.spatial.transform import Rotation

from training.face_basis.inside import Eyeball
from training.face_basis.source import Source

ONE_SHAPE_IN_ARKIT = ("browInnerUp", "cheekPuff")
NOT_IN_ARKIT = ("PupilDilate", "cheekRaiser")
SMALLEST_MOVE = 2e-5
"""Metres: what an expression moves less is set to zero, which keeps the shapes sparse."""
GAZE_DEGREES = {"Up": 25.0, "Down": 25.0, "In": 30.0, "Out": 30.0}
"""Turn of the eyeball at weight 1, our choice: the source moves the lids only."""


STRONGER = {"eyeBlinkLeft": 1.08, "eyeBlinkRight": 1.08}
"""The source's blink stops half a millimetre short, where it has an occlusion mesh that ours lacks."""


def arkit_name(name: str) -> str | None:
    """The ARKit name of a source shape, None where ARKit has none."""
    stem, _, side = name.partition("_")
    if stem in NOT_IN_ARKIT:
        return None
    return stem if not side or stem in ONE_SHAPE_IN_ARKIT else stem + {"L": "Left", "R": "Right"}[side]


def arkit_shapes(source: Source) -> dict[str, list[int]]:
    """Numbers of the source shapes that add up to each ARKit shape."""
    shapes: dict[str, list[int]] = {}
    for number, name in enumerate(source.expression_names):
        arkit = arkit_name(name)
        if arkit:
            shapes.setdefault(arkit, []).append(number)
    return dict(sorted(shapes.items()))


def gaze_turn(name: str, side: str) -> Rotation | None:
    """Turn of one eyeball in an eyeLook shape, None where the shape leaves it at rest."""
    if not name.startswith("eyeLook") or not name.endswith(side.capitalize()):
        return None
    way = name.removeprefix("eyeLook").removesuffix(side.capitalize())
    outward = 1 if side == "left" else -1
    axis = {"Up": [-1, 0, 0], "Down": [1, 0, 0], "Out": [0, outward, 0], "In": [0, -outward, 0]}[way]
    return Rotation.from_rotvec(np.radians(GAZE_DEGREES[way]) * np.array(axis))


def gaze(name: str, ball: Eyeball, side: str) -> Float[np.ndarray, "vertices 3"]:
    """Displacement of one eyeball's vertices in an expression."""
    turn = gaze_turn(name, side)
    if turn is None:
        return np.zeros_like(ball.vertices)
    offsets = (ball.vertices - ball.centre) * ([1, 1, 1] if side == "left" else [-1, 1, 1])
    return turn.apply(offsets) - offsets


def sparse(shapes: Float[np.ndarray, "shapes vertices 3"]) -> Float[np.ndarray, "shapes vertices 3"]:
    """Vertices that hardly move are put to rest."""
    return np.where(np.linalg.norm(shapes, axis=-1, keepdims=True) < SMALLEST_MOVE, 0, shapes)
