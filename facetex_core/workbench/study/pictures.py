"""What a study shows: photos and what was made of them, cut to the same part of the face.

A folder of `facetex run` holds renders/photo.png: on its left the photo, on its right the head rendered by the photo's own
camera in the photo's own light. The left half is the photo's picture and the right half the variant's.
"""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
from jaxtyping import Float32, UInt8

from facetex_core.errors import ConfigError, PhotoError
from facetex_core.imaging.colour import to_bytes
from facetex_core.io.photo_file import load_photo
from facetex_core.lazy import cv2
from facetex_core.listeners import warn
from facetex_core.stages import Detector
from facetex_core.structures import Photo
from facetex_core.workbench.evaluation.suite import PHOTO_ENDINGS
from facetex_core.workbench.study.study import PHOTO_VARIANT, Case

BESIDE = Path("renders", "photo.png")
"""Photo and re-render, of a run."""
CROPS = {"face": "the face from brows to chin, all else grey", "skin": "a square of one cheek", "whole": "the picture as it is"}
LARGEST_PICTURE = 720
"""Side of a picture in pixels, at most."""
GREY = 128
SOFT = 0.035
"""By how much the outline is rounded and drawn inwards, in sides of the face: at its very edge photos show hair."""
BROWS, NOSE_TIP, UP = slice(17, 27), 33, 0.2
"""The brows are moved away from the tip of the nose by this share, so that they are shown whole."""
# Of the cheeks: lower lid, wing of the nose, corner of the mouth, jaw (iBUG's 68, from zero).
CHEEKS = ((41, 31, 48, 3), (46, 35, 54, 13))
CHEEK = 0.5
"""Side of the square of skin, in distances from the wing of the nose to the jaw."""

Pixels = UInt8[np.ndarray, "height width 3"]
Square = UInt8[np.ndarray, "side side 3"]


@dataclass(frozen=True, eq=False, slots=True)
class Shown:
    """A picture, and the picture of the same size in which its face is looked for."""

    photo: Photo
    sought: Photo


def read_cases(folders: Sequence[Path], crop: str, detector: Detector, *, photos: bool) -> list[Case]:
    """The cases that two variants share, cut; `photos` makes the photos of the runs a variant of their own.

    A variant is called after its folder. A case in which no face is found is left out with a warning.
    """
    names = [folder.resolve().name for folder in folders]
    if len({*names, PHOTO_VARIANT} if photos else {*names}) < len(names) + photos:
        raise ConfigError(f"two variants have the same name: {', '.join(names)}; rename a folder")
    variants = {name: _variant(folder, photos) for name, folder in zip(names, folders, strict=True)}
    if photos:
        variants = {PHOTO_VARIANT: _photos_of(folders), **variants}
    every = dict.fromkeys(case for variant in variants.values() for case in variant)
    shared = [case for case in every if sum(case in variant for variant in variants.values()) > 1]
    if not shared:
        raise ConfigError(f"{', '.join(names)}: no picture name occurs in two of them")
    if len(shared) < len(every):
        warn(f"{len(every) - len(shared)} cases are in one folder only and left out")
    cases = list(_cut(shared, variants, crop, detector))
    if not cases:
        raise ConfigError("no face found in any of the pictures; --crop whole needs none")
    return cases


def _variant(folder: Path, photos: bool) -> dict[str, Callable[[], Shown]]:
    """By case what reads the picture: of a run, of a folder of runs, or of a folder of pictures."""
    runs = _runs(folder)
    if runs:
        return {case: partial(_half, path, 1) for case, path in runs.items()}
    if photos:
        raise ConfigError(
            f"{folder}: holds no results of facetex run, so there is no photo to compare with; give a second folder"
        )
    found = sorted(path for path in folder.iterdir() if path.suffix.lower() in PHOTO_ENDINGS and path.is_file())
    if not found:
        raise ConfigError(f"{folder}: holds neither results of facetex run nor pictures")
    return {path.stem: partial(_plain, path) for path in found}


def _photos_of(folders: Sequence[Path]) -> dict[str, Callable[[], Shown]]:
    """The photos of the runs; where variants share one, that of the first."""
    runs = {case: path for folder in reversed(folders) for case, path in _runs(folder).items()}
    return {case: partial(_half, path, 0) for case, path in runs.items()}


def _runs(folder: Path) -> dict[str, Path]:
    """Runs by case: the photo's name for a run itself, the folders' names for a folder of runs."""
    if not folder.is_dir():
        raise ConfigError(f"{folder}: no such folder")
    if (folder / BESIDE).is_file():
        return {_name_of(folder): folder}
    return {path.name: path for path in sorted(folder.iterdir()) if (path / BESIDE).is_file()}


