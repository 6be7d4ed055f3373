"""Heads sampled from the face basis, with true points: skins of portraits or of the albedo model, hair, glasses, light."""

from dataclasses import dataclass
from itertools import pairwise

import cv2
import numpy as np
from facetex_model_zoo import model_path
from jaxtyping import Float, Float32, Float64, Int32, UInt8

from facetex_core.geometry.mesh import vertex_normals
from facetex_core.geometry.model_file import load_morphable_model, with_albedo
from facetex_core.geometry.raycast import Scene
from facetex_core.imaging.colour import to_bytes
from facetex_core.imaging.push_pull import fill_smooth
from facetex_core.lighting.harmonics import harmonics
from facetex_core.parts.eyes import paint_parts
from facetex_core.structures import Embedding, Mesh, MorphableModel, Texture
from facetex_core.texture.regions import skin_texels
from facetex_core.workbench.evaluation.environment import Environment, studio_panorama
from training.landmarks.labels import Dense
from training.landmarks.turned import SIZE, WIDE, Places, Turn, rays, rotation

TEXELS = 512
IRISES = ((0.085, 0.042, 0.022), (0.12, 0.08, 0.04), (0.09, 0.13, 0.18), (0.1, 0.14, 0.09))  # linear albedo
MOUTHS = ("jawOpen", "mouthSmileLeft", "mouthSmileRight", "mouthPucker", "mouthFunnel", "mouthClose", "browInnerUp")
Rgba = UInt8[np.ndarray, "size size 4"]
Vertices = Float32[np.ndarray, "vertices 3"]
# Dense points: corners of each eye, and where the temple of the glasses runs to.
EYES = ((33, 133, 234), (263, 362, 454))


@dataclass(frozen=True)
class Head:
    """One person under one light; metres, linear colours."""

    vertices: Vertices
    skin: Float32[np.ndarray, "size size 3"]
    hair: Float32[np.ndarray, "vertices 4"]
    """Colour and cover."""
    light: Float32[np.ndarray, "9 3"]
    points: Float64[np.ndarray, "536 3"]
    glasses: list[Places]
    """Lines of the frame; none without glasses."""


