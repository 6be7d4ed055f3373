"""The labelled faces that the skin network learns from: a file a photo, made once."""

from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Annotated

import cv2
import msgspec
import numpy as np
import onnxruntime
from msgspec import Meta
from tqdm import tqdm

from training.common.data import DATA, save_arrays
from training.common.loop import Schedule
from training.common.making import needed, spread
from training.common.steps import Run
from training.common.teacher import session
from training.landmarks.labels import Teachers
from training.skin.labels import WIDE, Labelled, label_photo

FOLDERS = ("bank", "dev", "extra", "synthetic")
"""Of photos: the first is learned from, and the last for hair and background; the others are held out."""
HELD_OUT = 6
"""Every so many of the synthetic faces is not learned from."""
WORKING = 0.7
"""Faces are drawn on at this share of their stored size: 280 pixels a crop, a little more than the network's."""


class Settings(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """settings.toml."""

    every: Annotated[int, Meta(ge=1)] = 1
    """One photo of so many is labelled; more than 1 to try the steps out."""
    batch: Annotated[int, Meta(ge=1)]
    train: Schedule
    surroundings_batch: Annotated[int, Meta(ge=1)]
    surroundings: Schedule
    seed: int = 0


@cache
def _teachers() -> tuple[Teachers, onnxruntime.InferenceSession]:
    """Those of this process."""
    return Teachers(), session(DATA / "models/segment/mediapipe_hair_segmentation.onnx")


def _label(pair: tuple[Path, Path]) -> str:
    photo, target = pair
    face = label_photo(*_teachers(), photo)
    if face is None:
        return f"no face: {photo.name}"
    save_arrays(target, vars(face))
    return ""


def make(run: Run[Settings]) -> None:
    """Labels the photos that have none yet."""
    pairs = []
    for name in FOLDERS:
        folder = run.of(f"{run.name}/labels/{name}")
        photos = sorted((DATA / "photos" / name).glob("*.*g"))[:: run.settings.every]
        pairs += [(photo, folder / f"{photo.stem}.npz") for photo in photos]
    for line in spread(_label, [pair for pair in pairs if not pair[1].exists()], run.jobs, "labels"):
        if line:
            tqdm.write(line)


def labelled(work: Path, name: str) -> list[Path]:
    """The files of the faces of one folder of photos."""
    return sorted(needed(work / "labels" / name, "skin labels").glob("*.npz"))


def synthetic(work: Path, *, held_out: bool) -> list[Path]:
    """The files of the synthetic faces to learn from, or of those held out."""
    return [path for number, path in enumerate(labelled(work, "synthetic")) if (number % HELD_OUT == 0) == held_out]


def read_faces(paths: list[Path]) -> Iterator[Labelled]:
    """As they were written."""
    for path in paths:
        with np.load(path, allow_pickle=False) as arrays:
            yield Labelled(**arrays)


def shrink(face: Labelled) -> Labelled:
    """The face at its working size."""
    side = round(WIDE * WORKING)
    pictures = (face.rgb, face.person, face.hair)
    rgb, person, hair = (cv2.resize(picture, (side, side), interpolation=cv2.INTER_AREA) for picture in pictures)
    label = cv2.resize(face.label, (side, side), interpolation=cv2.INTER_NEAREST)
    return Labelled(rgb, label, person, hair, face.landmarks * WORKING)


def faces_to_learn_from(paths: list[Path]) -> list[Labelled]:
    """At their working size."""
    return [shrink(face) for face in read_faces(paths)]
