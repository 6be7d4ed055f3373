"""Glasses: what lies within the rims round the eyes, where a mask of skin tells that some are worn.

A rim is a closed thin line, darker or lighter than the skin. It is followed round each eye as the dearest closed path in polar
coordinates, by dynamic programming; the way back to the start is made sure of by going round three times.
"""

from collections.abc import Sequence

import numpy as np
from jaxtyping import Bool, Float, Float32, Int, UInt8

from facetex_core.lazy import cv2
from facetex_plugins.segment import thresholds

ANGLES, RADII, STEEPEST = 120, 72, 3


def within_rims(
    coded: Float32[np.ndarray, "side side 3"],
    skin: Float32[np.ndarray, "side side"],
    eyes: Sequence[Float32[np.ndarray, "points 2"]],
    unit: float,
) -> Bool[np.ndarray, "side side"]:
    """Where glasses lie on a level sRGB-coded crop of a face, rims and all; nowhere where none are worn.

    `eyes` are their outlines and `unit` the distance between them, in pixels.
    """
    inside = np.zeros(skin.shape, np.uint8)
    if missed(skin, eyes, unit) <= thresholds.WORN:
        return inside > 0
    rims, clear = rims_of(coded, eyes, unit)
    if clear > thresholds.RIM_CLEAR:
        cv2.fillPoly(inside, [np.round(rim).astype(np.int32) for rim in rims], 1)
    return np.asarray(cv2.dilate(inside, _disc(2 * thresholds.RIM_BEYOND * unit, 2 * thresholds.RIM_BEYOND * unit)) > 0)


def missed(skin: Float[np.ndarray, "side side"], eyes: Sequence[Float[np.ndarray, "_ 2"]], unit: float) -> float:
    """Share of the skin round the eyes that the mask misses."""
    inner = np.zeros(skin.shape, np.uint8)
    cv2.fillPoly(inner, [np.round(eye).astype(np.int32) for eye in eyes], 1)
    around = (cv2.dilate(inner, _disc(thresholds.ROUND_EYES[0] * unit, thresholds.ROUND_EYES[1] * unit)) > 0) & (inner == 0)
    return float((skin[around] < 0.5).mean())


def rims_of(
    coded: Float[np.ndarray, "side side 3"], eyes: Sequence[Float[np.ndarray, "_ 2"]], unit: float
) -> tuple[list[Float32[np.ndarray, "angles 2"]], float]:
    """The outlines of both lenses, and how clear they are on average."""
    lines = _lines(coded, unit)
    rims, clear = zip(*(_rim(lines, eye, unit) for eye in eyes), strict=True)
    return list(rims), float(np.mean(clear))


def _lines(coded: Float[np.ndarray, "side side 3"], unit: float) -> Float32[np.ndarray, "side side"]:
    """How much a pixel differs, in log light, from what lies to both sides of it."""
    light = np.log(np.maximum(coded.mean(-1), 0.03)).astype(np.float32)
    kernel = _disc(thresholds.THICKEST * unit, thresholds.THICKEST * unit)
    either = [cv2.morphologyEx(light, how, kernel) for how in (cv2.MORPH_BLACKHAT, cv2.MORPH_TOPHAT)]
    return np.asarray(
        cv2.GaussianBlur(np.clip(np.maximum(*either), 0, thresholds.CLEAREST), (0, 0), thresholds.LINE_BLUR * unit)
    )


def _rim(
    lines: Float[np.ndarray, "side side"], eye: Float[np.ndarray, "points 2"], unit: float
) -> tuple[Float32[np.ndarray, "angles 2"], float]:
    """The outline of a lens, and how clear a line three quarters of it are."""
    turn = np.linspace(0, 2 * np.pi, ANGLES, endpoint=False)[:, None]
    radii = unit * np.linspace(thresholds.LENS_NEAREST, thresholds.LENS_FARTHEST, RADII)
    left, up = eye.mean(0)
    x = (left + radii * np.cos(turn)).astype(np.float32)
    y = (up + thresholds.LENS_DROP * unit + thresholds.LENS_HEIGHT * radii * np.sin(turn)).astype(np.float32)
    gains = cv2.remap(lines, x - 0.5, y - 0.5, cv2.INTER_LINEAR)
    there = np.arange(ANGLES), _dearest_loop(gains)
    return np.stack([x[there], y[there]], 1), float(np.quantile(gains[there], thresholds.RIM_SHARE))


def _dearest_loop(gains: Float32[np.ndarray, "angles radii"]) -> Int[np.ndarray, "angles"]:
    """The radius at each angle along the path that gains most."""
    thrice = np.concatenate([gains] * 3)
    change = np.arange(-STEEPEST, STEEPEST + 1)
    came = np.arange(gains.shape[1]) + change[:, None]
    outside = (came < 0) | (came >= gains.shape[1])
    came = came.clip(0, gains.shape[1] - 1)
    cost = np.where(outside, np.inf, thresholds.BEND * np.abs(change)[:, None])
    sofar, steps = thrice[0], []
    for gain in thrice[1:]:
        ways = sofar[came] - cost
        best = ways.argmax(0)
        steps.append(came[best, np.arange(len(best))])
        sofar = gain + ways.max(0)
    path = [int(sofar.argmax())]
    for step in reversed(steps):
        path.append(int(step[path[-1]]))
    return np.array(path[::-1])[len(gains) : 2 * len(gains)]


def _disc(width: float, height: float) -> UInt8[np.ndarray, "rows columns"]:
    return np.asarray(cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (round(width) | 1, round(height) | 1)))
