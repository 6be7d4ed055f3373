"""A head without its texture: grey, and its normals as colours."""

from dataclasses import replace

import numpy as np
import pytest
from sampled import tiny_head

from facetex_core.delivery.pictures_of_shape import shape_pictures
from facetex_core.geometry.camera import portrait_camera
from facetex_core.imaging.colour import to_bytes
from facetex_core.lighting.studio import ground

SIDE = 80


def pictures(yaw, relief=None):
    head = tiny_head()
    fit = replace(head.fit, expression=np.zeros_like(head.fit.expression))
    return shape_pictures(fit, head.detail.normals if relief is None else relief, portrait_camera(fit, yaw, SIDE))


def covered(picture):
    return (np.abs(picture.astype(int) - to_bytes(ground(SIDE, SIDE))) > 2).any(-1)


def test_the_head_is_grey_and_lit_from_the_viewer_s_upper_left():
    grey, _ = pictures(0)
    shown = grey[covered(grey)].astype(int)
    assert np.ptp(shown, axis=1).max() <= 1
    assert grey[25, 28, 0] > grey[55, 52, 0] + 10


@pytest.mark.parametrize("yaw", [0, 90])
def test_normals_point_as_their_colours_say(yaw):
    _, normals = pictures(yaw)
    rows, columns = np.nonzero(covered(normals))
    at = {
        "left": normals[SIDE // 2, columns.min() + 1],
        "right": normals[SIDE // 2, columns.max() - 1],
        "top": normals[rows.min() + 1, SIDE // 2],
        "bottom": normals[rows.max() - 1, SIDE // 2],
    }
    assert at["left"][0] < 70
    assert at["right"][0] > 185
    assert at["bottom"][1] < 70
    assert at["top"][1] > 185
    assert normals[SIDE // 2, SIDE // 2][2] > 240


def test_relief_bends_the_normals():
    leaning = np.zeros((64, 64, 3), np.float32)
    leaning[:] = np.float32([0, 0.6, 0.8])
    flat, bent = (pictures(0, relief)[1][SIDE // 2, SIDE // 2].astype(float) / 127.5 - 1 for relief in (None, leaning))
    assert np.degrees(np.arccos((flat @ bent) / np.linalg.norm(flat) / np.linalg.norm(bent))) == pytest.approx(36.9, abs=1.5)
    assert bent[1] > flat[1] + 0.4
