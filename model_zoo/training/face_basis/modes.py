"""Identity modes and ARKit expressions of the own mesh, learned from the source's linear model.

Identity: the source's coefficients are independent standard normals, so the covariance of its samples is B^T B exactly, without
sampling noise; the modes, each one standard deviation long, are U^T B with B W B^T = U S^2 U^T, W the weights of the vertices.
"""

import numpy as np
from jaxtyping import Float
from scipy.spatial.transform import Rotation

from training.face_basis.inside import Eyeball
from training.face_basis.source import Source

MODES = 80
FRONT_WEIGHT = 8.0
ONE_SHAPE_IN_ARKIT = ("browInnerUp", "cheekPuff")
NOT_IN_ARKIT = ("PupilDilate", "cheekRaiser")
SMALLEST_MOVE = 2e-5
"""Metres: what an expression moves less is set to zero, which keeps the shapes sparse."""
GAZE_DEGREES = {"Up": 25.0, "Down": 25.0, "In": 30.0, "Out": 30.0}
"""Turn of the eyeball at weight 1, our choice: the source moves the lids only."""


STRONGER = {"eyeBlinkLeft": 1.08, "eyeBlinkRight": 1.08}
"""The source's blink stops half a millimetre short, where it has an occlusion mesh that ours lacks."""


def principal_modes(
    fields: Float[np.ndarray, "modes vertices 3"], weights: Float[np.ndarray, " vertices"]
) -> Float[np.ndarray, "kept vertices 3"]:
    """The leading principal modes of standard-normal mixtures of the fields, each as long as one standard deviation.

    The weights say which vertices matter for the order of the modes.
    """
    flat = fields.reshape(len(fields), -1).astype(np.float64)
    variances, turns = np.linalg.eigh((flat * np.repeat(weights, 3)) @ flat.T)
    leading = turns[:, np.argsort(-variances)[:MODES]]
    modes = leading.T @ flat
    signs = np.sign(modes[np.arange(len(modes)), np.abs(modes).argmax(1)])
    return (modes * signs[:, None]).reshape(len(modes), *fields.shape[1:])


def front_weights(mean: Float[np.ndarray, "vertices 3"]) -> Float[np.ndarray, " vertices"]:
    """More for the front of the face than for ears, scalp, neck and what lies inside."""
    return np.where((mean[:, 2] > 0.04) & (mean[:, 1] > -0.085) & (mean[:, 1] < 0.10), FRONT_WEIGHT, 1.0)


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
