"""The skin: fixed chains along seam, neck, midline, lids and lips, wanted vertex density, and the meshed left half."""

import numpy as np
from jaxtyping import Float, Int
from scipy.spatial import cKDTree

from training.face_basis.layout import HalfLayout
from training.face_basis.source import Source
from training.face_basis.topology import Carried, Patch, joined, mesh_half, respaced, ride

PINNED_MARKS = (9, 10, 11, 12, 13, 14, 15, 16, 22, 23, 24, 25, 26, 34, 35)
"""iBUG points of the left half that become vertices: where vertices are sparse or the surface bends."""
CREASE_ROWS = 2
FREE_POINTS = 4370
SPARSEST_CELL = 9.3e-5
"""Area (square metres) of a vertex where the density is 1."""
LANDMARKS_OF = {"lids": range(36, 48), "lips": range(48, 68), "nose": (30, 31, 32, 33, 34, 35), "brows": range(17, 27)}


def closeness(source: Source, marks: list[int], reach: float) -> Float[np.ndarray, " vertices"]:
    """1 at the marks, falling to 0 with distance (metres)."""
    distance = cKDTree(source.vertices[marks]).query(source.vertices)[0]
    return np.exp(-((distance / reach) ** 2))


def vertex_density(source: Source) -> Float[np.ndarray, " vertices"]:
    """Wanted vertices per square metre, up to a factor."""
    points = source.vertices
    marks = {name: [int(source.landmarks[k]) for k in numbers] for name, numbers in LANDMARKS_OF.items()}
    front = (
        1
        / (1 + np.exp((0.045 - points[:, 2]) / 0.01))
        / (1 + np.exp((-0.085 - points[:, 1]) / 0.008))
        / (1 + np.exp((points[:, 1] - 0.095) / 0.01))
    )
    ears = np.exp(
        -(((np.abs(points[:, 0]) - 0.088) / 0.014) ** 2) - ((points[:, 1] - 0.012) / 0.035) ** 2 - (points[:, 2] / 0.04) ** 2
    )
    density = 1.8 + 4 * front + 11 * ears
    for name, gain, reach in (("lids", 20, 0.010), ("lips", 16, 0.011), ("nose", 20, 0.012), ("brows", 3, 0.015)):
        density += gain * closeness(source, marks[name], reach)
    return density


def chains(source: Source, layout: HalfLayout, spacing: Float[np.ndarray, " vertices"]) -> dict[str, Carried]:
    """The border of the half in order (no point twice) and the lid loop with both corners of the eye kept."""

    def spaced(chain: tuple[int, ...], scale: float = 1) -> Carried:
        return ride(chain, respaced(source.vertices[list(chain)], scale * spacing[list(chain)]))

    outer = list(layout.border)
    nape = next(k for k, v in enumerate(outer) if k > 0 and source.vertices[v, 0] == 0)
    corner = int(np.argmax(source.vertices[list(layout.lips), 0]))
    legs = [
        outer[: nape + 1],
        outer[nape:],
        layout.midline[0],
        layout.lips[: corner + 1],
        layout.lips[corner:],
        layout.midline[1],
    ]
    scales = [1, 1, 1, 0.8, 0.8, 1]
    border = [spaced(tuple(leg), scale) for leg, scale in zip(legs, scales, strict=True)]
    eye = np.roll(layout.eye, -int(np.argmax(source.vertices[list(layout.eye), 0]))).tolist()
    inner = int(np.argmin(source.vertices[eye, 0]))
    lids = [spaced(tuple(eye[: inner + 1]), 0.8), spaced((*eye[inner:], eye[0]), 0.8)]
    return {"border": without_ends(border), "eye": without_ends(lids)}


def without_ends(legs: list[Carried]) -> Carried:
    """The legs of a closed loop joined, each without its last point, which the next one starts with."""
    return joined([leg.only(np.arange(len(leg.weights) - 1)) for leg in legs])


def mesh_skin(source: Source, layout: HalfLayout) -> Patch:
    """The left half of the skin."""
    density = vertex_density(source)
    spacing = np.sqrt(SPARSEST_CELL / density)
    ring = lid_crease(layout)
    ring.append(ring[0])
    crease = ride(ring, respaced(source.vertices[ring], 0.8 * spacing[ring])[:-1])
    marks = source.landmarks[list(PINNED_MARKS)]
    pinned = Carried(np.repeat(marks[:, None], 3, axis=1), np.repeat([[1.0, 0, 0]], len(marks), axis=0))
    return mesh_half(source, layout, density, FREE_POINTS, chains(source, layout, spacing), (crease, pinned))


def lid_crease(layout: HalfLayout) -> list[int]:
    """The source's edge loop along the outer rim of the lids, two rows outside the opening (its iBUG lid points lie on it)."""
    row = set(layout.eye)
    reached = set(row)
    for _ in range(CREASE_ROWS):
        touching = np.isin(layout.triangles, list(row)).any(1)
        row = set(layout.triangles[touching].ravel().tolist()) - reached
        reached |= row
    numbers = np.array(sorted(row))
    offsets = layout.places[numbers] - layout.places[list(layout.eye)].mean(0)
    return numbers[np.argsort(np.arctan2(offsets[:, 1], offsets[:, 0]))].tolist()


def lip_points(patch: Patch, layout: HalfLayout) -> Int[np.ndarray, " lips"]:
    """The patch's points on half the lip line, from the upper midline to the lower one."""
    chain = patch.chains["border"]
    return chain[np.isin(patch.carried.corners[chain], layout.lips).all(1)]
