"""Joints of a head: the head itself, the jaw, and each eye; for posing beside the morph targets.

The jaw turns about the line that `jawOpen` turns the lower teeth about, found by least squares in the plane of y and z; on
the head that ships it lies at the condyles, 4 cm below and 6 cm behind the eyes, and fits to .3 mm. Without teeth it lies
between the landmarks below the ears. A vertex follows the jaw as far as `jawOpen` takes it the way of that turn. Eyeballs turn
about the centre of the white's sphere.
"""

from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Float, Float64, Int32, UInt8, UInt16

from facetex_core import Fit, MorphableModel
from facetex_core.delivery.gltf import GlbFile
from facetex_core.lazy import pygltflib as gltf
from facetex_core.parts.eyes import eye_frame, eyes_of
from facetex_core.parts.teeth import rows_of

HEAD_NODE, JAW_NODE = "head_joint", "jaw_joint"
ON_JAW = ("lower_teeth", "tongue")
"""Pieces that the jaw takes along whole."""
BELOW_EARS = (1, 15)
"""Of the 68 landmarks."""
MOVED_MOST = 0.8
"""Share of the largest move from which a vertex tells how a jaw without teeth turns."""
LEAST_TURN = 0.02
"""Radians; a jaw that turns less has no hinge."""
OFF_IRIS = 0.82
"""Cosine of the angle to the eye's axis from which an eyeball is white, 35 degrees."""
NEAR_HINGE = 0.002
"""Metres; what a turn moves less is too near the hinge to tell how far it follows."""

Points = Float[np.ndarray, "vertices 3"]


@dataclass(frozen=True, eq=False, slots=True)
class Joints:
    """Where the joints of a head are, and who follows the jaw."""

    places: dict[str, Float64[np.ndarray, "3"]]
    """In metres, by name; the first is the root, at the origin, to which the others belong."""
    follows: Float64[np.ndarray, "vertices"]
    """How far each vertex follows the jaw, from 0 to 1."""
    jaw_turn: float = 0.0
    """Radians about x by which the jaw is turned where `jawOpen` is 1."""

    def weights(
        self, piece: str, vertices: Int32[np.ndarray, "corners"]
    ) -> tuple[UInt8[np.ndarray, "corners 4"], UInt16[np.ndarray, "corners 4"]]:
        """Joints of a piece's corners and their shares of 65535, as glTF has them: at most two count."""
        names, joints, shares = list(self.places), np.zeros((len(vertices), 4)), np.zeros((len(vertices), 4))
        own = np.zeros(len(vertices)) if JAW_NODE not in names else np.where(piece in ON_JAW, 1.0, self.follows[vertices])
        second = names.index(JAW_NODE) if JAW_NODE in names else 0
        if f"{piece}_joint" in names:
            own, second = np.ones(len(vertices)), names.index(f"{piece}_joint")
        shares[:, 1] = np.rint(65535 * own)
        shares[:, 0] = 65535 - shares[:, 1]
        joints[:, 1] = second * (shares[:, 1] > 0)
        return joints.astype(np.uint8), shares.astype(np.uint16)


def joints_of(fit: Fit) -> Joints:
    """The joints of the person without expression; no jaw where the model has none, no eyes where it has no eyeballs."""
    model = replace(fit.model, mean=fit.neutral)
    places, follows, angle = {HEAD_NODE: np.zeros(3)}, np.zeros(len(model.mean)), 0.0
    if "jawOpen" in model.expression_names:
        moves = model.expression[model.expression_names.index("jawOpen")].astype(np.float64)
        angle, centre = _hinge(model, moves)
        if angle > LEAST_TURN:
            places[JAW_NODE] = centre
            follows = _follows(moves, turned(model.mean, centre, angle) - model.mean)
    places |= {f"{eye}_joint": _centre(model, eye) for eye in reversed(eyes_of(model))}
    return Joints(places, follows, angle)


