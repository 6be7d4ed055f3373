"""Lays the skin of a basis out with little stretch: seams at the back and over the crown, an energy minimised, borders free.

The left half is solved from where it lies; its midline stays on u = 1/2, and the right half is its mirror image.
"""

from collections.abc import Mapping
from dataclasses import replace
from itertools import pairwise

import numpy as np
from jaxtyping import Float, Int

from training.common.data import save_arrays
from training.common.steps import Run
from training.face_basis.descent import Vector, descend, springs
from training.face_basis.half import HalfSkin, cut, left_half, outline, put_back, way_through
from training.face_basis.layout import MARGIN
from training.face_basis.make import FILE, Settings, read_arrays
from training.face_basis.packing import packed
from training.face_basis.regions import face_box, vertex_places
from training.face_basis.source import Arrays, triangle_areas
from training.face_basis.stretch import Stretch, gradients

SEAMS = (
    np.array([(0, 0.145, -0.007), (0, 0.143, 0.03)]),
    np.array([(0, 0, -0.08), (0.05, -0.002, -0.065), (0.08, -0.005, -0.03)]),
    np.array([(0, 0.09, -0.08), (0.045, 0.09, -0.06), (0.068, 0.085, -0.03)]),
)
"""From the seam at the back: over the crown, and sideways to behind the ears. Metres, on the mean head."""
TOP_CUT, BOTTOM_CUT = 0.28, 0.31
"""Legs of the corner triangles that the skin leaves free, as shares of the map."""
MILLIMETRES_PER_TEXEL = {"face": 0.28, "neck": 0.9, "scalp": 0.75, "ears": 0.5}
"""Wanted at 1024: no wish is met, they only pull. The face comes out coarser, all else finer."""
AREA_WEIGHTS = {"face": 165.0, "neck": 6.0, "scalp": 5.0, "ears": 1.0, "nostrils": 0.5}
"""How hard. What is hollow cannot have size and shape."""
ANGLE_WEIGHTS = {"face": 2.5, "neck": 1.0, "scalp": 1.0, "ears": 1.6}
"""How hard the ratio of the stretches counts."""
POWERS, ROUNDS, STEPS = (2, 4, 6), 5, 60
"""Of the ratio, one after the other; for each so many rounds, which begin with new springs, of so many steps."""
SHRUNK = 0.86
"""Of the layout that is there to begin with: it touches what keeps the border in."""
BARRIER, REACH = 1e-3, 0.02
"""Weight and width (in UV) of that."""


def closed(half: HalfSkin) -> tuple[HalfSkin, Int[np.ndarray, "fans 3"]]:
    """The half with fans over the eye and between the lips, as its last triangles, so that neither opening shuts."""
    _, lips, eye = outline(half)
    count = len(half.places)
    edges = [(b, a, count) for a, b in zip(eye, [*eye[1:], eye[0]], strict=True)]
    fans = np.array([*edges, *((b, a, count + 1) for a, b in pairwise(lips))])
    apexes = [half.places[eye].mean(0), (0.5, half.places[lips, 1].mean())]
    places, midline = np.r_[half.places, apexes], np.r_[half.midline, False, True]
    return replace(half, corners=np.r_[half.corners, fans], places=places, midline=midline), fans


def region_weights(arrays: Arrays, half: HalfSkin) -> Mapping[str, Float[np.ndarray, " triangles"]]:
    """Of the triangles: of the regions that cover the skin, which add up to 1, and of the nostrils in one of them."""
    names, corners = arrays["region_names"].tolist(), arrays["triangles"][half.rows]
    each = dict(zip(names, arrays["regions"][:, corners].mean(2) / 255, strict=True))
    total = sum(each[name] for name in MILLIMETRES_PER_TEXEL) + 1e-6
    return {name: each[name] / (total if name in MILLIMETRES_PER_TEXEL else 1) for name in AREA_WEIGHTS}


