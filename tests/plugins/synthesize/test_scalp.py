"""Hair on the scalp: where it grows, in the photo's colour, and none where the photo shows a bald head."""

from dataclasses import replace

import numpy as np
import pytest
from facetex_plugins.fit.basis import BasisFitter
from facetex_plugins.synthesize.texture.scalp import strokes, with_hair
from sampled import all_skin, tiny_fit, tiny_texture, view_of

from facetex_core import Fit, Photo, Segmentation
from facetex_core.geometry.camera import orbit_camera
from facetex_core.imaging.colour import luminance
from facetex_core.texture.regions import region, skin_texels

SIZE = 512
SKIN, HAIR = np.float32([0.5, 0.35, 0.28]), np.float32([0.05, 0.03, 0.02])


@pytest.fixture(scope="module")
def model():
    return BasisFitter().model


def view_with(model, hairy):
    """A photo whose ground is hair-coloured, and which is hair all over by `hairy`."""
    rest = np.zeros(len(model.identity), np.float32), np.zeros(len(model.expression), np.float32)
    camera = orbit_camera(model.mean.mean(0), yaw=0, distance=0.8, width_seen=0.35, size=(400, 400))
    photo = Photo(np.broadcast_to(HAIR, (400, 400, 3)).copy(), "made.png")
    view = view_of(tiny_texture(64), Fit(model, *rest, camera), photo=photo)
    told = {"skin": np.full((400, 400), 1 - hairy, np.float32), "hair": np.full((400, 400), hairy, np.float32)}
    return replace(view, observation=replace(all_skin(photo), segmentation=Segmentation(told)))


def made(view, always=False):
    rgb = np.broadcast_to(SKIN, (SIZE, SIZE, 3)).copy()
    return with_hair(rgb, view, np.random.default_rng(0), always=always)


def test_hair_covers_the_scalp_in_the_photo_s_colour_and_nothing_else(model):
    rgb = made(view_with(model, 1.0))
    grown = region(model, "hair", SIZE)
    scalp, face = grown > 0.95, (region(model, "face", SIZE) > 0.9) & skin_texels(model, SIZE).inside
    assert np.median(luminance(rgb)[scalp]) < 0.4 * luminance(SKIN)
    assert (np.abs(rgb[face] - SKIN).max(1) > 0.01).mean() < 0.01  # but for tips at the hairline
    tones = np.median(rgb[scalp], axis=0)
    assert np.allclose(tones / tones.sum(), HAIR / HAIR.sum(), atol=0.08)


def test_a_bald_head_stays_bald_unless_hair_is_asked_for(model):
    view = view_with(model, 0.0)
    np.testing.assert_array_equal(made(view), np.broadcast_to(SKIN, (SIZE, SIZE, 3)))
    assert (np.abs(made(view, always=True) - SKIN).max(2) > 0.05).mean() > 0.1


def test_hair_recedes_where_the_photo_shows_skin(model):
    view = view_with(model, 1.0)
    told = dict(view.observation.segmentation.probabilities)
    told["hair"] = told["hair"] * (np.arange(400) < 200)
    told["skin"] = 1 - told["hair"]
    half = replace(view, observation=replace(view.observation, segmentation=Segmentation(told)))
    darker = luminance(SKIN) - luminance(made(half))
    row = np.arange(SIZE)[:, None] / SIZE
    front = (region(model, "hair", SIZE) > 0.9) & (row > 0.12) & (row < 0.25)
    left, right = (darker[front & side].mean() for side in (np.arange(SIZE) > SIZE / 2, np.arange(SIZE) < SIZE / 2))
    assert right > 1.25 * left


def test_strokes_are_the_seed_s_and_lean_away_from_the_crown(model):
    grown = model.regions["hair"]
    one, again, other = (strokes(model, grown, 256, np.random.default_rng(seed))[0] for seed in (0, 0, 1))
    np.testing.assert_array_equal(one, again)
    assert np.abs(one - other).max() > 0.5


def test_a_model_that_does_not_know_where_hair_grows_stays_as_it_is():
    view = view_of(tiny_texture(64), tiny_fit())
    rgb = np.array(view.albedo.rgb)
    assert with_hair(rgb, view, np.random.default_rng(0), always=True) is rgb
