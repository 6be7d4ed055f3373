"""MakeHuman's head laid onto the face basis: its hair, brows and lashes (.mhclo) and its skins come with it."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import cv2
import numpy as np
from facetex_plugins.fit.closest_point import Surface
from jaxtyping import Float, Float32, Int32, UInt8
from scipy.interpolate import RBFInterpolator
from scipy.spatial import cKDTree

from facetex_core import Photo
from facetex_core.config import load_preset
from facetex_core.geometry.mesh import vertex_normals
from facetex_core.geometry.raycast import Scene
from facetex_core.imaging.colour import decode_srgb
from facetex_core.parts.teeth import rows_of
from facetex_core.registry import Registry
from facetex_core.structures import MorphableModel
from training.world.pieces import Piece, bound

HEAD = 5.4
"""Decimetres up the base mesh, on the neck."""
Points = Float[np.ndarray, "points 3"]
MOUTH = 0.855
"""Down the texture, from where on it shows the inside of the mouth."""
SIDE = 768
"""Pixels of the picture on which the landmarks are found, which shows three decimetres."""
WIDE = 3.0
SKIN = 2048
"""Pixels of the whole skin texture that the crops were cut from."""
REACHES, EVERY = (0.06, 0.04, 0.03, 0.02, 0.02), 7
"""Metres within which rounds of closest points believe them, and of how many vertices one leads the others."""
FOLLOWED = 24
"""Vertices of skin whose moves eyes, teeth and the mouth behind the lips follow in the mean."""
FACING = 0.35
"""The least cosine between a landmark's normal and the line of sight: those on the outline are seen somewhere else."""


@dataclass(frozen=True, eq=False)
class Obj:
    """A Wavefront mesh, cut into triangles."""

    vertices: Float32[np.ndarray, "vertices 3"]
    uvs: Float32[np.ndarray, "uvs 2"]
    triangles: Int32[np.ndarray, "triangles 3"]
    uv_triangles: Int32[np.ndarray, "triangles 3"]
    groups: list[str]
    """Of the triangles."""


def read_obj(path: Path) -> Obj:
    """The mesh; v is turned to count downwards."""
    rows: dict[str, list[list[float]]] = {"v": [], "vt": []}
    corners: list[list[list[int]]] = []
    groups, group = [], ""
    for words in (line.split() for line in path.read_text("utf-8").splitlines()):
        if words and words[0] in rows:
            rows[words[0]].append([float(word) for word in words[1:4]])
        elif words and words[0] == "g":
            group = words[1]
        elif words and words[0] == "f":
            polygon = [[int(number) - 1 for number in word.split("/")[:2]] for word in words[1:]]
            fan = [[polygon[0], *polygon[k : k + 2]] for k in range(1, len(polygon) - 1)]
            corners += fan
            groups += [group] * len(fan)
    both = np.array(corners, np.int32)
    uvs = np.array([row[:2] for row in rows["vt"]], np.float32) * [1, -1] + [0, 1]
    return Obj(np.array(rows["v"], np.float32), uvs.astype(np.float32), both[..., 0], both[..., 1], groups)


def refit(path: Path, base: Float32[np.ndarray, "vertices 3"]) -> Float[np.ndarray, "part 3"]:
    """The vertices of a part on a base mesh, by its .mhclo file: one vertex of it, or three with weights and an offset."""
    scale, rows = np.ones(3), []
    for words in (line.split() for line in path.read_text("utf-8").splitlines()):
        if words and words[0] in ("x_scale", "y_scale", "z_scale"):
            axis = "xyz".index(words[0][0])
            scale[axis] = abs(base[int(words[1]), axis] - base[int(words[2]), axis]) / float(words[3])
        elif words and words[0].isdigit() and len(words) in (1, 9):
            rows.append([float(word) for word in words] if len(words) == 9 else [float(words[0])] * 3 + [1.0, 0, 0, 0, 0, 0])
    numbers = np.array(rows)
    return np.einsum("pk,pkc->pc", numbers[:, 3:6], base[numbers[:, :3].astype(int)]) + numbers[:, 6:] * scale


