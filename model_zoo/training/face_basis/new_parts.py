"""Other parts for a basis that is there: the numbers of all other vertices in order, triangles, modes and landmarks stay.

The identity modes of a basis are mixtures of its source's: which ones, its skin tells. So new parts move with the same people.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float, Int
from scipy.spatial import cKDTree

from training.face_basis.expressions import STRONGER, arkit_shapes, sparse
from training.face_basis.lips import lip_seam
from training.face_basis.source import SKIN, Arrays, Source, half_triangles
from training.face_basis.surface import snapped
from training.face_basis.topology import Carried

LIPS_REACH = 0.03
"""Metres around the seam behind the lips within which lips.py changes the modes."""


@dataclass(frozen=True)
class Half:
    """The left half of a part, or of a piece of it."""

    places: Float[np.ndarray, "points 2"]
    """In UV."""
    triangles: Int[np.ndarray, "triangles 3"]
    carried: Carried
    midline: Bool[np.ndarray, " points"]
    """Which points lie on it."""


def without(arrays: Arrays, parts: Sequence[str]) -> Arrays:
    """A basis without these parts, which are the last ones, without vertices that only they have, and correctives."""
    names = [str(name) for name in arrays["part_names"]]
    kept = [name for name in names if name not in parts]
    assert names[: len(kept)] == kept, "triangles of other parts would change their numbers"
    stop = int(arrays["part_ranges"][len(kept) - 1, 1])
    vertices, triangles = np.unique(arrays["triangles"][:stop], return_inverse=True)
    points, uv_triangles = np.unique(arrays["uv_triangles"][:stop], return_inverse=True)
    number = np.zeros(len(arrays["mean"]), np.int32)
    number[vertices] = np.arange(len(vertices))
    others = {key: values for key, values in arrays.items() if not key.startswith("corrective_")}
    return others | {
        "mean": arrays["mean"][vertices],
        "identity": arrays["identity"][:, vertices],
        "expression": arrays["expression"][:, vertices],
        "mirror": number[arrays["mirror"][vertices]],
        "regions": arrays["regions"][:, vertices],
        "uvs": arrays["uvs"][points],
        "triangles": triangles.reshape(-1, 3).astype(np.int32),
        "uv_triangles": uv_triangles.reshape(-1, 3).astype(np.int32),
        "part_names": np.array(kept),
        "part_ranges": arrays["part_ranges"][: len(kept)],
    }


def with_region(arrays: Arrays, name: str, weights: Float[np.ndarray, " vertices"]) -> Arrays:
    """The basis with a further region, or with this one anew; weights in [0, 1]."""
    told = {str(each): row for each, row in zip(arrays["region_names"], arrays["regions"], strict=True)}
    told[name] = np.round(255 * weights).astype(np.uint8)
    return arrays | {"region_names": np.array(list(told)), "regions": np.stack(list(told.values()))}


def mixtures(arrays: Arrays, source: Source) -> Float[np.ndarray, "modes sources"]:
    """How much of each of the source's modes is in each of the basis's, by least squares over the skin away from the lips."""
    skin = np.unique(arrays["triangles"][slice(*arrays["part_ranges"][0])])
    away = cKDTree(lip_seam(arrays)).query(arrays["mean"][skin])[0] > LIPS_REACH
    left = skin[away & (arrays["mean"][skin, 0] > 0)]
    riding = snapped(arrays["mean"][left].astype(np.float64), source.vertices, half_triangles(source, SKIN))
    theirs = riding.of(source.identity).reshape(len(source.identity), -1)
    ours = arrays["identity"][:, left].astype(np.float64).reshape(len(arrays["identity"]), -1)
    return np.linalg.lstsq(theirs.T, ours.T, rcond=None)[0].T


def joined_to(arrays: Arrays, source: Source, parts: Mapping[str, Sequence[Half]], shift: Float[np.ndarray, "3"]) -> Arrays:
    """The basis with new parts behind its own, all of them shifted."""
    told, mixed = dict(arrays), mixtures(arrays, source)
    for name, pieces in parts.items():
        start = len(told["triangles"])
        for piece in pieces:
            told = _with(told, source, piece, mixed, shift)
        told["part_names"] = np.array([*told["part_names"], name])
        told["part_ranges"] = np.r_[told["part_ranges"], [[start, len(told["triangles"])]]].astype(np.int32)
    return told


def _with(
    arrays: Arrays, source: Source, piece: Half, mixed: Float[np.ndarray, "modes sources"], shift: Float[np.ndarray, "3"]
) -> Arrays:
    """Left points, then the mirror images of those off the midline."""
    count, uvs = len(arrays["mean"]), len(arrays["uvs"])
    left, side = count + np.arange(len(piece.midline)), ~piece.midline
    right = left.copy()
    right[side] = count + len(left) + np.arange(side.sum())
    riding = piece.carried.joined(piece.carried.mirrored(source.mirror).only(side))
    shapes = arkit_shapes(source)
    moves = np.stack([riding.of(STRONGER.get(name, 1) * source.expression[which].sum(0)) for name, which in shapes.items()])
    places = piece.carried.of(source.vertices) + shift
    added = {
        "mean": np.r_[places, (places * [-1, 1, 1])[side]],
        "identity": np.tensordot(mixed, riding.of(source.identity), 1),
        "expression": sparse(moves),
        "mirror": np.r_[right, left[side]],
        "regions": np.zeros((len(arrays["regions"]), len(left) + side.sum())),
        "uvs": np.r_[piece.places, piece.places * [-1, 1] + [1, 0]],
        "triangles": np.r_[left[piece.triangles], right[piece.triangles[:, ::-1]]],
        "uv_triangles": uvs + np.r_[piece.triangles, len(left) + piece.triangles[:, ::-1]],
    }
    across = ("identity", "expression", "regions")
    joined = {
        name: np.concatenate([arrays[name], values.astype(arrays[name].dtype)], axis=int(name in across))
        for name, values in added.items()
    }
    return arrays | joined
