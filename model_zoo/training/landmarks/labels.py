"""Labels of portraits by teachers: 468 dense points with depth and 68 points of iBUG, medians over jittered crops."""

from functools import cache
from pathlib import Path

import cv2
import numpy as np
from facetex_plugins.detect import alignment
from jaxtyping import Float, Float64, Int64, Shaped, UInt8

from facetex_core.geometry.landmarks import LEFT_EYE_CORNER, RIGHT_EYE_CORNER
from training.common.data import DATA
from training.common.teacher import session

PHOTO_SIZE = 512  # faces of about 215 pixels: twice what a 112-pixel crop can use
JITTERED = 8
"""Crops that a label is the median of; every other one is mirrored."""
# MediaPipe's vertices nearest in meaning to the 68 iBUG points, in iBUG's order.
# fmt: off
DENSE_OF_68 = np.array([
    127, 234, 93, 132, 58, 136, 150, 176, 152, 400, 379, 365, 288, 361, 323, 454, 356,
    70, 63, 105, 66, 107, 336, 296, 334, 293, 300, 168, 197, 5, 4, 75, 20, 2, 250, 305,
    33, 160, 158, 173, 153, 144, 398, 385, 387, 263, 373, 380,
    61, 39, 37, 0, 267, 269, 291, 405, 314, 17, 84, 181, 78, 82, 13, 312, 308, 317, 14, 87,
])
FLIP_68 = np.array([
    *range(16, -1, -1), *range(26, 16, -1), 27, 28, 29, 30, 35, 34, 33, 32, 31,
    45, 44, 43, 42, 47, 46, 39, 38, 37, 36, 41, 40,
    54, 53, 52, 51, 50, 49, 48, 59, 58, 57, 56, 55, 64, 63, 62, 61, 60, 67, 66, 65,
])
# fmt: on
# MediaPipe's share of a 68-point label: its face oval is not iBUG's jaw line.
DENSE_SHARE = np.where(np.arange(68) < 17, 0.2, 0.5)[:, None]

Square = alignment.OrientedBox
"""A turned square on a picture, with the map to a crop of it: the detector's own."""
Rgb = UInt8[np.ndarray, "height width 3"]
Affine = Float[np.ndarray, "2 3"]
Dense = Float64[np.ndarray, "468 3"]
Sparse = Float64[np.ndarray, "68 2"]
Row = dict[str, Shaped[np.ndarray, "..."]]


def apply(matrix: Affine, points: Float[np.ndarray, "*points coordinates"]) -> Float64[np.ndarray, "*points 2"]:
    """Points through an affine map; more coordinates than x and y are left out."""
    return points[..., :2] @ matrix[:, :2].T + matrix[:, 2]


def homogeneous(matrix: Affine) -> Float64[np.ndarray, "3 3"]:
    """An affine map as 3 x 3."""
    return np.vstack([matrix, [0.0, 0.0, 1.0]])


def invert(matrix: Affine) -> Float64[np.ndarray, "2 3"]:
    """The inverse affine map."""
    return np.linalg.inv(homogeneous(matrix))[:2]


def warp(
    image: UInt8[np.ndarray, "height width *channels"], matrix: Affine, size: int, border: int = cv2.BORDER_REPLICATE
) -> UInt8[np.ndarray, "size size *channels"]:
    """The picture through an affine map; OpenCV counts from pixel centres, hence the half pixels."""
    shifted = matrix.astype(float)
    shifted[:, 2] += matrix[:, :2] @ [0.5, 0.5] - 0.5
    return cv2.warpAffine(image, shifted, (size, size), flags=cv2.INTER_LINEAR, borderMode=border)


def face_square(dense: Float[np.ndarray, "points coordinates"]) -> Square:
    """The square around a face, by its first 468 points (pixels)."""
    return alignment.face_square(dense[:468, :2].astype(np.float32))


def eye_distance(points: Float[np.ndarray, "points coordinates"]) -> float:
    """Between the outer corners, in the unit of the points."""
    return float(np.linalg.norm(points[RIGHT_EYE_CORNER] - points[LEFT_EYE_CORNER]))


def canonical_468() -> Dense:
    """MediaPipe's canonical face (x as in the picture, y up, z towards the camera)."""
    lines = (DATA / "models/landmarks/canonical_face_model.obj").read_text().splitlines()
    return np.array([line.split()[1:4] for line in lines if line.startswith("v ")], float)


def flip_468() -> Int64[np.ndarray, "468"]:
    """For every dense point the point on the other side, from the canonical mesh's symmetry."""
    vertices = canonical_468()
    mirrored = vertices * [-1, 1, 1]
    return np.linalg.norm(mirrored[:, None] - vertices[None], axis=2).argmin(1)


def flip_indices() -> Int64[np.ndarray, "536"]:
    """For each of the 468 + 68 points the one on the other side."""
    return np.concatenate([flip_468(), FLIP_68 + 468])


