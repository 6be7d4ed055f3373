"""Eyes that are found together look the same way."""

import numpy as np
import pytest
from facetex_plugins.fit.basis import BasisFitter
from facetex_plugins.fit.conjugate_gaze import PAIRS, conjugate, for_both_eyes
from numpy.testing import assert_allclose
from sampled import tiny_model


@pytest.fixture(scope="module")
def model():
    return BasisFitter().model


def test_the_conjugate_model_makes_the_heads_that_weights_for_both_eyes_make(model):
    rng, names = np.random.default_rng(0), model.expression_names
    weights = rng.uniform(0, 1, len(names))
    for _, second in PAIRS:
        weights[names.index(second)] = 0
    rest = np.zeros(len(model.identity), np.float32)
    together = conjugate(model).vertices(rest, weights.astype(np.float32))
    assert_allclose(together, model.vertices(rest, for_both_eyes(model, weights).astype(np.float32)), atol=1e-6)


@pytest.mark.parametrize(("first", "second"), PAIRS)
def test_both_eyeballs_turn_the_same_way(model, first, second):
    weights = np.zeros(len(model.expression_names))
    weights[model.expression_names.index(first)] = 1
    head = model.vertices(np.zeros(len(model.identity), np.float32), for_both_eyes(model, weights).astype(np.float32))
    ways = []
    for part in ("left_eye", "right_eye"):
        ball = np.unique(model.mesh.triangles[model.mesh.parts[part]])
        apex = ball[model.mean[ball, 2].argmax()]
        ways.append(head[apex] - model.mean[apex])
    assert_allclose(ways[0], ways[1], atol=1.5e-3)
    assert np.linalg.norm(ways[0]) > 0.003


def test_a_model_without_gaze_stays_as_it_is():
    model = tiny_model()
    assert_allclose(conjugate(model).expression, model.expression)
    weights = np.arange(len(model.expression_names), dtype=float)
    assert_allclose(for_both_eyes(model, weights), weights)
