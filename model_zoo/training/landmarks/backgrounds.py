"""Pictures without a face: photographs, lights, clothes, skin, and drawn clutter."""

from pathlib import Path

import cv2
import numpy as np
import skimage
from jaxtyping import Shaped

from training.common.data import DATA
from training.landmarks.labels import Rgb, face_square, read

# Pictures of scikit-image's wheel without a face; chelsea, coffee and rocket stay out, they test.
PICTURES = [
    "brick.png",
    "cell.png",
    "clock_motion.png",
    "coins.png",
    "color.png",
    "grass.png",
    "gravel.png",
    "horse.png",
    "hubble_deep_field.jpg",
    "ihc.png",
    "logo.png",
    "microaneurysms.png",
    "moon.png",
    "motorcycle_left.png",
    "page.png",
    "phantom.png",
    "retina.jpg",
    "text.png",
    "chessboard_GRAY.png",
]
DRAWN = 120


def shipped() -> list[Rgb]:
    """scikit-image's own pictures."""
    folder = Path(skimage.__file__).parent / "data"
    return [read(folder / name, 640) for name in PICTURES]


def lights(rng: np.random.Generator) -> list[Rgb]:
    """Crops of the environment lights at several exposures."""
    crops = []
    for path in sorted((DATA / "hdri").glob("*.hdr")):
        radiance = np.asarray(cv2.imread(str(path), cv2.IMREAD_UNCHANGED))[..., ::-1]
        for _ in range(16):
            crop = _piece(radiance, 140, 420, rng)
            exposed = crop / np.median(crop + 1e-3) * 10 ** rng.uniform(-1.0, 0.0)
            crops.append((255 * exposed.clip(0, 1) ** (1 / 2.2)).astype(np.uint8))
    return crops


def surroundings(portraits: Path) -> list[Rgb]:
    """What stands beside and below the faces of labelled portraits: flags, walls, hair, suits."""
    with np.load(portraits, allow_pickle=False) as rows:
        pairs = list(zip(rows["rgb"], rows["dense"], strict=True))
    crops = []
    for rgb, dense in pairs:
        square = face_square(dense)
        left, top = (square.centre - 0.62 * square.side).astype(int)
        right, bottom = (square.centre + 0.56 * square.side).astype(int)
        crops += [rgb[bottom:], rgb[:, : max(left, 0)], rgb[:, right:], rgb[: max(top, 0)]]
    return [np.ascontiguousarray(crop) for crop in crops if min(crop.shape[:2]) >= 48]


def skin(rng: np.random.Generator) -> list[Rgb]:
    """Pieces of head textures, each too small to hold a face."""
    crops = []
    paths = [*DATA.glob("textures/makehuman_skins/*.png"), *DATA.glob("textures/reom/*.jpg")]
    for path in sorted(paths):
        texture = read(path, 1024)
        crops += [_piece(texture, 90, 170, rng).copy() for _ in range(8)]
    return crops


def _piece(
    picture: Shaped[np.ndarray, "height width 3"], least: int, most: int, rng: np.random.Generator
) -> Shaped[np.ndarray, "side side 3"]:
    """A square of random side and place."""
    side = int(rng.integers(least, most))
    y, x = rng.integers(0, np.array(picture.shape[:2]) - side)
    return picture[y : y + side, x : x + side]


def _noise(rng: np.random.Generator) -> Rgb:
    """Noise of a random grain and power law in colour."""
    picture = np.zeros((256, 256, 3), np.float32)
    for octave in range(2, 9):
        grain = rng.normal(size=(2**octave, 2**octave, 3)).astype(np.float32)
        picture += cv2.resize(grain, (256, 256), interpolation=cv2.INTER_CUBIC) * 2 ** (-octave * rng.uniform(0, 1))
    picture = picture @ rng.uniform(-0.2, 1, (3, 3)).astype(np.float32)
    picture = (picture - picture.mean((0, 1))) / picture.std() * rng.uniform(20, 60) + rng.uniform(40, 210, 3)
    return picture.clip(0, 255).astype(np.uint8)


def _shapes(rng: np.random.Generator) -> Rgb:
    """Ellipses, lines and boxes over noise, in skin tones half of the time."""
    picture = _noise(rng)
    tone = rng.uniform([120, 70, 50], [240, 190, 170]) if rng.random() < 0.5 else None
    for _ in range(int(rng.integers(5, 60))):
        colour = rng.uniform(0, 255, 3) if tone is None else tone * rng.uniform(0.3, 1.1)
        _draw_shape(picture, tuple(float(value) for value in colour.clip(0, 255)), rng)
    return cv2.GaussianBlur(picture, (0, 0), float(rng.uniform(0.3, 2)))


def _draw_shape(picture: Rgb, colour: tuple[float, ...], rng: np.random.Generator) -> None:
    a, b = (tuple(int(value) for value in rng.integers(0, 256, 2)) for _ in range(2))
    kind, thick = rng.integers(3), int(rng.integers(-1, 6)) or 1
    if kind == 0:
        axes = tuple(int(value) for value in rng.integers(2, 70, 2))
        cv2.ellipse(picture, a, axes, float(rng.uniform(0, 180)), 0, 360, colour, thick, cv2.LINE_AA)
    elif kind == 1:
        cv2.line(picture, a, b, colour, max(thick, 1), cv2.LINE_AA)
    else:
        cv2.rectangle(picture, a, b, colour, thick)


def drawn(rng: np.random.Generator) -> list[Rgb]:
    """Noise, and shapes over noise."""
    return [(_shapes if index % 2 else _noise)(rng) for index in range(DRAWN)]


def pool(portraits: Path, seed: int = 2) -> list[Rgb]:
    """All of them; what is rare among them stands there several times."""
    rng = np.random.default_rng(seed)
    return [*shipped() * 5, *lights(rng) * 2, *surroundings(portraits), *skin(rng), *drawn(rng)]
