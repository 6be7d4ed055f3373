"""Who the rendered heads are."""

import gzip
import io
import tarfile

import numpy as np
import pytest
from training.common.portraits import basis
from training.world.people import REGIONS, People, Person, draw_person
from training.world.targets import is_for_training, read_targets, sides, slider

from facetex_core.workbench.evaluation.synthetic import face_vertices


@pytest.fixture(scope="module")
def people() -> People:
    model = basis(with_colour=True)
    targets = np.zeros((1, 2, len(model.mean), 3), np.float16)
    targets[0, 0, :, 0], targets[0, 1, :, 1] = 0.01, 0.02
    return People(model, face_vertices(model), targets)


def person(**changes) -> Person:
    zero = np.zeros(80, np.float32)
    return Person(**({"identity": zero, "regions": None, "targets": (), "beyond": 0.0} | changes))


def moved(people: People, someone: Person) -> np.ndarray:
    return people.neutral(someone, np.random.default_rng(0)) - people.model.mean


def test_a_head_of_the_span_has_its_own_coefficients(people):
    wanted = np.random.default_rng(0).standard_normal(80).astype(np.float32)
    found = people.coefficients(moved(people, person(identity=wanted)))
    np.testing.assert_allclose(found, wanted, atol=5e-3)


def test_a_head_that_stands_elsewhere_and_is_larger_has_the_same_coefficients(people):
    wanted = np.random.default_rng(1).standard_normal(80).astype(np.float32)
    far = moved(people, person(identity=wanted))
    larger = far + 0.02 * people.model.mean + np.array([0.01, 0, -0.02], np.float32)
    np.testing.assert_allclose(people.coefficients(larger), people.coefficients(far), atol=0.02)


def test_a_region_of_another_person_leaves_the_rest_of_the_head_alone(people):
    regions = np.zeros((len(REGIONS), 80), np.float32)
    regions[0, :] = 1  # the nose
    far = np.linalg.norm(moved(people, person(regions=regions)), axis=1)
    nose, scalp = (people.model.regions[name] > 0.5 for name in ("nose", "scalp"))
    assert far[nose].mean() > 0.001
    assert far[scalp].mean() < 0.1 * far[nose].mean()


def test_targets_move_each_side_as_far_as_they_are_drawn(people):
    far = moved(people, person(targets=((0.5, 1.0, 0.5),)))
    np.testing.assert_allclose(far, np.broadcast_to([0.01, 0.01, 0], far.shape), atol=1e-4)


def test_what_lies_outside_of_the_span_has_no_coefficients(people):
    far = moved(people, person(beyond=0.001))
    assert np.abs(people.coefficients(far)).max() < 0.01
    along = np.einsum("vi,vi->v", far[people.some], people.normals)
    assert np.sqrt((along**2).mean()) == pytest.approx(0.001, rel=0.02)


def test_people_differ_and_come_again():
    first, again, other = (draw_person(80, np.random.default_rng(seed)) for seed in (1, 1, 2))
    np.testing.assert_array_equal(first.identity, again.identity)
    assert (first.identity != other.identity).any()
    drawn = [draw_person(80, np.random.default_rng(seed)) for seed in range(200)]
    assert 0.25 < np.mean([one.regions is not None for one in drawn]) < 0.55
    assert 0.35 < np.mean([bool(one.targets) for one in drawn]) < 0.65


def packed(path, names):
    with tarfile.open(path, "w") as archive:
        for number, name in enumerate(names):
            data = gzip.compress(f"# {name}\n{number} .1 0 -.2\n".encode())
            info = tarfile.TarInfo(f"targets/{name}.target.gz")
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    return path


def test_targets_are_read_by_name(tmp_path):
    names = ("nose/nose-base-up", "cheek/l-cheek-bones-incr", "expression/units/asian/smile", "asym/asymm-trunk-1-l")
    read = read_targets(packed(tmp_path / "targets.tar", names), 5)
    assert set(read) == {"nose/nose-base-up", "cheek/l-cheek-bones-incr"}
    np.testing.assert_allclose(read["nose/nose-base-up"], [[0.1, 0, -0.2]] + [[0, 0, 0]] * 4)


@pytest.mark.parametrize(
    ("name", "of"),
    [
        ("cheek/l-cheek-bones-decr", "cheek/cheek-bones"),
        ("nose/nose-width1-incr", "nose/nose-width1"),
        ("asym/asym-ear-3-r", "asym/asym-ear"),
        ("head/head-oval", "head/head-oval"),
    ],
)
def test_directions_and_sides_of_a_target_go_together(name, of):
    assert slider(name) == of


def test_evaluation_has_targets_that_no_training_sees():
    both = ("eyes/l-eye-bag-in", "eyes/r-eye-bag-out")
    assert len({is_for_training(name) for name in both}) == 1
    assert not is_for_training("macrodetails/asian-male-old")


def test_sides_of_a_target_add_up():
    whole = np.ones((3, 3), np.float32)
    x = np.array([-1, 0, 1], np.float32)
    pairs = sides({"nose/nose-base-up": whole, "ears/l-ear-lobe-incr": 2 * whole, "ears/r-ear-lobe-incr": whole}, x)
    right, left = pairs["nose/nose-base-up"]
    np.testing.assert_allclose(right + left, whole)
    assert right[0, 0] > 0.99
    assert left[0, 0] < 0.01
    assert (pairs["ears/ear-lobe-incr"][1] == 2).all()
