"""Teacher labels of skin, hair, background: MediaPipe's hair and person masks, 468 points' polygons, the face's own colour."""

from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import onnxruntime
from facetex_plugins.segment.skin import crop_matrix, cut_crop, face_outlines, fill_polygon
from jaxtyping import Bool, Float, Float32, UInt8

from training.landmarks.labels import Teachers, apply, read

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
SKIN_DISTANCE = 3.2
"""From the face's own colour, up to which a pixel is skin."""

Mask = Bool[np.ndarray, "side side"]
Share = Float32[np.ndarray, "side side"]
Points = Float[np.ndarray, "_ 2"]

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
    """One face in its wide square: eyes level, WIDE pixels along a side, or shrunk."""

    rgb: UInt8[np.ndarray, "side side 3"]
    """sRGB-coded."""
    label: UInt8[np.ndarray, "side side"]
    """REST, SKIN, HAIR, BACKGROUND, NO_SKIN or IGNORE."""
    person: UInt8[np.ndarray, "side side"]
    """How surely the pixel is no background, 0 to 255."""
    hair: UInt8[np.ndarray, "side side"]
    """How surely the pixel is hair, 0 to 255."""
    landmarks: Float32[np.ndarray, "68 2"]
    """iBUG's, in pixels of the square."""


@dataclass(frozen=True)
class Seen:
    """What the teachers see in a wide square."""

    rgb: UInt8[np.ndarray, "side side 3"]
    dense: Float[np.ndarray, "points 2"]
    """MediaPipe's 468; none where only the 68 are known."""
    landmarks: Float[np.ndarray, "68 2"]
    hair: Share
    """Probability."""
    person: Share
    """Probability."""


def hair_probability(
    net: onnxruntime.InferenceSession, rgb: UInt8[np.ndarray, "height width 3"]
) -> Float32[np.ndarray, "height width"]:
    """MediaPipe's hair mask, the mean of the picture and of its mirror image."""
    total = np.zeros(rgb.shape[:2], np.float32)
    for way in (1, -1):
        small = cv2.resize(rgb[:, ::way], (512, 512), interpolation=cv2.INTER_AREA).astype(np.float32) / 255
        image = np.dstack([small, np.zeros((512, 512), np.float32)])[None]
        logits = net.run(None, {net.get_inputs()[0].name: image})[0][0]
        probability = 1 / (1 + np.exp(logits[..., 0] - logits[..., 1]))
        total += cv2.resize(probability, rgb.shape[1::-1])[:, ::way] / 2
    return total


def colour_distance(rgb: UInt8[np.ndarray, "side side 3"], sample: Mask) -> Float[np.ndarray, "side side"]:
    """Mahalanobis distance in CIELAB from the sampled skin, lightness counted at a third: necks lie in shadow."""
    smooth = cv2.bilateralFilter(rgb, 7, 30, 5)
    lab = cv2.cvtColor(smooth.astype(np.float32) / 255, cv2.COLOR_RGB2LAB)
    chosen = lab[sample]
    middle = np.median(chosen, axis=0)
    spread = 1.4826 * np.median(np.abs(chosen - middle), axis=0) + np.array([4.0, 2.0, 2.0])
    weight = np.array([1 / 3, 1.0, 1.0])
    return np.linalg.norm((lab - middle) / spread * weight, axis=2)


def grown(mask: Share, side: int) -> Share:
    """Wider by half a square's side."""
    return np.asarray(cv2.dilate(mask, np.ones((side, side))), np.float32)


def shrunk(mask: Share, side: int) -> Mask:
    """Narrower by half a square's side."""
    return np.asarray(cv2.erode(mask, np.ones((side, side)))) > 0.5


