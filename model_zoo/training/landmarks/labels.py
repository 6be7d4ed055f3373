"""Teacher labels for portraits: 468 dense points with depth and 68 iBUG points, averaged over jittered crops."""

from dataclasses import dataclass
from pathlib import Path

import click
import cv2
import numpy as np
from jaxtyping import Float64, UInt8

from training.common.data import DATA
from training.common.teacher import session

PHOTO_SIZE = 512  # faces of about 215 pixels: twice what a 112-pixel crop can use
FOLDERS = ("bank", "dev", "extra")
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


@dataclass(frozen=True)
class Square:
    """A turned square on a picture: centre and side in pixels, roll in radians (clockwise on the screen)."""

    centre: Float64[np.ndarray, "2"]
    side: float
    roll: float

    def matrix(self, size: int) -> Float64[np.ndarray, "2 3"]:
        """Affine map from picture coordinates to a crop of `size` pixels (pixel centres at +0.5 in both)."""
        cosine, sine = np.cos(self.roll), np.sin(self.roll)
        linear = np.array([[cosine, sine], [-sine, cosine]]) * (size / self.side)
        return np.column_stack([linear, size / 2 - linear @ self.centre])


def apply(matrix: Float64[np.ndarray, "2 3"], points: np.ndarray) -> np.ndarray:
    """Points through an affine map."""
    return points[..., :2] @ matrix[:, :2].T + matrix[:, 2]


def invert(matrix: Float64[np.ndarray, "2 3"]) -> Float64[np.ndarray, "2 3"]:
    """The inverse affine map."""
    linear = np.linalg.inv(matrix[:, :2])
    return np.column_stack([linear, -linear @ matrix[:, 2]])


def warp(image: np.ndarray, matrix: np.ndarray, size: int, border: int = cv2.BORDER_REPLICATE) -> np.ndarray:
    """The picture through an affine map; OpenCV counts from pixel centres, hence the half pixels."""
    shifted = matrix.copy()
    shifted[:, 2] += matrix[:, :2] @ [0.5, 0.5] - 0.5
    return cv2.warpAffine(image, shifted, (size, size), flags=cv2.INTER_LINEAR, borderMode=border)


def face_square(dense: np.ndarray) -> Square:
    """The square around a face: axes from the eye line and the chin line, side the larger extent of the points."""
    across, down = dense[263, :2] - dense[33, :2], dense[152, :2] - dense[10, :2]
    direction = across + np.array([down[1], -down[0]])
    roll = float(np.arctan2(direction[1], direction[0]))
    upright = Square(np.zeros(2), 1.0, roll).matrix(1)
    turned = dense[:, :2] @ upright[:, :2].T
    low, high = turned.min(0), turned.max(0)
    return Square((low + high) / 2 @ upright[:, :2], float((high - low).max()), roll)


def canonical_468() -> Float64[np.ndarray, "468 3"]:
    """MediaPipe's canonical face (x as in the picture, y up, z towards the camera)."""
    lines = (DATA / "models/landmarks/canonical_face_model.obj").read_text().splitlines()
    return np.array([line.split()[1:4] for line in lines if line.startswith("v ")], float)


def flip_468() -> np.ndarray:
    """For every dense point the point on the other side, from the canonical mesh's symmetry."""
    vertices = canonical_468()
    mirrored = vertices * [-1, 1, 1]
    return np.linalg.norm(mirrored[:, None] - vertices[None], axis=2).argmin(1)


