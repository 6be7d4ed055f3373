"""Old and small photographs: damage is no skin, and pores that no pixel shows are made up for."""

from dataclasses import replace

import cv2
import numpy as np
from facetex_model_zoo import model_path
from facetex_plugins.clean.defects import mask_defects
from facetex_plugins.synthesize.texture.completion import low_frequency
from facetex_plugins.synthesize.texture.pores import unresolved_pores
from lit_heads import TONE, fit_at, side_light, skin_under
from sampled import view_of

from facetex_core import Texture
from facetex_core.geometry.model_file import load_morphable_model
from facetex_core.texture.regions import plain_skin, region

SIZE = 128
MODEL = fit_at().model
SKIN = plain_skin(MODEL, SIZE) > 0.95


def skin_with(colour, where):
    rgb = np.where(where[..., None], np.float32(colour), TONE).astype(np.float32)
    return Texture(rgb, np.ones((SIZE, SIZE), np.float32))


def middle():
    rows, columns = np.nonzero(SKIN)
    return int(np.median(rows)), int(np.median(columns))


def scratch():
    where = np.zeros((SIZE, SIZE), bool)
    where[:, middle()[1]] = True
    return where


def test_a_white_scratch_is_hidden_on_skin_and_nothing_else_is():
    found = mask_defects(skin_with([1, 1, 1], scratch()), MODEL)
    assert (found.visibility[scratch() & SKIN] == 0).all()
    assert not found.rgb[found.visibility == 0].any()
    far = np.abs(np.arange(SIZE) - middle()[1]) > 4
    assert (found.visibility[:, far] == 1).all()


def test_a_black_speck_is_hidden_and_a_beard_is_not():
    row, column = middle()
    speck = np.zeros((SIZE, SIZE), bool)
    speck[row, column] = True
    assert mask_defects(skin_with([0.002] * 3, speck), MODEL).visibility[row, column] == 0
    beard = np.zeros((SIZE, SIZE), bool)
    beard[row - 20 : row + 20 : 2] = True
    assert (mask_defects(skin_with([0.002] * 3, beard), MODEL).visibility[row - 8 : row + 8, column] == 1).all()


def specks_round(row, column, reach=10):
    """White dots, two texels apart, around a place."""
    where = np.zeros((SIZE, SIZE), bool)
    where[row - reach : row + reach : 2, column - reach : column + reach : 2] = True
    return where & SKIN


def test_a_white_moustache_is_kept_and_dust_elsewhere_is_not():
    lips = region(MODEL, "lips", SIZE) > 0.5
    top, column = int(np.nonzero(lips)[0].min()), int(np.median(np.nonzero(lips)[1]))
    moustache = specks_round(top - 4, column, 4)
    assert moustache.any()
    assert (mask_defects(skin_with([1, 1, 1], moustache), MODEL).visibility == 1).all()
    lone = specks_round(top - 40, column, 1)
    assert (mask_defects(skin_with([1, 1, 1], lone), MODEL).visibility[lone] == 0).all()


def test_a_lone_white_dot_beside_the_mouth_is_no_whisker():
    size = 1024
    near = cv2.distanceTransform((region(MODEL, "lips", size) <= 0.5).astype(np.uint8), cv2.DIST_L2, 5) < 0.06 * size
    places = np.argwhere(near & (plain_skin(MODEL, size) > 0.95))
    row, column = places[len(places) // 2]
    rgb = np.full((size, size, 3), TONE, np.float32)
    rgb[row, column] = 1
    found = mask_defects(Texture(rgb, np.ones((size, size), np.float32)), MODEL)
    assert found.visibility[row, column] == 0
    assert found.visibility[row, column + 30] == 1


def test_glitter_hides_the_skin_between_where_the_photo_sees_it_from_the_side():
    row, column = middle()[0] - 30, middle()[1]
    glints = specks_round(row, column)
    assert glints.sum() > 50
    straight = skin_with([0.7, 0.65, 0.6], glints)  # too dark for dust
    grazing = replace(straight, visibility=np.full_like(straight.visibility, 0.5))
    inner = slice(row - 3, row + 3), slice(column - 3, column + 3)
    assert (mask_defects(straight, MODEL).visibility[inner] == 1).all()
    assert (mask_defects(grazing, MODEL).visibility[inner] == 0).all()


def test_skin_without_damage_stays_as_it_is():
    texture = skin_with(TONE, scratch())
    found = mask_defects(texture, MODEL)
    np.testing.assert_array_equal(found.rgb, texture.rgb)


def seen_at(scale):
    """The fit whose photo has `scale` as many pixels."""
    fit = fit_at()
    intrinsics = fit.camera.intrinsics * np.float32([[scale], [scale], [1]])
    return replace(fit, camera=replace(fit.camera, intrinsics=intrinsics))


def test_pores_are_made_up_for_only_where_the_photo_is_coarser_than_the_map():
    texture = Texture(np.ones((512, 512, 3), np.float32) * TONE, np.ones((512, 512), np.float32))
    assert not unresolved_pores(texture, seen_at(30), np.random.default_rng(0)).any()
    pores = unresolved_pores(texture, seen_at(0.1), np.random.default_rng(0))
    assert 0.01 < pores.std() < 0.06


def test_hidden_lips_are_coloured_as_those_that_are_seen():
    fit, size = replace(fit_at(), model=load_morphable_model(model_path("face_basis"))), 256
    lips = region(fit.model, "lips", size)
    paint = np.float32([1.2, 0.5, 0.6])
    rgb = (TONE * np.where(lips[..., None] > 0.5, paint, 1)).astype(np.float32)
    rows = np.nonzero((lips > 0.5).any(1))[0]
    seen = np.ones((size, size), np.float32)
    seen[int(np.median(rows)) :] = 0
    base = low_frequency(view_of(Texture(rgb * seen[..., None], seen), fit, skin_under(side_light())), seen)
    hidden = (lips > 0.8) & (seen == 0) & (np.arange(size)[:, None] > np.median(rows) + 5)
    assert hidden.any()
    np.testing.assert_allclose(np.median(base[hidden], axis=0), TONE * paint, rtol=0.1)
