"""The default completion takes the decoder's detail where it can read what is wanted, and goes on without it elsewhere."""

import numpy as np
import pytest
from facetex_plugins.describe.network import SmallExtractor
from facetex_plugins.synthesize.complete import CompleteSynthesizer
from facetex_plugins.synthesize.texture.completion import confidence
from facetex_plugins.synthesize.texture.decoder import decoded_part
from numpy.testing import assert_allclose
from sampled import aim, tiny_fit, tiny_texture, view_of

from facetex_core import Descriptor, Texture
from facetex_core.progress import listening
from facetex_core.texture.regions import plain_skin, region, skin_texels

SIZE = 256
RIGHT = np.arange(SIZE) > np.full((SIZE, 1), 0.5 * SIZE)
LOWER = np.arange(SIZE)[:, None] > np.full(SIZE, 0.33 * SIZE)


def shown(hidden):
    """The tiny face with grain and without a part."""
    grain = np.exp(0.03 * np.random.default_rng(1).normal(size=(SIZE, SIZE, 1)))
    rgb = (tiny_texture(SIZE).rgb * grain).clip(0, 1)
    return Texture((rgb * ~hidden[..., None]).astype(np.float32), np.where(hidden, 0, 1).astype(np.float32))


@pytest.fixture(scope="module")
def wanted():
    skin = plain_skin(tiny_fit().model, SIZE)[None].astype(np.float32)
    return SmallExtractor().describe(Texture(shown(LOWER & RIGHT).rgb, np.ones((SIZE, SIZE), np.float32)), skin)[0]


def test_the_decoders_part_is_the_face_without_the_inside_of_the_nose():
    fit, size = tiny_fit(), 256
    part, nostrils = decoded_part(fit, size), region(fit.model, "nostrils", size)
    assert 0 <= part.min() < part.max() <= 1
    assert part[nostrils > 0.9 * nostrils.max()].max() < 0.3
    assert part[region(fit.model, "cheeks", size) > 0.5].min() > 0.9
    assert part[region(fit.model, "scalp", size) > 0.9].max() < 0.1


def narrowed(wanted):
    """The same without a layer that the decoder reads."""
    layers = ("conv1_1", "conv2_1")
    return Descriptor(wanted.network, {layer: wanted.correlations[layer] for layer in layers}, wanted.support)


def completed(texture, wanted, iterations=0):
    found = CompleteSynthesizer(iterations).synthesize(view_of(texture), aim(wanted), np.random.default_rng(0))
    return np.log(found.rgb)


@pytest.mark.parametrize("hidden", [RIGHT, LOWER], ids=["one side", "both"])
def test_the_decoder_lays_what_is_hidden_of_the_face_and_nothing_else(hidden, wanted):
    texture, fit = shown(hidden), tiny_fit()
    with_it, without = completed(texture, wanted), completed(texture, narrowed(wanted))
    skin = skin_texels(fit.model, SIZE).inside
    own, inside = confidence(texture, fit), decoded_part(fit, SIZE)
    for same in (own == 1, inside == 0):
        assert (same & skin).sum() > 1000
        assert_allclose(with_it[same & skin], without[same & skin], rtol=0, atol=1e-5)
    laid = (own == 0) & (inside > 0.9) & skin
    assert np.abs(with_it - without)[laid].mean() > 0.005


def test_what_is_hidden_on_both_sides_is_polished_with_the_decoder_too(wanted):
    steps = []
    with listening(lambda *step: steps.append(step)):
        polished = completed(shown(LOWER), wanted, iterations=3)
    assert steps == [(1, 3), (2, 3), (3, 3)]
    assert np.abs(polished - completed(shown(LOWER), wanted)).max() > 1e-3


@pytest.mark.parametrize("layers", [("conv1_1", "conv2_1"), ("conv1_1",)])
def test_correlations_that_the_decoder_cannot_read_are_matched_as_far_as_they_go(layers, wanted):
    fewer = Descriptor(wanted.network, {layer: wanted.correlations[layer] for layer in layers}, wanted.support)
    assert np.isfinite(completed(shown(LOWER), fewer, iterations=2)).all()
