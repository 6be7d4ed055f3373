"""What is foretold of hidden skin: the blend, what it leaves unexplained of the face, and the face's mirror."""

from dataclasses import replace

import numpy as np
import pytest
import toy_stages as toys
from facetex_plugins.predict.hidden_skin import carried_over, hidden_from, predict_hidden
from facetex_plugins.predict.own import BlendPredictor, OwnPredictor
from facetex_plugins.predict.thresholds import BLEND_RIDGE, WORTHWHILE
from facetex_plugins.solve.affine import LeastSquaresSolver
from sampled import tiny_fit

from facetex_core import Descriptor, OwnDescriptors, Texture
from facetex_core.descriptors.bank import coefficients_under, supports, under_mask, whole_skin
from facetex_core.descriptors.correlations import merge, mix, relative_error
from facetex_core.workbench.bank_builder.gather import Exemplar, gather

LAYER, CHANNELS, MASS = "a", 6, 20.0
LEFT, RIGHT = (0, 2), (1, 3)
"""Cells of two by two."""
NOTHING = np.zeros((CHANNELS, CHANNELS), np.float32)


def cell(manner, generator, noise):
    features = (manner + noise * generator.normal(size=manner.shape)) @ np.eye(CHANNELS)
    return Descriptor("net", {LAYER: np.asarray(features @ features.T, np.float32)}, {LAYER: MASS})


def face_of(generator, apart=0.0, noise=0.05):
    """Four cells; `apart`: how much the right half is of another manner than the left."""
    manner, other = (1 + 0.4 * generator.normal(size=(CHANNELS, CHANNELS)) for _ in range(2))
    sides = manner, (1 - apart) * manner + apart * other
    return tuple(cell(sides[number % 2], generator, noise) for number in range(4))


def bank_of(generator, count=40, apart=0.0):
    albedo = np.full((4, 4, 3), 0.4, np.float32)
    faces = [face_of(generator, apart) for _ in range(count)]
    return gather(
        [Exemplar(str(number), cells, merge(cells), albedo) for number, cells in enumerate(faces)],
        128,
        np.zeros((0, 2), np.float32),
    )


def only(cells, shown):
    """The face where these cells are seen."""
    return tuple(
        each if number in shown else Descriptor("net", {LAYER: NOTHING}, {LAYER: 0.0}) for number, each in enumerate(cells)
    )


def half_seen(cells):
    """The left half, and its mirror: cells are their own mirrors in all but the side."""
    flipped = tuple(cells[number ^ 1] for number in range(4))
    return OwnDescriptors(only(cells, LEFT), only(flipped, RIGHT))


@pytest.fixture
def generator():
    return np.random.default_rng(5)


def blend_of(bank, own):
    return LeastSquaresSolver(BLEND_RIDGE).solve(merge(own.seen), under_mask(bank, own.seen))


def test_a_face_that_no_blend_explains_is_told_better_by_what_it_shows_of_itself(generator):
    bank, gains = bank_of(generator, count=8), []
    for _ in range(10):
        face = face_of(generator)
        own, hidden = half_seen(face), only(face, RIGHT)
        weights = blend_of(bank, own)
        found = predict_hidden(bank, weights, own, {LAYER: supports(hidden, LAYER)})
        errors = [relative_error(each, merge(hidden))[LAYER] for each in (found, mix(under_mask(bank, hidden), weights))]
        gains.append(errors[0] / errors[1])
    assert max(gains) < 1
    assert np.mean(gains) < 0.7


def test_exemplars_left_out_are_explained_as_if_the_bank_had_never_held_them(generator):
    bank = bank_of(generator, count=9, apart=0.2)
    face = face_of(generator)
    seen, hidden = half_seen(face).seen, {LAYER: supports(only(face, RIGHT), LAYER)}
    known, unknown = (
        coefficients_under(bank, LAYER, support).astype(float) for support in (supports(seen, LAYER), hidden[LAYER])
    )
    scaled = known / np.sqrt((known**2).sum(1).mean())
    both = alone = 0.0
    for number in range(9):
        others = np.arange(9) != number
        matrix = scaled[others] @ scaled[others].T + BLEND_RIDGE * np.eye(8)
        weights = np.linalg.solve(matrix, scaled[others] @ scaled[number])
        left, lost = known[number] - weights @ known[others], unknown[number] - weights @ unknown[others]
        energy = (unknown[number] ** 2).sum()
        both, alone = both + left @ lost / energy, alone + left @ left / energy
    assert WORTHWHILE < both / alone < 1
    assert carried_over(bank, seen, hidden)[LAYER] == pytest.approx(both / alone, rel=1e-4)


