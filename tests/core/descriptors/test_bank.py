"""Banks: cells under any mask, small files, and banks that do not belong together."""

from dataclasses import replace

import numpy as np
import pytest
from facetex_plugins.describe.pyramid import PyramidExtractor
from facetex_plugins.describe.random import RandomExtractor
from sampled import tiny_model

from facetex_core import Bank, ConfigError, Descriptor, Registry, Texture, load_preset
from facetex_core.descriptors.bank import (
    cells_of,
    layout_of,
    refuse_foreign,
    refuse_other_descriptor,
    under_mask,
    warn_of_few,
    whole_skin,
)
from facetex_core.descriptors.bank_file import load_bank, save_bank
from facetex_core.descriptors.compression import pack_symmetric, principal, unpack_symmetric
from facetex_core.descriptors.correlations import merge, relative_error
from facetex_core.io.photo_file import load_photo
from facetex_core.observe import FrontHalf
from facetex_core.workbench.bank_builder.examine import PortraitExaminer
from facetex_core.workbench.bank_builder.gather import Exemplar, gather, merged

LAYER, CHANNELS = "a", 6


def exemplar(name, generator, cells=4):
    """Each face has a manner of its own, each cell varies it."""
    manner = generator.normal(size=(CHANNELS, CHANNELS))
    parts = []
    for _ in range(cells):
        features = (manner + 0.2 * generator.normal(size=manner.shape)) @ generator.normal(size=(CHANNELS, 50))
        support = {LAYER: float(generator.uniform(10, 20))}
        parts.append(Descriptor("net", {LAYER: np.asarray(features @ features.T / 50, np.float32)}, support))
    albedo = generator.uniform(0.2, 0.6, (4, 4, 3)).astype(np.float32)
    return Exemplar(name, tuple(parts), merge(parts), albedo)


def faces(*names, seed=0):
    generator = np.random.default_rng(seed)
    return [exemplar(name, generator) for name in names]


def bank_of(exemplars):
    return gather(exemplars, 128, layout_of(tiny_model()))


@pytest.fixture
def exemplars():
    return faces(*"abcde")


def test_triangles_keep_distances_and_become_matrices_again():
    generator = np.random.default_rng(0)
    matrices = generator.normal(size=(7, 5, 5)).astype(np.float32)
    matrices += matrices.transpose(0, 2, 1)
    vectors = pack_symmetric(matrices)
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), np.linalg.norm(matrices, axis=(1, 2)), rtol=1e-5)
    np.testing.assert_allclose(unpack_symmetric(vectors), matrices, rtol=1e-5)


@pytest.mark.parametrize("pairs", [21, 630], ids=["more cells than entries", "fewer"])
def test_few_components_hold_what_varies_in_few_ways(pairs):
    generator = np.random.default_rng(0)
    ways = generator.normal(size=(3, pairs)).astype(np.float32)
    vectors = (generator.normal(size=(40, 9, 3)) @ ways).astype(np.float32)
    coefficients, basis = principal(vectors, np.ones((40, 9), np.float32))
    assert len(basis) == 3
    np.testing.assert_allclose(coefficients @ basis, vectors, atol=1e-4)


def test_a_bank_reads_back_as_written(exemplars, tmp_path):
    save_bank(bank_of(exemplars), tmp_path / "x.bank")
    again = load_bank(tmp_path / "x.bank")
    assert (again.network, again.size, again.names, again.grid) == ("net", 128, tuple("abcde"), 2)
    for each, found in zip(exemplars, whole_skin(again), strict=True):
        assert relative_error(found, merge(each.cells))[LAYER] < 0.01  # steps of a quarter of a percent
        assert found.support[LAYER] == pytest.approx(merge(each.cells).support[LAYER])
    for each, face in zip(exemplars, again.faces, strict=True):
        assert relative_error(face, each.face)[LAYER] < 1e-3  # half precision
    np.testing.assert_allclose(again.albedo, [each.albedo for each in exemplars], atol=1e-3)
    assert [path.name for path in tmp_path.iterdir()] == ["x.bank"]


def test_exemplars_under_a_mask_are_made_of_the_cells_that_the_photo_shows(exemplars):
    bank = bank_of(exemplars)
    zero = np.zeros((CHANNELS, CHANNELS), np.float32)
    only_second = tuple(Descriptor("net", {LAYER: zero}, {LAYER: 30.0 if cell == 1 else 0.0}) for cell in range(4))
    for each, found in zip(exemplars, under_mask(bank, only_second), strict=True):
        np.testing.assert_allclose(found.correlations[LAYER], each.cells[1].correlations[LAYER], rtol=1e-3, atol=1e-2)
        assert found.support[LAYER] == pytest.approx(each.cells[1].support[LAYER])


def test_the_bank_that_ships_is_read(root):
    bank = load_bank(root / "model_zoo/facetex_model_zoo/files/default.bank")
    for layer, cells in bank.cells.items():
        assert cells.shape[:2] == bank.support[layer].shape
        middle = whole_skin(bank)[0].correlations[layer]
        np.testing.assert_allclose(middle, middle.T, atol=1e-5 * np.abs(middle).max())
        assert np.linalg.eigvalsh(middle.astype(np.float64)).min() > -0.01 * np.linalg.norm(middle)


def test_merging_keeps_everyone_and_tells_namesakes_apart(exemplars):
    others = faces("a", "f", seed=1)
    both = merged(bank_of(exemplars), bank_of(others))
    assert both.names == ("a", "b", "c", "d", "e", "a-2", "f")
    for each, found in zip([*exemplars, *others], whole_skin(both), strict=True):
        assert relative_error(found, merge(each.cells))[LAYER] < 0.01
    assert len(both.faces) == len(both.albedo) == 7


