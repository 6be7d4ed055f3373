"""One picture as numbers: drawn from the seed and its number alone, whoever renders it."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float32

from facetex_core.lighting.estimate_lighting import albedo_model
from facetex_core.structures import MorphableModel
from training.world.moods import draw_expression
from training.world.people import Person, draw_person
from training.world.settings import Settings

PERSON = 2**20
"""The stream of numbers that a person is drawn from; views of a head count from 0."""
FILM = 36.0
"""Millimetres: focal lengths are given for it."""
FOCAL = (18.0, 135.0)
NEAREST = 0.28
"""Metres from the camera to the middle of the face."""
FACE = (0.34, 0.72)
"""Share of the picture's height from the chin to the top of the face."""
HAIRS = (
    (0.012, 0.010, 0.009),
    (0.03, 0.018, 0.012),
    (0.07, 0.04, 0.02),
    (0.13, 0.06, 0.025),
    (0.22, 0.14, 0.07),
    (0.3, 0.29, 0.28),
)
"""Black, brown, light brown, red, blond, grey: linear albedo,"""
COMMON = (0.3, 0.27, 0.15, 0.05, 0.13, 0.1)
"""and how many have it."""
CLOTHS = ((0.02, 0.02, 0.025), (0.03, 0.04, 0.08), (0.25, 0.25, 0.25), (0.6, 0.6, 0.6), (0.2, 0.03, 0.03), (0.05, 0.12, 0.06))
FRAMES = ((0.01, 0.01, 0.01), (0.05, 0.025, 0.012), (0.3, 0.28, 0.25), (0.12, 0.02, 0.02), (0.02, 0.03, 0.08))


@dataclass(frozen=True)
class Glasses:
    """Sizes are shares of the distance between an eye's corners."""

    width: float
    height: float
    square: float
    """The power of a superellipse: 1 is an ellipse, .5 almost a rectangle."""
    thick: float
    """Metres."""
    colour: tuple[float, ...]
    lens: float
    """How much light the lenses stop."""
    low: float
    """Metres that they have slid down the nose."""


@dataclass(frozen=True)
class Beard:
    """Where it grows, and how densely."""

    kind: int
    """0: full; 1: moustache; 2: goatee."""
    reach: float
    """From -.3, under the mouth, to .6 of a centimetre above."""
    share: float


@dataclass(frozen=True)
class Pose:
    """A camera before the face; degrees."""

    yaw: float
    """Positive where the head looks towards its own left."""
    pitch: float
    roll: float
    focal: float
    """Millimetres on 35 mm film."""
    face: float
    """Share of the picture's height that the face takes."""
    aside: tuple[float, float]
    """Shares of the picture by which the face is out of its middle."""


@dataclass(frozen=True)
class Light:
    """Distant light, and what stands behind the head."""

    panorama: int | None
    """Which of the photographed ones; none: made up from the seed."""
    turn: float
    """Share of a turn about the vertical."""
    seed: int
    exposure: float
    """Logarithm of how bright the lit side of the face is."""
    balance: float
    """Share of the light's colour that the camera takes out."""
    backdrop: tuple[float, ...] | None
    """A plain one's albedo."""
    behind: float
    """How bright the background is beside the light that comes from there."""


@dataclass(frozen=True, eq=False)
class Recipe:
    """Everything that makes a picture. Pieces and skins are numbered: a share of 0 to 1 of those that there are."""

    number: int
    person: Person
    expression: Float32[np.ndarray, " expressions"]
    tone: Float32[np.ndarray, " tones"]
    """Coefficients of the albedo model."""
    skin: float | None
    """Which of the skins there are; none: the albedo model's."""
    shade: tuple[float, float]
    """How much more melanin and blood it has than in its photograph."""
    age: float
    """0: smooth, 1: deep wrinkles."""
    iris: int
    hair: float | None
    """Which hair; none: cropped."""
    bald: bool
    hair_colour: tuple[float, ...]
    brows: float | None
    lashes: float | None
    beard: Beard | None
    glasses: Glasses | None
    cloth: tuple[float, ...] | None
    pose: Pose
    light: Light
    detail: int
    """The seed of everything small."""


