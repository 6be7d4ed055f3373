"""Teacher labels of skin, hair, background: MediaPipe's hair and person masks, 468 points' polygons, the face's own colour."""

import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

import click
import cv2
import numpy as np
import onnxruntime
from jaxtyping import Float32, UInt8

from training.common.data import DATA
from training.common.teacher import session
from training.landmarks.labels import Teachers, apply, read

sys.path.append(str(Path(__file__).parents[2] / "plugins"))
from facetex_plugins.segment.skin import crop_matrix, cut_crop, face_outlines, fill_polygon

WORK = Path(tempfile.gettempdir()) / "facetex-skin"
# The labelled square is 1.6 of the network's crops wide, at 400 pixels a crop: room to turn and to scale.
WIDE = 640
CROP_IN_WIDE = 400
UNIT = CROP_IN_WIDE / 3.9
"""Eye distance in the labelled square, pixels."""
REST, SKIN, HAIR, BACKGROUND = range(4)
"""What a pixel shows; the rest is clothes, hats, eyes, hands."""
NO_SKIN, IGNORE = 254, 255
"""What nobody can tell but that it is no skin; what nobody can tell."""
SIDES = {"extra": 1280, "synthetic": 512}
"""At which size the photos of a folder are read, longer side in pixels; 1024 else."""
HELD_OUT = 6
"""Every so many of the synthetic faces is not learned from."""

# fmt: off
# Found by looking at the portraits of bank and dev: their eye regions are neither learned from nor scored.
GLASSES = (
    "andy-harris", "annie-kuster", "bill-foster", "blaine-luetkemeyer", "brad-sherman", "brett-guthrie",
    "charles-grassley", "charles-schumer", "dan-newhouse", "derek-kilmer", "don-young", "emanuel-cleaver",
    "frank-lucas", "gary-peters", "glenn-grothman", "james-risch", "jason-smith", "jerrold-nadler",
    "jim-langevin", "john-barrasso", "john-boozman", "katherine-clark", "kurt-schrader", "liz-cheney",
    "marcy-kaptur", "mark-amodei", "mark-pocan", "mitch-mcconnell", "patrick-mchenry", "paul-tonko",
    "peter-defazio", "peter-welch", "robert-menendez", "roger-wicker", "salud-carbajal", "sanford-bishop",
    "scott-peters", "thomas-massie", "al-green", "barry-loudermilk", "david-price", "john-rutherford",
    "karen-bass", "patrick-leahy", "robert-scott",
)
# Beards and moustaches: hair below the nose, inside the face's outline, stays skin.
BEARDS = (
    "angus-king", "bennie-thompson", "dan-newhouse", "david-mckinley", "don-young", "doug-lamalfa",
    "emanuel-cleaver", "john-hoeven", "mark-pocan", "michael-cloud", "peter-defazio", "ruben-gallego",
    "sanford-bishop", "al-green", "john-rutherford", "robert-scott",
)

# fmt: on


@dataclass(frozen=True)
class Labelled:
    """One face in its wide square."""

    rgb: UInt8[np.ndarray, "640 640 3"]
    label: UInt8[np.ndarray, "640 640"]
    """REST, SKIN, HAIR, BACKGROUND, NO_SKIN or IGNORE."""
    person: UInt8[np.ndarray, "640 640"]
    """How surely the pixel is no background, 0 to 255."""
    hair: UInt8[np.ndarray, "640 640"]
    """How surely the pixel is hair, 0 to 255."""
    dense: Float32[np.ndarray, "468 2"]
    landmarks: Float32[np.ndarray, "68 2"]


def hair_probability(net: onnxruntime.InferenceSession, rgb: np.ndarray) -> Float32[np.ndarray, "height width"]:
    """MediaPipe's hair mask, the mean of the picture and of its mirror image."""
    total = np.zeros(rgb.shape[:2], np.float32)
    for way in (1, -1):
        small = cv2.resize(rgb[:, ::way], (512, 512), interpolation=cv2.INTER_AREA).astype(np.float32) / 255
        fed = np.dstack([small, np.zeros((512, 512), np.float32)])[None]
        logits = net.run(None, {net.get_inputs()[0].name: fed})[0][0]
        probability = 1 / (1 + np.exp(logits[..., 0] - logits[..., 1]))
        total += cv2.resize(probability, rgb.shape[1::-1])[:, ::way] / 2
    return total