class Teachers:
    """YuNet finds; MediaPipe's 478 points and face-api's 68 label."""

    def __init__(self) -> None:
        self.finder = str(DATA / "models/detect/yunet_n_640_640.onnx")
        self.dense = session(DATA / "models/landmarks/mediapipe_face_landmarks_478_v2.onnx")
        self.sparse = session(DATA / "models/landmarks/faceapi_landmark68.onnx")
        self.person = session(DATA / "models/segment/mediapipe_selfie_segmentation.onnx")
        self.flip = flip_468()

    def find(self, rgb: Rgb) -> list[Square]:
        """Faces by YuNet, best first, as upright squares turned by the eye line."""
        height, width = rgb.shape[:2]
        detector = cv2.FaceDetectorYN.create(self.finder, "", (width, height), 0.6, 0.3)
        faces = detector.detect(np.ascontiguousarray(rgb[..., ::-1]))[1]
        return [] if faces is None else [_square_of(face) for face in sorted(faces, key=lambda face: -face[14])]

    def dense_once(self, rgb: Rgb, square: Square) -> Dense:
        """MediaPipe's points (x, y in picture pixels, z in the same unit) from one crop, 1.4 times as wide as the square."""
        matrix = Square(square.centre, square.side * 1.4, square.roll).matrix(192)
        crop = warp(rgb, matrix, 192).astype(np.float32)[None] / 255
        raw = self.dense.run(None, {self.dense.get_inputs()[0].name: crop})[0].reshape(-1, 3)[:468].astype(float)
        return np.column_stack([apply(invert(matrix), raw), raw[:, 2] * 1.4 * square.side / 192])

    def sparse_once(self, rgb: Rgb, square: Square) -> Sparse:
        """face-api's points from one crop, 1.15 times as wide as the square."""
        matrix = Square(square.centre, square.side * 1.15, square.roll).matrix(112)
        crop = warp(rgb, matrix, 112).astype(np.float32).transpose(2, 0, 1)[None]
        raw = self.sparse.run(None, {"image": crop})[0].reshape(68, 2).astype(float)
        return apply(invert(matrix), raw * 112)

    def once(self, rgb: Rgb, square: Square) -> tuple[Dense, Sparse]:
        """The points of both from one crop."""
        return self.dense_once(rgb, square), self.sparse_once(rgb, square)

    def mirrored_once(self, rgb: Rgb, square: Square) -> tuple[Dense, Sparse]:
        """The points from a crop of the mirrored picture, as they lie on the picture."""
        width, mirror = rgb.shape[1], np.ascontiguousarray(rgb[:, ::-1])
        there = Square(np.array([width - square.centre[0], square.centre[1]]), square.side, -square.roll)
        dense, sparse = self.once(mirror, there)
        return (dense * [-1, 1, 1] + [width, 0, 0])[self.flip], (sparse * [-1, 1] + [width, 0])[FLIP_68]

    def label(self, rgb: Rgb, start: Square, seed: int = 0) -> tuple[Dense, Sparse, Sparse]:
        """Dense points, face-api's points and the mixed 68, medians over the jittered crops."""
        square, rng = start, np.random.default_rng(seed)
        for _ in range(3):
            square = face_square(self.dense_once(rgb, square))
        ways = (self.once, self.mirrored_once)
        rows = [ways[index % 2](rgb, _jitter(square, rng)) for index in range(JITTERED)]
        dense, sparse = (np.median(points, axis=0) for points in zip(*rows, strict=True))
        return dense, sparse, DENSE_SHARE * dense[DENSE_OF_68, :2] + (1 - DENSE_SHARE) * sparse

    def person_mask(self, rgb: Rgb) -> UInt8[np.ndarray, "height width"]:
        """How much of a pixel is person, 0 to 255."""
        entry = self.person.get_inputs()[0]
        small = cv2.resize(rgb, (256, 256), interpolation=cv2.INTER_AREA).astype(np.float32)[None] / 255
        raw = self.person.run(None, {entry.name: small})[0].reshape(256, 256)
        return (cv2.resize(raw, rgb.shape[1::-1]).clip(0, 1) * 255).astype(np.uint8)


@cache
def teachers() -> Teachers:
    """Those of this process."""
    return Teachers()


def _square_of(face: Float[np.ndarray, "15"]) -> Square:
    eyes = face[6:8] - face[4:6]
    return Square(face[:2] + face[2:4] / 2.0, float(face[2:4].max()), float(np.arctan2(eyes[1], eyes[0])))


def _jitter(square: Square, rng: np.random.Generator) -> Square:
    shift = rng.uniform(-0.05, 0.05, 2) * square.side
    return Square(square.centre + shift, square.side * rng.uniform(0.92, 1.12), square.roll + rng.uniform(-0.15, 0.15))


def read(path: Path, size: int = PHOTO_SIZE) -> Rgb:
    """A photograph as sRGB bytes with its longer side at `size`."""
    rgb = np.asarray(cv2.imread(str(path), cv2.IMREAD_COLOR))[..., ::-1]
    scale = size / max(rgb.shape[:2])
    return cv2.resize(rgb, (round(rgb.shape[1] * scale), round(rgb.shape[0] * scale)), interpolation=cv2.INTER_AREA)


def photographs(folder: str) -> list[Path]:
    """Those of a folder of `photos`, in the order of names."""
    return sorted((DATA / "photos" / folder).glob("*.*g"))


def label_photo(path: Path) -> Row | None:
    """The photograph (at the upper left of a square), its person mask and the labels of its best face; None without a face."""
    rgb = read(path)
    squares = teachers().find(rgb)
    if not squares:
        return None
    dense, sparse, mixed = teachers().label(rgb, squares[0])
    canvas = np.zeros((PHOTO_SIZE, PHOTO_SIZE, 4), np.uint8)
    canvas[: rgb.shape[0], : rgb.shape[1]] = np.dstack([rgb, teachers().person_mask(rgb)])
    parts = {"dense": dense, "sparse": sparse, "mixed": mixed, "names": np.array(path.name)}
    return {"rgb": canvas[..., :3], "mask": canvas[..., 3], **parts}
