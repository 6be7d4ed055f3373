"""A head of MakeHuman dressed and lit, ready for the fast renderer."""

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from jaxtyping import Float, Float32, Int32

from facetex_core.imaging.colour import decode_srgb
from facetex_core.structures import Mesh, MorphableModel
from facetex_core.workbench.evaluation.synthetic import FOCAL
from training.common.data import DATA
from training.world.figure import Figure, Maker, Part, camera_of, dyed
from training.world.human import HumanHeads, Shape
from training.world.makehuman import read_part, refit
from training.world.pieces import Piece
from training.world.recipe import FILM, Recipe
from training.world.render_raster import Raster, part_normals
from training.world.skin import BLOOD, DARKEST, MELANIN, Skin

PARTS = {"hair": "hair", "brows": "eyebrows", "lashes": "eyelashes"}
TEXELS = 512
"""Of a part's texture."""
SHAPED = 2**22
"""The stream of numbers that the shape is drawn from."""
IRISES = ("brown", "brown", "brownlight", "blue", "green")
"""Of light skin, by the recipe's number; dark skin, the last one, has brown eyes."""
SHADED, WET = 0.8, 0.4
"""Of the eyes' albedo and of what they mirror: pupils are to be seen."""
LOW = np.array([0, -0.035, 0], np.float32)
"""Metres by which the shoulders are lower than those of the basis: MakeHuman's necks are short."""
FRONT = slice(900, 1350), slice(1520, 1900)
"""Rows and columns of the textures where the face is."""
USUAL, LESS = np.log(np.float32(0.2)), np.float32(0.4)
"""Logarithm of skin's albedo in green in photographs, and by which share painted skins, too bright or too dark, come nearer."""
LIGHTER = -0.3
"""The least melanin that a painted skin is given."""


@dataclass(frozen=True, eq=False)
class Human:
    """A head of MakeHuman before a camera."""

    shape: Shape
    mesh: Mesh
    neutral: Float32[np.ndarray, "vertices 3"]
    """In the basis's vertices."""
    raster: Raster
    """Of the mesh, each of its triangles cut into four."""


class Humans:
    """Makes them."""

    def __init__(self, heads: HumanHeads, maker: Maker) -> None:
        self.heads, self.maker = heads, maker
        self.pieces = {kind: _paths(folder) for kind, folder in PARTS.items()}

    def made(self, recipe: Recipe, seed: int, side: int) -> Human:
        """The head of a recipe's number, with the recipe's clothes, light and pose."""
        rng = np.random.default_rng([seed, recipe.number, SHAPED])
        heads, maker = self.heads, self.maker
        shape = heads.drawn(rng)
        mesh, neutral = heads.mesh(shape), heads.neutral(shape)
        focal = float(rng.uniform(*FOCAL)) * FILM
        recipe = replace(recipe, pose=replace(recipe.pose, focal=focal), brows=float(rng.random()))
        worn = [
            *self._worn(recipe, shape),
            *maker.glasses(recipe, neutral),
            *(_lower(part) for part in maker.cloth(recipe, neutral)),
        ]
        finer, grown = refined(mesh)
        regions = {name: grown(share[:, None])[:, 0] for name, share in heads.regions.items()}
        camera, skin = camera_of(recipe.pose, neutral[maker.face], side), self._skin(recipe)
        model, none = _fixed(maker.model, finer, regions), np.zeros(0, np.float32)
        light, places = maker.light(recipe), finer.vertices
        figure = Figure(model, recipe, none, places, places, skin, tuple(worn), camera, light)
        return Human(shape, mesh, neutral, Raster(figure, grown(part_normals(mesh.vertices, mesh))))

    def _worn(self, recipe: Recipe, shape: Shape) -> list[Part]:
        """Hair, brows and lashes, refitted to the shape."""
        parts = []
        for kind, which in (("hair", recipe.hair), ("brows", recipe.brows), ("lashes", recipe.lashes)):
            if which is not None:
                path = self.pieces[kind][int(which * len(self.pieces[kind]))]
                mesh, rgba = read_part(path, TEXELS)
                places = self.heads.placed(refit(path, shape.base), shape)
                free = np.zeros((len(places), 0), np.int32)
                uvs = mesh.uvs[mesh.uv_triangles]
                piece = Piece(kind, places, mesh.triangles, uvs, rgba, free, free.astype(np.float32))
                parts.append(dyed(piece, np.zeros((1, 3)), recipe.hair_colour))
        return parts

    def _skin(self, recipe: Recipe) -> Skin:
        """A painted skin of another tone; its relief is in its colours."""
        skin = int((recipe.skin or 0) * len(self.heads.skins))
        iris = "brown" if skin == len(self.heads.skins) - 1 else IRISES[recipe.iris]
        log = np.log(np.maximum(decode_srgb(self.heads.texture(skin, iris).astype(np.float32) / 255), DARKEST))
        tint = np.float32(recipe.shade[1]) * BLOOD - np.float32(max(recipe.shade[0], LIGHTER)) * MELANIN
        tint += LESS * (USUAL - log[FRONT][..., 1].mean())
        log += np.where(self.heads.of_eyes[..., None], np.log(np.float32(SHADED)), tint)
        shine = np.where(self.heads.of_eyes, np.float32(WET), np.float32(1))
        return Skin(np.exp(log).astype(np.float32), shine, np.zeros_like(shine))


