"""Lids that meet whoever blinks: where their edges are, and what `eyeBlink` must do more on eyes that are wider or narrower.

A shape moves everybody by the same metres, but openings differ by millimetres. Across each opening, columns tell the lowest
place of the upper lid and the highest of the lower one. What is left between them is closed: on the mean head by the shape
itself, on others by a linear map from how their lids lie away from the mean head's.
"""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Int
from scipy.spatial import cKDTree

from training.face_basis.source import Arrays, border_chains

COLUMNS = 41
REACH = 0.016
"""Metres about the border of the opening in which skin is lid."""
OVERLAP = 0.0003
"""Metres by which the upper lid goes further than the lower one's edge, so that no slit shows from above or below."""
HARDLY = 0.0004
"""Metres that a vertex of the lid moves by at least when the eye is shut."""
BETWEEN = ((0.15, 0.4, 0.75, 0.95), (0, 1, 1, 0))
"""Between crease and edge a shut lid lies on the eyeball: how much, by how far it goes with the edge."""
BLINKS = ("eyeBlinkLeft", "eyeBlinkRight")

Points = Float[np.ndarray, "points 3"]


@dataclass(frozen=True)
class Edge:
    """Points on edges of the mesh, one a column."""

    corners: Int[np.ndarray, "columns 2"]
    share: Float[np.ndarray, " columns"]
    """How far each lies from its first corner to its second."""

    def of(self, values: Float[np.ndarray, "vertices 3"]) -> Float[np.ndarray, "columns 3"]:
        """Values of vertices at the points."""
        first, second = values[self.corners[:, 0]], values[self.corners[:, 1]]
        return first + self.share[:, None] * (second - first)


@dataclass(frozen=True)
class Opening:
    """The subject's left eye: the triangles of its lids, and columns from corner to corner."""

    upper: Int[np.ndarray, "triangles 3"]
    lower: Int[np.ndarray, "triangles 3"]
    at: Float[np.ndarray, " columns"]
    """Metres along x."""


def opening(arrays: Arrays) -> Opening:
    """Upper and lower are the triangles nearer to the upper or the lower half of the skin's border behind the lids."""
    mean, skin = arrays["mean"].astype(float), arrays["triangles"][slice(*arrays["part_ranges"][0])]
    chains = [chain for chain in border_chains(skin) if (mean[chain, 0] > 0).all() and (mean[chain, 2] > 0).all()]
    loop = np.array(min(chains, key=len))
    inner, outer = mean[loop, 0].argmin(), mean[loop, 0].argmax()
    loop = np.roll(loop, -inner)
    halves = np.split(loop, [(outer - inner) % len(loop) + 1])
    upper, lower = sorted(halves, key=lambda half: mean[half, 1].mean(), reverse=True)
    middles = mean[skin].mean(1)
    above, below = (np.linalg.norm(middles[:, None] - mean[half], axis=2).min(1) for half in (upper, lower))
    near = np.minimum(above, below) < REACH
    columns = np.linspace(mean[loop, 0].min(), mean[loop, 0].max(), COLUMNS + 2)[1:-1]
    return Opening(skin[near & (above < below)], skin[near & (above >= below)], columns)


def section(mean: Points, triangles: Int[np.ndarray, "triangles 3"], at: float) -> Edge:
    """Where the edges of the triangles meet the plane x = at."""
    pairs = np.unique(
        np.sort(np.concatenate([triangles[:, [0, 1]], triangles[:, [1, 2]], triangles[:, [2, 0]]]), axis=1), axis=0
    )
    x = mean[pairs, 0] - at
    crossed = x[:, 0] * x[:, 1] < 0
    return Edge(pairs[crossed], x[crossed, 0] / (x[crossed, 0] - x[crossed, 1]))


def furthest(
    mean: Points, triangles: Int[np.ndarray, "triangles 3"], columns: Float[np.ndarray, " columns"], way: Float[np.ndarray, "3"]
) -> Edge:
    """In each column the point that lies furthest along a way."""
    corners, shares = [], []
    for at in columns:
        cut = section(mean, triangles, float(at))
        best = (cut.of(mean) @ way).argmax()
        corners.append(cut.corners[best])
        shares.append(cut.share[best])
    return Edge(np.array(corners), np.array(shares))


def follows(
    arrays: Arrays, eye: Opening, upper: Edge, blink: Float[np.ndarray, "vertices 3"]
) -> tuple[Int[np.ndarray, " moved"], Float[np.ndarray, "moved columns"]]:
    """The vertices of the upper lid that a blink moves, and how far each goes with the edge of each column."""
    moved = np.unique(eye.upper)
    moved = moved[np.linalg.norm(blink[moved], axis=1) > HARDLY]
    x = np.clip(arrays["mean"][moved, 0], eye.at[0], eye.at[-1])
    hats = np.stack([np.interp(x, eye.at, row) for row in np.eye(len(eye.at))], axis=1)
    most = hats @ np.linalg.norm(upper.of(blink), axis=1)
    return moved, hats * np.clip(np.linalg.norm(blink[moved], axis=1) / most, 0, 1)[:, None]


def closing(arrays: Arrays) -> Arrays:
    """The basis with lids that meet: shapes that close the mean head's eyes, and correctives for everybody else's."""
    mean, mirror = arrays["mean"].astype(float), arrays["mirror"]
    eye, down = opening(arrays), np.array([0, -1.0, 0])
    upper, lower = furthest(mean, eye.upper, eye.at, down), furthest(mean, eye.lower, eye.at, -down)
    names = [str(name) for name in arrays["expression_names"]]
    expression = arrays["expression"].astype(float)
    blink = expression[names.index(BLINKS[0])]
    moved, shares = follows(arrays, eye, upper, blink)
    gap = (lower.of(mean + blink) - upper.of(mean + blink)) * [0, 1, 1] + OVERLAP * down
    for name, which, flip in ((BLINKS[0], moved, 1), (BLINKS[1], mirror[moved], -1)):
        expression[names.index(name), which] += shares @ gap * [flip, 1, 1]
    ball = np.unique(arrays["triangles"][slice(*arrays["part_ranges"][list(arrays["part_names"]).index("left_eye")])])
    below = ball[cKDTree(mean[ball]).query((mean + expression[names.index(BLINKS[0])])[moved])[1]]
    sources = np.unique(np.concatenate([upper.corners.ravel(), lower.corners.ravel(), moved, below]))
    with_edge = shares @ (_matrix(lower, sources) - _matrix(upper, sources))
    with_ball = (sources == below[:, None]).astype(float) - (sources == moved[:, None])
    between = np.interp(shares.sum(1), *BETWEEN)[:, None]
    weights = (1 - between) * with_edge + between * with_ball
    return arrays | {
        "expression": expression.astype(arrays["expression"].dtype),
        "corrective_shapes": np.array(BLINKS),
        "corrective_vertices": np.stack([moved, mirror[moved]]).astype(np.int32),
        "corrective_sources": np.stack([sources, mirror[sources]]).astype(np.int32),
        "corrective_weights": np.stack([weights, weights]).astype(np.float32),
    }


def _matrix(edge: Edge, sources: Int[np.ndarray, " sources"]) -> Float[np.ndarray, "columns sources"]:
    """The edge as a linear map of those vertices."""
    rows, found = np.arange(len(edge.share)), np.zeros((len(edge.share), len(sources)))
    for corner, share in ((0, 1 - edge.share), (1, edge.share)):
        np.add.at(found, (rows, np.searchsorted(sources, edge.corners[:, corner])), share)
    return found
