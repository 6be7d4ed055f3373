"""Figures by which a portrait is taken into a bank or not."""

import numpy as np
import pytest
from sampled import tiny_fit

from facetex_core import Face
from facetex_core.geometry.camera import orbit_camera
from facetex_core.workbench.bank_builder.portrait_quality import _gap, complaint, pitch_degrees
from facetex_core.workbench.bank_builder.thresholds import LIMITS

FINE = {name: (limit.least + min(limit.most, limit.least + 1)) / 2 for name, limit in LIMITS.items()}


def test_an_open_mouth_is_measured_in_distances_of_the_eyes():
    landmarks = np.zeros((68, 2), np.float32)
    landmarks[[36, 45]] = (0, 0), (200, 0)
    landmarks[[62, 66]] = (100, 150), (100, 180)
    face = Face(np.float32([0, 0, 1, 1]), landmarks, np.zeros((0, 2), np.float32), 1.0)
    assert _gap(face) == pytest.approx(30 / 200)


def test_a_head_is_raised_where_the_camera_stands_below_it():
    assert pitch_degrees(
        orbit_camera(np.zeros(3, np.float32), yaw=30.0, distance=1.0, width_seen=0.3, size=(9, 9))
    ) == pytest.approx(0, abs=1e-3)
    turned = tiny_fit().camera.world_to_camera.copy()
    turn = np.radians(12)
    turned[:3, :3] = np.array([[1, 0, 0], [0, np.cos(turn), -np.sin(turn)], [0, np.sin(turn), np.cos(turn)]]) @ np.diag(
        [1, -1, -1]
    )
    camera = orbit_camera(np.zeros(3, np.float32), yaw=0.0, distance=1.0, width_seen=0.3, size=(9, 9))
    assert abs(pitch_degrees(type(camera)(camera.intrinsics, turned, camera.size))) == pytest.approx(12, abs=1e-3)


def test_a_portrait_within_its_limits_has_no_complaint():
    assert complaint(FINE) == ""


@pytest.mark.parametrize("name", LIMITS)
def test_a_figure_at_its_limit_is_taken_and_one_beyond_it_is_told(name):
    limit = LIMITS[name]
    for edge, beyond in ((limit.least, -0.01), (limit.most, 0.01)):
        assert complaint({**FINE, name: edge}) == ""
        if np.isfinite(edge):
            assert complaint({**FINE, name: edge + beyond}).startswith(limit.said.split("{}")[0])
