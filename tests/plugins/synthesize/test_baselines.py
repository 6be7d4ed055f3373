"""The baselines among the synthesizers are what they say."""

import numpy as np
import pytest
import toy_stages as toys
from facetex_plugins.synthesize.baselines import LowFrequencySynthesizer, MirrorSynthesizer, PcaSynthesizer
from facetex_plugins.synthesize.quilting import _beyond_path, quilt
from facetex_plugins.synthesize.texture.completion import confidence
from numpy.testing import assert_allclose, assert_array_equal
from sampled import aim, tiny_appearance, tiny_fit, view_of

from facetex_core import Texture
from facetex_core.lighting.estimate_lighting import albedo_model
from facetex_core.texture.expected_albedo import expected_albedo
from facetex_core.texture.regions import plain_skin, region

SIZE = 128


def skin(columns=SIZE):
    """Grainy skin; so many columns of the face were seen."""
    visibility = region(tiny_fit().model, "face", SIZE) * (np.arange(SIZE) < columns)
    noise = np.exp(np.random.default_rng(0).normal(0, 0.03, (SIZE, SIZE, 1)))
    rgb = np.array([0.45, 0.28, 0.2]) * noise * (visibility[..., None] > 0)
    return Texture(rgb.astype(np.float32), visibility.astype(np.float32))


@pytest.fixture
def half():
    return skin(SIZE // 2)


@pytest.fixture
def wanted():
    return aim(toys.ToyDescriptor().describe(skin())[0])


def test_the_mirror_is_taken_as_it_is(half, wanted):
    fit = tiny_fit()
    own = confidence(half, fit)
    found = MirrorSynthesizer().synthesize(view_of(half, fit), wanted, np.random.default_rng(0)).rgb
    mirrored = (own == 0) & (own[:, ::-1] == 1) & (plain_skin(fit.model, SIZE) > 0.9)
    neither = (own == 0) & (own[:, ::-1] == 0) & (region(fit.model, "face", SIZE) > 0.9)
    assert mirrored.mean() > 0.03
    assert_allclose(found[mirrored], half.rgb[:, ::-1][mirrored], atol=1e-6)
    assert_allclose(found[neither], expected_albedo(tiny_appearance(), SIZE)[neither], atol=1e-6)


def test_low_frequency_has_no_detail_of_its_own(half, wanted):
    fit = tiny_fit()
    found = LowFrequencySynthesizer().synthesize(view_of(half, fit), wanted, np.random.default_rng(0)).rgb
    hidden = (confidence(half, fit) == 0) & (region(fit.model, "face", SIZE) > 0.9)
    assert_allclose(found[hidden], expected_albedo(tiny_appearance(), SIZE)[hidden], atol=1e-6)


def test_modes_are_told_by_what_is_seen(wanted):
    """A face of the model whose one half is seen comes back whole, though the fit says another tone."""
    fit = tiny_fit()
    model = albedo_model(fit.model)
    tone = np.exp(model.mean + np.tensordot(np.array([-1.0, 0.5, 0.0], np.float32), model.modes, 1))
    visibility = (np.arange(128) < 64)[None] * np.ones((128, 1), np.float32)
    texture = Texture((tone * visibility[..., None]).astype(np.float32), visibility.astype(np.float32))
    found = PcaSynthesizer().synthesize(view_of(texture, fit), wanted, np.random.default_rng(0)).rgb
    hidden = (visibility == 0) & (region(fit.model, "face", SIZE) > 0.9)
    assert_allclose(found[hidden], tone[hidden], rtol=0.03)
    assert np.abs(expected_albedo(tiny_appearance(), SIZE)[hidden] / tone[hidden] - 1).mean() > 0.3


def quilted(usable, side=12, seed=0):
    generator = np.random.default_rng(0)
    sample = generator.normal(size=(64, 64, 3)).astype(np.float32)
    return sample, quilt(sample, usable, np.ones((64, 64), bool), side, np.random.default_rng(seed))


def test_a_quilt_is_sewn_of_usable_texels_only():
    usable = np.zeros((64, 64), bool)
    usable[10:40, 5:45] = True
    sample, found = quilted(usable)
    allowed = {tuple(texel) for texel in sample[usable]}
    assert all(tuple(texel) in allowed for texel in found.reshape(-1, 3))
    assert not np.array_equal(found, quilted(usable, seed=1)[1])


def test_a_quilt_of_stripes_goes_on_with_the_stripes():
    """Seams of least difference: a sample with a period of 8 texels is continued without a break along the stripes."""
    stripes = np.broadcast_to(np.sin(np.arange(64) * np.pi / 4)[None, :, None], (64, 64, 3)).astype(np.float32)
    found = quilt(stripes, np.ones((64, 64), bool), np.ones((64, 64), bool), 12, np.random.default_rng(0))
    phase = next(shift for shift in range(8) if np.allclose(np.roll(stripes, shift, 1)[:, :8], found[:, :8], atol=1e-5))
    assert_allclose(found, np.roll(stripes, phase, 1), atol=1e-5)


def test_without_a_whole_patch_there_is_no_quilt():
    assert not quilted(np.zeros((64, 64), bool))[1].any()


def test_the_seam_runs_where_the_difference_is_least():
    error = np.ones((5, 6), np.float32)
    path = [1, 2, 3, 3, 4]
    error[np.arange(5), path] = 0
    assert_array_equal(_beyond_path(error).argmax(1), path)
