"""Teeth: behind the lips of the photo, whole in the middle, white as far as crowns reach."""

import numpy as np
import pytest
from facetex_model_zoo import model_path
from facetex_plugins.fit.behind_lips import behind_lips
from sampled import tiny_model

from facetex_core.geometry.landmarks import UPPER_LIP
from facetex_core.geometry.model_file import load_morphable_model
from facetex_core.geometry.uv_raster import all_texels, interpolate
from facetex_core.parts.eyes import paint_parts
from facetex_core.parts.teeth import rows_of
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


def test_no_slit_opens_between_a_raised_lip_and_the_teeth(model):
    smiling = head(model, SMILE)
    lip = lip_of(model, smiling)[1]
    assert front_of(model, smiling)[:, 1].max() < lip - 0.002
    settled = smiling + behind_lips(model, smiling)
    assert front_of(model, settled)[:, 1].max() > lip


def test_teeth_do_not_stand_out_of_the_lip(model):
    pressed = head(model, {"mouthRollUpper": 1.0, "mouthUpperUpLeft": 0.5, "mouthUpperUpRight": 0.5})
    assert front_of(model, pressed)[:, 2].max() > lip_of(model, pressed)[2]
    settled = pressed + behind_lips(model, pressed)
    assert front_of(model, settled)[:, 2].max() < lip_of(model, settled)[2]


def test_at_rest_only_the_gap_in_the_middle_closes(model):
    moves = behind_lips(model, head(model, {}))
    assert not moves[:, 1:].any()
    settled = model.mean + moves
    for row in rows_of(model).values():
        moved = settled[row & (moves[:, 0] != 0)]
        assert len(moved) == 14
        assert not moved[:, 0].any()


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
    enamel = painted[front][:, 1] > 0.35
    assert enamel[share < 0.75].mean() > 0.97
    assert not enamel[share > 0.99].any()
