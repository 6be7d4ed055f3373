"""Faces between two portraits: the shape of one moved towards or away from another's, the skin of both mixed; labelled anew."""

import json
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from jaxtyping import Float64, Int64, UInt8
from scipy.interpolate import RBFInterpolator

from training.common.data import DATA
from training.landmarks.labels import Rgb, Row, Square, apply, face_square, homogeneous, teachers, warp

EVERY = 4  # of the 468 points, so many apart steer the warp
CELLS = 64  # the warp's grid
FEATHER = 0.04  # face squares over which the mixed skin runs out
SEED = 3


@dataclass(frozen=True)
class Portrait:
    """A photograph, how much of a pixel is person, its 468 points."""

    rgb: Rgb
    mask: UInt8[np.ndarray, "size size"]
    dense: Float64[np.ndarray, "468 2"]


def onto(portrait: Portrait, square: Square) -> Portrait:
    """The portrait moved so that its face square is this one."""
    size = portrait.rgb.shape[0]
    own, other = (homogeneous(place.matrix(1)) for place in (face_square(portrait.dense), square))
    matrix = (np.linalg.inv(other) @ own)[:2]
    rgb, mask = (warp(part, matrix, size) for part in (portrait.rgb, portrait.mask))
    return Portrait(rgb, mask, apply(matrix, portrait.dense))


def bend(portrait: Portrait, target: Float64[np.ndarray, "468 2"]) -> Portrait:
    """The portrait under the thin-plate spline that brings its points to these and leaves the picture's edge."""
    size = portrait.rgb.shape[0]
    edge = np.linspace(0, size, 6)
    frame = np.array([(x, y) for x in edge for y in edge if {x, y} & {0.0, float(size)}])
    places = np.concatenate([target[::EVERY], frame])
    moves = np.concatenate([portrait.dense[::EVERY] - target[::EVERY], np.zeros_like(frame)])
    axis = (np.arange(CELLS) + 0.5) * size / CELLS
    grid = np.stack(np.meshgrid(axis, axis), axis=2)
    field = RBFInterpolator(places, moves, smoothing=1.0)(grid.reshape(-1, 2)).reshape(CELLS, CELLS, 2)
    rows, columns = np.mgrid[0:size, 0:size]
    x, y = (np.stack([columns, rows]) + cv2.resize(field, (size, size)).transpose(2, 0, 1)).astype(np.float32)
    rgb, mask = (
        cv2.remap(part, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE) for part in (portrait.rgb, portrait.mask)
    )
    return Portrait(rgb, mask, target)


def mixed(one: Portrait, other: Portrait, part: float) -> Portrait:
    """The first with so much of the second's skin inside of the face oval; both have the same points."""
    cover = np.zeros(one.mask.shape, np.float32)
    cv2.fillConvexPoly(cover, cv2.convexHull(one.dense.astype(np.int32)), part)
    cover = cv2.GaussianBlur(cover, (0, 0), FEATHER * face_square(one.dense).side)[..., None]
    return Portrait((one.rgb * (1 - cover) + other.rgb * cover).astype(np.uint8), one.mask, one.dense)


def between(one: Portrait, other: Portrait, rng: np.random.Generator) -> Portrait:
    """Half of the time shape and skin of both; else the first's skin, its shape nearer to the second's or further from it."""
    other = onto(other, face_square(one.dense))
    if rng.random() < 0.5:
        part = rng.uniform(0.3, 0.7)
        target = (1 - part) * one.dense + part * other.dense
        return mixed(bend(one, target), bend(other, target), part)
    part = rng.uniform(-0.7, 0.7)
    return bend(one, (1 - part) * one.dense + part * other.dense)


def chances(names: list[str]) -> Float64[np.ndarray, " portraits"]:
    """How often each portrait is drawn: a group (ancestry and sex, as photos.json has them) by the root of its size."""
    rows = json.loads((DATA / "photos/photos.json").read_text())
    people = {Path(row["file"]).name: (row["eth"], row["gender"]) for row in rows}
    groups = [people[name] for name in names]
    wanted = np.array([groups.count(group) ** -0.5 for group in groups])
    return wanted / wanted.sum()


def pairs(names: list[str], count: int) -> Int64[np.ndarray, "count 2"]:
    """Two different portraits a morph."""
    rng, chance = np.random.default_rng(SEED), chances(names)
    return np.array([rng.choice(len(names), 2, replace=False, p=chance) for _ in range(count)])


def morph(item: tuple[int, Portrait, Portrait]) -> Row:
    """A face between two, whose number seeds it, labelled as portraits are."""
    number, one, other = item
    portrait = between(one, other, np.random.default_rng([SEED, number]))
    dense, _, points = teachers().label(portrait.rgb, face_square(portrait.dense), number)
    return {"rgb": portrait.rgb, "mask": portrait.mask, "dense": dense, "mixed": points}
