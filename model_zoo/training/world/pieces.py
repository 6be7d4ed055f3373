"""What a head wears: meshes with a texture, each vertex bound to places of the mean head that it moves with."""

from dataclasses import dataclass, fields
from functools import cached_property
from pathlib import Path

import numpy as np
from jaxtyping import Float, Float32, Int32, UInt8
from scipy.spatial import cKDTree

from facetex_core.imaging.colour import decode_srgb
from facetex_core.structures import MorphableModel
from training.common.data import save_arrays

NEIGHBOURS = {"hair": 24, "brows": 4, "lashes": 3}
"""Vertices whose moves a vertex follows in the mean: hair with the head, lashes with the lid."""


@dataclass(frozen=True, eq=False)
class Piece:
    """A part on the mean head, in metres."""

    kind: str
    """A key of NEIGHBOURS."""
    vertices: Float32[np.ndarray, "vertices 3"]
    triangles: Int32[np.ndarray, "triangles 3"]
    uvs: Float32[np.ndarray, "triangles 3 2"]
    rgba: UInt8[np.ndarray, "size size 4"]
    """sRGB-coded colour, and how much of the light it stops."""
    near: Int32[np.ndarray, "vertices neighbours"]
    weights: Float32[np.ndarray, "vertices neighbours"]

    @cached_property
    def tone(self) -> Float32[np.ndarray, "size size 3"]:
        """Its linear colour, of mean 1 where it is not to be seen through."""
        rgb = decode_srgb(self.rgba[..., :3].astype(np.float32) / 255)
        known = self.rgba[..., 3] > 25
        if not known.any():
            return rgb
        grey = rgb.mean(2, keepdims=True)
        return np.asarray(np.repeat(np.clip(grey / max(float(grey[known].mean()), 1e-3), 0.25, 3), 3, 2), np.float32)

    def on(self, moves: Float[np.ndarray, "head 3"]) -> Float32[np.ndarray, "vertices 3"]:
        """The vertices on a head whose vertices are so far from the mean's."""
        return np.asarray(self.vertices + np.einsum("vk,vkc->vc", self.weights, moves[self.near]), np.float32)


def bound(
    kind: str,
    vertices: Float32[np.ndarray, "vertices 3"],
    triangles: Int32[np.ndarray, "triangles 3"],
    uvs: Float32[np.ndarray, "triangles 3 2"],
    rgba: UInt8[np.ndarray, "size size 4"],
    model: MorphableModel,
) -> Piece:
    """The part, bound to the skin's nearest vertices; nearer ones count more."""
    skin = np.unique(model.mesh.triangles[model.mesh.parts["skin"]])
    distance, near = cKDTree(model.mean[skin]).query(vertices, NEIGHBOURS[kind])
    weights = 1 / (distance + 0.002) ** 2
    weights /= weights.sum(1, keepdims=True)
    return Piece(kind, vertices, triangles, uvs, rgba, skin[near].astype(np.int32), weights.astype(np.float32))


def mirrored(piece: Piece, model: MorphableModel) -> Piece:
    """The piece with its sides exchanged."""
    turned = piece.triangles[:, ::-1].copy(), piece.uvs[:, ::-1].copy()
    return bound(piece.kind, piece.vertices * np.array([-1, 1, 1], np.float32), *turned, piece.rgba, model)


def write_piece(piece: Piece, path: Path) -> None:
    """An npz file named kind-name.npz."""
    save_arrays(path, {field.name: getattr(piece, field.name) for field in fields(piece) if field.name != "kind"})


def read_pieces(folder: Path, kind: str) -> list[Piece]:
    """Those of a kind, in the order of names."""
    pieces = []
    for path in sorted(folder.glob(f"{kind}-*.npz")):
        with np.load(path, allow_pickle=False) as rows:
            pieces.append(Piece(kind, **{name: rows[name] for name in rows.files}))
    return pieces
