"""The fast renderer: rays of the camera, shadows of lamps at the vertices, skin that scatters and mirrors, hair in layers."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from jaxtyping import Bool, Float, Float32, Int32
from scipy.sparse import csr_array

from facetex_core.geometry.mesh import vertex_normals
from facetex_core.geometry.raycast import Scene
from facetex_core.imaging.colour import luminance
from facetex_core.lighting.harmonics import harmonics
from facetex_core.structures import Mesh
from training.world.buffers import Hits, cast, filtered, lattice
from training.world.figure import LABELS, Figure
from training.world.layers import GLOSS, SHEEN, Worn
from training.world.light import Lamps, sampled

OFFSET = 0.0004
"""Metres that shadow rays start off the surface."""
ASKEW = -0.25
"""Cosine to the camera from which a vertex of what is worn is lit."""
SPREADING, SPREADS = np.array([0.7, 0.35, 0.15], np.float32), 3
"""The share of a vertex's light that comes from its neighbours: red wanders farthest in skin."""
LAYERS = 7
"""Of hair that a ray may pass."""
ENOUGH = 0.03
"""Share of light from behind below which nothing more is looked for."""
MIRRORED, GRAZING = 0.028, 0.18
"""What skin or tears mirror straight on (refractive index 1.4), and more of it at grazing angles."""
KNEE = 0.6
"""Linear light from where on highlights are pressed together."""
INSIDE, DEEP = 0.8, 0.04
"""How much of the light of the lips comes to the mouth behind them, and the metres in which it falls to a third."""
BOUNCE = 0.35
"""Share of the light missing in a hollow that its walls send back, times their albedo."""


@dataclass(frozen=True, eq=False)
class Rendered:
    """A lattice of samples."""

    hits: Hits
    colour: Float32[np.ndarray, "rays 3"]
    """Linear light, as if before black."""
    cover: Float32[np.ndarray, "rays 2"]
    """Share of a ray that the figure stops, and that what is worn stops."""
    label: Int32[np.ndarray, " rays"]
    """Of LABELS: what stops most of it."""


