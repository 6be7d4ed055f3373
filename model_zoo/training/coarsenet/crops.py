"""Crops of rendered heads as a detector lays them, and the pose, identity and expression that the network should tell."""

import cv2
import numpy as np
from facetex_plugins.fit.feedback.estimate import SEEN_SIDE, seen_as
from facetex_plugins.fit.points.surface_net import LANDMARKS_68
from jaxtyping import Float32, Float64, UInt8

from facetex_core.imaging.face_square import FaceSquare, cropped, grey, wide_square_of
from training.common.making import stacked
from training.world.degrade import degraded
from training.world.model_truth import Row, other_side
from training.world.places import places
from training.world.settings import Degradation
from training.world.truths import KnownHeads

SHIFT, ZOOM, ROLL = 0.03, 0.06, 0.06
"""Standard deviations of where a crop is laid, in sides, logarithms and radians."""
ACROSS = np.diag([-1.0, 1.0, 1.0])


class Heads:
    """Crops of the heads of the world, and what is true of them in the crop."""

    def __init__(self, known: KnownHeads, names: tuple[str, ...], pivot: Float64[np.ndarray, "3"]) -> None:
        self.known, self.pivot, self.swap, self.flip = known, pivot, other_side(names), places().mirror

    def __len__(self) -> int:
        """How many there are."""
        return len(self.known)

    def crop(self, number: int, rng: np.random.Generator | None, shares: Degradation) -> Row:
        """One head: laid off by a little, spoiled and perhaps mirrored by `rng`; without it as it is."""
        row, picture = self.known.row(number), self.known.picture(number)
        square = wide_square_of(row["places"][LANDMARKS_68])
        if rng is not None:
            square = _laid_off(square, rng)
        colours = cropped(picture, square, SEEN_SIDE)
        if rng is not None:
            colours = _relit(degraded(colours, shares, rng), rng)
        truth = self._truth(row, square)
        truth["grey"] = grey(colours.astype(np.float32) / 255)
        return self._mirrored(truth) if rng is not None and rng.random() < 0.5 else truth

    def landmarks(self, number: int) -> Float64[np.ndarray, "68 2"]:
        """The true ones in the crop that is laid by them."""
        points = self.known.numbers["places"][number][LANDMARKS_68].astype(np.float64)
        matrix = wide_square_of(points).matrix(SEEN_SIDE)
        return points @ matrix[:2, :2].T + matrix[:2, 2]

    def batch(self, numbers: np.ndarray, rng: np.random.Generator | None, shares: Degradation) -> Row:
        """Several."""
        return stacked([self.crop(int(number), rng, shares) for number in numbers])

    def _truth(self, row: Row, square: FaceSquare) -> Row:
        """In the frame of the crop's camera."""
        matrix, plane = square.matrix(SEEN_SIDE), np.eye(3)
        turn = matrix[:2, :2] * square.side / SEEN_SIDE
        plane[:2, :2] = turn
        intrinsics = matrix @ row["intrinsics"].astype(np.float64) @ plane.T
        rotation = plane @ row["rotation"]
        middle = rotation @ self.pivot + plane @ row["translation"]
        rotation, rest = seen_as(rotation, middle, intrinsics)
        names = ("identity", "mirrored", "expression")
        principal = intrinsics[:2, 2] / SEEN_SIDE
        laid = (row["places"].astype(np.float64) @ matrix[:2, :2].T + matrix[:2, 2]) / SEEN_SIDE
        told = {"rotation": rotation, "rest": rest, "principal": principal, "places": laid}
        return told | {name: row[name] for name in names}

    def _mirrored(self, row: Row) -> Row:
        return {
            "rotation": ACROSS @ row["rotation"] @ ACROSS,
            "rest": row["rest"] * [1, -1, 1, 1] + [0, 1, 0, 0],
            "principal": row["principal"] * [-1, 1] + [1, 0],
            "places": row["places"][self.flip] * [-1, 1] + [1, 0],
            "identity": row["mirrored"],
            "mirrored": row["identity"],
            "expression": row["expression"][self.swap],
            "grey": np.ascontiguousarray(row["grey"][:, ::-1]),
        }


def _laid_off(square: FaceSquare, rng: np.random.Generator) -> FaceSquare:
    shift, zoom, roll = rng.normal(0, SHIFT, 2), np.exp(rng.normal(0, ZOOM)), rng.normal(0, ROLL)
    return FaceSquare(square.centre + shift * square.side, square.side * zoom, square.roll + roll)


def _relit(picture: UInt8[np.ndarray, "side side 3"], rng: np.random.Generator) -> Float32[np.ndarray, "side side 3"]:
    """Another exposure and contrast; now and then a patch of one tone over a part of it."""
    value = 255 * (picture.astype(np.float32) / 255) ** np.exp(rng.normal(0, 0.25)) * np.exp(rng.normal(0, 0.12))
    if rng.random() < 0.15:
        low = rng.uniform(-0.2, 0.8, 2) * SEEN_SIDE
        high = low + rng.uniform(0.15, 0.45, 2) * SEEN_SIDE
        corners = [tuple(int(part) for part in corner) for corner in (low, high)]
        cv2.rectangle(value, corners[0], corners[1], [float(tone) for tone in rng.uniform(0, 255, 3)], -1)
    return np.asarray(value.clip(0, 255), np.float32)