def stretch_of(arrays: Arrays, half: HalfSkin, fans: Int[np.ndarray, "fans 3"]) -> Stretch:
    """The energy of a half that is closed; a fan's shape is that which it has in the map."""
    weights, skin = region_weights(arrays, half), arrays["mean"].astype(np.float64)[arrays["triangles"][half.rows]]
    texel = np.exp(sum(np.log(size) * weights[name] for name, size in MILLIMETRES_PER_TEXEL.items()))
    plain = 1 - weights["nostrils"]
    pull = sum(AREA_WEIGHTS[name] * weights[name] * (plain if name in MILLIMETRES_PER_TEXEL else 1) for name in AREA_WEIGHTS)
    finest = 1000 / 1024 / MILLIMETRES_PER_TEXEL["face"]
    flat = half.places[fans] * [1, -1] / finest
    areas = np.r_[_areas(skin), _areas(np.dstack([flat, np.zeros(flat.shape[:2])]))]
    ones = np.ones(len(fans))
    return Stretch(
        half.corners,
        np.r_[gradients(skin), gradients(flat)],
        areas / areas[: len(skin)].sum(),
        np.r_[sum(ANGLE_WEIGHTS[name] * weights[name] for name in ANGLE_WEIGHTS), ones],
        np.r_[pull, ones],
        np.r_[(1000 / 1024 / texel) ** 2, finest**2 * ones],
    )


def _areas(corners: Float[np.ndarray, "triangles 3 3"]) -> Float[np.ndarray, " triangles"]:
    return triangle_areas(corners.reshape(-1, 3), np.arange(3 * len(corners)).reshape(-1, 3))


def barrier(points: Float[np.ndarray, "points 2"]) -> tuple[float, Float[np.ndarray, "points 2"]]:
    """Keeps points inside the map without its corners: (1 - x)^2 log(1 / x) of the distance x to each side, in its reach."""
    far, slant = 1 - MARGIN, np.sqrt(0.5)
    sides = np.array([(1, 0), (0, -1), (0, 1), (slant, -slant), (slant, slant)])
    limits = np.array([far, -MARGIN, far, slant * (far - MARGIN - TOP_CUT), slant * (2 * far - BOTTOM_CUT)])
    x = (limits - points @ sides.T) / REACH
    if x.min() <= 0:
        return np.inf, np.zeros_like(points)
    x = np.minimum(x, 1)
    slope = (2 * (1 - x) * np.log(x) - (1 - x) ** 2 / x) / REACH
    return float(-BARRIER * ((1 - x) ** 2 * np.log(x)).sum()), -BARRIER * slope @ sides


def unfolded(arrays: Arrays, half: HalfSkin) -> Float[np.ndarray, "points 2"]:
    """Where the points of the half lie with little stretch."""
    outer, _, _ = outline(half)
    whole, fans = closed(half)
    stretch = stretch_of(arrays, whole, fans)
    free = np.stack([~whole.midline, np.ones_like(whole.midline)], axis=1)
    places = 0.5 + SHRUNK * (whole.places - 0.5)

    def laid(unknowns: Vector) -> Float[np.ndarray, "points 2"]:
        result = np.full((2, len(free)), 0.5)
        result[free.T] = unknowns
        return result.T

    def energy(unknowns: Vector) -> tuple[float, Vector]:
        at = laid(unknowns)
        value, slope = stretch(at)
        held, back = barrier(at[outer])
        slope[outer] += back
        return value + held, slope.T[free.T]

    for stretch.power in POWERS:
        for _ in range(ROUNDS):
            solve = springs(whole.corners, stretch.stiffness(places), free)
            places = laid(descend(energy, places.T[free.T], solve, STEPS))
    return places[: len(half.places)]


def with_layout(arrays: Arrays) -> Arrays:
    """The basis with the skin laid out anew, and what else lies in the map beside it."""
    half, points = left_half(arrays), arrays["mean"].astype(np.float64)
    for stops in SEAMS:
        half = cut(half, way_through(points, arrays["triangles"][half.rows], stops))
    laid = packed(put_back(arrays, half, unfolded(arrays, half)))
    return laid | {"face_box": face_box(vertex_places(laid), arrays["regions"][0] / 255)}


def unfold(run: Run[Settings]) -> None:
    """Writes face_basis.npz anew, its UV map alone changed."""
    save_arrays(run.work / FILE, with_layout(read_arrays(run.made_or_shipped(FILE))), compressed=True)
