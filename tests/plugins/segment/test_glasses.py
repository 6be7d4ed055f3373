"""Glasses: rims and what they frame are no skin; faces without are left as they are."""

import cv2
import numpy as np
import pytest
from facetex_plugins.segment.glasses import within_rims

SIDE, UNIT = 512, 131.0
MIDDLES = ((190, 240), (322, 240))
LENS = (54, 40)


def ellipse(axes, middle, count=40):
    turn = np.linspace(0, 2 * np.pi, count, endpoint=False)
    return np.stack([middle[0] + axes[0] * np.cos(turn), middle[1] + axes[1] * np.sin(turn)], 1).astype(np.float32)


def inside(axes, drop=0):
    shape = np.zeros((SIDE, SIDE), np.uint8)
    for x, y in MIDDLES:
        cv2.ellipse(shape, (x, y + drop), axes, 0, 0, 360, 1, -1)
    return shape > 0


def face(rim):
    """Skin with grain, brows and eyes, and thin rims of this much light (of skin: 0.6) or none."""
    picture = 0.6 + 0.02 * np.random.default_rng(0).standard_normal((SIDE, SIDE)).astype(np.float32)
    picture[inside((20, 9))] = 0.25
    picture[inside((38, 5), drop=-34)] = 0.3
    if rim is not None:
        for x, y in MIDDLES:
            cv2.ellipse(picture, (x, y + 8), LENS, 0, 0, 360, rim, 3, cv2.LINE_AA)
    return np.repeat(picture[..., None], 3, -1)


EYES = [ellipse((20, 9), middle) for middle in MIDDLES]


@pytest.mark.parametrize("rim", [0.35, 0.95])
def test_a_rim_that_the_mask_missed_is_covered(rim):
    skin = 1 - inside((40, 24), drop=8).astype(np.float32)
    covered = within_rims(face(rim), skin, EYES, UNIT)
    lens, beyond = inside(LENS, drop=8), inside((74, 60), drop=8)
    assert covered[lens].all()
    assert not covered[~beyond].any()


def test_nothing_is_covered_where_the_mask_misses_nothing_round_the_eyes():
    skin = 1 - inside((20, 9)).astype(np.float32)
    assert not within_rims(face(None), skin, EYES, UNIT).any()
    assert not within_rims(face(0.35), skin, EYES, UNIT).any()


def test_eyes_in_hard_shadow_wear_no_glasses():
    skin = 1 - inside((40, 24), drop=8).astype(np.float32)
    assert not within_rims(face(None), skin, EYES, UNIT).any()
