"""A head as geometry and materials, ready for either renderer: made from a recipe and what there is to wear."""

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from jaxtyping import Float, Float16, Float32, Int32, UInt8

from facetex_core.geometry.mesh import vertex_normals
from facetex_core.structures import Camera, MorphableModel
from facetex_core.workbench.evaluation.synthetic import UPRIGHT, dressed, face_vertices, rotation
from training.world.glasses import worn
from training.world.light import COLUMNS, FINER, ROWS, Surroundings, made_up
from training.world.people import People
from training.world.pieces import NEIGHBOURS, Piece, read_pieces
from training.world.recipe import FILM, NEAREST, Pose, Recipe
from training.world.skin import Skin, Skins
from training.world.wrinkles import folds_of

LABELS = (
    "background",
    "skin",
    "left_eye",
    "right_eye",
    "mouth",
    "teeth",
    "cloth",
    "frame",
    "lens",
    "hair",
    "brows",
    "lashes",
    "gums",
)
"""What a pixel may show, in the order of their numbers."""
COLLAR, WIDER = np.array([0, 0.028, 0.0], np.float32), np.array([1.1, 1, 1.2], np.float32)
"""Metres by which the shoulders stand higher than the evaluation's, and how much wider they are."""
DARKER, THINNER = {"lashes": 0.5, "brows": 0.8}, {"lashes": 0.6}
"""How pieces differ from the hair on the head in colour and cover."""


@dataclass(frozen=True, eq=False)
class Part:
    """Something that is worn: a mesh whose texture, by UV of each corner, says how much light it stops."""

    name: str
    """One of LABELS."""
    vertices: Float32[np.ndarray, "vertices 3"]
    triangles: Int32[np.ndarray, "triangles 3"]
    normals: Float32[np.ndarray, "vertices 3"]
    uvs: Float32[np.ndarray, "triangles 3 2"]
    rgba: Float32[np.ndarray, "size size 4"]
    """Linear albedo, and how much light it stops."""


@dataclass(frozen=True, eq=False)
class Figure:
    """One person before one camera in one light; metres in the head's frame."""

    model: MorphableModel
    recipe: Recipe
    identity: Float32[np.ndarray, " modes"]
    """Coefficients of the model's head nearest to the neutral one."""
    neutral: Float32[np.ndarray, "vertices 3"]
    vertices: Float32[np.ndarray, "vertices 3"]
    """With the expression."""
    skin: Skin
    worn: tuple[Part, ...]
    camera: Camera
    light: Surroundings


@dataclass(frozen=True, eq=False)
class Wardrobe:
    """What there is to wear and to be lit by; without any of it heads are made up whole."""

    pieces: dict[str, list[Piece]]
    skins: UInt8[np.ndarray, "skins size size 3"]
    panoramas: Float32[np.ndarray, "panoramas rows columns 3"]
    targets: Float16[np.ndarray, "targets 2 vertices 3"]
    """How targets of another head move the model's vertices, on the right and on the left."""

    @classmethod
    def read(cls, folder: Path) -> "Wardrobe":
        """What the step `assets` wrote."""
        pieces = {kind: read_pieces(folder, kind) for kind in NEIGHBOURS}
        skins = np.load(folder / "skins.npy", mmap_mode="r", allow_pickle=False)
        panoramas, targets = (np.load(folder / f"{name}.npy", allow_pickle=False) for name in ("panoramas", "targets"))
        return cls(pieces, skins, panoramas, targets)

    @classmethod
    def empty(cls) -> "Wardrobe":
        """Nothing."""
        panoramas = np.zeros((0, FINER * ROWS, FINER * COLUMNS, 3), np.float32)
        return cls({}, np.zeros((0, 8, 8, 3), np.uint8), panoramas, np.zeros((0, 2, 1, 3), np.float16))


