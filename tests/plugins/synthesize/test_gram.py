"""Matching correlations: the loss falls, held texels stay, the same call gives the same bytes; the paper's preset."""

import json

import facetex_model_zoo as zoo
import numpy as np
import pytest
import torch
from facetex_cli.main import main
from facetex_plugins.describe.network import SmallExtractor, Vgg19Extractor
from facetex_plugins.synthesize.complete import CompleteSynthesizer
from facetex_plugins.synthesize.gram import GramSynthesizer
from facetex_plugins.synthesize.texture.completion import confidence
from facetex_plugins.synthesize.texture.gram_match import correlations_of, match_correlations, match_strengths
from facetex_plugins.synthesize.texture.onnx_torch import read_network
from foreign import stand_in, true_vgg19, write_bfm
from numpy.testing import assert_allclose, assert_array_equal
from PIL import Image
from sampled import aim, tiny_fit, tiny_texture, view_of
from skimage import data

from facetex_core import ConfigError, Registry, Texture, load_preset
from facetex_core.config import FITTER
from facetex_core.descriptors.bank import cells_of
from facetex_core.descriptors.bank_file import save_bank
from facetex_core.descriptors.correlations import relative_error
from facetex_core.progress import listening
from facetex_core.texture.regions import skin_texels
from facetex_core.workbench.bank_builder.gather import Exemplar, gather

LAYERS = ("conv1_1", "conv2_1", "conv3_1")
SIZE = 128


@pytest.fixture(scope="module")
def network():
    return read_network(zoo.model_path("descriptor"), LAYERS)


def skin(size=64, seed=0, contrast=0.15):
    """A skin tone with noise of two scales."""
    from scipy.ndimage import gaussian_filter

    noise = np.random.default_rng(seed).normal(size=(size, size))
    grain = gaussian_filter(noise, 1) * 2 + gaussian_filter(noise, 4) * 6
    return np.clip(np.array([0.45, 0.28, 0.2]) * np.exp(contrast * grain[..., None]), 0, 1).astype(np.float32)


def described(rgb, extractor=None):
    """Correlations of a picture all of which counts, its border too."""
    seen = Texture(rgb, np.ones(rgb.shape[:2], np.float32))
    return (extractor or SmallExtractor(margin=0)).describe(seen)[0]


def match(network, start, wanted, *, free=None, iterations=8, enough=0.0):
    """The picture, and the steps that were reported."""
    steps, ones = [], np.ones(start.shape[:2], np.float32)
    free = ones if free is None else free
    options = {"iterations": iterations, "enough": enough, "progress": lambda *step: steps.append(step)}
    return match_correlations(network, start, free, ones, wanted, **options), steps


def error(rgb, wanted):
    """The sum that is minimised."""
    return sum(value**2 for value in relative_error(described(rgb), wanted).values())


def test_matching_brings_a_flat_picture_near_to_the_wanted_correlations(network):
    wanted, start = described(skin(seed=5)), skin(contrast=0.01)
    found, steps = match(network, start, wanted)
    assert error(found, wanted) < 0.2 * error(start, wanted)
    assert steps == [(step, 8) for step in range(1, 9)]
    assert np.isfinite(found).all()


def test_more_steps_come_nearer(network):
    wanted, start = described(skin(seed=5)), skin(contrast=0.01)
    errors = [error(match(network, start, wanted, iterations=count)[0], wanted) for count in (1, 4, 16)]
    assert errors == sorted(errors, reverse=True)


def test_texels_that_are_not_free_stay_to_the_bit(network):
    free = np.zeros((64, 64), np.float32)
    free[20:50, 8:40] = 1
    start = skin(contrast=0.01)
    found, _ = match(network, start, described(skin(seed=5)), free=free)
    assert_array_equal(found[free == 0], start[free == 0])
    assert np.abs(found - start)[free > 0].max() > 0.01


def test_recovers_the_strengths_of_bands_that_made_the_picture(network):
    flat = np.full((64, 64, 3), (0.45, 0.28, 0.2), np.float32)
    bands = np.stack([np.log(skin(seed=seed, contrast=contrast) / flat) for seed, contrast in ((1, 0.02), (2, 0.04))])
    made = flat * np.exp(1.3 * bands[0] + 0.4 * bands[1])
    ones = np.ones((64, 64), np.float32)
    wanted = correlations_of(network, "descriptor", made, ones)
    found = match_strengths(network, flat, bands, ones, wanted, iterations=20)
    assert_allclose(found, [1.3, 0.4], atol=0.1)  # the coded change is only about 1 / 2.2 of the linear one


