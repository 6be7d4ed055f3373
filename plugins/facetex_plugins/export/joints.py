"""Joints of a head: the head itself, the jaw, and each eye; for posing beside the morph targets.

The jaw turns about the line that `jawOpen` turns the lower teeth about, found by least squares in the plane of y and z; on
the head that ships it lies within the condyles, 4 cm below and 6 cm behind the eyes. A vertex follows the jaw as far as
`jawOpen` takes it the way of that turn. Eyeballs turn about the centres of the spheres that fit them best.
"""

from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Bool, Float, Float32, Float64, UInt8, UInt16

from facetex_core import Fit
from facetex_core.delivery.gltf import GlbFile
from facetex_core.lazy import pygltflib as gltf
from facetex_core.parts.eyes import eye_frame, eyes_of
from facetex_core.parts.teeth import rows_of

HEAD, JAW = "head_joint", "jaw_joint"
RIGID = ("lower_teeth", "tongue")
"""Pieces that the jaw takes along whole."""
MOST = 0.8
"""Share of the largest move from which a vertex tells how a jaw without teeth turns."""
SMALLEST_TURN = 0.02
"""Radians; a jaw that turns less has no hinge."""
NEAR = 0.002
"""Metres; what a turn moves less is too near the hinge to tell how far it follows."""

Points = Float[np.ndarray, "vertices 3"]


@dataclass(frozen=True, eq=False, slots=True)
class Joints:
    """Where the joints of a head are, and who follows the jaw."""

    places: dict[str, Float64[np.ndarray, "3"]]
    """In metres, by name; the first is the root, to which the others belong."""
    follows: Float64[np.ndarray, "vertices"]
    """How far each vertex follows the jaw, from 0 to 1."""
    jaw_turn: float = 0.0
    """Radians about x by which the jaw is turned where `jawOpen` is 1."""

    def weights(
        self, piece: str, vertices: np.ndarray
    ) -> tuple[UInt8[np.ndarray, "corners 4"], UInt16[np.ndarray, "corners 4"]]:
        """Joints of a piece's corners and their shares of 65535, as glTF has them: at most two count."""
        names, joints, shares = list(self.places), np.zeros((len(vertices), 4)), np.zeros((len(vertices), 4))
        own = np.zeros(len(vertices)) if JAW not in names else np.where(piece in RIGID, 1.0, self.follows[vertices])
        second = names.index(JAW) if JAW in names else 0
        if f"{piece}_joint" in names:
            own, second = np.ones(len(vertices)), names.index(f"{piece}_joint")
        shares[:, 1] = np.rint(65535 * own)
        shares[:, 0] = 65535 - shares[:, 1]
        joints[:, 1] = second * (shares[:, 1] > 0)
        return joints.astype(np.uint8), shares.astype(np.uint16)


def joints_of(fit: Fit) -> Joints:
    """The joints of the person without expression; no jaw where the model has none, no eyes where it has no eyeballs."""
    neutral = replace(fit.model, mean=fit.neutral)
    places, follows, turn = {HEAD: np.zeros(3)}, np.zeros(len(neutral.mean)), 0.0
    if "jawOpen" in neutral.expression_names:
        moves = neutral.expression[neutral.expression_names.index("jawOpen")].astype(np.float64)
        size = np.linalg.norm(moves, axis=1)
        lower = rows_of(fit.model)["lower"]
        turn, centre = _hinge(neutral.mean, moves, lower if lower.any() else size > MOST * size.max())
        if abs(turn) > SMALLEST_TURN:
            places[JAW] = centre
            follows = _follows(moves, turned(neutral.mean, centre, turn) - neutral.mean)
    places |= {f"{eye}_joint": eye_frame(neutral, eye)[0] for eye in eyes_of(neutral)[::-1]}
    return Joints(places, follows, turn)


def turned(points: Points, centre: Float[np.ndarray, "3"], angle: float) -> Points:
    """Points turned about the line along x through the centre; positive angles take the chin down."""
    sine, cosine = np.sin(angle), np.cos(angle)
    about_x = np.array([[1, 0, 0], [0, cosine, -sine], [0, sine, cosine]])
    return np.asarray((points - centre) @ about_x.T + centre)


def _hinge(points: Points, moves: Points, which: Bool[np.ndarray, "vertices"]) -> tuple[float, Float64[np.ndarray, "3"]]:
    """Angle and centre of the turn about x that takes these points where they move."""
    before = points[which, 1:].astype(np.float64)
    after = before + moves[which, 1:]
    a, b = before - before.mean(0), after - after.mean(0)
    angle = float(np.arctan2(np.sum(a[:, 0] * b[:, 1] - a[:, 1] * b[:, 0]), np.sum(a * b)))
    # The centre c stays where it is: (before + after) / 2 - c is across the way, and that times the tangent of half the angle.
    half = np.tan(angle / 2) or np.inf
    middle, way = (before.mean(0) + after.mean(0)) / 2, after.mean(0) - before.mean(0)
    return angle, np.array([0.0, middle[0] - way[1] / (2 * half), middle[1] + way[0] / (2 * half)])


def _follows(moves: Points, turn: Points) -> Float64[np.ndarray, "vertices"]:
    """The share of the turn that explains a vertex's move best."""
    share = np.einsum("vi,vi->v", moves, turn) / (np.einsum("vi,vi->v", turn, turn) + NEAR**2)
    return np.asarray(np.clip(share, 0, 1))


def add_joints(file: GlbFile, joints: Joints) -> list[int]:
    """Nodes of the joints and the skin that binds to them; the root's number, for the scene."""
    first, root = len(file.document.nodes), next(iter(joints.places.values()))
    for name, place in joints.places.items():
        file.document.nodes.append(gltf.Node(name=name, translation=(place - (0 if name == HEAD else root)).tolist()))
    others = list(range(first + 1, len(file.document.nodes)))
    file.document.nodes[first].children = others
    bound = np.tile(np.eye(4, dtype=np.float32), (len(joints.places), 1, 1))
    bound[:, 3, :3] = -np.array(list(joints.places.values()))  # columns first
    matrices = gltf.Accessor(
        bufferView=file.view(bound.tobytes()), componentType=gltf.FLOAT, count=len(bound), type=gltf.MAT4, byteOffset=None
    )
    file.document.skins.append(gltf.Skin(name="joints", skeleton=first, joints=[first, *others], inverseBindMatrices=file.add(matrices)))
    return [first]
