"""The delighter's network: nearer to a known albedo than harmonics, beards are no shade, foreign maps are told."""

from dataclasses import replace
from functools import cache

import numpy as np
from facetex_plugins.delight.harmonics import HarmonicsDelighter
from facetex_plugins.delight.network import NetworkDelighter, network_maps
from facetex_plugins.fit.basis import BasisFitter
from numpy.testing import assert_allclose
from sampled import tiny_fit, view_of

from facetex_core import Fit, Texture
from facetex_core.imaging.colour import encode_srgb
from facetex_core.lighting.estimate_lighting import estimate_appearance, normal_map
from facetex_core.lighting.harmonics import ambient, shade
from facetex_core.texture.regions import plain_skin, region, resize_texture
from facetex_core.texture.unwrap import unwrap
from facetex_core.workbench.evaluation.albedo import albedo_error
from facetex_core.workbench.evaluation.synthetic import sample_case

SIZE = 256
SEEDS = (910_001, 910_002)


@cache
def head(seed):
    """A made-up head as photographed and unwrapped, with the light that is found, and its true albedo."""
    model = BasisFitter().model
    case = sample_case(model, seed)
    about = case.truth.about
    coefficients = (np.array(about[name], np.float32) for name in ("identity", "expression"))
    fit = Fit(model, *coefficients, case.truth.camera)
    lit = unwrap(case.photo, fit, np.ones(case.photo.rgb.shape[:2], np.float32), SIZE)
    whole = Texture(case.truth.albedo, np.ones(case.truth.albedo.shape[:2], np.float32))
    return lit_by_itself(lit, fit), resize_texture(whole, SIZE)


def lit_by_itself(lit, fit):
    return view_of(lit, fit, estimate_appearance(lit, fit))


def skin_of(*textures):
    seen = np.all([texture.visibility > 0.1 for texture in textures], axis=0)
    return seen & (plain_skin(BasisFitter().model, SIZE) > 0.5)


def test_is_nearer_to_the_true_albedo_than_harmonics():
    errors = {"network": [], "harmonics": []}
    for seed in SEEDS:
        view, true = head(seed)
        found = {"network": NetworkDelighter().delight(view), "harmonics": HarmonicsDelighter().delight(view)}
        seen = skin_of(*found.values())
        for name, texture in found.items():
            errors[name].append(albedo_error(true, texture, seen, view.fit).even_psnr)
    assert np.mean(errors["network"]) > np.mean(errors["harmonics"]) + 1


def test_a_beard_is_no_shade():
    """Chin and lower cheeks with hair of a third of the skin's albedo, in even light."""
    view, true = head(SEEDS[0])
    lit, fit = view.lit, view.fit
    down = np.linspace(0, 1, SIZE, dtype=np.float32)[:, None]
    beard = region(fit.model, ("chin", "cheeks"), SIZE) * np.clip((down - 0.55) / 0.02, 0, 1)
    beard *= np.random.default_rng(0).uniform(0.6, 1.4, beard.shape).astype(np.float32)
    wanted = true.rgb * np.exp(-1.1 * beard)[..., None]
    rgb = wanted * shade(ambient(1.4), normal_map(fit, SIZE)) * (lit.visibility[..., None] > 0)
    grown = Texture(rgb.astype(np.float32), lit.visibility)
    bearded = lit_by_itself(grown, fit)
    steps = [step_at(beard, each.delight(bearded)) for each in (NetworkDelighter(), HarmonicsDelighter())]
    asked = step_at(beard, Texture(wanted.astype(np.float32), lit.visibility))
    assert steps[0] < 0.4 * asked < 0  # half of what the model does not expect is drawn to it
    assert steps[0] < steps[1] - 0.03


def step_at(beard, texture):
    """By how much hair is darker than skin, in logarithms of coded values."""
    seen, light = skin_of(texture), np.log(encode_srgb(texture.rgb).mean(-1) + 1e-3)
    return light[seen & (beard > 0.5)].mean() - light[seen & (beard < 0.05)].mean()


def test_the_same_albedo_at_every_size():
    view, _ = head(SEEDS[1])
    small = replace(view, lit=resize_texture(view.lit, SIZE // 2))
    large, little = NetworkDelighter().delight(view), NetworkDelighter().delight(small)
    seen = (little.visibility > 0.3) & (plain_skin(view.fit.model, SIZE // 2) > 0.5)
    apart = np.abs(encode_srgb(resize_texture(large, SIZE // 2).rgb) - encode_srgb(little.rgb))[seen]
    assert apart.mean() < 0.012  # of coded values: what resizing does to pores


def test_what_is_hidden_has_no_say():
    view, _ = head(SEEDS[1])
    lit, fit = view.lit, view.fit
    maps, shading = network_maps(*planes(lit, fit))
    noisy = replace(lit, rgb=np.where(lit.visibility[..., None] > 0, lit.rgb, 0.7).astype(np.float32))
    again, also = network_maps(*planes(noisy, fit))
    assert_allclose(again, maps)
    assert_allclose(also, shading)


def planes(lit, fit):
    """The network's inputs at the side of a small map."""
    still = np.concatenate([np.full((SIZE, SIZE, 3), -1.5, np.float32), np.ones((SIZE, SIZE, 1), np.float32)], -1)
    normals = normal_map(fit, SIZE)
    return lit.rgb, lit.visibility, normals, normals, still


def test_on_a_foreign_map_light_is_in_harmonics_and_the_user_is_told(said):
    fit = tiny_fit()
    seen = region(fit.model, "face", SIZE)
    lit = Texture((0.4 * np.ones((SIZE, SIZE, 3)) * (seen[..., None] > 0)).astype(np.float32), seen)
    view = lit_by_itself(lit, fit)
    found = NetworkDelighter(flatten=0.9, matte=0.9).delight(view)
    assert said == ["the network knows no UV map like that of 'tiny': harmonics instead"]
    assert_allclose(found.rgb, HarmonicsDelighter().delight(view).rgb)


def test_where_nothing_is_seen_nothing_is_made():
    view, _ = head(SEEDS[0])
    dark = Texture(np.zeros_like(view.lit.rgb), np.zeros_like(view.lit.visibility))
    assert NetworkDelighter().delight(replace(view, lit=dark)) is dark