class Sampler:
    """Draws heads; `skins` are portraits' textures, lit as they were; `panoramas` are radiances."""

    def __init__(self, skins: list[Texture], panoramas: list[Float32[np.ndarray, "height width 3"]]) -> None:
        self.model = with_albedo(load_morphable_model(model_path("face_basis")), model_path("skin_albedo"))
        self.skins, self.panoramas = skins, panoramas
        blank = Texture(np.zeros((TEXELS, TEXELS, 3), np.float32), np.ones((TEXELS, TEXELS), np.float32))
        irises = [np.array(colour, np.float32) for colour in IRISES]
        self.insides = [paint_parts(self.model, blank, {"right_eye": iris, "left_eye": iris}).rgb for iris in irises]
        self.is_skin = skin_texels(self.model, TEXELS).inside[..., None]

    def head(self, rng: np.random.Generator, marks: Embedding, *, plain: bool = False) -> Head:
        """A person of plausible shape with points at the marks, with an expression; or at rest, without glasses."""
        model = self.model
        identity = rng.normal(0, rng.uniform(0.6, 1.1), len(model.identity)).astype(np.float32)
        expression = np.zeros(len(model.expression), np.float32) if plain else self.expression(rng)
        vertices = model.vertices(identity, expression)
        hair = self.hair(rng, vertices)
        lifted = vertices + (hair[:, 3:] * rng.uniform(0, 0.02)) * vertex_normals(vertices, model.mesh.triangles)
        points = embedded(model, marks, vertices)
        glasses = draw_glasses(rng, points[:468]) if not plain and rng.random() < 0.25 else []
        return Head(lifted.astype(np.float32), self.skin(rng), hair, self.light(rng), points, glasses)

    def expression(self, rng: np.random.Generator) -> Float32[np.ndarray, " expressions"]:
        """At rest, or a few shapes; the mouth more often than others; both sides mostly alike."""
        names = list(self.model.expression_names)
        weights = np.zeros(len(names), np.float32)
        for name in rng.choice(names, rng.integers(0, 6)):
            weights[names.index(name)] = rng.uniform(0, 0.5)
        for name in rng.choice(MOUTHS, rng.integers(0, 3)):
            weights[names.index(name)] = rng.uniform(0, 0.8)
        for name in names:
            if name.endswith("Left") and rng.random() < 0.8:
                weights[names.index(name[:-4] + "Right")] = weights[names.index(name)]
        return weights

    def skin(self, rng: np.random.Generator) -> Float32[np.ndarray, "size size 3"]:
        """Drawn from the albedo model; mostly a portrait's over it, carried on smoothly where the photograph hides the skin."""
        albedo = self.model.albedo
        assert albedo is not None
        drawn = albedo.mean + np.tensordot(rng.normal(0, 0.9, len(albedo.modes)).astype(np.float32), albedo.modes, 1)
        colour = np.exp(cv2.resize(drawn, (TEXELS, TEXELS)) + albedo.detail * rng.uniform(0.6, 1.5))
        if rng.random() < 0.8:
            worn = self.skins[rng.integers(len(self.skins))]
            ratio = np.log(np.clip(worn.rgb, 0.004, 1) / np.clip(colour, 0.004, 1)).astype(np.float32)
            colour = colour * np.exp(fill_smooth(ratio, (worn.visibility > 0.3).astype(np.float32)))
        inside = self.insides[rng.integers(len(self.insides))]
        return np.where(self.is_skin, colour, inside).clip(0, 1.5).astype(np.float32)

    def hair(self, rng: np.random.Generator, vertices: Vertices) -> Float32[np.ndarray, "vertices 4"]:
        """Over the scalp, its line moved by waves; a beard now and then."""
        regions = self.model.regions
        waves = sum(np.sin(vertices @ rng.normal(0, 60, 3) + rng.uniform(0, 6.3)) for _ in range(4))
        line = regions["scalp"] + rng.uniform(-0.3, 0.3) + 0.1 * waves
        cover = np.clip(4 * (line - 0.5), 0, 1) * (rng.random() < 0.85)
        if rng.random() < 0.2:
            low = np.maximum(regions["chin"], 0.7 * regions["cheeks"] * (vertices[:, 1] < np.median(vertices[:, 1])))
            cover = np.maximum(cover, rng.uniform(0.3, 0.9) * np.clip(low * (1 - regions["lips"]) * 2, 0, 1))
        tone = np.exp(rng.uniform(np.log(0.01), np.log(0.5))) * np.array([1.0, rng.uniform(0.6, 0.95), rng.uniform(0.35, 0.9)])
        strands = np.exp(0.35 * sum(np.sin(vertices @ rng.normal(0, 500, 3)) for _ in range(3)))
        return np.column_stack([strands[:, None] * tone, cover]).astype(np.float32)

    def light(self, rng: np.random.Generator) -> Float32[np.ndarray, "9 3"]:
        """A panorama, read or made up, in second-order harmonics; a white surface that faces ahead sends back 1."""
        if self.panoramas and rng.random() < 0.5:
            rgb = np.roll(self.panoramas[rng.integers(len(self.panoramas))], rng.integers(72), axis=1)
        else:
            rgb = studio_panorama(rng)
        light = Environment(rgb, np.eye(3, dtype=np.float32)).lighting.coefficients
        light[0] += rng.uniform(0.2, 1.0) * light[0].mean()  # panoramas alone are harsh: nothing here reflects onto the skin
        return (light / max(float((harmonics(np.array([[0, 0, 1]], np.float32)) @ light).mean()), 0.05)).astype(np.float32)


def draw_glasses(rng: np.random.Generator, dense: Dense) -> list[Places]:
    """Two rims before the eyes, a bridge, temples."""
    lines, inner = [], []
    turn = np.linspace(0, 2 * np.pi, 25)
    width, height, power = rng.uniform(0.75, 1.0), rng.uniform(0.5, 0.85), rng.uniform(0.55, 1.0)
    for outer, corner, ear in EYES:
        across = dense[outer] - dense[corner]
        centre = (dense[outer] + dense[corner]) / 2 + [0, -0.002, 0.012]
        x, y = (np.sign(f) * np.abs(f) ** power for f in (np.cos(turn), np.sin(turn)))
        rim = centre + width * x[:, None] * across * [1, 0, 0.6] + height * y[:, None] * np.linalg.norm(across) * [0, 1, 0]
        inner.append(rim[12])
        lines += [rim, np.stack([rim[0], dense[ear] + np.sign(across) * [0.004, 0, 0] + [0, 0.02, -0.03]])]
    return [*lines, np.stack(inner)]


