"""What CoarseNet holds of a face: pose in the crop, identity, expression.

The paper's pose is that of a weak perspective in the crop: three angles, a scale and a place. Here a seventh number, the
distance, makes a whole pinhole camera of it: focal length = scale x distance. The rotation is the one about the ray to the
head, as the crop shows it, and the place is that of the middle of the face; so the six numbers of the paper do not change with
the focal length, and a photo's edge turns the head by the ray alone.
"""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float32, Float64

from facetex_core import Camera
from facetex_core.imaging.face_square import FaceSquare

SEEN_SIDE = 112
"""Pixels of the crop; the paper has 200 (docs/decisions, CoarseNet in small)."""
POSE = 7
"""What the network says of a pose: the turn from a head that looks into the camera (axis times radians), and the four numbers
of `rest` beyond those of START."""
REACH = np.array([0.5, 0.5, 0.5, 0.2, 0.1, 0.1, 0.3])
"""Radians, logarithm, crops, logarithm: what 1 means in the network's answer."""
FRONT = np.diag([1.0, -1.0, -1.0])
"""A head that looks into the camera."""
START = np.array([1.44, 0.5, 0.546, -0.745])
"""Where the mean head begins: the middle of what the crops of the training show."""
SPAN = 2.5, 0.8
"""How far the logarithms of scale and distance may go from there."""


@dataclass(frozen=True, eq=False, slots=True)
class Estimate:
    """Of one face in one crop."""

    rotation: Float64[np.ndarray, "3 3"]
    """From the head's axes to the crop's (right, down, away), about the ray to the head."""
    rest: Float64[np.ndarray, "4"]
    """Logarithm of crops a metre at the face's middle; its place in crops; logarithm of its distance in metres."""
    identity: Float32[np.ndarray, " modes"]
    expression: Float32[np.ndarray, " expressions"]


def start(modes: int, expressions: int) -> Estimate:
    """The mean head, from ahead."""
    return Estimate(FRONT, START, np.zeros(modes, np.float32), np.zeros(expressions, np.float32))


def answered(
    pose: Float32[np.ndarray, "7"],
    identity: Float32[np.ndarray, " modes"],
    expression: Float32[np.ndarray, " expressions"],
) -> Estimate:
    """The estimate that an answer of the network tells."""
    from scipy.spatial.transform import Rotation

    step = pose * REACH
    rotation = Rotation.from_rotvec(step[:3]).as_matrix() @ FRONT
    low, high = START.copy(), START.copy()
    low[[0, 3]] -= SPAN
    high[[0, 3]] += SPAN
    low[1:3], high[1:3] = 0, 1
    return Estimate(rotation, (START + step[3:]).clip(low, high), identity, expression)


def crop_camera(present: Estimate, pivot: Float64[np.ndarray, "3"], principal: Float64[np.ndarray, "2"]) -> Camera:
    """The camera whose picture the crop is; `principal` is where the photo's axis meets it, in crops."""
    scale, distance = np.exp(present.rest[[0, 3]])
    focal = scale * distance
    ray = np.append((present.rest[1:3] - principal) / focal, 1.0)
    turn = towards(ray) @ present.rotation
    matrix = np.eye(4)
    matrix[:3, :3], matrix[:3, 3] = turn, distance * ray - turn @ pivot
    intrinsics = np.array([[focal, 0, principal[0]], [0, focal, principal[1]], [0, 0, 1 / SEEN_SIDE]]) * SEEN_SIDE
    return Camera(intrinsics.astype(np.float32), matrix.astype(np.float32), (SEEN_SIDE, SEEN_SIDE))


def seen_as(
    rotation: Float64[np.ndarray, "3 3"],
    middle: Float64[np.ndarray, "3"],
    intrinsics: Float64[np.ndarray, "3 3"],
) -> tuple[Float64[np.ndarray, "3 3"], Float64[np.ndarray, "4"]]:
    """Rotation and `rest` of a head whose face's middle stands there, in the frame of the crop's camera."""
    focal, principal = intrinsics[0, 0] / SEEN_SIDE, intrinsics[:2, 2] / SEEN_SIDE
    ray = middle / middle[2]
    place = focal * ray[:2] + principal
    return towards(ray).T @ rotation, np.array([np.log(focal / middle[2]), *place, np.log(middle[2])])


def towards(ray: Float64[np.ndarray, "3"]) -> Float64[np.ndarray, "3 3"]:
    """The least turn that takes the camera's axis to the ray."""
    x, y, z = ray / np.linalg.norm(ray)
    return np.array(
        [[1 - x * x / (1 + z), -x * y / (1 + z), x], [-x * y / (1 + z), 1 - y * y / (1 + z), y], [-x, -y, z]], np.float64
    )


def principal_of(square: FaceSquare, size: tuple[int, int]) -> Float64[np.ndarray, "2"]:
    """Where the axis of a photo, through its middle, meets the crop; in crops."""
    return (square.matrix(1) @ [size[0] / 2, size[1] / 2, 1.0])[:2]


def photo_camera(found: Estimate, pivot: Float64[np.ndarray, "3"], square: FaceSquare, size: tuple[int, int]) -> Camera:
    """The camera of the photo, whose axis goes through its middle."""
    crop = crop_camera(found, pivot, principal_of(square, size))
    back = np.eye(4)
    back[:2, :2] = np.linalg.inv(square.matrix(1)[:2, :2] * square.side)
    focal = float(crop.intrinsics[0, 0]) * square.side / SEEN_SIDE
    intrinsics = np.array([[focal, 0, size[0] / 2], [0, focal, size[1] / 2], [0, 0, 1]], np.float32)
    return Camera(intrinsics, (back @ crop.world_to_camera).astype(np.float32), size)