def _fixed(model: MorphableModel, mesh: Mesh, regions: dict[str, Float32[np.ndarray, " vertices"]]) -> MorphableModel:
    """A mesh as a model of one head: what the renderer wants."""
    none = np.zeros((0, len(mesh.vertices), 3), np.float32)
    return replace(
        model,
        name="makehuman",
        mean=mesh.vertices,
        identity=none,
        expression=none,
        expression_names=(),
        mesh=mesh,
        regions=regions,
        albedo=None,
    )


def _paths(folder: str) -> list[Path]:
    return sorted((DATA / "parts/makehuman" / folder).glob("*/*.mhclo"))


def _lower(part: Part) -> Part:
    return replace(part, vertices=part.vertices + LOW)


class Grown:
    """Values of vertices, and the means of them in the middles of edges."""

    def __init__(self, ends: Int32[np.ndarray, "edges 2"]) -> None:
        self.ends = ends

    def __call__(self, values: Float[np.ndarray, "vertices columns"]) -> Float32[np.ndarray, "more columns"]:
        """For the vertices of the finer mesh."""
        return np.concatenate([values, values[self.ends].mean(1)]).astype(np.float32)


def refined(mesh: Mesh) -> tuple[Mesh, Grown]:
    """The same surface with each triangle cut into four: light is found at vertices, and shadows need them close together."""
    triangles, ends = _cut(mesh.triangles, len(mesh.vertices))
    uv_triangles, uv_ends = _cut(mesh.uv_triangles, len(mesh.uvs))
    grown, grown_uv = Grown(ends), Grown(uv_ends)
    parts = {name: slice(4 * which.start, 4 * which.stop) for name, which in mesh.parts.items()}
    return Mesh(grown(mesh.vertices), triangles, grown_uv(mesh.uvs), uv_triangles, parts), grown


def _cut(
    triangles: Int32[np.ndarray, "triangles 3"], count: int
) -> tuple[Int32[np.ndarray, "more 3"], Int32[np.ndarray, "edges 2"]]:
    edges = np.sort(triangles[:, [[0, 1], [1, 2], [2, 0]]].reshape(-1, 2), 1)
    ends, middle = np.unique(edges, axis=0, return_inverse=True)
    six = np.concatenate([triangles, middle.reshape(-1, 3) + count], 1)
    return six[:, [[0, 3, 5], [3, 1, 4], [5, 4, 2], [3, 4, 5]]].reshape(-1, 3).astype(np.int32), ends.astype(np.int32)