def embedded(model: MorphableModel, marks: Embedding, vertices: Vertices) -> Float64[np.ndarray, "536 3"]:
    """The 468 dense points and the 68 landmarks on the head."""
    triangles = np.concatenate([marks.dense_triangles, marks.landmark_triangles])
    weights = np.concatenate([marks.dense_barycentric, marks.landmark_barycentric])
    return np.einsum("pkc,pk->pc", vertices[model.mesh.triangles[triangles]], weights).astype(np.float64)


class View:
    """A camera before the face, turned round it; picture coordinates in pixels, depth in metres."""

    def __init__(self, head: Head, yaw: float, pitch: float, distance: float) -> None:
        self.rotation: Turn = rotation(yaw, pitch) @ np.diag([1.0, -1.0, -1.0])  # picture axes: right, down, away
        dense = head.points[:468]
        self.centre = dense.mean(0) - [0, 0, 0.03]
        self.distance = distance * float((dense.max(0) - dense.min(0)).max())
        self.scale, self.offset = 1.0, np.zeros(2)
        seen = self.project(dense)[:, :2]
        low, high = seen.min(0), seen.max(0)
        self.scale = SIZE / (WIDE * float((high - low).max()))
        self.offset = SIZE / 2 - self.scale * (low + high) / 2

    def project(self, points: Float[np.ndarray, "points 3"]) -> Places:
        """x, y in pixels, and depth."""
        turned = (points - self.centre) @ self.rotation.T
        near = self.distance / (self.distance + turned[:, 2:])
        return np.column_stack([turned[:, :2] * near * self.scale + self.offset, turned[:, 2]])


def render(model: MorphableModel, head: Head, view: View) -> Rgba:
    """Colour and cover of each pixel: skin, hair over it, glasses where nothing is before them."""
    mesh, origins = model.mesh, rays(-10.0)
    triangle, weights, depth = Scene(view.project(head.vertices).astype(np.float32), mesh.triangles).first_hits(*origins)
    hit = triangle >= 0
    picture = np.zeros((SIZE * SIZE, 3), np.float32)
    picture[hit] = shaded(mesh, head, triangle[hit], weights[hit])
    image = np.dstack([to_bytes(picture.reshape(SIZE, SIZE, 3)), (hit * np.uint8(255)).reshape(SIZE, SIZE)])
    front = np.where(hit, depth - 10, np.inf).reshape(SIZE, SIZE)
    return worn(image, [view.project(line) for line in head.glasses], front)


def shaded(
    mesh: Mesh, head: Head, triangles: Int32[np.ndarray, " hits"], weights: Float32[np.ndarray, "hits 3"]
) -> Float32[np.ndarray, "hits 3"]:
    """Linear colour at places on the head: skin, the hair over it, both under the light."""
    normals = vertex_normals(head.vertices, mesh.triangles)
    corners = np.concatenate([normals, head.hair], 1)[mesh.triangles[triangles]]
    normal, hair, cover = np.split(np.einsum("pk,pkc->pc", weights, corners), [3, 6], axis=1)
    uvs = np.einsum("pk,pkc->pc", weights, mesh.uvs[mesh.uv_triangles[triangles]]) * TEXELS - 0.5
    skin = cv2.remap(head.skin, uvs[None].astype(np.float32), None, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)[0]
    return (skin + cover * (hair - skin)) * np.maximum(harmonics(normal) @ head.light, 0)


def worn(image: Rgba, lines: list[Places], depth: Float[np.ndarray, "size size"]) -> Rgba:
    """Dark lines of a frame, piece by piece where they are no further than the head."""
    for line in lines:
        fine = np.concatenate([np.linspace(a, b, 8) for a, b in pairwise(line)])
        for a, b in pairwise(fine):
            x, y = ((a + b)[:2] / 2).astype(int).clip(0, SIZE - 1)
            if a[2] < depth[y, x] + 0.004:
                start, end = (tuple(int(v * 8) for v in point[:2]) for point in (a, b))
                cv2.line(image, start, end, (30, 25, 25, 255), 2, cv2.LINE_AA, 3)
    return image
