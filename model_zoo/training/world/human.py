"""Heads of MakeHuman as people before a camera: shapes and a mesh that our basis knows nothing of."""

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import cv2
import numpy as np
from jaxtyping import Bool, Float32, Int32, UInt8
from scipy.interpolate import LinearNDInterpolator
from scipy.spatial import cKDTree

from facetex_core.structures import Mesh
from facetex_core.workbench.evaluation.synthetic import face_vertices
from training.common.data import DATA
from training.world.assets import TARGETS
from training.world.makehuman import SKIN, MakeHuman, read_obj, refit
from training.world.targets import is_for_training, read_targets, sides, skin_is_for_training, slider

NECK = 5.5
"""Decimetres up the base mesh, where the head is cut off."""
METRES = 0.1
"""In a decimetre."""
SPARSE = 0.5
"""Of the Dirichlet distribution of the macro targets: below 1, one or two of them prevail."""
SLIDERS, STRONGEST, EVEN = 10, (0.55, 0.8), 0.8
"""Sliders of a head, on average; how far they go at most; how many of them are the same on both sides."""
EYES = "parts/makehuman/eyes"
EYE_TEXTURE = SKIN // 2
"""Texels of an eyes' texture in the empty corner, below on the left, of the skin's."""
CORNER = np.array([0, 0.5], np.float32)
NAPE = slice(400, 600), slice(1850, 2040)
"""Rows and columns of a skin's texture where it is of the neck's colour."""
BROWN = ((0.7, 0.3, 0.0), (0.3, 0.7, 0.0), (0.2, 0.3, 0.5))
"""How the colour of the brown eyes is mixed, which are red."""
MUTED = 0.35
"""How much of their colour other eyes lose."""
CLEAR = 0.87
"""Along an eyes' texture, from where on it is of the cornea, which is clear."""

Vertices = Float32[np.ndarray, "vertices 3"]


@dataclass(frozen=True, eq=False)
class Shape:
    """A head at rest."""

    base: Vertices
    """All vertices of the base mesh, decimetres."""
    mixture: dict[str, float]
    """Shares of macro targets."""
    sliders: dict[str, tuple[float, float]]
    """How far detail targets go on the right and on the left."""