class Maker:
    """Makes figures of a model."""

    def __init__(self, model: MorphableModel, wardrobe: Wardrobe, texels: int) -> None:
        self.model, self.wardrobe = model, wardrobe
        self.skins = Skins(model, wardrobe.skins, texels)
        self.face = face_vertices(model)
        self.people = People(model, self.face, wardrobe.targets)
        self.body_triangles = model.mesh.triangles[model.mesh.parts["skin"]]

    def figure(self, recipe: Recipe, side: int) -> Figure:
        """The figure of a recipe, for a picture of `side` pixels."""
        model, rng = self.model, np.random.default_rng([recipe.detail, 1])
        neutral = self.people.neutral(recipe.person, rng)
        vertices = neutral + np.tensordot(recipe.expression, model.expression, 1)
        skin = self.skins.made(recipe, folds_of(model.expression_names, recipe.expression))
        camera = camera_of(recipe.pose, neutral[self.face], side)
        parts = [*self._pieces(recipe, vertices), *self.glasses(recipe, vertices), *self.cloth(recipe, vertices)]
        identity = self.people.coefficients(neutral - model.mean)
        return Figure(
            model, recipe, identity, neutral, vertices.astype(np.float32), skin, tuple(parts), camera, self.light(recipe)
        )

    def _pieces(self, recipe: Recipe, vertices: np.ndarray) -> list[Part]:
        parts, moves = [], vertices - self.model.mean
        for kind, which in (("hair", recipe.hair), ("brows", recipe.brows), ("lashes", recipe.lashes)):
            there = self.wardrobe.pieces.get(kind, [])
            if which is not None and there:
                parts.append(dyed(there[int(which * len(there))], moves, recipe.hair_colour))
        return parts

    def glasses(self, recipe: Recipe, vertices: np.ndarray) -> list[Part]:
        """On a head in the model's vertices."""
        if recipe.glasses is None:
            return []
        e = self.model.embedding
        dense = np.einsum("pk,pkc->pc", e.dense_barycentric, vertices[self.model.mesh.triangles[e.dense_triangles]])
        meshes = worn(recipe.glasses, dense)
        return [
            plain("frame", *meshes["frame"], (*recipe.glasses.colour, 1.0)),
            plain("lens", *meshes["lens"], (0.01, 0.01, 0.01, recipe.glasses.lens)),
        ]

    def cloth(self, recipe: Recipe, vertices: np.ndarray) -> list[Part]:
        """Shoulders under it."""
        if recipe.cloth is None:
            return []
        mesh = dressed(replace(self.model.mesh, vertices=vertices))
        corners = mesh.triangles[mesh.parts["cloth"]] - len(vertices)
        places = mesh.vertices[len(vertices) :]
        middle = places.mean(0)
        places = (middle + (places - middle) * WIDER + COLLAR).astype(np.float32)
        return [plain("cloth", places, corners, (*recipe.cloth, 1.0))]

    def light(self, recipe: Recipe) -> Surroundings:
        """What stands round it."""
        light, there = recipe.light, self.wardrobe.panoramas
        if light.panorama is None or not len(there):
            rgb = made_up(np.random.default_rng(light.seed))
            return Surroundings(rgb, rgb, light.turn)
        sharp = there[light.panorama % len(there)].astype(np.float32)
        rgb = sharp.reshape(ROWS, FINER, COLUMNS, FINER, 3).mean((1, 3))
        return Surroundings(rgb, sharp, light.turn)


def camera_of(pose: Pose, face: Float[np.ndarray, "face 3"], side: int) -> Camera:
    """A square picture in which the face is as large as wanted, or as it is from the nearest place that a camera has."""
    turn = UPRIGHT @ rotation("z", pose.roll) @ rotation("x", pose.pitch) @ rotation("y", pose.yaw)
    low, high = face.min(0), face.max(0)
    focal = pose.focal / FILM * side
    distance = max(focal * float(high[1] - low[1]) / (pose.face * side), NEAREST)
    aside = np.array(pose.aside) * side * distance / focal
    matrix = np.eye(4, dtype=np.float32)
    matrix[:3, :3], matrix[:3, 3] = turn, np.append(aside, distance) - turn @ ((low + high) / 2)
    return Camera(np.array([[focal, 0, side / 2], [0, focal, side / 2], [0, 0, 1]], np.float32), matrix, (side, side))


def plain(
    name: str, vertices: Float32[np.ndarray, "vertices 3"], triangles: Int32[np.ndarray, "triangles 3"], rgba: tuple[float, ...]
) -> Part:
    """A part of one colour."""
    normals = vertex_normals(vertices, triangles)
    return Part(
        name,
        vertices,
        triangles,
        normals,
        np.full((*triangles.shape, 2), 0.5, np.float32),
        np.full((4, 4, 4), rgba, np.float32),
    )


def dyed(piece: Piece, moves: np.ndarray, colour: tuple[float, ...]) -> Part:
    """A piece on a head, in the hair's colour: the texture says where it is lighter and darker."""
    vertices = piece.on(moves)
    normals = _outward(vertices, vertex_normals(vertices, piece.triangles))
    dye = np.array(colour, np.float32) * np.float32(DARKER.get(piece.kind, 1.0))
    cover = piece.rgba[..., 3] * np.float32(THINNER.get(piece.kind, 1.0) / 255)
    return Part(piece.kind, vertices, piece.triangles, normals, piece.uvs, np.dstack([piece.tone * dye, cover]))


def _outward(
    vertices: Float32[np.ndarray, "vertices 3"], normals: Float32[np.ndarray, "vertices 3"]
) -> Float32[np.ndarray, "vertices 3"]:
    """Normals of sheets of hair, which have two sides: mostly away from the head."""
    outward = vertices - vertices.mean(0) * np.array([1, 0.9, 0.8], np.float32)
    outward /= np.maximum(np.linalg.norm(outward, axis=1, keepdims=True), 1e-9)
    mixed = np.sign(np.einsum("vi,vi->v", normals, outward))[:, None] * normals + 1.5 * outward
    return np.asarray(mixed / np.maximum(np.linalg.norm(mixed, axis=1, keepdims=True), 1e-9), np.float32)
