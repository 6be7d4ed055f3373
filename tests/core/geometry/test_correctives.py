"""Shut lids and closed lips of whoever it is: no eyeball is seen, no lip passes through the other, and lashes follow."""

from dataclasses import replace

import numpy as np
import pytest
from facetex_model_zoo import model_path
from numpy.testing import assert_allclose, assert_array_equal

from facetex_core import Corrective, ModelError
from facetex_core.geometry.model_file import arrays_of, assemble, load_morphable_model
from facetex_core.geometry.raycast import Scene

BLINK = ("eyeBlinkLeft", "eyeBlinkRight")


@pytest.fixture(scope="module")
def model():
    return load_morphable_model(model_path("face_basis"))


@pytest.fixture(scope="module")
def people(model):
    rng = np.random.default_rng(0)
    return [rng.standard_normal(len(model.identity)).astype(np.float32) for _ in range(13)]


def weights(model, **shapes):
    return np.float32([shapes.get(name, 0) for name in model.expression_names])


def seen_from_ahead(model, vertices, part, side=161, wide=0.05):
    """Whether rays from ahead meet the part first."""
    span = model.mesh.parts[part]
    middle = vertices[np.unique(model.mesh.triangles[span])].mean(0)
    line = np.linspace(-wide / 2, wide / 2, side)
    x, y = np.meshgrid(line, line)
    origins = np.stack([middle[0] + x.ravel(), middle[1] + y.ravel(), np.full(x.size, 1.0)], 1).astype(np.float32)
    triangle = Scene(vertices, model.mesh.solid).first_hits(origins, np.tile(np.float32([0, 0, -1]), (x.size, 1)))[0]
    return (triangle >= span.start) & (triangle < span.stop)


def test_shut_eyes_show_no_eyeball(model, people):
    shut = weights(model, eyeBlinkLeft=1, eyeBlinkRight=1)
    bare = replace(model, correctives=())
    for part in ("left_eye", "right_eye"):
        assert max(seen_from_ahead(model, model.vertices(p, shut), part).mean() for p in people) < 2e-4
        assert max(seen_from_ahead(bare, bare.vertices(p, shut), part).mean() for p in people) > 2e-3


def test_a_corrective_leaves_the_mean_head_and_open_eyes_alone(model, people):
    bare, nobody = replace(model, correctives=()), np.zeros_like(people[0])
    shut = weights(model, eyeBlinkLeft=1)
    assert_array_equal(model.vertices(nobody, shut), bare.vertices(nobody, shut))
    smile = weights(model, mouthSmileLeft=1)
    assert_array_equal(model.vertices(people[0], smile), bare.vertices(people[0], smile))


def test_shapes_of_a_person_add_up_to_the_head(model, people):
    half = weights(model, eyeBlinkLeft=0.5, jawOpen=0.3)
    rest = model.vertices(people[0], np.zeros_like(half))
    assert_allclose(rest + np.tensordot(half, model.shapes(people[0]), 1), model.vertices(people[0], half), atol=1e-6)


def test_lips_meet_at_rest_and_with_the_jaw_open(model, people):
    closed = weights(model, jawOpen=1, mouthClose=1)
    for shape in (np.zeros_like(closed), closed):
        for person in people:
            assert seen_from_ahead(model, model.vertices(person, shape), "teeth", wide=0.08).mean() < 2e-4


def test_lashes_ride_on_the_lid_and_turn_down_with_it(model, people):
    own = np.unique(model.mesh.triangles[model.mesh.parts["lashes"]]).reshape(-1, 7)
    roots, tips = own[:, 0], own[:, -1]
    skin = model.mesh.triangles[model.mesh.parts["skin"]]
    for shape in (weights(model), weights(model, eyeBlinkLeft=1, eyeBlinkRight=1)):
        vertices = model.vertices(people[0], shape)
        near = Scene(vertices, skin).closest_points(vertices[roots])
        assert np.linalg.norm(near - vertices[roots], axis=1).max() < 4e-4
    upper = model.mean[roots, 1] < model.mean[tips, 1]
    drop = (vertices - model.vertices(people[0], weights(model)))[:, 1]
    assert np.median((drop[tips] - drop[roots])[upper]) < -0.003


def test_only_lashes_let_light_through(model):
    hair = model.mesh.parts["lashes"]
    assert len(model.mesh.solid) == hair.start == len(model.mesh.triangles) - (hair.stop - hair.start)


def test_a_file_brings_correctives_back(model):
    back = assemble(arrays_of(model), "again")
    assert len(back.correctives) == len(BLINK)
    for one, other in zip(model.correctives, back.correctives, strict=True):
        assert one.shape == other.shape
        assert_array_equal(one.weights, other.weights)
    assert "corrective_shapes" not in arrays_of(replace(model, correctives=()))


@pytest.mark.parametrize(
    "wrong", [{"vertices": np.int32([-1])}, {"sources": np.int32([10**6])}, {"weights": np.float32([[np.nan]])}]
)
def test_torn_correctives_are_refused(model, wrong, tmp_path):
    fine = {"shape": 0, "vertices": np.int32([0]), "sources": np.int32([1]), "weights": np.float32([[1]])}
    path = tmp_path / "torn.npz"
    np.savez(path, **arrays_of(replace(model, correctives=(Corrective(**fine | wrong),))))
    with pytest.raises(ModelError, match="corrective_weights"):
        load_morphable_model(path)