class HumanHeads:
    """Draws heads of MakeHuman, and says what is true of them."""

    def __init__(self, human: MakeHuman) -> None:
        self.human, self.face = human, face_vertices(human.model)
        self.eyes = read_obj(DATA / EYES / "high-poly/high-poly.obj")
        self.shown = human.body & (human.base.vertices[human.base.triangles].mean(1)[:, 1] > NECK)

    @cached_property
    def _targets(self) -> tuple[dict[str, np.ndarray], dict[str, list[tuple[str, np.ndarray, np.ndarray]]]]:
        """Macro targets, and the ends of each slider that trainings do not use, right and left."""
        base = self.human.base.vertices
        own = read_targets(DATA / TARGETS, len(base))
        macros = {name: offsets for name, offsets in own.items() if name.startswith("macrodetails/")}
        details = {name: own[name] for name in own if not is_for_training(name) and name not in macros}
        sliders: dict[str, list[tuple[str, np.ndarray, np.ndarray]]] = {}
        for name, (right, left) in sides(details, base[:, 0]).items():
            sliders.setdefault(slider(name), []).append((name, right, left))
        return macros, sliders

    def drawn(self, rng: np.random.Generator) -> Shape:
        """A mixture of macro targets, and some sliders."""
        macros, sliders = self._targets
        shares = rng.dirichlet(np.full(len(macros), SPARSE))
        base = self.human.base.vertices + np.tensordot(shares, np.stack(list(macros.values())), 1)
        most, used = rng.uniform(*STRONGEST), {}
        for which in rng.permutation(len(sliders))[: rng.poisson(SLIDERS)]:
            ends = list(sliders.values())[which]
            name, right, left = ends[rng.integers(len(ends))]
            strength = rng.uniform(0, most, 2)
            strength[1] = strength[0] if rng.random() < EVEN else strength[1]
            base = base + strength[0] * right + strength[1] * left
            used[name] = float(strength[0]), float(strength[1])
        mixture = {name: float(share) for name, share in zip(macros, shares, strict=True)}
        return Shape(base.astype(np.float32), mixture, used)

    def neutral(self, shape: Shape) -> Vertices:
        """The head in the basis's vertices, metres, its face where the mean's is."""
        human, mean = self.human, self.human.model.mean
        skin = human.on_skin(shape.base) * np.float32(METRES) + self._shift(shape)
        return np.asarray(mean + human.followed(skin - mean[human.skin]), np.float32)

    def placed(self, points: np.ndarray, shape: Shape) -> Vertices:
        """Points of the base mesh's space in the frame of `neutral`."""
        return np.asarray(points * METRES + self._shift(shape), np.float32)

    def _shift(self, shape: Shape) -> Float32[np.ndarray, "3"]:
        human = self.human
        at = human.on_skin(shape.base)[np.searchsorted(human.skin, self.face)]
        return np.asarray(human.model.mean[self.face].mean(0) - METRES * at.mean(0), np.float32)

    def mesh(self, shape: Shape) -> Mesh:
        """Skin, mouth and eyes, in metres."""
        used, plain = self._topology
        eyes = refit(DATA / EYES / "high-poly/high-poly.mhclo", shape.base)
        vertices = self.placed(np.concatenate([shape.base[used], eyes[self._eye_vertices]]), shape)
        return Mesh(vertices, plain.triangles, plain.uvs, plain.uv_triangles, plain.parts)

    @cached_property
    def _topology(self) -> tuple[Int32[np.ndarray, " used"], Mesh]:
        """Vertices of the base mesh that are shown, and the mesh of them and of the eyes' outer shells."""
        base, eyes = self.human.base, self.eyes
        skin, mouth = (self.shown & of for of in (self.human.outside, ~self.human.outside))
        corners = np.concatenate([base.triangles[skin], base.triangles[mouth]])
        used, triangles = np.unique(corners, return_inverse=True)
        flat, uv_triangles = np.unique(np.concatenate([base.uv_triangles[skin], base.uv_triangles[mouth]]), return_inverse=True)
        shell = self._shell
        left = eyes.vertices[eyes.triangles[shell]].mean(1)[:, 0] > 0
        globes = np.concatenate([eyes.triangles[shell][left], eyes.triangles[shell][~left]])
        globes = np.searchsorted(self._eye_vertices, globes)
        ends = np.cumsum([0, skin.sum(), mouth.sum(), left.sum(), (~left).sum()]).tolist()
        names = ("skin", "mouth", "left_eye", "right_eye")
        parts = {name: slice(a, b) for name, a, b in zip(names, ends, ends[1:], strict=False)}
        uvs = np.concatenate([base.uvs[flat], self._eye_uvs * np.float32(EYE_TEXTURE / SKIN) + CORNER])
        none = np.zeros((len(used) + len(self._eye_vertices), 3), np.float32)
        every = np.concatenate([triangles.reshape(-1, 3), globes + len(used)]).astype(np.int32)
        every_uv = np.concatenate([uv_triangles.reshape(-1, 3), globes + len(flat)]).astype(np.int32)
        return used, Mesh(none, every, uvs.astype(np.float32), every_uv, parts)

    @cached_property
    def _shell(self) -> np.ndarray:
        """Triangles of the eyes' clear outer shells: round, where the painted globes within have hollow irises."""
        return np.asarray(self.eyes.uvs[self.eyes.uv_triangles].min((1, 2)) > CLEAR)

    @cached_property
    def _eye_vertices(self) -> Int32[np.ndarray, " shells"]:
        return np.unique(self.eyes.triangles[self._shell])

    @cached_property
    def _eye_uvs(self) -> Float32[np.ndarray, "shells 2"]:
        """Of the globes' texture, at the vertices of the shells: what lies behind them, seen from ahead."""
        eyes, shell, found = self.eyes, self._shell, np.zeros((len(self._eye_vertices), 2))
        corners = eyes.triangles[~shell].ravel()
        flat = eyes.uvs[eyes.uv_triangles[~shell].ravel()]
        places, at = eyes.vertices[corners], eyes.vertices[self._eye_vertices]
        for side in (-1, 1):
            mine = places[:, 0] * side > 0
            ahead = mine & (places[:, 2] > np.median(places[mine, 2]))
            these = at[:, 0] * side > 0
            near = flat[mine][cKDTree(places[mine]).query(at[these])[1]]
            seen = LinearNDInterpolator(places[ahead, :2], flat[ahead])(at[these, :2])
            behind = np.isnan(seen) | (at[these, 2] < places[ahead, 2].min())[:, None]
            found[these] = np.where(behind, near, seen)
        return found.astype(np.float32)

    @cached_property
    def face_of_mesh(self) -> Int32[np.ndarray, "face"]:
        """Vertices of the mesh that the basis's face lies on."""
        corners, _ = self.human.under_skin
        under = np.unique(corners[np.searchsorted(self.human.skin, self.face)])
        return np.flatnonzero(np.isin(self._topology[0], under)).astype(np.int32)

    @cached_property
    def regions(self) -> dict[str, Float32[np.ndarray, " vertices"]]:
        """The basis's regions on the mesh, from its nearest vertices; eyes have none."""
        human, used = self.human, self._topology[0]
        _, near = cKDTree(human.model.mean[human.skin]).query(human.bent[used])
        of_head = np.isin(used, np.unique(human.base.triangles[human.head])).astype(np.float32)
        none = np.zeros(len(self._eye_vertices), np.float32)
        return {name: np.concatenate([share[human.skin[near]] * of_head, none]) for name, share in human.model.regions.items()}

    @cached_property
    def skins(self) -> list[UInt8[np.ndarray, "size size 3"]]:
        """Those that trainings do not use, without eyes; what the files lack of the neck is plain."""
        return [_filled(skin) for name, skin in self.human.skins().items() if not skin_is_for_training(name)]

    @cached_property
    def irises(self) -> dict[str, UInt8[np.ndarray, "half half 3"]]:
        """Textures of the eyes by colour."""
        paths = sorted((DATA / EYES / "materials").glob("*_eye.png"))
        return {path.stem.removesuffix("_eye"): _read_eye(path) for path in paths}

    @cached_property
    def of_eyes(self) -> Bool[np.ndarray, "size size"]:
        """Texels of the map that are the eyes'."""
        eyes = np.zeros((SKIN, SKIN), bool)
        eyes[EYE_TEXTURE:, :EYE_TEXTURE] = True
        return eyes

    def texture(self, skin: int, iris: str) -> UInt8[np.ndarray, "size size 3"]:
        """sRGB-coded colours over the mesh's map."""
        whole = self.skins[skin].copy()
        whole[EYE_TEXTURE:, :EYE_TEXTURE] = self.irises[iris]
        return whole


def _filled(skin: UInt8[np.ndarray, "size size 3"]) -> UInt8[np.ndarray, "size size 3"]:
    """A skin whose empty part is as its neck is."""
    plain = np.median(skin[NAPE].reshape(-1, 3), 0).astype(np.uint8)
    return np.where(skin.any(2, keepdims=True), skin, plain)


def _read_eye(path: Path) -> UInt8[np.ndarray, "half half 3"]:
    picture = np.asarray(cv2.imread(str(path), cv2.IMREAD_COLOR))[..., ::-1]
    grey = picture.mean(2, keepdims=True)
    muted = picture @ np.array(BROWN).T if path.name == "brown_eye.png" else picture + MUTED * (grey - picture)
    small = cv2.resize(muted.astype(np.float32), (EYE_TEXTURE, EYE_TEXTURE), interpolation=cv2.INTER_AREA)
    return small.clip(0, 255).astype(np.uint8)