class Teachers:
    """YuNet finds; MediaPipe's 478 points and face-api's 68 label."""

    def __init__(self) -> None:
        self.finder = str(DATA / "models/detect/yunet_n_640_640.onnx")
        self.dense = session(DATA / "models/landmarks/mediapipe_face_landmarks_478_v2.onnx")
        self.sparse = session(DATA / "models/landmarks/faceapi_landmark68.onnx")
        self.person = session(DATA / "models/segment/mediapipe_selfie_segmentation.onnx")
        self.flip = flip_468()

    def find(self, rgb: UInt8[np.ndarray, "height width 3"]) -> list[Square]:
        """Faces by YuNet, best first, as upright squares turned by the eye line."""
        height, width = rgb.shape[:2]
        detector = cv2.FaceDetectorYN.create(self.finder, "", (width, height), 0.6, 0.3)
        found = detector.detect(np.ascontiguousarray(rgb[..., ::-1]))[1]
        rows = [] if found is None else sorted(found, key=lambda row: -row[14])
        return [self._square(row) for row in rows]

    @staticmethod
    def _square(row: np.ndarray) -> Square:
        eyes = row[6:8] - row[4:6]
        return Square(row[:2] + row[2:4] / 2.0, float(row[2:4].max()), float(np.arctan2(eyes[1], eyes[0])))

    def dense_once(self, rgb: np.ndarray, square: Square) -> Float64[np.ndarray, "468 3"]:
        """MediaPipe's points (x, y in picture pixels, z in the same unit) from one crop."""
        matrix = square.matrix(192)
        crop = warp(rgb, matrix, 192).astype(np.float32)[None] / 255
        raw = self.dense.run(None, {self.dense.get_inputs()[0].name: crop})[0].reshape(-1, 3)[:468].astype(float)
        return np.column_stack([apply(invert(matrix), raw), raw[:, 2] * square.side / 192])

    def sparse_once(self, rgb: np.ndarray, square: Square) -> Float64[np.ndarray, "68 2"]:
        """face-api's points from one crop."""
        matrix = square.matrix(112)
        crop = warp(rgb, matrix, 112).astype(np.float32).transpose(2, 0, 1)[None]
        raw = self.sparse.run(None, {"image": crop})[0].reshape(68, 2).astype(float)
        return apply(invert(matrix), raw * 112)

    def label(self, rgb: np.ndarray, start: Square, seed: int = 0) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Dense points, face-api's points and the mixed 68, medians over eight jittered crops and their mirror images."""
        generator = np.random.default_rng(seed)
        square = start
        for _ in range(3):
            square = face_square(self.dense_once(rgb, Square(square.centre, square.side * 1.4, square.roll)))
        dense, sparse = [], []
        width = rgb.shape[1]
        mirror = np.ascontiguousarray(rgb[:, ::-1])
        for index in range(8):
            crop = _jitter(square, generator)
            picture, crop = (mirror, _mirrored(crop, width)) if index % 2 else (rgb, crop)
            points = self.dense_once(picture, Square(crop.centre, crop.side * 1.4, crop.roll))
            inner = self.sparse_once(picture, Square(crop.centre, crop.side * 1.15, crop.roll))
            if index % 2:
                points = (points * [-1, 1, 1] + [width, 0, 0])[self.flip]
                inner = (inner * [-1, 1] + [width, 0])[FLIP_68]
            dense.append(points)
            sparse.append(inner)
        middle, inner = np.median(dense, axis=0), np.median(sparse, axis=0)
        mixed = DENSE_SHARE * middle[DENSE_OF_68, :2] + (1 - DENSE_SHARE) * inner
        return middle, inner, mixed

    def person_mask(self, rgb: np.ndarray) -> UInt8[np.ndarray, "height width"]:
        """How much of a pixel is person, 0 to 255."""
        entry = self.person.get_inputs()[0]
        small = cv2.resize(rgb, (256, 256), interpolation=cv2.INTER_AREA).astype(np.float32)[None] / 255
        raw = self.person.run(None, {entry.name: small})[0].reshape(256, 256)
        return (cv2.resize(raw, rgb.shape[1::-1]).clip(0, 1) * 255).astype(np.uint8)


def _jitter(square: Square, generator: np.random.Generator) -> Square:
    shift = generator.uniform(-0.05, 0.05, 2) * square.side
    return Square(
        square.centre + shift, square.side * generator.uniform(0.92, 1.12), square.roll + generator.uniform(-0.15, 0.15)
    )


def _mirrored(square: Square, width: int) -> Square:
    return Square(np.array([width - square.centre[0], square.centre[1]]), square.side, -square.roll)


def read(path: Path, size: int = PHOTO_SIZE) -> UInt8[np.ndarray, "height width 3"]:
    """A photograph as sRGB bytes with its longer side at `size`."""
    rgb = cv2.imread(str(path), cv2.IMREAD_COLOR)[..., ::-1]
    scale = size / max(rgb.shape[:2])
    return cv2.resize(rgb, (round(rgb.shape[1] * scale), round(rgb.shape[0] * scale)), interpolation=cv2.INTER_AREA)


def label_folder(teachers: Teachers, folder: str) -> dict[str, np.ndarray]:
    """Photographs, masks and labels of one folder of `photos`."""
    rows: dict[str, list[np.ndarray]] = {"rgb": [], "mask": [], "dense": [], "sparse": [], "mixed": []}
    names = []
    for path in sorted((DATA / "photos" / folder).glob("*.*g")):
        rgb = read(path)
        found = teachers.find(rgb)
        if not found:
            click.echo(f"no face: {path.name}")
            continue
        dense, sparse, mixed = teachers.label(rgb, found[0])
        canvas = np.zeros((PHOTO_SIZE, PHOTO_SIZE, 4), np.uint8)
        canvas[: rgb.shape[0], : rgb.shape[1]] = np.dstack([rgb, teachers.person_mask(rgb)])
        for key, value in zip(rows, (canvas[..., :3], canvas[..., 3], dense, sparse, mixed), strict=True):
            rows[key].append(value)
        names.append(path.name)
    return {key: np.stack(value) for key, value in rows.items()} | {"names": np.array(names)}


@click.command(help=__doc__)
@click.option("--work", type=click.Path(path_type=Path), required=True, help="Folder for the caches.")
def main(work: Path) -> None:
    """Label every folder once."""
    work.mkdir(parents=True, exist_ok=True)
    teachers = Teachers()
    for folder in FOLDERS:
        rows = label_folder(teachers, folder)
        np.savez(work / f"{folder}.npz", **rows)
        click.echo(f"{folder}: {len(rows['names'])} photographs")


if __name__ == "__main__":
    main()
