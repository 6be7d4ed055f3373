"""Lashes have the brows' colour, and are the darker the more the photo's stand out."""

from dataclasses import replace

import numpy as np
import pytest
from facetex_plugins.fit.basis import BasisFitter
from facetex_plugins.paint.lashes import lash_colour
from facetex_plugins.paint.thresholds import LASH_ALBEDO
from sampled import tiny_fit, tiny_texture, view_of

from facetex_core import Fit, Photo
from facetex_core.geometry.camera import project
from facetex_core.imaging.colour import luminance
from facetex_core.texture.regions import region

SIZE = 256
LID = np.float32([0.5, 0.35, 0.28])


@pytest.fixture(scope="module")
def view():
    tiny, model = tiny_fit(), BasisFitter().model
    rest = np.zeros(len(model.identity), np.float32), np.zeros(len(model.expression), np.float32)
    camera = tiny.camera
    large = replace(camera, intrinsics=camera.intrinsics * np.float32([[4], [4], [1]]), size=(640, 800))
    photo = Photo(np.broadcast_to(LID, (800, 640, 3)).copy(), "tiny.jpg")
    return view_of(tiny_texture(SIZE), Fit(model, *rest, large), photo=photo)


def with_lashes(view, darkness):
    """The photo with the lids' edges painted."""
    which = view.fit.model.regions["lashes"] > 0.3
    x, y = np.floor(project(view.fit.camera, view.fit.vertices[which])).astype(int).T
    rgb = view.photo.rgb.copy()
    rgb[y, x] *= darkness
    return replace(view, observation=replace(view.observation, photo=replace(view.photo, rgb=rgb)))


def albedo_with_brows(view, hair):
    brows = region(view.fit.model, "brows", SIZE)[..., None] > 0.5
    return np.where(brows, np.float32(hair), LID).astype(np.float32)


def test_strong_lashes_are_darker_than_fine_ones(view):
    albedo = albedo_with_brows(view, (0.1, 0.07, 0.05))
    fine, strong = (luminance(lash_colour(with_lashes(view, darkness), albedo)) for darkness in (1.0, 0.05))
    assert strong < 0.4 * fine


def test_fair_brows_have_fair_lashes(view):
    fair, dark = (lash_colour(view, albedo_with_brows(view, hair)) for hair in ((0.3, 0.2, 0.1), (0.04, 0.03, 0.02)))
    assert luminance(fair) > 2 * luminance(dark)
    assert LASH_ALBEDO[0] <= dark.min() <= fair.max() <= np.float32(LASH_ALBEDO[1])


def test_a_model_without_lashes_has_no_colour_for_them():
    view = view_of(tiny_texture(SIZE), tiny_fit())
    assert lash_colour(view, view.lit.rgb) is None
