"""What is looked at: views, lights, single shapes and the pairs of shapes that people use."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path

HEAD, CLOSE = 0.36, 0.09
"""Metres of a picture's height: the whole head, and a part of it at four times the size."""
JAW_TURN = 25.0
"""Degrees by which `jawOpen` turns the jaw."""
BLINK = {"eyeBlinkLeft": 1.0, "eyeBlinkRight": 1.0}
SMILE = {"mouthSmileLeft": 1.0, "mouthSmileRight": 1.0}
PAIRS: Mapping[str, Mapping[str, float]] = {
    "smile + jaw": SMILE | {"jawOpen": 0.4},
    "jaw wide": {"jawOpen": 1.0},
    "jaw a little": {"jawOpen": 0.1},
    "blink": BLINK,
    "blink + smile": BLINK | SMILE,
    "squint + sneer": {"eyeSquintLeft": 1.0, "eyeSquintRight": 1.0, "noseSneerLeft": 1.0, "noseSneerRight": 1.0},
    "brows up + eyes wide": {"browInnerUp": 1.0, "eyeWideLeft": 1.0, "eyeWideRight": 1.0},
    "pucker + funnel": {"mouthPucker": 0.7, "mouthFunnel": 0.5},
    "look left": {"eyeLookOutLeft": 1.0, "eyeLookInRight": 1.0},
    "jaw + closed lips": {"jawOpen": 0.6, "mouthClose": 0.6},
}
"""Ten that people use."""


@dataclass(frozen=True)
class View:
    """A camera: what it looks at from how far to the left and above, in degrees, and what it sees."""

    at: str
    yaw: float
    pitch: float = 0.0
    height: float = HEAD
    side: int = 512
    light: str = "panorama"
    turn: float = 0.0
    """Degrees by which the light is turned about the head."""
    weights: Mapping[str, float] = field(default_factory=dict)
    """Of shapes; the others rest."""
    joints: Mapping[str, tuple[float, float, float]] = field(default_factory=dict)
    """Degrees about x, y and z."""


VIEWS = {
    "front": View("head", 0),
    "three quarters": View("head", 45),
    "side": View("head", 90),
    "below": View("head", 15, -35),
    "eye": View("eye", 10, 0, CLOSE),
    "mouth": View("mouth", 20, 0, CLOSE),
    "cheek": View("cheek", 40, 0, CLOSE),
    "ear": View("ear", 80, 0, CLOSE),
}


@dataclass(frozen=True)
class Shot:
    """A picture to be taken."""

    glb: Path
    viewer: str
    view: View
    picture: Path

    def json(self, points: Mapping[str, list[float]]) -> str:
        """As pages take it, by the places that a head's points have."""
        return json.dumps(asdict(self.view) | {"at": points[self.view.at]})


def eight_views(glb: Path, folder: Path) -> Iterator[Shot]:
    """In three.js under a panorama and in a studio, and in model-viewer."""
    for viewer, light in (("stage", "panorama"), ("stage", "studio"), ("viewer", "panorama")):
        for name, view in VIEWS.items():
            picture = folder / f"{viewer}_{light}_{name.replace(' ', '_')}.png"
            yield Shot(glb, viewer, View(**asdict(view) | {"light": light}), picture)


def all_shapes(glb: Path, folder: Path, names: tuple[str, ...]) -> Iterator[Shot]:
    """Each shape alone, and the pairs, from ahead."""
    sets = {name: {name: 1.0} for name in names} | PAIRS
    for name, weights in sets.items():
        view = View("head", 15, 0, 0.24, 256, weights=weights)
        yield Shot(glb, "stage", view, folder / f"shape_{name.replace(' ', '_')}.png")


def poses(glb: Path, folder: Path) -> Iterator[Shot]:
    """A jaw that its joint opens beside one that its shape opens as far, eyes that turn, and lids that close."""
    jaw, far = {"jaw_joint": (15.0, 0.0, 0.0)}, {"jawOpen": 15 / JAW_TURN}
    eyes = {"left_eye_joint": (0.0, 20.0, 0.0), "right_eye_joint": (0.0, 20.0, 0.0)}
    for name, joints, weights in (
        ("rest", {}, {}),
        ("joint", jaw, {}),
        ("shape", {}, far),
        ("eyes", eyes, {}),
        ("blink", {}, BLINK),
    ):
        for yaw in (0, 45):
            view = View("head", yaw, 0, 0.26, 512, weights=weights, joints=joints)
            yield Shot(glb, "stage", view, folder / f"pose_{name}_{yaw}.png")


def turning_light(glb: Path, folder: Path, steps: int = 8) -> Iterator[Shot]:
    """The panorama once about the head."""
    for step in range(steps):
        view = View("head", 0, 0, 0.28, 256, turn=360 * step / steps)
        yield Shot(glb, "stage", view, folder / f"turn_{step}.png")