def _name_of(run: Path) -> str:
    try:
        return Path(str(json.loads((run / "facetex.json").read_text("utf-8"))["photo"])).stem
    except (OSError, ValueError, LookupError, TypeError):
        raise ConfigError(f"{run}: its facetex.json is missing or damaged; make it again by facetex run") from None


def _plain(path: Path) -> Shown:
    photo = load_photo(path)
    return Shown(photo, photo)


def _half(run: Path, which: int) -> Shown:
    """The photo (0) or the re-render (1) of a run, with the photo's face."""
    both = load_photo(run / BESIDE)
    half = both.size[0] // 2
    photo, render = (Photo(np.ascontiguousarray(both.rgb[:, k * half : (k + 1) * half]), run.name) for k in (0, 1))
    return Shown((photo, render)[which], photo)


def _cut(
    cases: Sequence[str], variants: Mapping[str, Mapping[str, Callable[[], Shown]]], crop: str, detector: Detector
) -> Iterator[Case]:
    for case in cases:
        try:
            shown = {name: variant[case]() for name, variant in variants.items() if case in variant}
            cut = {name: _part(each, crop, detector) for name, each in shown.items()}
        except PhotoError as error:
            warn(f"{case} is left out: {error}")
            continue
        yield Case(case, _alike(cut))


def _part(shown: Shown, crop: str, detector: Detector) -> Pixels:
    pixels = to_bytes(shown.photo.rgb)
    if crop == "whole":
        return pixels
    faces = detector.detect(shown.sought)
    if not faces:
        raise PhotoError("no face found in it")
    cut = face_only if crop == "face" else cheek_only
    return cut(pixels, faces[0].landmarks)


def face_only(pixels: Pixels, landmarks: Float32[np.ndarray, "68 2"]) -> Square:
    """The convex hull of the landmarks in a square; hair, neck and background, which a head lacks, give nothing away."""
    points = landmarks.astype(np.float32)
    points[BROWS] += UP * (points[BROWS].mean(0) - points[NOSE_TIP])
    outline = cv2.convexHull(points).reshape(-1, 2)
    low, high = outline.min(0), outline.max(0)
    side = float((high - low).max())
    mask = np.zeros(pixels.shape[:2], np.float32)
    cv2.fillConvexPoly(mask, np.round((outline - 0.5) * 16).astype(np.int32), 1.0, cv2.LINE_AA, 4)
    share = (4 * cv2.GaussianBlur(mask, (0, 0), SOFT * side)[..., None] - 2.5).clip(0, 1)
    covered = np.rint(pixels * share + GREY * (1 - share)).astype(np.uint8)
    return _square(covered, (low + high) / 2, side)


def cheek_only(pixels: Pixels, landmarks: Float32[np.ndarray, "68 2"]) -> Square:
    """A square of the cheek that is seen better."""
    cheeks = [landmarks[list(points)] for points in CHEEKS]
    wide = [float(np.linalg.norm(points[3] - points[1])) for points in cheeks]
    seen = int(np.argmax(wide))
    return _square(pixels, cheeks[seen].mean(0), CHEEK * wide[seen])


def _square(pixels: Pixels, centre: Float32[np.ndarray, "2"], side: float) -> Square:
    """Grey beyond the border."""
    side = max(round(side), 2)
    left, top = np.round(centre - side / 2).astype(int).tolist()
    square = np.full((side, side, 3), GREY, np.uint8)
    height, width = pixels.shape[:2]
    x, y = slice(max(left, 0), min(left + side, width)), slice(max(top, 0), min(top + side, height))
    square[y.start - top : y.stop - top, x.start - left : x.stop - left] = pixels[y, x]
    return square


def _alike(pictures: Mapping[str, UInt8[np.ndarray, "_ _ 3"]]) -> dict[str, UInt8[np.ndarray, "_ _ 3"]]:
    """All as small as the smallest, so that no picture is sharper than another by its size."""
    scale = min(1.0, LARGEST_PICTURE / max(max(each.shape[:2]) for each in pictures.values()))
    height, width = (round(scale * min(each.shape[axis] for each in pictures.values())) for axis in (0, 1))
    size = max(width, 1), max(height, 1)
    return {name: np.asarray(cv2.resize(each, size, interpolation=cv2.INTER_AREA), np.uint8) for name, each in pictures.items()}