def colour_distance(rgb: np.ndarray, sample: np.ndarray) -> np.ndarray:
    """Mahalanobis distance in CIELAB from the sampled skin, lightness counted at a third: necks lie in shadow."""
    smooth = cv2.bilateralFilter(rgb, 7, 30, 5)
    lab = cv2.cvtColor(smooth.astype(np.float32) / 255, cv2.COLOR_RGB2LAB)
    chosen = lab[sample]
    middle = np.median(chosen, axis=0)
    spread = 1.4826 * np.median(np.abs(chosen - middle), axis=0) + np.array([4.0, 2.0, 2.0])
    weight = np.array([1 / 3, 1.0, 1.0])
    return np.linalg.norm((lab - middle) / spread * weight, axis=2)


def near_face(oval: np.ndarray, landmarks: np.ndarray) -> np.ndarray:
    """Where skin can be: the outline grown by half an eye distance, bald heads above it, the neck below."""
    unit = int(UNIT)
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (unit, unit))
    grown = cv2.dilate(oval, kernel)
    above = np.maximum.reduce([np.roll(oval, -step, axis=0) for step in (unit // 2, unit)])
    neck = np.zeros_like(oval)
    left, right = landmarks[4, 0] - 0.1 * unit, landmarks[12, 0] + 0.1 * unit
    neck[int(landmarks[4, 1]) :, max(int(left), 0) : int(right)] = 1
    return np.maximum.reduce([grown, above, neck]) > 0.5


def largest_with(mask: np.ndarray, seed: np.ndarray) -> np.ndarray:
    """The connected part of the mask that shares most pixels with the seed."""
    _, parts = cv2.connectedComponents(mask.astype(np.uint8), connectivity=4)
    counts = np.bincount(parts[mask & seed], minlength=2)
    return parts == counts.argmax() if counts.max() else mask & seed


def skin_label(
    rgb: np.ndarray, dense: np.ndarray, landmarks: np.ndarray, hair: np.ndarray, person: np.ndarray, stem: str
) -> UInt8[np.ndarray, "height width"]:
    """1 skin, 0 not, 255 where the teachers cannot tell."""
    outline, *holes = (fill_polygon(points, WIDE, WIDE) for points in face_outlines(landmarks, dense))
    hole = np.maximum.reduce(holes) > 0.5
    oval = outline > 0.5
    core = cv2.erode(outline, np.ones((25, 25))) > 0.5
    rows = np.arange(WIDE)[:, None]
    lower_face = oval & (rows > landmarks[33, 1])
    if stem in BEARDS:
        hair = np.where(cv2.dilate(outline, np.ones((21, 21))) * (rows > landmarks[30, 1]) > 0.5, 0, hair)
    sample = core & ~hole & (hair < 0.2)
    distance = colour_distance(rgb, sample)
    haired = (hair > 0.5) & ~lower_face
    likely = near_face(outline, landmarks) & (person > 0.5) & (distance < 3.2) & ~haired
    likely = cv2.morphologyEx(likely.astype(np.uint8), cv2.MORPH_OPEN, np.ones((7, 7))) > 0
    inside = cv2.erode(outline, np.ones((9, 9))) > 0.5
    skin = largest_with((likely | (inside & ~haired)), core) & ~hole
    label = skin.astype(np.uint8)
    doubtful = ~inside & near_face(outline, landmarks) & (person > 0.3) & ~haired & (np.abs(distance - 3.2) < 0.7)
    doubtful |= (np.abs(hair - 0.5) < 0.25) & ~lower_face
    label[doubtful & ~hole] = IGNORE
    if stem in GLASSES:
        label[glasses_region(landmarks)] = IGNORE
    return label


def with_surroundings(skin: np.ndarray, hair: np.ndarray, person: np.ndarray) -> UInt8[np.ndarray, "height width"]:
    """What the pixels show that are no skin; where a teacher is in doubt, or hair is no person, only that they are none."""
    bald, alone = hair < 0.25, person < 0.25
    told = np.select([(hair > 0.75) & ~alone, bald & alone, bald & (person > 0.75)], [HAIR, BACKGROUND, REST], NO_SKIN)
    return np.where(skin == REST, told, skin).astype(np.uint8)


def glasses_region(landmarks: np.ndarray) -> np.ndarray:
    """The band of the eyes, temples included."""
    eyes = landmarks[36:48].mean(0)
    top, bottom = eyes[1] - 0.45 * UNIT, eyes[1] + 0.6 * UNIT
    region = np.zeros((WIDE, WIDE), bool)
    region[int(top) : int(bottom), int(eyes[0] - 1.35 * UNIT) : int(eyes[0] + 1.35 * UNIT)] = True
    return region


def label_photo(teachers: Teachers, hair_net: onnxruntime.InferenceSession, path: Path) -> Labelled | None:
    """The surest face of a photo with its label; none where there is no face."""
    rgb = read(path, SIDES.get(path.parent.name, 1024))
    squares = teachers.find(rgb)
    if not squares:
        return None
    dense, _, landmarks = teachers.label(rgb, squares[0])
    matrix = crop_matrix(landmarks, CROP_IN_WIDE)
    matrix[:, 2] += (WIDE - CROP_IN_WIDE) / 2
    wide = cut_crop(rgb, matrix, WIDE)
    dense, landmarks = (apply(matrix, points).astype(np.float32) for points in (dense, landmarks))
    person = teachers.person_mask(wide)
    hair = hair_probability(hair_net, wide)
    label = skin_label(wide, dense, landmarks, hair, person / 255.0, path.stem)
    label = with_surroundings(label, hair, person / 255.0)
    label[~seen_part(rgb, matrix)] = IGNORE
    return Labelled(wide, label, person, (hair * 255).astype(np.uint8), dense, landmarks)


def seen_part(rgb: np.ndarray, matrix: np.ndarray) -> np.ndarray:
    """Which pixels of the wide square lie in the photo."""
    height, width = rgb.shape[:2]
    corners = np.array([[0, 0], [width, 0], [width, height], [0, height]], float)
    return fill_polygon(apply(matrix, corners), WIDE, WIDE) > 0.5


def read_labelled(folder: Path, name: str) -> list[Labelled]:
    """What `main` wrote for one folder of photos."""
    with np.load(folder / f"{name}.npz") as file:
        columns = {key: file[key] for key in Labelled.__annotations__}
    return [Labelled(*row) for row in zip(*columns.values(), strict=True)]


def split_synthetic(folder: Path) -> tuple[list[Labelled], list[Labelled]]:
    """The synthetic faces to learn from, and those held out."""
    faces = read_labelled(folder, "synthetic")
    return [face for number, face in enumerate(faces) if number % HELD_OUT], faces[::HELD_OUT]


@click.command(help=__doc__)
@click.option("--work", type=click.Path(path_type=Path), default=WORK, help="folder for the labels")
@click.option("--folder", "folders", multiple=True, default=("bank", "dev", "extra", "synthetic"), help="folders of photos")
def main(work: Path, folders: tuple[str, ...]) -> None:
    """Label the photos once."""
    work.mkdir(parents=True, exist_ok=True)
    teachers = Teachers()
    hair_net = session(DATA / "models" / "segment" / "mediapipe_hair_segmentation.onnx")
    for name in folders:
        paths = sorted((DATA / "photos" / name).glob("*.*g"))
        labelled = {path.stem: label_photo(teachers, hair_net, path) for path in paths}
        faces = {stem: face for stem, face in labelled.items() if face}
        columns = {key: np.stack([getattr(face, key) for face in faces.values()]) for key in Labelled.__annotations__}
        np.savez(work / f"{name}.npz", stems=list(faces), **columns)
        click.echo(f"{name}: {len(faces)}")


if __name__ == "__main__":
    main()
