"""Islands of the other parts beside the skin: one that would touch what is there is moved, and its mirror image with it."""

import click
import cv2
import numpy as np
from jaxtyping import Float, Int, UInt8

from training.face_basis.checks import TEXELS
from training.face_basis.source import Arrays

APART = 8
"""Texels between islands and to the map's edges."""
ROOM = 64
"""Texels: what holds no such square is no room for a part."""

Mask = UInt8[np.ndarray, "rows columns"]


def drawn(uvs: Float[np.ndarray, "uvs 2"], triangles: Int[np.ndarray, "triangles 3"], size: int = TEXELS) -> Mask:
    """1 where the triangles touch a texel."""
    mask = np.zeros((size, size), np.uint8)
    for corners in np.round((uvs[triangles] * size - 0.5) * 16).astype(np.int32):
        cv2.fillConvexPoly(mask, corners, 1, cv2.LINE_8, shift=4)
    return mask


def grown(mask: Mask, texels: int) -> Mask:
    """What lies within so many texels."""
    return cv2.dilate(mask, cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * texels + 1, 2 * texels + 1)))


def islands(uvs: Float[np.ndarray, "uvs 2"], triangles: Int[np.ndarray, "triangles 3"]) -> list[Int[np.ndarray, "own 3"]]:
    """Triangles that share texels, as all lashes may, or touch; in the order of the first ones."""
    spots = cv2.connectedComponents(drawn(uvs, triangles), connectivity=8)[1]
    column, row = (uvs[triangles].mean(1) * TEXELS).astype(int).T
    label = spots[row, column]
    return [triangles[label == number] for number in dict.fromkeys(label.tolist())]


def place_for(island: Mask, taken: Mask) -> tuple[int, int]:
    """Rows and columns by which an island moves to where nothing is, as far out as there is room."""
    rows, columns = (np.flatnonzero(island.any(axis)) for axis in (1, 0))
    small = island[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    room = cv2.erode(1 - taken, small, anchor=(0, 0), borderType=cv2.BORDER_CONSTANT, borderValue=0)
    down, across = np.nonzero(room)
    if not len(down):
        raise click.ClickException(f"the map has no room for an island of {len(columns)} x {len(rows)} texels")
    out = np.abs(down + len(rows) / 2 - TEXELS / 2) + across
    best = int(out.argmax())
    return int(down[best] - rows[0]), int(across[best] - columns[0])


def packed(arrays: Arrays) -> Arrays:
    """The basis in whose map nothing lies on anything; moves are whole texels, so that both sides stay mirror images."""
    uvs, corners, skin = arrays["uvs"].copy(), arrays["uv_triangles"], int(arrays["part_ranges"][0, 1])
    taken = grown(drawn(uvs, corners[:skin]), APART)
    taken[:APART], taken[-APART:], taken[:, -APART:], taken[:, : TEXELS // 2] = 1, 1, 1, 1
    every = islands(uvs, corners[skin:])
    middles = np.array([uvs[np.unique(own)].mean(0) for own in every])
    moving, rest = [], []
    for number in np.flatnonzero(middles[:, 0] > 0.5).tolist():
        own = drawn(uvs, every[number])
        if (own & taken).any():
            moving.append((number, own))
        else:
            taken |= own
            rest.append(number)
    taken |= grown(drawn(uvs, np.concatenate([every[k] for k in rest])), APART)
    for number, own in sorted(moving, key=lambda each: -int(each[1].sum())):
        move = np.array(place_for(own, taken)[::-1], np.float32) / TEXELS
        other = int(np.linalg.norm(middles - (1 - middles[number, 0], middles[number, 1]), axis=1).argmin())
        uvs[np.unique(every[number])] += move
        uvs[np.unique(every[other])] += move * np.array([-1, 1], np.float32)
        taken |= grown(drawn(uvs, every[number]), APART)
    return arrays | {"uvs": uvs}


def room(arrays: Arrays) -> float:
    """Share of the map in which a new part finds a place, on both sides alike."""
    taken = grown(drawn(arrays["uvs"], arrays["uv_triangles"]), APART)
    taken[:APART], taken[-APART:], taken[:, :APART], taken[:, -APART:] = 1, 1, 1, 1
    square = np.ones((ROOM, ROOM), np.uint8)
    return float(cv2.morphologyEx(1 - taken, cv2.MORPH_OPEN, square, borderType=cv2.BORDER_CONSTANT, borderValue=0).mean())


def room_line(arrays: Arrays) -> str:
    """In percent of the map."""
    return f"room for new parts, in squares of {ROOM} texels that lie {APART} from all else: {100 * room(arrays):.1f} %"