def turned(points: Points, centre: Float[np.ndarray, "3"], angle: float) -> Points:
    """Points turned about the line along x through the centre; positive angles take the chin down."""
    sine, cosine = np.sin(angle), np.cos(angle)
    about_x = np.array([[1, 0, 0], [0, cosine, -sine], [0, sine, cosine]])
    return np.asarray((points - centre) @ about_x.T + centre)


def _centre(model: MorphableModel, eye: str) -> Float64[np.ndarray, "3"]:
    """Of the sphere that fits the white best; the cornea, which stands out, would pull it .6 mm forwards."""
    middle, _, axis = eye_frame(model, eye)
    rays = model.mean[np.unique(model.mesh.triangles[model.mesh.parts[eye]])] - middle
    white = rays[rays @ axis < OFF_IRIS * np.linalg.norm(rays, axis=1)]
    solution = np.linalg.lstsq(np.c_[2 * white, np.ones(len(white))], (white**2).sum(1), rcond=None)[0]
    return np.asarray(middle + solution[:3])


def _hinge(model: MorphableModel, moves: Points) -> tuple[float, Float64[np.ndarray, "3"]]:
    """Angle and centre of the turn about x that takes the jaw where it moves."""
    lower, size = rows_of(model)["lower"], np.linalg.norm(moves, axis=1)
    which = lower if lower.any() else size > MOVED_MOST * size.max()
    before = model.mean[which, 1:].astype(np.float64)
    after = before + moves[which, 1:]
    if lower.any():
        middle, way = (before.mean(0) + after.mean(0)) / 2, after.mean(0) - before.mean(0)
        angle = _angle(before - before.mean(0), after - after.mean(0))
        # From the centre, half the way is the tangent of half the angle times the distance of the middle.
        centre = middle + np.array([-way[1], way[0]]) / (2 * np.tan(angle / 2) or np.inf)
    else:
        points, corners = model.embedding, model.mean[model.mesh.triangles[model.embedding.landmark_triangles]]
        centre = np.einsum("pk,pki->pi", points.landmark_barycentric, corners)[list(BELOW_EARS), 1:].mean(0)
        angle = _angle(before - centre, after - centre)
    return angle, np.array([0.0, *centre])


def _angle(before: Float64[np.ndarray, "points 2"], after: Float64[np.ndarray, "points 2"]) -> float:
    """By which points turn about 0, in radians from y to z."""
    return float(np.arctan2(np.sum(before[:, 0] * after[:, 1] - before[:, 1] * after[:, 0]), np.sum(before * after)))


def _follows(moves: Points, turn: Points) -> Float64[np.ndarray, "vertices"]:
    """The share of the turn that explains a vertex's move best."""
    share = np.einsum("vi,vi->v", moves, turn) / (np.einsum("vi,vi->v", turn, turn) + NEAR_HINGE**2)
    return np.asarray(np.clip(share, 0, 1))


def add_joints(file: GlbFile, joints: Joints) -> list[int]:
    """Nodes of the joints and the skin that binds to them; the root's number, for the scene."""
    first = len(file.document.nodes)
    for name, place in joints.places.items():
        extras = {"jawOpen_degrees": round(float(np.degrees(joints.jaw_turn)), 2)} if name == JAW_NODE else {}
        file.document.nodes.append(gltf.Node(name=name, translation=place.tolist(), extras=extras))
    others = list(range(first + 1, len(file.document.nodes)))
    file.document.nodes[first].children = others
    bound = np.tile(np.eye(4, dtype=np.float32), (len(joints.places), 1, 1))
    bound[:, 3, :3] = -np.array(list(joints.places.values()))  # columns first
    matrices = gltf.Accessor(
        bufferView=file.view(bound.tobytes()), componentType=gltf.FLOAT, count=len(bound), type=gltf.MAT4, byteOffset=None
    )
    file.document.skins.append(
        gltf.Skin(name="joints", skeleton=first, joints=[first, *others], inverseBindMatrices=file.add(matrices))
    )
    return [first]
