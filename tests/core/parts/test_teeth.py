"""Teeth, gums and tongue: behind the lips of the photo, seen when the jaw opens, in their colours."""

import numpy as np
import pytest
from facetex_model_zoo import model_path
from facetex_plugins.fit.behind_lips import behind_lips
from numpy.testing import assert_allclose
from sampled import tiny_model

from facetex_core.geometry.landmarks import UPPER_LIP
from facetex_core.geometry.model_file import load_morphable_model
from facetex_core.geometry.raycast import Scene
from facetex_core.geometry.uv_raster import all_texels, interpolate
from facetex_core.parts.eyes import paint_parts
from facetex_core.parts.teeth import ENAMEL, GUMS, JAW_DROP, TONGUE, paint_gums, rows_of, upper_gums
from facetex_core.structures import Texture

SMILE = {
    "mouthSmileLeft": 0.8,
    "mouthSmileRight": 0.8,
    "mouthUpperUpLeft": 0.8,
    "mouthUpperUpRight": 0.8,
    "mouthShrugUpper": 0.6,
}


@pytest.fixture(scope="module")
def model():
    return load_morphable_model(model_path("face_basis"))


def head(model, shapes):
    weights = np.float32([shapes.get(name, 0) for name in model.expression_names])
    return model.vertices(np.zeros(len(model.identity), np.float32), weights)


def lip_of(model, vertices):
    """The lowest point of the upper lip's edge in the middle."""
    number = UPPER_LIP[2]
    corners = model.mesh.triangles[model.embedding.dense_triangles[number]]
    return model.embedding.dense_barycentric[number] @ vertices[corners]


def front_of(model, vertices):
    """The upper teeth behind that point."""
    row = vertices[rows_of(model)["upper"]]
    return row[np.abs(row[:, 0]) < 0.003]


def first_seen(model, vertices, points):
    """The part that rays along the line of sight meet at each point."""
    origins = np.column_stack([points[:, :2], np.full(len(points), 0.3)]).astype(np.float32)
    ways = np.tile(np.float32([0, 0, -1]), (len(points), 1))
    triangle = Scene(vertices, model.mesh.triangles).first_hits(origins, ways)[0]
    names = np.array(list(model.mesh.parts))
    starts = np.array([which.start for which in model.mesh.parts.values()])
    return names[np.searchsorted(starts, triangle, "right") - 1]


def test_a_raised_lip_shows_teeth_and_gums_and_no_darkness(model):
    smiling = head(model, SMILE)
    smiling = smiling + behind_lips(model, smiling)
    lip, tips = lip_of(model, smiling), front_of(model, smiling)[:, 1].min()
    x, y = np.meshgrid(np.linspace(-0.01, 0.01, 21), np.linspace(tips + 0.0005, lip[1] - 0.0005, 15))
    seen = first_seen(model, smiling, np.stack([x.ravel(), y.ravel()], 1))
    assert "mouth" not in seen
    assert (seen == "teeth").mean() > 0.05


@pytest.mark.parametrize("jaw", [0.3, 0.6, 1.0])
def test_an_open_jaw_shows_crowns_and_tongue(model, jaw):
    opened = head(model, {"jawOpen": jaw})
    x, y = np.meshgrid(np.linspace(-0.03, 0.03, 61), np.linspace(-0.08, -0.02, 61))
    seen = first_seen(model, opened, np.stack([x.ravel(), y.ravel()], 1))
    assert (seen == "teeth").sum() > 5
    assert (seen == "gums").sum() > (seen == "mouth").sum()


def test_closed_lips_hide_the_teeth(model):
    x, y = np.meshgrid(np.linspace(-0.03, 0.03, 121), np.linspace(-0.05, -0.02, 121))
    seen = first_seen(model, model.mean, np.stack([x.ravel(), y.ravel()], 1))
    assert (seen != "skin").mean() < 3e-4


def test_the_jaw_carries_lower_teeth_and_tongue_and_nothing_of_the_upper_row(model):
    opened = head(model, {"jawOpen": 1.0}) - model.mean
    assert not opened[rows_of(model)["upper"]].any()
    assert not opened[upper_gums(model), 1].min() < -JAW_DROP
    assert opened[rows_of(model)["lower"], 1].max() < -0.01


def test_teeth_do_not_stand_out_of_the_lip(model):
    pressed = head(model, {"mouthRollUpper": 1.0, "mouthUpperUpLeft": 0.5, "mouthUpperUpRight": 0.5})
    assert front_of(model, pressed)[:, 2].max() > lip_of(model, pressed)[2]
    settled = pressed + behind_lips(model, pressed)
    assert front_of(model, settled)[:, 2].max() < lip_of(model, settled)[2]


def test_at_rest_nothing_moves_and_gums_go_with_the_row(model):
    assert not behind_lips(model, head(model, {})).any()
    pressed = head(model, {"mouthRollUpper": 1.0, "mouthUpperUpLeft": 0.5, "mouthUpperUpRight": 0.5})
    moves = behind_lips(model, pressed)
    moved = rows_of(model)["upper"] | upper_gums(model)
    assert len(np.unique(moves[moved], axis=0)) == 1
    assert moves[moved, 2].max() < 0
    assert not moves[~moved].any()


def test_a_model_without_teeth_has_none_to_move():
    model = tiny_model()
    assert behind_lips(model, model.mean) is None


@pytest.mark.parametrize("which", ["upper", "lower"])
def test_crowns_are_white_from_the_tip_to_the_gum(model, which):
    size = 512
    skin = Texture(np.full((size, size, 3), 0.4, np.float32), np.ones((size, size), np.float32))
    painted = paint_parts(model, skin, {}).rgb
    texels = all_texels(model, size)
    row = interpolate(texels, model.mesh, rows_of(model)[which][:, None].astype(np.float32))[..., 0] > 0.5
    points = interpolate(texels, model.mesh, model.mean)
    front = row & (np.abs(points[..., 0]) < 0.012) & (points[..., 2] > 0.098)
    height = points[..., 1][front] - points[..., 1][front].min()
    share = height / height.max() if which == "upper" else 1 - height / height.max()
    assert painted[front][share < 0.4].mean(0) == pytest.approx(ENAMEL, abs=0.05)
    blue, red = painted[front][:, 2], painted[front][:, 0]
    assert (blue / red)[share > 0.9].mean() < 0.9 * (blue / red)[share < 0.4].mean()


def test_the_tongue_is_redder_than_the_gums_and_the_throat_is_dark():
    points = np.float32([[0, 0, 0.10], [0.02, 0, 0.10], [0, 0, 0.08], [0, 0, 0.0]])
    front, side, tongue, throat = paint_gums(points, np.ones(4, bool))
    assert_allclose(front, GUMS, atol=1e-6)
    assert_allclose(side, GUMS, atol=1e-6)
    assert_allclose(tongue, TONGUE, atol=1e-6)
    assert throat.max() < 0.1 * TONGUE.max() + 1e-6
    assert_allclose(paint_gums(points, np.zeros(4, bool))[2], GUMS, atol=1e-6)