@pytest.mark.parametrize(("apart", "least", "most"), [(0.0, 0.8, 1.0), (1.0, 0.0, 0.0)], ids=["alike", "unrelated"])
def test_much_is_carried_over_where_the_halves_of_faces_are_alike(generator, apart, least, most):
    bank = bank_of(generator, apart=apart)
    face = face_of(generator)
    hidden = {LAYER: supports(only(face, RIGHT), LAYER)}
    assert least <= carried_over(bank, half_seen(face).seen, hidden)[LAYER] <= most


def test_a_mirror_that_shows_no_more_than_is_seen_has_no_say(generator):
    bank, face, stranger = bank_of(generator), face_of(generator), face_of(generator)
    seen, hidden = only(face, LEFT), {LAYER: supports(face, LAYER)}
    weights = blend_of(bank, OwnDescriptors(seen, ()))
    found = [predict_hidden(bank, weights, OwnDescriptors(seen, only(mirrored, LEFT)), hidden) for mirrored in (face, stranger)]
    np.testing.assert_array_equal(*(each.correlations[LAYER] for each in found))


def test_what_is_seen_is_wanted_as_it_is(generator):
    bank, face = bank_of(generator), face_of(generator)
    own = OwnDescriptors(face, face)
    wanted = OwnPredictor().predict(bank, blend_of(bank, own), own)
    assert hidden_from(bank, face)[LAYER].sum() == 0
    np.testing.assert_allclose(wanted.correlations[LAYER], merge(face).correlations[LAYER], rtol=1e-5)


def test_of_half_a_face_the_hidden_half_is_wanted(generator):
    bank, face = bank_of(generator), face_of(generator)
    own = half_seen(face)
    weights = blend_of(bank, own)
    told = predict_hidden(bank, weights, own, hidden_from(bank, own.seen))
    wanted = OwnPredictor().predict(bank, weights, own)
    np.testing.assert_array_equal(wanted.correlations[LAYER], told.correlations[LAYER])


def test_without_a_predictor_the_blend_of_whole_faces_is_wanted(generator):
    bank, face = bank_of(generator), face_of(generator)
    own = half_seen(face)
    weights = blend_of(bank, own)
    wanted = BlendPredictor().predict(bank, weights, own)
    np.testing.assert_array_equal(wanted.correlations[LAYER], mix(whole_skin(bank), weights).correlations[LAYER])


@pytest.fixture
def pipeline(tmp_path):
    return toys.toy_pipeline(tmp_path)


def test_a_target_has_whole_faces_for_whoever_redraws_features(generator, pipeline):
    bank, face = bank_of(generator), face_of(generator)
    own = half_seen(face)
    weights = blend_of(bank, own)
    target = replace(pipeline, bank=bank).target(weights, own)
    np.testing.assert_array_equal(target.whole.correlations[LAYER], mix(bank.faces, weights).correlations[LAYER])
    np.testing.assert_array_equal(target.plain.correlations[LAYER], mix(whole_skin(bank), weights).correlations[LAYER])
    faceless = replace(pipeline, bank=replace(bank, faces=())).target(weights, own)
    assert faceless.whole is faceless.plain


def test_the_mirror_is_the_face_flipped_left_to_right(pipeline):
    visible = np.ones((128, 128), np.float32)
    visible[:, 64:] = 0
    texture, fit = Texture(np.full((128, 128, 3), 0.4, np.float32) * visible[..., None], visible), tiny_fit()
    own = pipeline.own(texture, fit)
    for layer in pipeline.bank.support:
        seen, mirrored = (supports(cells, layer).reshape(pipeline.bank.grid, -1) for cells in (own.seen, own.mirrored))
        assert seen.sum() > 0
        np.testing.assert_allclose(mirrored, seen[:, ::-1], atol=1e-3 * seen.max())
