"""The whole head: left halves mirrored and sewn into parts, with the fields of the source carried over."""

from dataclasses import dataclass, field

import numpy as np
from jaxtyping import Bool, Float, Int

from training.face_basis.expressions import STRONGER, arkit_shapes, gaze, sparse
from training.face_basis.inside import Eyeball, eyeball, eyeball_motion, mesh_mouth, mesh_teeth
from training.face_basis.layout import HalfLayout
from training.face_basis.modes import front_weights, principal_modes
from training.face_basis.skin import lip_points, mesh_skin
from training.face_basis.source import Arrays, Source
from training.face_basis.topology import Carried, Patch, joined

PARTS = ("skin", "left_eye", "right_eye", "mouth", "teeth")
FLIP = np.array([-1, 1, 1])
"""To the other side of the head."""


@dataclass
class Assembly:
    """Vertices, triangles and UV collected part by part; a vertex rides on the source or belongs to an eyeball."""

    source: Source
    carried: list[Carried] = field(default_factory=list)
    mirror: list[int] = field(default_factory=list)
    uvs: list[Float[np.ndarray, "uvs 2"]] = field(default_factory=list)
    triangles: dict[str, list[Int[np.ndarray, "triangles 3"]]] = field(default_factory=dict)
    uv_triangles: dict[str, list[Int[np.ndarray, "triangles 3"]]] = field(default_factory=dict)

    def add_vertices(self, carried: Carried, midline: Bool[np.ndarray, " points"]) -> Int[np.ndarray, " points"]:
        """Left points with their mirror images; returns the numbers of the left ones."""
        count = len(self.mirror)
        left = count + np.arange(len(midline))
        right = left.copy()
        right[~midline] = count + len(midline) + np.arange((~midline).sum())
        mirrored = carried.mirrored(self.source.mirror)
        self.carried += [carried, mirrored.only(~midline)]
        self.mirror += [*right.tolist(), *left[~midline].tolist()]
        return left

    def add_uvs(self, places: Float[np.ndarray, "points 2"]) -> tuple[Int[np.ndarray, " points"], Int[np.ndarray, " points"]]:
        """UV of the left half and of its image; points on u = 1/2 serve both."""
        count = sum(len(part) for part in self.uvs)
        shared = places[:, 0] == 0.5
        left = count + np.arange(len(places))
        right = np.where(shared, left, count + len(places) + np.cumsum(~shared) - 1)
        self.uvs += [places, (places * [-1, 1] + [1, 0])[~shared]]
        return left, right

    def add(self, part: str, patch: Patch, left: Int[np.ndarray, " points"]) -> None:
        """Triangles of a half whose points have the given vertex numbers, and their mirror images."""
        right = np.array(self.mirror)[left]
        uv_left, uv_right = self.add_uvs(patch.places)
        self.triangles.setdefault(part, []).extend([left[patch.triangles], right[patch.triangles[:, ::-1]]])
        self.uv_triangles.setdefault(part, []).extend([uv_left[patch.triangles], uv_right[patch.triangles[:, ::-1]]])

    def add_eyes(self, ball: Eyeball) -> slice:
        """Both eyeballs, after all carried vertices; returns their numbers, left ball first."""
        count, size = len(self.mirror), len(ball.vertices)
        uv_left, uv_right = self.add_uvs(ball.places)
        turned = ball.triangles[:, ::-1]
        self.mirror += [*range(count + size, count + 2 * size), *range(count, count + size)]
        self.triangles |= {"left_eye": [count + ball.triangles], "right_eye": [count + size + turned]}
        self.uv_triangles |= {"left_eye": [uv_left[ball.triangles]], "right_eye": [uv_right[turned]]}
        return slice(count, count + 2 * size)


def assemble(source: Source, layout: HalfLayout, ball: Eyeball) -> Assembly:
    """Skin, mouth (sewn to the lip line), teeth and eyeballs."""
    head, skin = Assembly(source), mesh_skin(source, layout)
    numbers = head.add_vertices(skin.carried, skin.midline)
    head.add("skin", skin, numbers)
    lips = lip_points(skin, layout)
    mouth = mesh_mouth(source, skin.carried.only(lips))
    own = np.arange(len(lips), len(mouth.midline))
    head.add("mouth", mouth, np.r_[numbers[lips[::-1]], head.add_vertices(mouth.carried.only(own), mouth.midline[own])])
    for upper in (True, False):
        row = mesh_teeth(source, upper=upper)
        head.add("teeth", row, head.add_vertices(row.carried, row.midline))
    head.add_eyes(ball)
    return head


def both_eyes(
    left: Float[np.ndarray, "*modes vertices 3"], right: Float[np.ndarray, "*modes vertices 3"]
) -> Float[np.ndarray, "*modes both 3"]:
    """Fields of the two eyeballs one after the other."""
    return np.concatenate([left, right], axis=-2)


def shape_arrays(source: Source, riding: Carried, ball: Eyeball) -> Arrays:
    """Mean, identity modes and expressions of the carried vertices and, after them, of the eyeballs'."""
    mean = np.r_[riding.of(source.vertices), both_eyes(ball.vertices, ball.vertices * FLIP)]
    eyes = both_eyes(eyeball_motion(source, ball, "left"), eyeball_motion(source, ball, "right"))
    identity = principal_modes(np.concatenate([riding.of(source.identity), eyes], axis=1), front_weights(mean))
    shapes = arkit_shapes(source)
    skin = np.stack([riding.of(STRONGER.get(name, 1) * source.expression[numbers].sum(0)) for name, numbers in shapes.items()])
    looks = np.stack([both_eyes(gaze(name, ball, "left"), gaze(name, ball, "right")) for name in shapes])
    return {
        "mean": mean.astype(np.float32),
        "identity": identity.astype(np.float16),
        "expression": sparse(np.concatenate([skin, looks], axis=1)).astype(np.float16),
        "expression_names": np.array(list(shapes)),
    }


def mesh_arrays(head: Assembly) -> Arrays:
    """Triangles, UV, parts, and each vertex's mirror image."""
    counts = np.cumsum([0, *(sum(map(len, head.triangles[part])) for part in PARTS)])
    return {
        "triangles": np.concatenate([t for part in PARTS for t in head.triangles[part]]).astype(np.int32),
        "uvs": np.concatenate(head.uvs).astype(np.float32),
        "uv_triangles": np.concatenate([t for part in PARTS for t in head.uv_triangles[part]]).astype(np.int32),
        "part_names": np.array(PARTS),
        "part_ranges": np.stack([counts[:-1], counts[1:]], axis=1).astype(np.int32),
        "mirror": np.array(head.mirror, dtype=np.int32),
    }


def build(source: Source, layout: HalfLayout) -> Arrays:
    """The arrays of the basis, without landmarks and regions."""
    ball = eyeball(source)
    head = assemble(source, layout, ball)
    eyes = {
        "eye_centres": np.stack([ball.centre, ball.centre * FLIP]).astype(np.float32),
        "eye_radius": np.array(ball.radius, np.float32),
    }
    return shape_arrays(source, joined(head.carried), ball) | mesh_arrays(head) | eyes
