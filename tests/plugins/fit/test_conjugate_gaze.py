"""Both eyes of a fitted head look the same way."""

import numpy as np
import pytest
from facetex_plugins.fit.basis import BasisFitter
from facetex_plugins.fit.conjugate_gaze import PAIRS, conjugate
from numpy.testing import assert_allclose, assert_array_equal
from sampled import tiny_model


@pytest.fixture(scope="module")
def model():
    return BasisFitter().model


def test_a_pair_gets_its_mean_and_all_else_stays(model):
    rng, names = np.random.default_rng(0), model.expression_names
    weights = rng.uniform(0, 1, len(names))
    told, left = conjugate(model, weights), np.ones(len(names), bool)
    for pair in PAIRS:
        both = [names.index(name) for name in pair]
        left[both] = False
        assert_allclose(told[both], weights[both].mean())
    assert_array_equal(told[left], weights[left])


@pytest.mark.parametrize(("first", "second"), PAIRS)
def test_both_eyeballs_turn_the_same_way(model, first, second):
    weights = np.zeros(len(model.expression_names))
    weights[model.expression_names.index(first)] = 1
    head = model.vertices(np.zeros(len(model.identity), np.float32), conjugate(model, weights).astype(np.float32))
    ways = []
    for part in ("left_eye", "right_eye"):
        ball = np.unique(model.mesh.triangles[model.mesh.parts[part]])
        apex = ball[model.mean[ball, 2].argmax()]
        ways.append(head[apex] - model.mean[apex])
    assert_allclose(ways[0], ways[1], atol=1.5e-3)
    assert np.linalg.norm(ways[0]) > 0.002


def test_a_model_without_gaze_keeps_its_weights():
    weights = np.arange(len(tiny_model().expression_names), dtype=float)
    assert_array_equal(conjugate(tiny_model(), weights), weights)