class Raster:
    """A figure lit and looked at."""

    def __init__(self, figure: Figure, normals: Float32[np.ndarray, "vertices 3"] | None = None) -> None:
        self.figure, self.mesh = figure, figure.model.mesh
        self.body = Scene(figure.vertices, self.mesh.triangles)
        self.normals = part_normals(figure.vertices, figure.model.mesh) if normals is None else normals
        self.blurred = {lobe: figure.light.blurred(lobe) for lobe in ("sheen", "gloss")}
        self.mean = figure.light.rgb.mean((0, 1))

    @cached_property
    def hits(self) -> Hits:
        """Of the lattice, with the head itself."""
        return cast(self.body, self.figure.camera, lattice(self.figure.camera))

    @cached_property
    def _worn(self) -> Worn:
        return Worn(self.figure.worn)

    @cached_property
    def _lamps(self) -> Lamps:
        return self.figure.light.lamps(np.random.default_rng(self.figure.recipe.light.seed))

    @cached_property
    def _shadows(self) -> Scene:
        worn, count = self._worn, len(self.figure.vertices)
        both = np.concatenate([self.figure.vertices, worn.vertices])
        return Scene(both, np.concatenate([self.mesh.triangles, worn.triangles[worn.solid] + count]))

    def _light_at(
        self, vertices: np.ndarray, normals: np.ndarray, which: np.ndarray
    ) -> tuple[Float32[np.ndarray, "vertices 3"], Float32[np.ndarray, "vertices 1"]]:
        """What white vertices send back, and which share of the light reaches them; 0 at those that are not asked for."""
        ways, power = self._lamps.ways, self._lamps.power
        cosine = np.maximum(normals[which] @ ways.T, 0)
        rows, lamps = np.nonzero(cosine)
        origins = vertices[which] + OFFSET * normals[which]
        open_to = np.zeros(cosine.shape, np.float32)
        open_to[rows, lamps] = ~self._shadows.blocked(origins[rows], ways[lamps])
        came, opened = np.zeros_like(vertices), np.ones((len(vertices), 1), np.float32)
        came[which] = (cosine * open_to) @ power
        opened[which, 0] = luminance(came[which]) / np.maximum(luminance(cosine @ power), 1e-6)
        return came, opened

    @cached_property
    def body_light(self) -> tuple[Float32[np.ndarray, "vertices 3"], Float32[np.ndarray, "vertices 1"]]:
        """At the head's vertices, spread in its skin."""
        vertices, triangles = self.figure.vertices, self.mesh.triangles
        near, lit = _neighbours(len(vertices), triangles), np.zeros(len(vertices), bool)
        lit[triangles[np.unique(self.hits.triangle[self.hits.triangle >= 0])]] = True
        for _ in range(SPREADS):  # those round about lend their light
            lit |= near @ lit.astype(np.float32) > 0
        came, opened = self._light_at(vertices, self.normals, np.flatnonzero(lit))
        share = np.asarray(near @ lit[:, None].astype(np.float32))
        for _ in range(SPREADS):
            mean = np.asarray(near @ (came * lit[:, None])) / np.maximum(share, 1)
            came = np.where(lit[:, None], came + SPREADING * (mean - came), 0)
        parts = [self.mesh.triangles[self.mesh.parts[name]] for name in ("mouth", "teeth", "gums") if name in self.mesh.parts]
        self._light_mouth(came, vertices, np.unique(np.concatenate([np.zeros((0, 3), np.int32), *parts])))
        return came.astype(np.float32), opened

    def _light_mouth(self, came: np.ndarray, vertices: np.ndarray, inside: np.ndarray) -> None:
        """What comes in between the lips is sent back and forth by wet walls, further in less."""
        lips, light = self.lips
        deep = lips[:, 2].max(initial=-1) - vertices[inside, 2]
        came[inside] += INSIDE * np.exp(-deep / DEEP)[:, None] * light

    @cached_property
    def lips(self) -> tuple[Float32[np.ndarray, "lips 3"], Float32[np.ndarray, "3"]]:
        """Where the lips are, and the mean of the light on them."""
        which = np.flatnonzero(self.figure.model.regions["lips"] > 0.5)[::4]
        came, _ = self._light_at(self.figure.vertices, self.normals, which)
        return self.figure.vertices[which], came[which].mean(0)

    def _towards(self, vertices: np.ndarray, normals: np.ndarray) -> Bool[np.ndarray, " vertices"]:
        view = self.figure.camera.position - vertices
        return np.asarray(np.einsum("vi,vi->v", normals, view) > ASKEW * np.linalg.norm(view, axis=1))

    def level(self) -> Float32[np.ndarray, "3"]:
        """Gain of each channel: what a camera does for the face."""
        light, shot = face_light(self), self.figure.recipe.light
        bright, tint = luminance(light), np.maximum(light.mean(0), 1e-6)
        level = 0.6 * bright.mean() + 0.4 * np.quantile(bright, 0.95)
        return np.asarray(
            np.exp(shot.exposure) / max(float(level), 1e-4) * (luminance(tint) / tint) ** shot.balance, np.float32
        )

    def render(self) -> Rendered:
        """Every sample of the lattice."""
        worn, hits = self._worn, self.hits
        rays = hits.rays
        colour, left = np.zeros_like(rays), np.ones(len(rays), np.float32)
        most, label = np.zeros(len(rays), np.float32), np.zeros(len(rays), np.int32)
        if len(worn.triangles):
            self._layers(hits, colour, left, most, label)
        under = (hits.triangle >= 0) & (left > ENOUGH)
        colour[under] += left[under, None] * self._body_seen(hits, under)
        shows = (hits.triangle >= 0) & (left > most)
        label[shows] = self._part_labels[hits.triangle[shows]]
        label[(hits.triangle < 0) & (left > 0.5)] = 0
        whole = np.where(hits.triangle >= 0, 1, 1 - left)
        return Rendered(hits, colour, np.stack([whole, 1 - left], 1).astype(np.float32), label)

    def _layers(self, hits: Hits, colour: np.ndarray, left: np.ndarray, most: np.ndarray, label: np.ndarray) -> None:
        """What is worn, from front to back, as far as the head; adds to what it is given."""
        worn, eye = self._worn, self.figure.camera.position
        came, opened = self._light_at(worn.vertices, worn.normals, np.flatnonzero(self._towards(worn.vertices, worn.normals)))
        scene, active, start = Scene(worn.vertices, worn.triangles), np.arange(len(left)), np.zeros(len(left), np.float32)
        for _ in range(LAYERS):
            rays = hits.rays[active]
            origins = eye + start[active, None] * rays
            triangle, weights, depth = scene.first_hits(origins.astype(np.float32), rays)
            depth = depth + start[active]
            good = (triangle >= 0) & (depth < hits.depth[active])
            active, triangle, weights = active[good], triangle[good], weights[good]
            if not len(active):
                return
            start[active] = depth[good] + 1e-5
            rgba = worn.texture(triangle, weights)
            stopped = left[active] * rgba[:, 3]
            values = np.matmul(weights[:, None], np.concatenate([worn.normals, came, opened], 1)[worn.triangles[triangle]])[
                :, 0
            ]
            some = stopped > 0.004
            shade = self._sent(
                values[some], rgba[some, :3], hits.rays[active[some]], worn.lobes[triangle[some]], np.ones((1, 1), np.float32)
            )
            colour[active[some]] += stopped[some, None] * shade
            new = stopped > most[active]
            label[active[new]], most[active[new]] = worn.label[triangle[new]], stopped[new]
            left[active] -= stopped
            active = active[left[active] > ENOUGH]

    @cached_property
    def _part_labels(self) -> Int32[np.ndarray, " triangles"]:
        label = np.zeros(len(self.mesh.triangles), np.int32)
        for name, which in self.mesh.parts.items():
            label[which] = LABELS.index(name)
        return label

    def _body_seen(self, hits: Hits, which: Bool[np.ndarray, " rays"]) -> Float32[np.ndarray, "hits 3"]:
        triangle, weights, skin = hits.triangle[which], hits.weights[which][:, None], self.figure.skin
        came, opened = self.body_light
        values = np.matmul(weights, np.concatenate([self.normals, came, opened], 1)[self.mesh.triangles[triangle]])[:, 0]
        uvs = np.matmul(weights, self.mesh.uvs[self.mesh.uv_triangles[triangle]])[:, 0]
        maps = sampled(np.dstack([skin.albedo, skin.shine]), uvs)
        values[:, :6] = self._embossed(values, triangle, uvs)
        lobes = self._part_lobes[self._part_labels[triangle]]
        return self._sent(values, maps[:, :3], hits.rays[which], lobes, maps[:, 3:])

    def _embossed(self, values: np.ndarray, triangle: np.ndarray, uvs: np.ndarray) -> Float32[np.ndarray, "hits 6"]:
        """Normals turned by the relief, and what light that changes, by its second-order harmonics."""
        size = len(self.figure.skin.relief)
        down, across = np.gradient(self.figure.skin.relief)
        slopes = sampled(np.dstack([across, down]) * np.float32(size), uvs)
        turned = self._gradients[triangle]
        smooth = _unit(values[:, :3])
        bent = _unit(smooth - slopes[:, :1] * turned[:, 0] - slopes[:, 1:] * turned[:, 1])
        light = self.figure.light.harmonics()
        before, after = (np.maximum(harmonics(normals) @ light, 0.02 * light[0]) for normals in (smooth, bent))
        return np.concatenate([bent, values[:, 3:6] * np.clip(after / before, 0.3, 2)], 1)

    @cached_property
    def _gradients(self) -> Float32[np.ndarray, "triangles 2 3"]:
        """How u and v grow along the surface, in units of the map a metre."""
        corners, uvs = self.figure.vertices[self.mesh.triangles], self.mesh.uvs[self.mesh.uv_triangles]
        edges, steps = corners[:, 1:] - corners[:, :1], uvs[:, 1:] - uvs[:, :1]
        a, b, c = (np.einsum("ti,ti->t", edges[:, i], edges[:, j]) for i, j in ((0, 0), (0, 1), (1, 1)))
        inverse = np.stack([np.stack([c, -b], -1), np.stack([-b, a], -1)], -2) / np.maximum(a * c - b * b, 1e-16)[:, None, None]
        return np.asarray(np.einsum("tec,tef,tfi->tci", steps, inverse, edges), np.float32)

    @cached_property
    def _part_lobes(self) -> Float32[np.ndarray, "labels 2"]:
        return np.array([(SHEEN.get(name, 0.0), GLOSS.get(name, 0.0)) for name in LABELS], np.float32)

    def _sent(
        self, values: np.ndarray, albedo: np.ndarray, rays: np.ndarray, lobes: np.ndarray, shine: np.ndarray
    ) -> Float32[np.ndarray, "hits 3"]:
        """What a point sends to the eye: scattered light, and the panorama mirrored under two lobes (Schlick 1994)."""
        normals, ways, opened = _unit(values[:, :3]), _unit(rays), values[:, 6:7]
        cosine = np.einsum("pi,pi->p", normals, ways)[:, None]
        mirrored = ways - 2 * cosine * normals
        fresnel = MIRRORED + GRAZING * (1 - np.clip(np.abs(cosine), 0, 1)) ** 5
        look = self.figure.light.look
        sheen, gloss = (look(self.blurred[lobe], mirrored) for lobe in ("sheen", "gloss"))
        highlight = shine * fresnel * opened**2 * (lobes[:, :1] * sheen + lobes[:, 1:] * gloss)
        walls = BOUNCE * (1 - opened) * albedo * self.mean
        return np.asarray(albedo * (values[:, 3:6] + walls) + highlight, np.float32)