def test_the_same_call_gives_the_same_bytes(network):
    first, second = (match(network, skin(contrast=0.01), described(skin(seed=5)))[0] for _ in range(2))
    assert first.tobytes() == second.tobytes()


def test_the_wanted_picture_itself_is_left_at_once(network):
    picture = skin(seed=5)
    found, steps = match(network, picture, described(picture), enough=1e-6)
    assert steps == []
    assert_allclose(found, picture, atol=1e-3)


def test_it_ends_when_the_loss_is_small_enough(network):
    _, steps = match(network, skin(contrast=0.01), described(skin(seed=5)), iterations=50, enough=0.05)
    assert 0 < len(steps) < 25


@pytest.fixture(scope="module")
def wanted():
    return described(skin(SIZE, seed=5))


def seen_texture(hidden=None):
    """The tiny texture with grain; all of it seen but `hidden`."""
    grain = np.exp(0.05 * np.random.default_rng(1).normal(size=(SIZE, SIZE, 1)))
    texture, visibility = tiny_texture(SIZE), np.ones((SIZE, SIZE), np.float32)
    texture = Texture((texture.rgb * grain).clip(0, 1).astype(np.float32), visibility)
    if hidden is not None:
        visibility[hidden] = 0
    return Texture(np.where(visibility[..., None] > 0, texture.rgb, 0).astype(np.float32), visibility)


