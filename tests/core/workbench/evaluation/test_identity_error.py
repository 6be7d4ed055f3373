"""How much of a person's shape a fit finds: figures of heads whose answer is known."""

from dataclasses import replace

import numpy as np
import pytest
from facetex_model_zoo import model_path
from scipy.spatial.transform import Rotation

from facetex_core.geometry.mesh import vertex_normals
from facetex_core.geometry.model_file import load_morphable_model
from facetex_core.structures import Camera, Fit
from facetex_core.workbench.evaluation.identity_error import (
    IDENTITY_REGIONS,
    Products,
    compared_vertices,
    offsets,
    products,
    regions,
    surface_distance,
    surface_errors,
)
from facetex_core.workbench.evaluation.suite import Neutral, Truth
from facetex_core.workbench.evaluation.synthetic import face_vertices

CAMERA = Camera(np.eye(3, dtype=np.float32), np.eye(4, dtype=np.float32), (64, 64))


@pytest.fixture(scope="module")
def model():
    return load_morphable_model(model_path("face_basis"))


@pytest.fixture(scope="module")
def identity(model):
    return np.random.default_rng(0).standard_normal(len(model.identity)).astype(np.float32)


def fit_of(model, identity) -> Fit:
    return Fit(model, identity, np.zeros(len(model.expression), np.float32), CAMERA)


def truth_of(model, identity, **more) -> Truth:
    return Truth(neutral=Neutral(model.name, fit_of(model, identity).neutral), **more)


def figures(model, true, found) -> dict[str, float]:
    return compared(truth_of(model, true), fit_of(model, found)).figures


def compared(truth: Truth, fit: Fit) -> Products:
    heads = compared_vertices(truth, fit)
    assert heads is not None
    return products([heads])


def test_the_true_head_is_found_whole(model, identity):
    assert figures(model, identity, identity) == pytest.approx(
        {"share": 1, "correlation": 1, "error": 0, "slope": 1, "depth_share": 1}, abs=1e-3
    )


def test_the_mean_head_finds_nothing(model, identity):
    found = figures(model, identity, 0 * identity)
    assert found["share"] == pytest.approx(0, abs=1e-6)
    assert found["error"] == pytest.approx(1, abs=1e-6)


def test_twice_the_identity_has_a_slope_of_a_half(model, identity):
    found = figures(model, 0.2 * identity, 0.4 * identity)
    assert found["slope"] == pytest.approx(0.5, abs=0.02)  # a similarity takes a little off the larger one
    assert found["share"] == pytest.approx(2, abs=0.05)
    assert found["correlation"] == pytest.approx(1, abs=0.01)


def test_half_of_what_was_found_is_what_half_the_sums_say(model, identity):
    other = np.random.default_rng(1).standard_normal(len(identity)).astype(np.float32)
    whole = compared(truth_of(model, identity), fit_of(model, other))
    halved = compared(truth_of(model, identity), fit_of(model, other / 2))
    assert whole.scaled(0.5).figures == pytest.approx(halved.figures, abs=0.02)


def test_a_head_elsewhere_and_larger_is_the_same_head(model, identity):
    head = fit_of(model, identity).neutral
    turned = (1.3 * head @ Rotation.from_euler("y", 20, degrees=True).as_matrix().T + [1, 2, 3]).astype(np.float32)
    np.testing.assert_allclose(offsets(model, turned), offsets(model, head), atol=1e-5)


def test_regions_are_told_apart(model):
    nose = np.zeros_like(model.mean)
    which = dict(zip(IDENTITY_REGIONS, regions(model), strict=True))
    nose[which["nose"], 2] = 0.004
    truth = Truth(neutral=Neutral(model.name, model.mean + nose))
    found = compared(truth, replace(fit_of(model, np.zeros(len(model.identity), np.float32)), vertex_offsets=nose))
    assert found.by_region()["nose"].share == pytest.approx(1)
    assert found.true[IDENTITY_REGIONS.index("nose")].sum() > 10 * found.true[IDENTITY_REGIONS.index("forehead")].sum()
    assert found.by_axis()["depth"].share == pytest.approx(1)
    assert all(values.sum() > 100 for values in which.values())


def test_heads_of_other_models_are_not_compared(model, identity):
    truth = replace(truth_of(model, identity), neutral=Neutral("bfm", model.mean))
    assert compared_vertices(truth, fit_of(model, identity)) is None
    assert compared_vertices(Truth(), fit_of(model, identity)) is None


def test_two_heads_alike_have_the_figures_of_one(model, identity):
    one = compared_vertices(truth_of(model, identity), fit_of(model, identity / 2))
    assert one is not None
    assert products([one, one]).figures == pytest.approx(products([one]).figures)


def test_what_all_heads_of_a_suite_share_is_no_identity(model):
    """Heads that are all laid on the model in the same wrong way: who is who is found all the same."""
    rng = np.random.default_rng(3)
    people = [rng.standard_normal(len(model.identity)).astype(np.float32) for _ in range(6)]
    laid = 0.004 * np.sin(300 * model.mean[:, [1, 2, 0]])
    heads = []
    for person in people:
        fit = fit_of(model, person)
        truth = Truth(neutral=Neutral(model.name, (fit.neutral + laid).astype(np.float32)))
        heads.append(compared_vertices(truth, fit))
    assert products(heads).figures["error"] > 0.5
    centred = products(heads, centred=True).figures
    assert centred["share"] == pytest.approx(1, abs=0.05)
    assert centred["error"] < 0.15  # the similarity is not the same for all


def at_rest(model, vertices) -> Truth:
    return Truth(mesh=replace(model.mesh, vertices=vertices.astype(np.float32)), at_rest=True)


def test_a_surface_is_found_again_wherever_it_lies(model, identity):
    head = fit_of(model, identity).neutral
    moved = 0.9 * head + [0.002, 0.001, -0.003]
    assert surface_distance(model, head, at_rest(model, moved)) < 2e-5


def test_a_surface_with_a_known_wave_is_as_far_away_as_the_wave_is_high(model):
    """A wave of half a millimetre along the normals, too short for a similarity and too flat for nearest points to cheat."""
    normals = vertex_normals(model.mean, model.mesh.triangles[model.mesh.parts["skin"]])
    wave = 0.0005 * np.sin(model.mean[:, 0] * 400) * np.sin(model.mean[:, 1] * 400)
    found = surface_distance(model, model.mean, at_rest(model, model.mean + wave[:, None] * normals))
    assert found == pytest.approx(np.abs(wave[face_vertices(model)]).mean(), rel=0.06)


def test_a_beard_that_one_surface_lacks_does_not_move_the_rest(model, identity):
    head = fit_of(model, identity).neutral
    normals = vertex_normals(head, model.mesh.triangles[model.mesh.parts["skin"]])
    beard = (model.regions["chin"] > 0.5)[:, None] * 0.01 * normals
    face = face_vertices(model)
    share = float((model.regions["chin"][face] > 0.5).mean())
    found = surface_distance(model, head, at_rest(model, head + beard))
    assert found < 0.01 * share * 1.5


def test_rows_of_the_surface_measure(model, identity):
    truth = at_rest(model, fit_of(model, identity).neutral)
    errors = surface_errors(truth, fit_of(model, identity))
    assert errors is not None
    assert errors["found"] < 0.02 < errors["half"] < errors["mean"]
    assert surface_errors(replace(truth, at_rest=False), fit_of(model, identity)) is None
