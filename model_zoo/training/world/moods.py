"""Expressions: moods and mixtures of all 51 shapes, without what no face can do at once; both eyes look one way."""

import numpy as np
from jaxtyping import Float32

from training.world.settings import Shares

# Shapes that go together, and the largest coefficient.
MOODS = (
    (("mouthSmile", "cheekSquint", "eyeSquint"), (0.9, 0.7, 0.5)),
    (("mouthSmile", "mouthDimple", "mouthUpperUp"), (0.8, 0.5, 0.5)),
    (("mouthFrown", "browInnerUp", "mouthShrugLower"), (0.7, 0.7, 0.5)),
    (("browDown", "noseSneer", "mouthPress"), (0.9, 0.7, 0.6)),
    (("browDown", "eyeSquint", "mouthUpperUp", "noseSneer"), (0.8, 0.7, 0.6, 0.9)),
    (("browInnerUp", "browOuterUp", "eyeWide", "jawOpen"), (0.9, 0.9, 0.9, 0.6)),
    (("browInnerUp", "mouthStretch", "eyeWide", "mouthLowerDown"), (0.9, 0.7, 0.6, 0.5)),
    (("mouthPucker", "mouthFunnel"), (0.9, 0.5)),
    (("mouthRollLower", "mouthRollUpper", "mouthPress"), (0.7, 0.7, 0.5)),
    (("cheekPuff", "mouthPress"), (0.9, 0.5)),
    (("mouthSmile", "jawOpen", "mouthLowerDown", "cheekSquint"), (0.8, 0.5, 0.5, 0.7)),
)
# Of these only the stronger stays; a name without a side stands for both, each for itself.
EXCLUSIVE = (
    ("mouthSmile", "mouthFrown"),
    ("mouthPucker", "mouthStretch"),
    ("mouthFunnel", "mouthSmile"),
    ("mouthFunnel", "mouthPress"),
    ("mouthPucker", "mouthSmile"),
    ("mouthRollLower", "mouthLowerDown"),
    ("mouthRollUpper", "mouthUpperUp"),
    ("mouthRollLower", "mouthFunnel"),
    ("mouthRollUpper", "mouthFunnel"),
    ("mouthPress", "mouthLowerDown"),
    ("mouthPress", "mouthUpperUp"),
    ("eyeBlink", "eyeWide"),
    ("eyeSquint", "eyeWide"),
    ("browDown", "browOuterUp"),
    ("cheekPuff", "jawOpen"),
    ("mouthPress", "jawOpen"),
    ("mouthRollLower", "jawOpen"),
    ("mouthRollUpper", "jawOpen"),
    ("jawLeft", "jawRight"),
    ("mouthLeft", "mouthRight"),
)
SIDES = ("Left", "Right")
LOOK = {"Up": 0.6, "Down": 0.7, "In": 0.7, "Out": 0.7}
"""Most of each way of looking."""
UNEVEN = 0.25
"""Share of faces whose sides differ."""


def draw_expression(names: tuple[str, ...], shares: Shares, rng: np.random.Generator) -> Float32[np.ndarray, " expressions"]:
    """Coefficients from 0 to 1 of the named shapes."""
    made: dict[str, float] = dict.fromkeys(names, 0.0)
    if rng.random() >= shares.rest:
        _add_mood(made, rng)
        _add_some(made, rng)
        if rng.random() < shares.jaw:
            _add(made, "jawOpen", rng.uniform(0.1, 1.0), rng)
            if rng.random() < 0.6:  # who laughs or shouts shows teeth
                _add(made, "mouthUpperUp", rng.uniform(0.1, 0.8), rng)
                _add(made, "mouthLowerDown", rng.uniform(0.0, 0.7), rng)
    _look(made, rng)
    if rng.random() < 0.35:
        _add(made, "eyeBlink", rng.uniform(0, 0.35), rng)
    if rng.random() < shares.shut:
        made |= {name: 1.0 for name in ("eyeBlinkLeft", "eyeBlinkRight") if name in made}
        made |= {name: 0.0 for name in made if name.startswith(("eyeWide", "eyeSquint"))}
    _settle(made)
    return np.array([made[name] for name in names], np.float32)


def _both(made: dict[str, float], name: str) -> list[str]:
    """The shape, or those of the two sides."""
    return [each for each in (name, *(name + side for side in SIDES)) if each in made]


def _add(made: dict[str, float], name: str, strength: float, rng: np.random.Generator) -> None:
    """A little different on both sides."""
    made |= {each: max(made[each], min(1.0, strength * rng.uniform(0.85, 1.15))) for each in _both(made, name)}


def _add_mood(made: dict[str, float], rng: np.random.Generator) -> None:
    if rng.random() < 0.7:
        names, most = MOODS[rng.integers(len(MOODS))]
        strength = rng.beta(1.5, 1.8)
        for name, top in zip(names, most, strict=True):
            _add(made, name, strength * top * rng.uniform(0.6, 1.2), rng)


def _add_some(made: dict[str, float], rng: np.random.Generator) -> None:
    """A few of all shapes but those of looking, now and then on one side only."""
    shapes = sorted(
        {name.removesuffix("Left").removesuffix("Right") for name in made if name[-4:] in ("Left", "ight")} - {"jaw", "mouth"}
    )
    shapes = [*shapes, *(name for name in made if not name.endswith(SIDES)), "jawLeft", "jawRight", "mouthLeft", "mouthRight"]
    shapes = [name for name in shapes if not name.startswith("eyeLook")]
    for name in rng.choice(shapes, rng.integers(0, 5)):
        strength = rng.beta(1.2, 2.2)
        if rng.random() < UNEVEN:
            side = rng.choice(SIDES)
            made |= {each: strength for each in _both(made, str(name)) if each == name or each.endswith(str(side))}
        else:
            _add(made, str(name), strength, rng)


def _look(made: dict[str, float], rng: np.random.Generator) -> None:
    """Mostly near the camera; lids follow the eyes down."""
    wide = 1.0 if rng.random() < 0.3 else 0.3
    up, left = rng.uniform(-1, 1, 2) * wide
    down = "Up" if up > 0 else "Down"
    across = {"Left": "Out" if left > 0 else "In", "Right": "In" if left > 0 else "Out"}
    for side in SIDES:
        for way, strength in ((down, abs(up)), (across[side], abs(left))):
            name = f"eyeLook{way}{side}"
            if name in made:
                made[name] = float(strength * LOOK[way])


def _settle(made: dict[str, float]) -> None:
    """Leaves out the weaker of what excludes each other; lips close no further than the jaw opens."""
    for first, second in EXCLUSIVE:
        for one in _both(made, first):
            for other in _both(made, second):
                sides = one.endswith(SIDES) and other.endswith(SIDES) and not {first, second} & {one, other}
                if not sides or one[-4:] == other[-4:]:
                    made[one if made[one] < made[other] else other] = 0.0
    if {"mouthClose", "jawOpen"} <= set(made):
        made["mouthClose"] = min(made["mouthClose"], made["jawOpen"])