BROAD = slice(20, 60), slice(0, SIZE)
ONE_SIDE = slice(0, SIZE), slice(0, SIZE // 2)


def synthesized(synthesizer, texture, wanted, seed=0):
    """The texture, and the steps that were reported."""
    steps = []
    with listening(lambda *step: steps.append(step)):
        return synthesizer.synthesize(view_of(texture), aim(wanted), np.random.default_rng(seed)), steps


@pytest.mark.parametrize("synthesizer", [GramSynthesizer(2), CompleteSynthesizer(2)], ids=["gram", "complete"])
@pytest.mark.parametrize("hidden", [None, BROAD, ONE_SIDE], ids=["nothing", "broad", "one side"])
def test_a_whole_texture_comes_back_and_the_same_again(synthesizer, hidden, wanted):
    texture = seen_texture(hidden)
    found, _ = synthesized(synthesizer, texture, wanted)
    again, _ = synthesized(synthesizer, texture, wanted)
    assert found.rgb.tobytes() == again.rgb.tobytes()
    assert found.rgb.shape == texture.rgb.shape
    assert found.rgb.min() > 0.001
    assert found.rgb.max() <= 1
    assert_array_equal(found.visibility, texture.visibility)
    assert_array_equal(texture.rgb, seen_texture(hidden).rgb)


@pytest.mark.parametrize("hidden", [BROAD, ONE_SIDE], ids=["broad", "one side"])
def test_completing_keeps_what_the_photo_shows(hidden, wanted):
    texture, fit = seen_texture(hidden), tiny_fit()
    found, _ = synthesized(CompleteSynthesizer(3), texture, wanted)
    kept = (confidence(texture, fit) == 1) & skin_texels(fit.model, SIZE).inside
    assert kept.mean() > 0.15
    assert_allclose(found.rgb[kept], texture.rgb[kept], rtol=0, atol=1e-6)  # one rounding


def test_strengths_are_matched_where_skin_is_hidden_on_both_sides_and_nowhere_else(wanted):
    _, steps = synthesized(CompleteSynthesizer(3), seen_texture(BROAD), wanted)
    assert steps == [(1, 3), (2, 3), (3, 3)]
    for hidden, iterations in ((None, 3), (ONE_SIDE, 3), (BROAD, 0)):
        assert synthesized(CompleteSynthesizer(iterations), seen_texture(hidden), wanted)[1] == []


def test_gram_reports_every_step_and_nears_the_target(wanted):
    texture = seen_texture()
    (short, _), (longer, steps) = (synthesized(GramSynthesizer(count), texture, wanted) for count in (1, 12))
    assert steps == [(step, 12) for step in range(1, 13)]
    assert np.abs(short.rgb - longer.rgb).max() > 1e-3


def test_a_face_of_which_nothing_is_surely_seen_is_completed_from_the_model(wanted):
    faint = Texture(seen_texture().rgb, np.full((SIZE, SIZE), 0.1, np.float32))
    found, _ = synthesized(CompleteSynthesizer(0), faint, wanted)
    assert np.isfinite(found.rgb).all()


def test_layers_that_the_bank_lacks_are_named(wanted):
    with pytest.raises(ConfigError, match=r"no layer conv9_9; it has: conv1_1, conv2_1, conv3_1"):
        synthesized(CompleteSynthesizer(3, layers="conv9_9"), seen_texture(BROAD), wanted)


def test_the_paper_s_preset_resolves_and_runs_on_foreign_models_only_when_they_are_there(tmp_path, monkeypatch, capsys):
    recipe, registry = load_preset("paper"), Registry()
    chosen = {role: choice.name for role, choice in recipe.stages.items()}
    assert (chosen["fitter"], chosen["descriptor_extractor"], chosen["synthesizer"]) == ("saito", "vgg19", "gram")
    assert chosen.pop("light_estimator") == FITTER
    for role, choice in recipe.stages.items():
        for name in choice.name.split("+") if role in chosen else ():
            assert {*choice.options} <= {option.name for option in registry.find(role, name).options}
    monkeypatch.setenv("FACETEX_HOME", str(tmp_path / "nothing"))
    assert main(["run", str(astronaut(tmp_path)), "-o", str(tmp_path / "out"), "--preset", "paper"]) == 2
    assert "model 'bfm'" in capsys.readouterr().err


def astronaut(folder):
    path = folder / "astronaut.png"
    Image.fromarray(data.astronaut()).save(path)
    return path


@pytest.fixture
def foreign_home(shared, tmp_path, monkeypatch):
    """A user who has added both models."""
    monkeypatch.setenv("FACETEX_HOME", str(tmp_path / "home"))
    assert main(["zoo", "add", "bfm", str(write_bfm(tmp_path / "model2019_bfm.h5", stand_in()))]) == 0
    assert main(["zoo", "add", "vgg19", str(true_vgg19(shared))]) == 0
    return tmp_path


def bank_of(extractor, path, size=256):
    """Two exemplars: skin with weak and with strong grain."""
    side = round(0.6875 * size)
    exemplars = []
    for seed, name in enumerate(("weak", "strong")):
        texture = Texture(skin(side, seed, 0.05 + 0.1 * seed), np.ones((side, side), np.float32))
        cells, (face,) = extractor.describe(texture, cells_of(4, side)), extractor.describe(texture)
        exemplars.append(Exemplar(name, cells, face, texture.rgb[::32, ::32]))
    save_bank(gather(exemplars, size, np.zeros((0, 2), np.float32)), path)
    return path


def test_the_paper_s_preset_delivers_a_head(foreign_home, capsys):
    bank, out = bank_of(Vgg19Extractor(), foreign_home / "vgg19.bank"), foreign_home / "out"
    words = ["--preset", "paper", "--bank", bank, "--size", 256, "--set", "synthesizer.iterations=2"]
    assert main(["run", str(astronaut(foreign_home)), "-o", str(out), *map(str, words)]) == 0
    said = json.loads((out / "facetex.json").read_text("utf-8"))
    assert {"bfm", "vgg19"} <= set(said["models"])
    assert said["commercial_use"]["not_free"] == ["shape and expressions"]
    assert said["commercial_use"]["not_stated"] == ["texture of the hidden skin"]  # the bank is nobody's but the user's
    assert (out / "head.glb").stat().st_size > 100_000
    albedo = np.asarray(Image.open(out / "albedo.png")).astype(float)
    assert 60 < albedo[100:170, 100:156].mean() < 230


def test_a_bank_of_another_network_is_named_in_one_line(foreign_home, capsys):
    photo, out = str(astronaut(foreign_home)), str(foreign_home / "out")
    capsys.readouterr()
    assert main(["run", photo, "-o", out, "--preset", "paper", "--size", "256"]) == 2
    line = capsys.readouterr().err
    assert "facetex bank build FOLDER --descriptor vgg19 -o FILE.bank" in line
    assert line.count("error: ") == 1


def test_a_bank_with_other_layers_is_named_in_one_line(tmp_path, capsys):
    words = ["--preset", "draft", "--size", "256", "--set", "descriptor_extractor.layers=conv1_1"]
    assert main(["run", str(astronaut(tmp_path)), "-o", str(tmp_path / "out"), *words]) == 2
    assert "conv2_1" in capsys.readouterr().err


def test_torch_is_left_as_it_was_found(network):
    before = torch.is_grad_enabled(), torch.get_num_threads(), torch.get_default_dtype()
    match(network, skin(contrast=0.01), described(skin(seed=5)), iterations=1)
    assert (torch.is_grad_enabled(), torch.get_num_threads(), torch.get_default_dtype()) == before
