"""Glasses as geometry: rims before the eyes, a bridge, temples to the ears, lenses."""

import numpy as np
from jaxtyping import Float, Float32, Int32

from training.world.recipe import Glasses

EYES = ((33, 133, 234), (263, 362, 454))
"""Of the 468 points: the corners of an eye, and where the temple runs to."""
BEFORE = 0.012
"""Metres from the eye's corners to the rim."""
ROUND, AROUND = 28, 6
"""Points round a rim, and round its wire."""

Mesh = tuple[Float32[np.ndarray, "vertices 3"], Int32[np.ndarray, "triangles 3"]]


def worn(glasses: Glasses, dense: Float[np.ndarray, "468 3"]) -> dict[str, Mesh]:
    """The frame and the lenses on a head with these points."""
    wires, lenses, inner = [], [], []
    middle = (dense[133] + dense[362]) / 2
    front = dense[[33, 133, 263, 362], 2].max() + BEFORE
    for outer, corner, ear in EYES:
        rim = _rim(glasses, dense[outer], dense[corner], middle, front)
        wires.append(tube(rim, glasses.thick, closed=True))
        lenses.append(_lens(rim))
        inner.append(rim[np.abs(rim[:, 0] - middle[0]).argmin()])
        side = rim[np.abs(rim[:, 0] - middle[0]).argmax()]
        way = np.sign(dense[outer] - dense[corner])[0]
        wide = np.array([dense[ear, 0] + 0.004 * way, side[1], dense[ear, 2]])
        behind = wide + np.array([0, -0.004, min(-0.02, -0.5 * (side[2] - wide[2]))])
        wires.append(
            tube(_smooth(np.stack([side, side + np.array([0.004 * way, 0, -0.003]), wide, behind])), 1.2 * glasses.thick)
        )
    bridge = np.linspace(inner[0], inner[1], 9) + [0, 0.003, 0.002] * np.sin(np.linspace(0, np.pi, 9))[:, None]
    wires.append(tube(bridge, glasses.thick))
    return {"frame": joined(wires), "lens": joined(lenses)}


def _rim(
    glasses: Glasses,
    outer: Float[np.ndarray, "3"],
    corner: Float[np.ndarray, "3"],
    middle: Float[np.ndarray, "3"],
    front: float,
) -> Float[np.ndarray, "points 3"]:
    """A superellipse round an eye, bent back a little at its side."""
    across = abs(outer[0] - corner[0])
    centre = np.array([(outer[0] + corner[0]) / 2, (outer[1] + corner[1]) / 2 - 0.003 - glasses.low, front])
    room = abs(centre[0] - middle[0]) - 0.006
    turn = np.linspace(0, 2 * np.pi, ROUND, endpoint=False)
    x, y = (np.sign(f) * np.abs(f) ** glasses.square for f in (np.cos(turn), np.sin(turn)))
    points = centre + np.stack([min(glasses.width * across, room) * x, glasses.height * across * y, 0 * x], 1)
    points[:, 2] -= 3 * np.maximum(np.abs(points[:, 0] - middle[0]) - 0.01, 0) ** 2 + 0.15 * (centre[1] - points[:, 1])
    return points


def _smooth(points: Float[np.ndarray, "points 3"]) -> Float[np.ndarray, "more 3"]:
    share = np.linspace(0, len(points) - 1, 5 * len(points))
    return np.stack([np.interp(share, np.arange(len(points)), axis) for axis in points.T], 1)


def _lens(rim: Float[np.ndarray, "points 3"]) -> Mesh:
    """A fan."""
    count = len(rim)
    ring = np.arange(count)
    fan = np.stack([np.full(count, count), ring, np.roll(ring, -1)], 1)
    return np.concatenate([rim, rim.mean(0, keepdims=True)]).astype(np.float32), fan.astype(np.int32)


def tube(line: Float[np.ndarray, "points 3"], radius: float, *, closed: bool = False) -> Mesh:
    """A wire along a line."""
    ahead = np.roll(line, -1, 0) - np.roll(line, 1, 0) if closed else np.gradient(line, axis=0)
    ahead = ahead / np.maximum(np.linalg.norm(ahead, axis=1, keepdims=True), 1e-9)
    side = np.cross(ahead, np.where(np.abs(ahead[:, 2:]) < 0.8, [[0, 0, 1.0]], [[0, 1.0, 0]]))
    side /= np.maximum(np.linalg.norm(side, axis=1, keepdims=True), 1e-9)
    up = np.cross(side, ahead)
    turn = np.linspace(0, 2 * np.pi, AROUND, endpoint=False)
    ring = np.cos(turn)[:, None, None] * side + np.sin(turn)[:, None, None] * up
    vertices = (line + radius * ring).transpose(1, 0, 2).reshape(-1, 3)
    index = np.arange(len(vertices)).reshape(len(line), AROUND)
    a, b = (index, np.roll(index, -1, 0)) if closed else (index[:-1], index[1:])
    c, d = np.roll(a, -1, 1), np.roll(b, -1, 1)
    quads = np.concatenate([np.stack([a, c, b], -1).reshape(-1, 3), np.stack([c, d, b], -1).reshape(-1, 3)])
    return vertices.astype(np.float32), quads.astype(np.int32)


def joined(meshes: list[Mesh]) -> Mesh:
    """One mesh of several."""
    starts = np.cumsum([0, *(len(vertices) for vertices, _ in meshes)])
    triangles = [corners + start for (_, corners), start in zip(meshes, starts[:-1], strict=True)]
    return np.concatenate([vertices for vertices, _ in meshes]), np.concatenate(triangles).astype(np.int32)
