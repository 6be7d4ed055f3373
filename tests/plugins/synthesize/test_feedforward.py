"""The decoder: keeps what is seen, carries what is wanted, at any size; refuses descriptors that it was not trained for."""

import facetex_model_zoo as zoo
import numpy as np
import onnxruntime
import pytest
from facetex_plugins.describe.network import SmallExtractor
from facetex_plugins.synthesize.feedforward import FeedforwardSynthesizer
from facetex_plugins.synthesize.texture.completion import confidence
from facetex_plugins.synthesize.texture.decoder import DECODER_SIZE
from numpy.testing import assert_allclose, assert_array_equal
from sampled import aim, tiny_appearance, tiny_fit, view_of

from facetex_core import ConfigError, Descriptor, Texture
from facetex_core.descriptors.correlations import relative_error
from facetex_core.testing import SynthesizerContract
from facetex_core.texture.expected_albedo import expected_albedo
from facetex_core.texture.regions import plain_skin, region, skin_texels


class TestFeedforwardSynthesizer(SynthesizerContract):
    make = FeedforwardSynthesizer


def grainy(grain, size=DECODER_SIZE):
    """The tiny face in the tone of its fit, its pores of this deviation."""
    from scipy.ndimage import gaussian_filter

    noise = gaussian_filter(np.random.default_rng(0).normal(size=(size, size, 1)), (1, 1, 0))
    return (expected_albedo(tiny_appearance(), size) * np.exp(grain * noise / noise.std())).astype(np.float32)


def shown(rgb, hidden):
    """The face without a part."""
    seen = region(tiny_fit().model, "face", len(rgb)) * ~hidden
    return Texture((rgb * (seen[..., None] > 0)).astype(np.float32), seen.astype(np.float32))


def lower(size=DECODER_SIZE):
    return np.arange(size)[:, None] > np.full(size, 0.33 * size)


def right(size=DECODER_SIZE):
    return np.arange(size) > np.full((size, 1), 0.5 * size)


def described(rgb, window):
    """Correlations of the picture under the window."""
    return SmallExtractor().describe(Texture(rgb, np.ones(rgb.shape[:2], np.float32)), window[None].astype(np.float32))[0]


def completed(texture, wanted):
    return FeedforwardSynthesizer().synthesize(view_of(texture), aim(wanted), np.random.default_rng(0)).rgb


@pytest.fixture(scope="module")
def skin():
    return plain_skin(tiny_fit().model, DECODER_SIZE) > 0.5


def test_what_the_photo_shows_stays(skin):
    rgb = grainy(0.02)
    texture = shown(rgb, right())
    found = completed(texture, described(rgb, skin))
    kept = (confidence(texture, tiny_fit()) == 1) & skin_texels(tiny_fit().model, DECODER_SIZE).inside
    assert kept.mean() > 0.1
    assert_allclose(found[kept], rgb[kept], rtol=0, atol=1e-6)


def test_hidden_skin_carries_the_wanted_correlations_better_than_low_frequency_does(skin):
    rgb, hidden = grainy(0.02), lower()
    wanted, texture = described(rgb, skin), shown(rgb, hidden)
    unseen = skin & (confidence(texture, tiny_fit()) == 0)
    far, near = (
        relative_error(described(each, unseen), described(rgb, unseen))
        for each in (expected_albedo(tiny_appearance(), DECODER_SIZE), completed(texture, wanted))
    )
    assert near["conv3_1"] < 0.6 * far["conv3_1"]
    assert sum(near.values()) < 0.7 * sum(far.values())  # the mean colour, most of conv1_1, is exact in the smooth fill


def test_more_is_laid_where_coarser_skin_is_wanted(skin):
    texture = shown(grainy(0.015), lower())
    unseen = skin & (confidence(texture, tiny_fit()) == 0)
    energies = []
    for grain in (0.008, 0.06):
        found = np.log(completed(texture, described(grainy(grain), skin))).mean(-1)
        energies.append(np.square(found - np.roll(found, 1, 0))[unseen].mean())
    assert energies[1] > 1.15 * energies[0]


@pytest.mark.parametrize("size", [128, 256, 1024])
def test_every_size_keeps_what_is_seen_and_is_whole(size, skin):
    rgb = grainy(0.02, size)
    texture = shown(rgb, lower(size))
    found = completed(texture, described(grainy(0.02), skin))
    kept = (confidence(texture, tiny_fit()) == 1) & skin_texels(tiny_fit().model, size).inside
    assert found.shape == rgb.shape
    assert found.min() > 0
    assert_allclose(found[kept], rgb[kept], rtol=0, atol=1e-6)


def finest(light):
    """What is lost at half the size."""
    half = light.reshape(len(light) // 2, 2, -1, 2).mean((1, 3))
    return light - np.kron(half, np.ones((2, 2)))


def test_a_large_map_has_octaves_that_a_small_one_cannot_hold(skin):
    rgb = grainy(0.02, 1024)
    found = np.log(completed(shown(rgb, right(1024)), described(grainy(0.02), skin))).mean(-1)
    unseen = (plain_skin(tiny_fit().model, 1024) > 0.9) & (confidence(shown(rgb, right(1024)), tiny_fit()) == 0)
    fine = [
        each - np.kron(each.reshape(512, 2, 512, 2).mean((1, 3)), np.ones((2, 2))) for each in (found, np.log(rgb).mean(-1))
    ]
    energies = [np.square(each)[unseen].mean() for each in fine]
    assert 0.3 < energies[0] / energies[1] < 3


def test_a_face_of_which_nothing_is_surely_seen_is_completed(skin):
    rgb = grainy(0.02)
    faint = Texture(rgb, np.full((DECODER_SIZE, DECODER_SIZE), 0.05, np.float32))
    assert np.isfinite(completed(faint, described(rgb, skin))).all()


@pytest.mark.parametrize(
    ("network", "layers"), [("pyramid", ("bands",)), ("vgg19", ("conv1_1", "conv2_1", "conv3_1")), ("descriptor", ("conv1_1",))]
)
def test_correlations_that_it_was_not_trained_for_are_refused_with_what_to_take_instead(network, layers):
    foreign = Descriptor(network, {layer: np.eye(16, dtype=np.float32) for layer in layers}, dict.fromkeys(layers, 1.0))
    with pytest.raises(ConfigError, match=r"descriptor small with a bank of it, or the synthesizer complete"):
        completed(shown(grainy(0.02), lower()), foreign)


def test_the_file_is_small_and_its_inputs_are_those_of_the_card():
    path = zoo.model_path("feedforward")
    assert path.stat().st_size < 1.5e6
    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    assert [each.name for each in session.get_inputs()] == ["maps", "noise", "conv1_1", "conv2_1", "conv3_1"]
    assert_array_equal([session.get_inputs()[0].shape[1], session.get_outputs()[0].shape[1]], [18, 3])