def face_light(raster: Raster) -> Float32[np.ndarray, "vertices 3"]:
    """The light on those vertices of the face that the camera sees."""
    figure, (came, _) = raster.figure, raster.body_light
    face = np.flatnonzero((figure.model.regions["face"] > 0.5) & (came.max(1) > 0))
    view = figure.camera.position - figure.vertices[face]
    ahead = face[np.einsum("vi,vi->v", raster.normals[face], view) > 0]
    return came[ahead] if len(ahead) else np.ones((1, 3), np.float32)


def background(
    figure: Figure, rays: Float32[np.ndarray, "rays 3"], mean: Float32[np.ndarray, "3"]
) -> Float32[np.ndarray, "rays 3"]:
    """A plain backdrop, or the panorama."""
    light = figure.recipe.light
    if light.backdrop is not None:
        return np.broadcast_to(np.array(light.backdrop, np.float32) * mean, rays.shape)
    return np.asarray(light.behind * figure.light.look(figure.light.behind, _unit(rays)), np.float32)


def picture(raster: Raster, rendered: Rendered) -> tuple[Float32[np.ndarray, "side side 3"], Float32[np.ndarray, "side side"]]:
    """Linear light of the pixels as exposed, before the background; and how much of each the figure covers."""
    side = raster.figure.camera.size[0]
    behind = background(raster.figure, rendered.hits.rays, raster.mean)
    linear = rendered.colour + (1 - rendered.cover[:, :1]) * behind
    return filtered(developed(linear * raster.level()), side), filtered(rendered.cover[:, :1], side)[..., 0]