def near_face(oval: Share, landmarks: Points) -> Mask:
    """Where skin can be: the outline grown by half an eye distance, bald heads above it, the neck below."""
    unit = int(UNIT)
    around = cv2.dilate(oval, cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (unit, unit)))
    above = [np.roll(oval, -step, axis=0) for step in (unit // 2, unit)]
    neck = np.zeros_like(oval)
    left, right = landmarks[4, 0] - 0.1 * unit, landmarks[12, 0] + 0.1 * unit
    neck[int(landmarks[4, 1]) :, max(int(left), 0) : int(right)] = 1
    return np.maximum.reduce([around, *above, neck]) > 0.5


def largest_with(mask: Mask, seed: Mask) -> Mask:
    """The connected part of the mask that shares most pixels with the seed."""
    _, parts = cv2.connectedComponents(mask.astype(np.uint8), connectivity=4)
    counts = np.bincount(parts[mask & seed], minlength=2)
    return parts == counts.argmax() if counts.max() else mask & seed


def skin_label(seen: Seen, stem: str) -> UInt8[np.ndarray, "side side"]:
    """SKIN, REST for all else, IGNORE where the teachers cannot tell; `stem` names a portrait that people looked at."""
    landmarks, hair = seen.landmarks, seen.hair
    outline, *holes = (fill_polygon(points, WIDE, WIDE) for points in face_outlines(landmarks, seen.dense))
    hole, core, inside = np.maximum.reduce(holes) > 0.5, shrunk(outline, 25), shrunk(outline, 9)
    rows = np.arange(WIDE)[:, None]
    if stem in BEARDS:
        hair = np.where(grown(outline, 21) * (rows > landmarks[30, 1]) > 0.5, 0, hair)
    lower_face = (outline > 0.5) & (rows > landmarks[33, 1])
    distance = colour_distance(seen.rgb, core & ~hole & (hair < 0.2))
    haired, near = (hair > 0.5) & ~lower_face, near_face(outline, landmarks)
    likely = near & (seen.person > 0.5) & (distance < SKIN_DISTANCE) & ~haired
    likely = cv2.morphologyEx(likely.astype(np.uint8), cv2.MORPH_OPEN, np.ones((7, 7))) > 0
    label = (largest_with(likely | (inside & ~haired), core) & ~hole).astype(np.uint8)
    doubtful = ~inside & near & (seen.person > 0.3) & ~haired & (np.abs(distance - SKIN_DISTANCE) < 0.7)
    doubtful |= (np.abs(hair - 0.5) < 0.25) & ~lower_face
    label[doubtful & ~hole] = IGNORE
    if stem in GLASSES:
        label[glasses_region(landmarks)] = IGNORE
    return label


def with_surroundings(skin: UInt8[np.ndarray, "side side"], hair: Share, person: Share) -> UInt8[np.ndarray, "side side"]:
    """What the pixels show that are no skin; where a teacher is in doubt, or hair is no person, only that they are none."""
    bald, alone = hair < 0.25, person < 0.25
    rest = np.select([(hair > 0.75) & ~alone, bald & alone, bald & (person > 0.75)], [HAIR, BACKGROUND, REST], NO_SKIN)
    return np.where(skin == REST, rest, skin).astype(np.uint8)


def glasses_region(landmarks: Points) -> Mask:
    """The band of the eyes, temples included."""
    eyes = landmarks[36:48].mean(0)
    top, bottom = eyes[1] - 0.45 * UNIT, eyes[1] + 0.6 * UNIT
    region = np.zeros((WIDE, WIDE), bool)
    region[int(top) : int(bottom), int(eyes[0] - 1.35 * UNIT) : int(eyes[0] + 1.35 * UNIT)] = True
    return region


def seen_part(rgb: UInt8[np.ndarray, "height width 3"], matrix: Float[np.ndarray, "2 3"]) -> Mask:
    """Which pixels of the wide square lie in the photo; `matrix` maps the photo to the square."""
    height, width = rgb.shape[:2]
    corners = np.array([[0, 0], [width, 0], [width, height], [0, height]], float)
    return fill_polygon(apply(matrix, corners), WIDE, WIDE) > 0.5


def label_photo(teachers: Teachers, hair_net: onnxruntime.InferenceSession, path: Path) -> Labelled | None:
    """The surest face of a photo with its label; none where there is no face."""
    rgb = read(path, SIDES.get(path.parent.name, 1024))
    squares = teachers.find(rgb)
    if not squares:
        return None
    dense, _, landmarks = teachers.label(rgb, squares[0])
    matrix = crop_matrix(landmarks.astype(np.float32), CROP_IN_WIDE)
    matrix[:, 2] += (WIDE - CROP_IN_WIDE) / 2
    wide = cut_crop(rgb, matrix, WIDE)
    dense, landmarks = (apply(matrix, points).astype(np.float32) for points in (dense, landmarks))
    person = teachers.person_mask(wide)
    seen = Seen(wide, dense, landmarks, hair_probability(hair_net, wide), person / np.float32(255))
    label = with_surroundings(skin_label(seen, path.stem), seen.hair, seen.person)
    label[~seen_part(rgb, matrix)] = IGNORE
    return Labelled(wide, label, person, (seen.hair * 255).astype(np.uint8), landmarks)
