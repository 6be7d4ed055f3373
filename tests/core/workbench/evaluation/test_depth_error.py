"""Depth maps against true ones: figures of surfaces whose error is known."""

from dataclasses import replace

import numpy as np
import pytest
from facetex_model_zoo import model_path
from suite_cases import case_of

from facetex_core.geometry.camera import orbit_camera
from facetex_core.geometry.model_file import load_morphable_model
from facetex_core.structures import Detail, Fit
from facetex_core.testing.samples import sheet_fit
from facetex_core.workbench.evaluation.depth_error import (
    depth_errors,
    expression_of,
    fitted_depth,
    mean_head,
    relief_surface,
    robust_line,
    statistics,
    true_depth,
)
from facetex_core.workbench.evaluation.suite import Truth


@pytest.fixture(scope="module")
def fit() -> Fit:
    model = load_morphable_model(model_path("face_basis"))
    identity = np.random.default_rng(0).standard_normal(len(model.identity)).astype(np.float32)
    camera = orbit_camera(model.mean.mean(0), yaw=15.0, distance=0.9, width_seen=0.3, size=(160, 200))
    return Fit(model, identity, np.zeros(len(model.expression), np.float32), camera)


def along_rays(fit, waves) -> np.ndarray:
    """The fit's vertices moved away from its camera by so many metres of depth: each still lies in its pixel."""
    camera = fit.camera
    depth = (fit.vertices @ camera.world_to_camera[:3, :3].T + camera.world_to_camera[:3, 3])[:, 2]
    return (camera.position + (fit.vertices - camera.position) * (1 + waves / depth)[:, None]).astype(np.float32)


def truth_of(fit, vertices) -> Truth:
    truth = case_of(fit).truth
    return replace(truth, mesh=replace(truth.mesh, vertices=vertices))


def errors(truth, fit, detail=None) -> np.ndarray:
    true = true_depth(truth)
    return depth_errors(true, fitted_depth(true, fit, detail))


def test_a_fit_that_is_the_truth_has_no_error(fit):
    assert errors(truth_of(fit, fit.vertices), fit).max() < 1e-3


def test_scale_and_distance_of_the_depth_are_left_open(fit):
    """The same head, 1.3 times as large and as far away, is the same photo."""
    position = fit.camera.position
    grown = (position + 1.3 * (fit.vertices - position)).astype(np.float32)
    assert errors(truth_of(fit, grown), fit).max() < 1e-2


def test_a_wave_along_the_axis_of_sight_is_found_as_high_as_it_is(fit):
    wave = 0.002 * np.sin(fit.vertices[:, 0] * 300) * np.sin(fit.vertices[:, 1] * 300)
    truth = truth_of(fit, along_rays(fit, wave))
    true = true_depth(truth)
    places = np.abs(true.z - fitted_depth(true, fit))
    found = errors(truth, fit)
    assert places.max() < 0.0021
    assert found.mean() == pytest.approx(100 * places.mean() / true.extent, rel=0.03)


def test_hair_that_the_fit_lacks_has_no_say_in_scale_and_distance():
    rng = np.random.default_rng(0)
    z = rng.uniform(0.5, 0.6, 5000)
    wanted = 1.1 * z - 0.02
    wanted[:1000] -= rng.uniform(0.02, 0.1, 1000)
    assert robust_line(z, wanted, 0.005) == pytest.approx((1.1, -0.02), abs=2e-3)
    assert robust_line(z, wanted, 0.005) == robust_line(z, wanted, 0.005)
    assert robust_line(np.full(9, 0.5), np.full(9, 0.7), 0.01) == pytest.approx((1.0, 0.2))


def test_only_the_face_counts(fit):
    truth = truth_of(fit, fit.vertices)
    few = replace(truth, face=truth.face[:: len(truth.face)])
    assert true_depth(few) is None  # no triangle has all its corners in it
    assert len(true_depth(truth).z) < len(true_depth(replace(truth, face=None)).z)
    assert true_depth(Truth()) is None


def test_a_fit_beside_the_face_is_not_compared(fit):
    aside = fit.camera.world_to_camera.copy()
    aside[0, 3] += 5
    assert errors(truth_of(fit, fit.vertices), replace(fit, camera=replace(fit.camera, world_to_camera=aside))) is None


def test_the_mean_head_is_one_and_not_the_fit(fit):
    assert np.allclose(mean_head(fit).vertices, fit.model.mean)
    assert errors(truth_of(fit, fit.vertices), mean_head(fit)).mean() > 0.5


def test_a_relief_moves_the_surface_along_its_normals():
    """A relief of 2 mm everywhere: the sheet comes 2 mm nearer where it faces the camera, and by the scale's least squares
    nothing is left of it; as a depth it is there."""
    fit = sheet_fit()
    flat = np.full((64, 64), 0.002, np.float32)
    detail = Detail(flat, np.dstack([0 * flat, 0 * flat, 0 * flat + 1]))
    true = true_depth(Truth(mesh=fit.model.mesh, camera=fit.camera))
    middle = np.hypot(true.x - 80, true.y - 80) < 5
    nearer = fitted_depth(true, fit) - fitted_depth(true, fit, detail)
    assert nearer[middle] == pytest.approx(0.002, abs=5e-5)
    vertices, triangles = relief_surface(fit, detail)
    assert len(triangles) == 16 * len(fit.model.mesh.triangles)
    assert len(vertices) == 3 * len(triangles)


def test_the_expression_is_the_strongest_one():
    names = ("jawOpen", "mouthSmileLeft", "browInnerUp", "eyeLookUpLeft")

    def called(*told):
        return expression_of(Truth(about={"expression": list(told)}), names)

    assert called(0.1, 0.1, 0.15, 0.9) == "neutral"
    assert called(0.3, 0.1, 0.0, 0.0) == "jaw open"
    assert called(0.3, 0.6, 0.0, 0.9) == "smile"
    assert called(0.3) == "not told"
    assert expression_of(Truth(about={"expression": {"browDownLeft": 0.5}}), ()) == "brows"
    assert expression_of(Truth(at_rest=True), ()) == "neutral"
    assert expression_of(Truth(), ()) == "not told"
    assert expression_of(Truth(about={"expression": ["a", {}, None, "b"]}), names) == "not told"


def test_statistics_are_over_all_pixels_of_all_heads():
    found = statistics([np.zeros(90, np.float32), np.full(10, 10, np.float32)])
    assert found == pytest.approx({"mean": 1.0, "std": 3.0, "median": 0.0, "p90": 1.0}, abs=1e-6)