STRANGERS = {
    "network": lambda bank: replace(bank, network="other"),
    "map size": lambda bank: replace(bank, size=256),
    "layers": lambda bank: replace(bank, cells={"b": bank.cells[LAYER]}, support={"b": bank.support[LAYER]}),
    "UV maps": lambda bank: replace(bank, layout=bank.layout[:, ::-1].copy()),
}


@pytest.mark.parametrize("what", STRANGERS)
def test_banks_that_do_not_belong_together_are_not_merged(exemplars, what):
    bank = bank_of(exemplars)
    with pytest.raises(ConfigError, match=f"cannot be merged: .*{what}"):
        merged(bank, STRANGERS[what](bank))


def test_a_bank_of_another_map_says_how_to_build_one(exemplars):
    bank, model = bank_of(exemplars), tiny_model()
    refuse_foreign(bank, model)
    with pytest.raises(ConfigError, match=r"another UV map .* facetex bank build FOLDER --fitter"):
        refuse_foreign(replace(bank, layout=bank.layout + np.float32(0.1)), model)


def test_a_small_bank_is_called_small_and_an_empty_one_is_refused(said):
    warn_of_few(19)
    assert said == ["only 19 exemplars: a bank predicts well from about 20 on"]
    warn_of_few(20)
    assert len(said) == 1
    with pytest.raises(ConfigError, match="the bank is empty: build one with facetex bank build"):
        warn_of_few(0)


@pytest.mark.parametrize(("name", "extractor"), [("random", RandomExtractor()), ("pyramid", PyramidExtractor())])
def test_a_bank_of_another_descriptor_says_how_to_build_one(exemplars, name, extractor):
    with pytest.raises(ConfigError, match=f"facetex bank build FOLDER --descriptor {name} -o FILE.bank"):
        refuse_other_descriptor(bank_of(exemplars), extractor, f"--descriptor {name}")


def noise(seed, blur, tone=0.4):
    """Skin-coloured grain of a width."""
    import cv2

    grain = np.random.default_rng(seed).normal(size=(128, 128, 1))
    grain = cv2.GaussianBlur(grain, (0, 0), blur)[..., None] if blur else grain
    rgb = tone * np.array([1, 0.7, 0.55]) * np.exp(0.1 * grain / grain.std())
    return Texture(rgb.astype(np.float32), np.ones((128, 128), np.float32))


@pytest.mark.parametrize("extractor", [RandomExtractor(), PyramidExtractor()], ids=["random", "pyramid"])
def test_weightless_descriptors_tell_grains_apart(extractor):
    """Another sample of one grain is nearer than the same tone with another grain, at every layer."""
    (first,), (again,), (coarse,) = (extractor.describe(noise(*each)) for each in ((0, 0.8), (1, 0.8), (2, 2.5)))
    same, other = relative_error(again, first), relative_error(coarse, first)
    for layer in first.correlations:
        if layer != "low":
            assert same[layer] < 0.5 * other[layer]


def test_random_filters_are_the_seed_s_own():
    (one,), (again,), (other,) = (RandomExtractor(seed=seed).describe(noise(0, 0.8)) for seed in (3, 3, 4))
    np.testing.assert_array_equal(one.correlations["scale1"], again.correlations["scale1"])
    assert one.network != other.network


def test_pyramid_bands_answer_to_their_direction():
    """A grating excites the band across its stripes more than any other."""
    ramp = np.sin(np.arange(128) * 2 * np.pi / 3.2)
    rgb = np.broadcast_to(0.4 + 0.1 * ramp[None, :, None], (128, 128, 3)).astype(np.float32)
    (found,) = PyramidExtractor().describe(Texture(rgb.copy(), np.ones((128, 128), np.float32)))
    energies = np.diag(found.correlations["band1"])[:4]
    assert energies.argmax() == 0
    assert energies[0] > 20 * energies[2]


def test_cells_cut_the_square_without_rest():
    np.testing.assert_allclose(cells_of(4, 50).sum(0), 1)


def test_an_exemplar_alone_is_a_bank(exemplars):
    bank: Bank = bank_of(exemplars[:1])
    assert relative_error(whole_skin(bank)[0], merge(exemplars[0].cells))[LAYER] < 0.01


def test_a_portrait_is_taken_and_its_blurred_copy_is_not(shared):
    import cv2

    recipe, registry = load_preset("embedded"), Registry()
    roles = (*FrontHalf.roles(), "descriptor_extractor")
    studio = PortraitExaminer(**{role: recipe.make(role, registry) for role in roles})
    photo = load_photo(max((shared / "data/photos/dev").glob("*.jpg")))
    taken = studio.examine(photo)
    assert taken.refused == ""
    assert len(taken.exemplar.cells) == 64
    assert taken.exemplar.albedo.shape == (32, 32, 3)
    assert (
        taken.exemplar.face.support["conv1_1"] > 1.02 * merge(taken.exemplar.cells).support["conv1_1"]
    )  # brows and lips with it
    soft = replace(photo, rgb=cv2.GaussianBlur(photo.rgb, (0, 0), 2))
    assert studio.examine(soft).refused.startswith("blurred: at this map's size the sharpness is 0.")
    assert studio.examine(replace(photo, rgb=photo.rgb * 0)).refused.startswith("no face found")