class MakeHuman:
    """The base mesh, and how its space is bent so that its head is the basis's mean."""

    def __init__(self, folder: Path, model: MorphableModel) -> None:
        self.folder, self.model = folder, model
        self.base = read_obj(folder / "models/mm/makehuman/base.obj")
        self.body = np.array([group == "body" for group in self.base.groups])
        self.outside = self.base.uvs[self.base.uv_triangles].mean(1)[:, 1] < MOUTH
        self.head = self.body & self.outside & (self.base.vertices[self.base.triangles].mean(1)[:, 1] > HEAD)

    @cached_property
    def _bend(self) -> Callable[[Points], Points]:
        """Decimetres of the base mesh to metres of the basis."""
        e, mesh = self.model.embedding, self.model.mesh
        points, sure = self._landmarks()
        target = np.einsum("pk,pkc->pc", e.dense_barycentric, self.model.mean[mesh.triangles[e.dense_triangles]])
        source, target = points[sure], target[sure]
        triangles = self.base.triangles[self.head]
        used = np.unique(triangles)
        free, normals = self.base.vertices[used][::EVERY], vertex_normals(self.base.vertices, triangles)[used][::EVERY]
        away = np.linalg.norm(free[:, None] - source, axis=2).min(1) > 0.25
        free, normals = free[away], normals[away]
        skin = Surface(self.model.mean, mesh.triangles[mesh.parts["skin"]])
        bend = similarity(source, target)
        for reach in REACHES:
            place = bend(free).astype(np.float32)
            moved = bend(free + 0.05 * normals) - place
            moved /= np.maximum(np.linalg.norm(moved, axis=1, keepdims=True), 1e-9)
            which, weights = skin.nearest(place, moved.astype(np.float32))
            closest = np.einsum("pk,pkc->pc", weights, self.model.mean[mesh.triangles[which]])
            good = np.linalg.norm(closest - place, axis=1) < reach
            both = np.concatenate([source, free[good]]), np.concatenate([target, closest[good]])
            bend = RBFInterpolator(*both, smoothing=0.02, kernel="thin_plate_spline")
        return bend

    def _landmarks(self) -> tuple[Float[np.ndarray, "468 3"], np.ndarray]:
        """Where the detector sees the points on a picture of the base mesh, and which of them are seen from ahead."""
        triangles, vertices = self.base.triangles[self.head], self.base.vertices
        rows, columns = np.mgrid[0:SIDE, 0:SIDE] + 0.5
        scene, pixel = Scene(vertices, triangles), WIDE / SIDE
        top = vertices[np.unique(triangles), 1].max() + 0.3
        normals = vertex_normals(vertices, triangles)

        def cast(x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
            origins = np.stack([(x - SIDE / 2) * pixel, top - y * pixel, np.full(len(x), 9.0)], 1).astype(np.float32)
            which, weights, _ = scene.first_hits(origins, np.broadcast_to(np.array([0, 0, -1], np.float32), origins.shape))
            return which, weights

        which, weights = cast(columns.ravel(), rows.ravel())
        uvs = np.einsum("pk,pkc->pc", weights, self.base.uvs[self.base.uv_triangles[self.head][which]])
        light = np.einsum("pk,pkc->pc", weights, normals[triangles[which]]) @ [0.3, 0.3, 0.9]
        skin = next(iter(self.skins().values()))
        colour = skin[tuple((uvs[:, ::-1] * SKIN).astype(int).clip(0, SKIN - 1).T)] * (0.35 + 0.65 * light.clip(0, 1))[:, None]
        picture = np.where((which >= 0)[:, None], colour, 128).reshape(SIDE, SIDE, 3).astype(np.float32) / 255
        (face,) = load_preset("embedded").make("detector", Registry()).detect(Photo(decode_srgb(picture), "makehuman"))
        which, weights = cast(face.dense[:, 0], face.dense[:, 1])
        ahead = np.einsum("pk,pkc->pc", weights, normals[triangles[which]])[:, 2]
        return np.einsum("pk,pkc->pc", weights, vertices[triangles[which]]), (which >= 0) & (ahead > FACING)

    def skins(self) -> dict[str, UInt8[np.ndarray, "size size 3"]]:
        """Whole textures, of which the files hold the part with the head."""
        whole = {}
        for path in sorted((self.folder / "textures/makehuman_skins").glob("*.png")):
            whole[path.stem] = np.zeros((SKIN, SKIN, 3), np.uint8)
            whole[path.stem][360:2036, 1300:2048] = np.asarray(cv2.imread(str(path), cv2.IMREAD_COLOR))[..., ::-1]
        return whole

    def texels(
        self, places: Float32[np.ndarray, "points 3"], ways: Float32[np.ndarray, "points 3"]
    ) -> Float32[np.ndarray, "points 2"]:
        """Where points of the mean head, with their normals, lie on the skins' textures."""
        which, weights = Surface(self.bent, self.base.triangles[self.head]).nearest(places, ways)
        uvs = self.base.uvs[self.base.uv_triangles[self.head][which]]
        return (np.einsum("pk,pkc->pc", weights, uvs) * SKIN).astype(np.float32)

    def carried(self, offsets: Float32[np.ndarray, "*targets base 3"]) -> Float32[np.ndarray, "*targets vertices 3"]:
        """How the basis's vertices move where those of the base mesh do; eyeballs and rows of teeth keep their form."""
        return self.followed(self.on_skin(self._bent_by(offsets)))

    def on_skin(self, base: Float32[np.ndarray, "*heads base 3"]) -> Float32[np.ndarray, "*heads skin 3"]:
        """What vertices of the base mesh have, at the basis's vertices of skin."""
        corners, weights = self.under_skin
        return np.einsum("vk,...vkc->...vc", weights, base[..., corners, :])

    def followed(self, moves: Float32[np.ndarray, "*heads skin 3"]) -> Float32[np.ndarray, "*heads vertices 3"]:
        """Moves of all vertices, where those of skin move so."""
        mesh, mean, skin = self.model.mesh, self.model.mean, self.skin
        moved = np.zeros((*moves.shape[:-2], len(mean), 3), np.float32)
        moved[..., skin, :] = moves
        rest = np.setdiff1d(np.arange(len(mean)), skin)
        distance, near = cKDTree(mean[skin]).query(mean[rest], FOLLOWED)
        share = 1 / (distance + 0.002) ** 2
        share /= share.sum(1, keepdims=True)
        moved[..., rest, :] = np.einsum("vk,...vkc->...vc", share, moved[..., skin[near], :])
        solid = [np.unique(mesh.triangles[mesh.parts[name]]) for name in ("left_eye", "right_eye")]
        for which in (*solid, *(np.flatnonzero(row) for row in rows_of(self.model).values())):
            moved[..., which, :] = moved[..., which, :].mean(-2, keepdims=True)
        return moved

    @cached_property
    def skin(self) -> Int32[np.ndarray, " skin"]:
        """The basis's vertices of skin."""
        return np.unique(self.model.mesh.triangles[self.model.mesh.parts["skin"]])

    @cached_property
    def under_skin(self) -> tuple[Int32[np.ndarray, "skin 3"], Float32[np.ndarray, "skin 3"]]:
        """Corners and weights of the places of the base mesh that the basis's vertices of skin lie on."""
        mesh, triangles = self.model.mesh, self.base.triangles[self.head]
        normals = vertex_normals(self.model.mean, mesh.triangles[mesh.parts["skin"]])[self.skin]
        which, weights = Surface(self.bent, triangles).nearest(self.model.mean[self.skin], normals)
        return triangles[which], weights

    @cached_property
    def bent(self) -> Float32[np.ndarray, "base 3"]:
        """The head of the base mesh laid onto the mean head, in metres."""
        bent = np.zeros_like(self.base.vertices)
        used = np.unique(self.base.triangles[self.head])
        bent[used] = self._bend(self.base.vertices[used])
        return bent

    def _bent_by(self, offsets: Float32[np.ndarray, "*targets base 3"]) -> Float32[np.ndarray, "*targets base 3"]:
        """Offsets of the base mesh, as they are on the mean head."""
        moved, used = np.zeros_like(offsets), np.zeros(len(self.bent), bool)
        used[self.base.triangles[self.head]] = True
        moves = (offsets != 0).any(-1) & used
        base = np.broadcast_to(self.base.vertices, offsets.shape)
        moved[moves] = self._bend(base[moves] + offsets[moves]) - np.broadcast_to(self.bent, offsets.shape)[moves]
        return moved

    def piece(self, path: Path, kind: str, size: int) -> Piece:
        """A part on the mean head; its texture has `size` texels along a side."""
        mesh, rgba = read_part(path, size)
        places = self._bend(refit(path, self.base.vertices)).astype(np.float32)
        return bound(kind, places, mesh.triangles, mesh.uvs[mesh.uv_triangles], rgba, self.model)


def read_part(path: Path, size: int) -> tuple[Obj, UInt8[np.ndarray, "size size 4"]]:
    """Mesh and texture of a part, whose .mhclo, .obj and .mhmat files lie side by side."""
    material = dict(line.split(None, 1) for line in path.with_suffix(".mhmat").read_text("utf-8").splitlines() if " " in line)
    picture = cv2.imread(str(path.parent / material["diffuseTexture"].strip()), cv2.IMREAD_UNCHANGED)
    rgba = cv2.resize(cv2.cvtColor(picture, cv2.COLOR_BGRA2RGBA), (size, size), interpolation=cv2.INTER_AREA)
    return read_obj(path.with_suffix(".obj")), np.asarray(rgba)


def similarity(source: Points, target: Points) -> Callable[[Points], Points]:
    """The scale, turn and shift that bring points nearest to others (Umeyama 1991)."""
    middles = source.mean(0), target.mean(0)
    left, size, right = np.linalg.svd((target - middles[1]).T @ (source - middles[0]))
    signs = np.array([1, 1, np.sign(np.linalg.det(left @ right))])
    turn = (size * signs).sum() / ((source - middles[0]) ** 2).sum() * (left * signs) @ right
    return lambda points: np.asarray((points - middles[0]) @ turn.T + middles[1])