def draw(number: int, model: MorphableModel, settings: Settings) -> Recipe:
    """The picture of a number: view `number % views` of head `number // views`."""
    head, view = divmod(number, settings.views)
    rng, shot = np.random.default_rng([settings.seed, head]), np.random.default_rng([settings.seed, head, view])
    shares = settings.shares
    tone = rng.standard_normal(len(albedo_model(model).modes)).astype(np.float32)
    tone[1:] *= 0.6  # independent draws of all but the first, melanin, make odd colours
    grown = _hair_colour(rng)
    bald = rng.random() < shares.bald
    return Recipe(
        number,
        draw_person(len(model.identity), np.random.default_rng([settings.seed, head, PERSON])),
        draw_expression(model.expression_names, shares, rng),
        tone,
        _some(shares.photographed, rng),
        (float(rng.normal(0, 0.6)), float(rng.normal(0, 0.3))),
        float(rng.beta(1, 2)),
        int(rng.integers(5)),
        None if bald else _some(shares.hair, rng),
        bald,
        grown,
        _some(shares.brows, rng),
        _some(shares.lashes, rng),
        _beard(rng) if rng.random() < shares.beard else None,
        _glasses(shares.dark, rng) if rng.random() < shares.glasses else None,
        _scaled(CLOTHS, rng) if rng.random() < shares.cloth else None,
        _pose(settings.yaw, shot),
        _light(settings, shot),
        int(rng.integers(2**31)),
    )


def _some(share: float, rng: np.random.Generator) -> float | None:
    which = float(rng.random())
    return which if rng.random() < share else None


def _scaled(colours: tuple[tuple[float, ...], ...], rng: np.random.Generator) -> tuple[float, ...]:
    return tuple((np.array(colours[rng.integers(len(colours))]) * rng.uniform(0.6, 1.3)).tolist())


def _hair_colour(rng: np.random.Generator) -> tuple[float, ...]:
    return tuple((np.array(HAIRS[rng.choice(len(HAIRS), p=COMMON)]) * rng.uniform(0.7, 1.4)).tolist())


def _beard(rng: np.random.Generator) -> Beard:
    return Beard(int(rng.choice(3, p=(0.6, 0.2, 0.2))), float(rng.uniform(-0.3, 0.6)), float(rng.uniform(0.2, 0.85)))


def _glasses(dark: float, rng: np.random.Generator) -> Glasses:
    lens = rng.uniform(0.6, 0.95) if rng.random() < dark else rng.uniform(0.02, 0.1)
    sizes = (rng.uniform(0.8, 1.1), rng.uniform(0.5, 0.9), rng.uniform(0.45, 0.9), rng.uniform(0.0006, 0.0022))
    colour, low = _scaled(FRAMES, rng), rng.uniform(0, 0.006)
    width, height, square, thick = (float(size) for size in sizes)
    return Glasses(width, height, square, thick, colour, float(lens), float(low))


def _pose(most: float, rng: np.random.Generator) -> Pose:
    """Half of the faces within a third of the range."""
    yaw = most * rng.choice([-1, 1]) * rng.random() * (1 / 3 if rng.random() < 0.4 else 1)
    pitch, roll = np.clip(rng.normal(0, (10, 8)), -30, 30)
    focal, face = np.exp(rng.uniform(*np.log(FOCAL))), rng.uniform(*FACE)
    aside = rng.uniform(-0.06, 0.06, 2)
    return Pose(float(yaw), float(pitch), float(roll), float(focal), float(face), (float(aside[0]), float(aside[1])))


def _light(settings: Settings, rng: np.random.Generator) -> Light:
    shares = settings.shares
    which = int(rng.integers(2**16)) if rng.random() < shares.panorama else None
    plain = tuple((rng.uniform(0.05, 0.9) * rng.uniform(0.75, 1.0, 3)).tolist()) if rng.random() < shares.backdrop else None
    exposure, balance = rng.normal(0.05, 0.3), rng.uniform(0.6, 1.0)
    return Light(
        which,
        float(rng.random()),
        int(rng.integers(2**31)),
        float(exposure),
        float(balance),
        plain,
        float(rng.uniform(0.15, 0.8)),
    )