def developed(linear: Float32[np.ndarray, "*shape 3"]) -> Float32[np.ndarray, "*shape 3"]:
    """Linear light in [0, 1]: what is brighter than the knee is pressed together, as cameras do."""
    over = np.maximum(linear - KNEE, 0)
    return np.asarray(np.minimum(linear, KNEE) + (1 - KNEE) * (1 - np.exp(-over / (1 - KNEE))), np.float32)


def part_normals(vertices: Float32[np.ndarray, "vertices 3"], mesh: Mesh) -> Float32[np.ndarray, "vertices 3"]:
    """By each part's own triangles: a lip does not lean into the mouth."""
    normals = np.zeros_like(vertices)
    for which in reversed(list(mesh.parts.values())):
        used = np.unique(mesh.triangles[which])
        normals[used] = vertex_normals(vertices, mesh.triangles[which])[used]
    return normals


def _neighbours(count: int, triangles: Int32[np.ndarray, "triangles 3"]) -> csr_array:
    """How many triangles each pair of vertices shares."""
    ends = triangles[:, [0, 1, 2, 1, 2, 0]].ravel(), triangles[:, [1, 2, 0, 0, 1, 2]].ravel()
    return csr_array((np.ones(len(ends[0]), np.float32), ends), (count, count))


def _unit(vectors: Float[np.ndarray, "vectors 3"]) -> Float32[np.ndarray, "vectors 3"]:
    length = np.sqrt(np.maximum(np.einsum("vi,vi->v", vectors, vectors), 1e-20))
    return np.asarray(vectors / length[:, None], np.float32)
