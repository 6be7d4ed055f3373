"""Pictures without a face: photographs, lights, clothes, skin, and drawn clutter."""

from pathlib import Path

import click
import cv2
import numpy as np
import skimage

from training.common.data import DATA
from training.landmarks.labels import face_square, read

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


def shipped() -> list[np.ndarray]:
    """scikit-image's own pictures."""
    folder = Path(skimage.__file__).parent / "data"
    return [read(folder / name, 640) for name in PICTURES]


def lights(generator: np.random.Generator) -> list[np.ndarray]:
    """Crops of the environment lights at several exposures."""
    crops = []
    for path in sorted((DATA / "hdri").glob("*.hdr")):
        radiance = cv2.imread(str(path), cv2.IMREAD_UNCHANGED)[..., ::-1]
        for _ in range(16):
            side = int(generator.integers(140, 420))
            y, x = generator.integers(0, radiance.shape[0] - side), generator.integers(0, radiance.shape[1] - side)
            crop = radiance[y : y + side, x : x + side]
            exposed = crop / np.median(crop + 1e-3) * 10 ** generator.uniform(-1.0, 0.0)
            crops.append((255 * exposed.clip(0, 1) ** (1 / 2.2)).astype(np.uint8))
    return crops


def surroundings(work: Path) -> list[np.ndarray]:
    """What stands beside and below the faces of the bank: flags, walls, hair, suits."""
    rows = np.load(work / "bank.npz")
    crops = []
    for rgb, dense in zip(rows["rgb"], rows["dense"], strict=True):
        square = face_square(dense)
        left, top = (square.centre - 0.62 * square.side).astype(int)
        right, bottom = (square.centre + 0.56 * square.side).astype(int)
        crops += [rgb[bottom:], rgb[:, : max(left, 0)], rgb[:, right:], rgb[: max(top, 0)]]
    return [np.ascontiguousarray(crop) for crop in crops if min(crop.shape[:2]) >= 48]


def skin(generator: np.random.Generator) -> list[np.ndarray]:
    """Pieces of head textures, each too small to hold a face."""
    crops = []
    paths = [*DATA.glob("textures/makehuman_skins/*.png"), *DATA.glob("textures/reom/*.jpg")]
    for path in sorted(paths):
        texture = read(path, 1024)
        for _ in range(8):
            side = int(generator.integers(90, 170))
            y, x = generator.integers(0, np.array(texture.shape[:2]) - side)
            crops.append(texture[y : y + side, x : x + side].copy())
    return crops


def _noise(generator: np.random.Generator) -> np.ndarray:
    """Noise of a random grain and power law in colour."""
    picture = np.zeros((256, 256, 3), np.float32)
    for octave in range(2, 9):
        grain = generator.normal(size=(2**octave, 2**octave, 3)).astype(np.float32)
        picture += cv2.resize(grain, (256, 256), interpolation=cv2.INTER_CUBIC) * 2 ** (-octave * generator.uniform(0, 1))
    picture = picture @ generator.uniform(-0.2, 1, (3, 3)).astype(np.float32)
    picture = (picture - picture.mean((0, 1))) / picture.std() * generator.uniform(20, 60) + generator.uniform(40, 210, 3)
    return picture.clip(0, 255).astype(np.uint8)


def _shapes(generator: np.random.Generator) -> np.ndarray:
    """Ellipses, lines and boxes over noise, in skin tones half of the time."""
    picture = _noise(generator)
    tone = generator.uniform([120, 70, 50], [240, 190, 170]) if generator.random() < 0.5 else None
    for _ in range(int(generator.integers(5, 60))):
        colour = generator.uniform(0, 255, 3) if tone is None else tone * generator.uniform(0.3, 1.1)
        shade = tuple(float(value) for value in colour.clip(0, 255))
        a, b = (tuple(int(value) for value in generator.integers(0, 256, 2)) for _ in range(2))
        kind, thick = generator.integers(3), int(generator.integers(-1, 6)) or 1
        if kind == 0:
            axes = tuple(int(value) for value in generator.integers(2, 70, 2))
            cv2.ellipse(picture, a, axes, float(generator.uniform(0, 180)), 0, 360, shade, thick, cv2.LINE_AA)
        elif kind == 1:
            cv2.line(picture, a, b, shade, max(thick, 1), cv2.LINE_AA)
        else:
            cv2.rectangle(picture, a, b, shade, thick)
    return cv2.GaussianBlur(picture, (0, 0), float(generator.uniform(0.3, 2)))


def build(work: Path, seed: int = 2) -> list[np.ndarray]:
    """The whole pool; photographs first, so that a caller may weigh the parts."""
    generator = np.random.default_rng(seed)
    drawn = [(_shapes if index % 2 else _noise)(generator) for index in range(120)]
    return shipped() * 5 + lights(generator) * 2 + surroundings(work) + skin(generator) + drawn


@click.command(help=__doc__)
@click.option("--work", type=click.Path(path_type=Path), required=True, help="Folder of the caches.")
def main(work: Path) -> None:
    """Write the pool."""
    pool = build(work)
    np.savez(work / "backgrounds.npz", **{f"{index:05d}": picture for index, picture in enumerate(pool)})
    click.echo(f"{len(pool)} backgrounds")


if __name__ == "__main__":
    main()
